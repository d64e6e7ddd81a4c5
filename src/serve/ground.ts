/** What everything stands on: secrets, the state folder, the store, the vault, masking. */
import { openStateFolder, removeSockets, takeFolder } from '../identity/state-folder.ts'
import { openMasker } from '../masking/masker.ts'
import { open as openStore } from '../store/open.ts'
import type { Store } from '../store/port.ts'
import type { KeyWrap, Masked, Masker, Vault } from '../types.ts'
import { keyBytes } from '../vault/key-wrap.ts'
import { readRef, type SecretEnvironment, takeEnvironment } from '../vault/refs.ts'
import { openSecrets, type SecretStore } from '../vault/secrets.ts'
import { openVault } from '../vault/vault.ts'
import { early, readKeys, storeUrl } from './evidence.ts'
import type { Start } from './start.ts'

export interface Ground {
  readonly env: SecretEnvironment
  /** The vault's key. */
  readonly key: Buffer
  readonly keys: KeyWrap
  readonly sockets: Awaited<ReturnType<typeof openStateFolder>>
  readonly store: Store
  readonly secrets: SecretStore
  readonly vault: Vault
  readonly masker: Masker
  /** Masks text that belongs to no call. */
  mask(text: string): Masked<string>
}

/** Throws CONFIG_INVALID. */
export const openGround = async ({ closing, config, logger, setMask }: Start): Promise<Ground> => {
  // Secrets leave the environment before any child process exists.
  const refs = [
    config.vault.key,
    config.masking.tokenKey,
    ...(config.log.notary?.token ? [config.log.notary.token] : []),
    ...Object.values(config.credentials),
  ]
  const env = takeEnvironment(
    refs.flatMap((ref) => (ref.kind === 'env' ? [ref.name] : [])),
    process.env,
  )
  const { key, keys } = await readKeys(config, env)
  const tokenKey = keyBytes(
    await readRef(early(config.masking.tokenKey, 'masking.tokenKey'), env),
    'masking.tokenKey',
  )
  const url = await storeUrl(config, env)

  // One gateway a state folder.
  const sockets = await openStateFolder(config.state)
  closing.add(await takeFolder(config.state))
  await removeSockets(sockets)

  const store = await openStore(
    { ...(url === undefined ? {} : { url }), state: config.state },
    logger,
  )
  closing.add(() => store.close())
  const secrets = openSecrets(store.pool, keys)
  const vault = openVault({ credentials: config.credentials, env, secrets })
  await vault.learn()
  const masker = openMasker({ tokenKey, knownSecrets: vault.known })
  const mask = (text: string): Masked<string> => masker.text(text, { profile: [], known: [] })
  setMask(mask)
  return { env, key, keys, sockets, store, secrets, vault, masker, mask }
}
