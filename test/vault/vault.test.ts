/** Credentials are read where they lie, handed to one run, and show nowhere (law 6, threat 17). */
import { chmodSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { format, inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keyBytes, openKeyWrap } from '../../src/vault/key-wrap.ts'
import { readSecretFile, takeEnvironment } from '../../src/vault/refs.ts'
import { openSecrets } from '../../src/vault/secrets.ts'
import { openVault } from '../../src/vault/vault.ts'
import { type TestStore, testStore } from '../audit/support.ts'

const canary = 'canary-of-the-vault-4711'
const folder = mkdtempSync(join(tmpdir(), 'cs-vault-'))
afterAll(() => rmSync(folder, { recursive: true }))

const noEnv = takeEnvironment([], {})
const noStore = { get: async () => undefined }
const fileAt = (name: string, text: string, mode = 0o600): string => {
  const path = join(folder, name)
  writeFileSync(path, text, { mode })
  chmodSync(path, mode)
  return path
}
const leaseOf = (text: string) =>
  openVault({
    credentials: { shop: { kind: 'env', name: 'X' } },
    env: takeEnvironment(['X'], { X: text }),
    secrets: noStore,
  }).lease('shop', 'call')

describe('a credential', () => {
  test('shows nowhere but in reveal()', async () => {
    const { credential } = await leaseOf(`{"username":"u","password":"${canary}"}`)
    const shown = [
      JSON.stringify(credential),
      JSON.stringify({ nested: [credential] }),
      String(credential),
      `${credential}`,
      inspect(credential, { showHidden: true, depth: 9, getters: true }),
      inspect({ nested: credential }, { depth: 9 }),
      format('%s %o %O %j', credential, credential, credential, credential),
      JSON.stringify({ ...credential }),
      JSON.stringify(Object.entries(credential)),
      inspect(structuredClone({ ...credential })),
      inspect(Object.assign({}, credential), { showHidden: true, depth: 9 }),
    ].join('\n')
    expect(shown).not.toContain(canary)
    expect(credential.reveal()).toEqual({ username: 'u', password: canary })
  })

  test('is forgotten when its lease ends', async () => {
    const lease = await leaseOf(canary)
    expect(lease.credential.reveal().token).toBe(canary)
    await lease.end()
    expect(() => lease.credential.reveal()).toThrow('ended')
  })

  test('has a version that changes with the secret and does not tell it', async () => {
    const [a, b, c] = await Promise.all([leaseOf(canary), leaseOf(canary), leaseOf(`${canary}!`)])
    expect(a.credential.version).toBe(b.credential.version)
    expect(a.credential.version).not.toBe(c.credential.version)
    expect(a.credential.version).not.toContain(canary.slice(0, 6))
  })

  test('is known for masking, unless it is too short to be told from words; user names are no secrets', async () => {
    expect((await leaseOf(`{"username":"reader-of-shop","password":"${canary}"}`)).known).toEqual([
      canary,
    ])
    expect((await leaseOf('short')).known).toEqual([])
  })
})

describe('a reference', () => {
  test('to a variable takes it out of the environment, so that children do not get it', async () => {
    const env: Record<string, string | undefined> = { SHOP_PASSWORD: canary, OTHER: 'x' }
    const taken = takeEnvironment(['SHOP_PASSWORD', 'MISSING'], env)
    expect(env).toEqual({ OTHER: 'x' })
    expect(taken.read('SHOP_PASSWORD')).toBe(canary)
    expect(taken.read('OTHER')).toBeUndefined()
  })

  test('to a file is refused when others can read it, and read through a symbolic link to a good one', async () => {
    const good = fileAt('good', `${canary}\n`)
    symlinkSync(good, join(folder, 'link'))
    expect(await readSecretFile(join(folder, 'link'))).toBe(`${canary}\n`)
    const open = fileAt('open', canary, 0o640)
    symlinkSync(open, join(folder, 'link-to-open'))
    for (const path of [
      open,
      join(folder, 'link-to-open'),
      folder,
      join(folder, 'missing'),
      fileAt('long', 'x'.repeat(70_000)),
    ]) {
      const thrown: unknown = await readSecretFile(path).catch((error: unknown) => error)
      expect(thrown).toMatchObject({ code: 'CONFIG_INVALID' })
      expect(inspect(thrown)).not.toContain(canary)
    }
  })

  test('to a file is read again when it changes, also to the same length and under the same time', async () => {
    const path = fileAt('rotating', 'first-secret')
    const vault = openVault({
      credentials: { shop: { kind: 'file', path } },
      env: noEnv,
      secrets: noStore,
    })
    const now = async () => (await vault.lease('shop', 'c')).credential.reveal().password
    const long = new Date(Date.now() - 3_600_000)
    utimesSync(path, long, long)
    expect(await now()).toBe('first-secret')
    expect(await now()).toBe('first-secret')
    writeFileSync(path, 'other-secret')
    utimesSync(path, long, long)
    expect(await now()).toBe('other-secret')
    writeFileSync(path, 'third-secret')
    expect(await now()).toBe('third-secret')
    chmodSync(path, 0o644)
    await expect(now()).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' })
  })

  test('that leads nowhere says so to the operator, and to the agent only that the credential is missing', async () => {
    const vault = openVault({
      credentials: {
        env: { kind: 'env', name: 'GONE' },
        store: { kind: 'store', key: 'gone' },
        file: { kind: 'file', path: join(folder, 'gone') },
      },
      env: noEnv,
      secrets: noStore,
    })
    for (const name of ['env', 'store', 'file', 'unconfigured', '__proto__', 'constructor']) {
      const thrown = await vault.lease(name, 'c').catch((error: unknown) => error)
      expect(thrown).toMatchObject({
        code: 'TARGET_UNREACHABLE',
        message: "The credential for this target can't be had now.",
      })
      expect(thrown).toHaveProperty('cause')
    }
  })
})

describe('the key wrap', () => {
  const key = Buffer.alloc(32, 7)
  test('gives back what it wrapped, under the same key and context only, and nothing that was changed', () => {
    const keys = openKeyWrap(key)
    const wrapped = keys.wrap(Buffer.from(canary), 'approval:1')
    expect(keys.unwrap(wrapped, 'approval:1').toString()).toBe(canary)
    expect(wrapped.toString('latin1')).not.toContain(canary)
    expect(() => keys.unwrap(wrapped, 'approval:2')).toThrow()
    expect(() => keys.unwrap(wrapped, 'secret:1')).toThrow()
    expect(() => openKeyWrap(Buffer.alloc(32, 8)).unwrap(wrapped, 'approval:1')).toThrow(
      /vault\.key/,
    )
    for (let at = 0; at < wrapped.length; at++) {
      const changed = Buffer.from(wrapped)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => keys.unwrap(changed, 'approval:1')).toThrow()
    }
    for (const length of [0, 1, 20, wrapped.length - 1])
      expect(() => keys.unwrap(wrapped.subarray(0, length), 'approval:1')).toThrow()
  })
  test('wraps the same bytes differently each time, and has an id that does not tell the key', () => {
    const keys = openKeyWrap(key)
    expect(keys.wrap(Buffer.from('x'), 'a')).not.toEqual(keys.wrap(Buffer.from('x'), 'a'))
    expect(keys.keyId).not.toBe(openKeyWrap(Buffer.alloc(32, 8)).keyId)
    expect(key.toString('hex')).not.toContain(keys.keyId)
  })
  test('takes no key that is too short, and never names it', () => {
    for (const text of ['', 'short-key-canary', 'ab'.repeat(15)])
      expect(() => keyBytes(text, 'vault.key')).toThrow(/vault\.key is too short/)
    expect(keyBytes('ab'.repeat(32), 'k')).toEqual(Buffer.alloc(32, 0xab))
  })
})

