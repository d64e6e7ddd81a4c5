/** The store and keys of a configuration, for commands that look at the log beside a gateway that may be running. */
import type { Config } from '../config/types.ts'
import { GateError } from '../errors.ts'
import { openStateFolder } from '../identity/state-folder.ts'
import { open as openStore } from '../store/open.ts'
import type { Store } from '../store/port.ts'
import type { KeyWrap } from '../types.ts'
import { keyBytes, openKeyWrap } from '../vault/key-wrap.ts'
import {
  type EarlyRef,
  readRef,
  type SecretEnvironment,
  type SecretRef,
  takeEnvironment,
} from '../vault/refs.ts'
import { openLogger } from './logger.ts'

export interface Evidence {
  readonly store: Store
  readonly keys: KeyWrap
  close(): Promise<void>
}

export const openEvidence = async (config: Config): Promise<Evidence> => {
  const { logger } = openLogger('error')
  const env = takeEnvironment([], process.env)
  const { keys } = await readKeys(config, {
    read: (name) => env.read(name) ?? process.env[name],
  })
  await openStateFolder(config.state)
  const url = await storeUrl(config, env)
  const store = await openStore(
    {
      ...(url === undefined ? {} : { url }),
      state: config.state,
      maxConnections: 4,
      applicationName: 'countersign-evidence',
    },
    logger,
  )
  return { store, keys, close: () => store.close() }
}

export const early = (ref: SecretRef, where: string): EarlyRef => {
  if (ref.kind !== 'store') return ref
  throw new GateError(
    'CONFIG_INVALID',
    `${where} can't lie in the store: it opens the store's secrets.`,
  )
}

/** The vault's key and what is wrapped by it. Throws CONFIG_INVALID. */
export const readKeys = async (
  config: Config,
  env: SecretEnvironment,
): Promise<{ key: Buffer; keys: KeyWrap }> => {
  const key = keyBytes(await readRef(early(config.vault.key, 'vault.key'), env), 'vault.key')
  return { key, keys: openKeyWrap(key) }
}

/** Undefined: the embedded store. */
export const storeUrl = async (
  config: Config,
  env: SecretEnvironment,
): Promise<string | undefined> => {
  const { url } = config.store
  if (url === undefined) return undefined
  if (url.kind === 'text') return url.text
  if (url.kind === 'file') return (await readRef(url, env)).trim()
  const text = env.read(url.name) ?? process.env[url.name]
  if (text === undefined || text === '')
    throw new GateError(
      'CONFIG_INVALID',
      `The environment variable ${url.name} (store.url) is not set.`,
    )
  return text
}