describe('a secret in the store', () => {
  let store: TestStore
  beforeAll(async () => {
    store = await testStore()
  })
  afterAll(() => store.drop())
  const keys = openKeyWrap(Buffer.alloc(32, 1))

  test('is encrypted, bound to its name, counted in versions, and listed without its value', async () => {
    const secrets = openSecrets(store.pool, keys)
    for (const value of ['first', canary]) {
      const claim = secrets.set('shop-writer', value, 'bo')
      expect((await store.pool.query(claim.sql, [...claim.values])).rows).toHaveLength(1)
    }
    expect(await secrets.get('shop-writer')).toBe(canary)
    const { rows } = await store.admin.query('select * from countersign.secret')
    expect(inspect(rows, { depth: 9, maxStringLength: null, maxArrayLength: null })).not.toContain(
      canary,
    )
    expect(rows[0].ciphertext.toString('latin1')).not.toContain(canary)
    expect(await secrets.list()).toMatchObject([
      { name: 'shop-writer', version: 2, set_by: 'bo', readable: true },
    ])
    expect(JSON.stringify(await secrets.list())).not.toContain(canary)
    await store.admin.query(
      "insert into countersign.secret select 'stolen', key_id, wrapped, ciphertext, version, set_at, set_by from countersign.secret",
    )
    await expect(secrets.get('stolen')).rejects.toBeDefined()
    await expect(
      openSecrets(store.pool, openKeyWrap(Buffer.alloc(32, 2))).get('shop-writer'),
    ).rejects.toBeDefined()
  })

  test('reaches a lease, and a change of it too', async () => {
    const secrets = openSecrets(store.pool, keys)
    const vault = openVault({
      credentials: { shop: { kind: 'store', key: 'shop-writer' } },
      env: noEnv,
      secrets,
    })
    expect((await vault.lease('shop', 'c')).credential.reveal().password).toBe(canary)
    expect(vault.known()).toEqual([canary])
  })

  test('has a name and a size within bounds', () => {
    const secrets = openSecrets(store.pool, keys)
    for (const name of ['', '-x', 'a b', 'x'.repeat(129), "a';--"])
      expect(() => secrets.set(name, 'v', 'bo')).toThrow()
    for (const value of ['', 'x'.repeat(65_537)])
      expect(() => secrets.set('a', value, 'bo')).toThrow()
  })
})
