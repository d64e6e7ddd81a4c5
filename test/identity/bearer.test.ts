import { createHmac, type webcrypto } from 'node:crypto'
import { exportSPKI, importJWK } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type BearerVerifier, bearerVerifier } from '../../src/identity/bearer.ts'
import { freshBearer } from '../../src/identity/sign-in.ts'
import { type FakeIssuer, type Key, makeKey, sign, startIssuer } from './fake-issuer.ts'

const audience = 'http://127.0.0.1:7420/mcp'
let issuer: FakeIssuer
let key: Key
let other: Key
let verifier: BearerVerifier
let clock = 0
let today = new Date()

beforeAll(async () => {
  issuer = await startIssuer()
  key = await makeKey('k1')
  other = await makeKey('k2')
})
afterAll(() => issuer.close())
beforeEach(() => {
  issuer.keys = [key.publicJwk]
  issuer.mood = 'up'
  issuer.fetched = 0
  clock = 0
  today = new Date()
  verifier = bearerVerifier({
    issuers: [{ issuer: issuer.url, groupsClaim: 'groups' }],
    audience,
    times: { timeoutMs: 200 },
    now: () => clock,
    today: () => today,
  })
})

const base64url = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url')
const payloadOf = (token: string): string => token.split('.')[1] ?? ''

test('a good access token names issuer, person, client and groups', async () => {
  const bearer = await verifier.verify(await sign(key, issuer.url))
  expect(bearer).toMatchObject({
    iss: issuer.url,
    sub: 'user:42',
    client: 'agent',
    groups: ['engineers'],
  })
})

test('the chain of actors is part of the client', async () => {
  const act = { sub: 'assistant one', act: { sub: 'robot' } }
  const bearer = await verifier.verify(await sign(key, issuer.url, { act }))
  expect(bearer.client).toBe('agent act:assistant%20one act:robot')
})

test('plain JWT, azp for the client, groups as one text or at a path are taken', async () => {
  const plain = await verifier.verify(
    await sign(
      key,
      issuer.url,
      { client_id: undefined, azp: 'web', groups: 'one' },
      { typ: 'JWT' },
    ),
  )
  expect(plain).toMatchObject({ client: 'web', groups: ['one'] })
  const deep = bearerVerifier({
    issuers: [{ issuer: issuer.url, groupsClaim: 'realm_access.roles' }],
    audience,
  })
  const nested = await sign(key, issuer.url, { realm_access: { roles: ['dba'] } })
  expect((await deep.verify(nested)).groups).toEqual(['dba'])
})

describe('refused', () => {
  const refused = (token: string, kind: string) =>
    expect(verifier.verify(token)).rejects.toMatchObject({ name: 'TokenRefused', kind })
  const now = () => Math.floor(Date.now() / 1000)

  test.each([
    ['another audience', { aud: 'http://127.0.0.1:7420/api' }, 'audience'],
    ['an audience that only begins like ours', { aud: `${audience}x` }, 'audience'],
    ['our audience with a slash more', { aud: `${audience}/` }, 'audience'],
    ['no audience', { aud: undefined }, 'audience'],
    ['an unknown issuer', { iss: 'https://elsewhere.example.com' }, 'issuer'],
    ['the issuer with a slash more', { iss: 'slash' }, 'issuer'],
    ['an expired token', { exp: 1 }, 'expired'],
    ['one without expiry', { exp: undefined }, 'claims'],
    ['one that is not valid yet', { nbf: 4_000_000_000 }, 'not-yet-valid'],
    ['one without a subject', { sub: undefined }, 'claims'],
    ['a subject that is no text', { sub: 42 }, 'claims'],
    ['groups that are no list of texts', { groups: { admin: true } }, 'claims'],
    ['groups with a number among them', { groups: ['a', 7] }, 'claims'],
    ['an ID token, by its nonce', { nonce: 'n' }, 'not-an-access-token'],
    ['an ID token, by its at_hash', { at_hash: 'h' }, 'not-an-access-token'],
    ['an ID token, as Keycloak says it', { typ: 'ID' }, 'not-an-access-token'],
    ['a token bound to a key', { cnf: { jkt: 'x' } }, 'not-an-access-token'],
    [
      'a chain of actors without end',
      {
        act: {
          sub: 'a',
          act: {
            sub: 'a',
            act: { sub: 'a', act: { sub: 'a', act: { sub: 'a', act: { sub: 'a' } } } },
          },
        },
      },
      'claims',
    ],
  ])('%s', async (_name, payload, kind) => {
    const changed =
      'iss' in payload && payload.iss === 'slash' ? { iss: `${issuer.url}/` } : payload
    await refused(await sign(key, issuer.url, changed), kind)
  })

  test('a logout token by its type', async () => {
    await refused(await sign(key, issuer.url, {}, { typ: 'logout+jwt' }), 'not-an-access-token')
  })

  test('no signature at all (alg none)', async () => {
    const payload = payloadOf(await sign(key, issuer.url))
    for (const alg of ['none', 'None', 'NONE'])
      await refused(`${base64url({ alg, typ: 'at+jwt', kid: 'k1' })}.${payload}.`, 'algorithm')
  })

  test('HS256 with our public key as the secret', async () => {
    const publicKey = await importJWK(key.publicJwk, 'RS256', { extractable: true })
    const pem = await exportSPKI(publicKey as webcrypto.CryptoKey)
    const payload = payloadOf(await sign(key, issuer.url))
    const head = base64url({ alg: 'HS256', typ: 'at+jwt', kid: 'k1' })
    for (const secret of [pem, pem.trim(), JSON.stringify(key.publicJwk)]) {
      const mac = createHmac('sha256', secret).update(`${head}.${payload}`).digest('base64url')
      await refused(`${head}.${payload}.${mac}`, 'algorithm')
    }
  })

  test("somebody else's key under our key's id", async () => {
    await refused(await sign({ ...other, kid: 'k1' }, issuer.url), 'signature')
  })

  test('a key that the token itself brings along', async () => {
    const header = { jwk: other.publicJwk, kid: undefined, jku: `${issuer.url}/other-jwks` }
    await refused(await sign(other, issuer.url, {}, header), 'signature')
  })

  test('a changed payload', async () => {
    const [head, , signature] = (await sign(key, issuer.url)).split('.')
    const payload = base64url({ iss: issuer.url, aud: audience, sub: 'root', exp: now() + 300 })
    await refused(`${head}.${payload}.${signature}`, 'signature')
  })

  test('a critical header that we do not know', async () => {
    const token = await sign(key, issuer.url)
    const [, payload, signature] = token.split('.')
    const head = base64url({ alg: 'RS256', kid: 'k1', typ: 'at+jwt', crit: ['exp'], exp: 1 })
    await refused(`${head}.${payload}.${signature}`, 'malformed')
  })

  test('an algorithm that this issuer is not to use', async () => {
    verifier = bearerVerifier({
      issuers: [{ issuer: issuer.url, groupsClaim: 'groups', algorithms: ['ES256'] }],
      audience,
    })
    await refused(await sign(key, issuer.url), 'algorithm')
  })

  test('everything, where no audience was given to compare', async () => {
    verifier = bearerVerifier({ issuers: [{ issuer: issuer.url, groupsClaim: 'groups' }] })
    await refused(await sign(key, issuer.url), 'audience')
  })

  test('a symmetric key in the key set', async () => {
    const secret = Buffer.alloc(32, 7)
    issuer.keys = [{ kty: 'oct', k: secret.toString('base64url'), kid: 'k1', alg: 'HS256' }]
    const payload = payloadOf(await sign(key, issuer.url))
    const head = base64url({ alg: 'HS256', typ: 'at+jwt', kid: 'k1' })
    const mac = createHmac('sha256', secret).update(`${head}.${payload}`).digest('base64url')
    await refused(`${head}.${payload}.${mac}`, 'algorithm')
  })

  test.each(['', 'x', 'a.b.c', '..', `${'x'.repeat(20_000)}.x.x`])('nonsense %#', async (token) => {
    await refused(token, 'malformed')
  })
})

describe('a person who answers', () => {
  const seconds = (ago: number) => Math.floor(Date.now() / 1000) - ago

  test('has signed in lately: auth_time counts, else the time of the token', async () => {
    const fresh = async (payload: object) =>
      freshBearer(verifier, await sign(key, issuer.url, { ...payload }))
    expect(await fresh({})).toMatchObject({ sub: 'user:42' })
    expect(await fresh({ auth_time: seconds(800) })).toMatchObject({ sub: 'user:42' })
    for (const old of [{ iat: seconds(1000) }, { iat: undefined }, { auth_time: seconds(1000) }])
      await expect(fresh(old)).rejects.toMatchObject({ kind: 'expired' })
  })
})

describe('keys of the issuer', () => {
  const fails = (token: string, kind: string) =>
    expect(verifier.verify(token)).rejects.toMatchObject({ kind })

  test('an unknown key id makes us look again, once a pause, then denies', async () => {
    await verifier.verify(await sign(key, issuer.url))
    expect(issuer.fetched).toBe(1)
    clock += 20_000
    for (let many = 0; many < 20; many += 1)
      await fails(await sign({ ...other, kid: `unknown-${many}` }, issuer.url), 'key')
    expect(issuer.fetched).toBe(2)
  })

  test('a rotated key is found, and the one that is gone proves nobody', async () => {
    const old = await sign(key, issuer.url)
    await verifier.verify(old)
    issuer.keys = [other.publicJwk]
    clock += 20_000
    await verifier.verify(await sign(other, issuer.url))
    await fails(old, 'key')
  })

  test('an issuer that is down is covered by the cache until its age, then everybody is refused', async () => {
    await verifier.verify(await sign(key, issuer.url))
    issuer.mood = 'broken'
    clock += 59 * 60_000
    await verifier.verify(await sign(key, issuer.url, { jti: 'j2' }))
    clock += 2 * 60_000
    await fails(await sign(key, issuer.url, { jti: 'j3' }), 'keys-unavailable')
    issuer.mood = 'up'
    clock += 20_000
    await verifier.verify(await sign(key, issuer.url, { jti: 'j4' }))
  })

  test.each(['broken', 'silent', 'redirect', 'liar'] as const)(
    'an issuer that is %s from the start proves nobody',
    async (mood) => {
      issuer.mood = mood
      await fails(await sign(key, issuer.url), 'keys-unavailable')
    },
  )

  test('an issuer without TLS is asked on loopback only', async () => {
    const far = 'http://login.example.com'
    const asked: string[] = []
    verifier = bearerVerifier({
      issuers: [{ issuer: far, groupsClaim: 'groups' }],
      audience,
      fetcher: async (url) => {
        asked.push(String(url))
        throw new Error('no network')
      },
    })
    await fails(await sign(key, far), 'keys-unavailable')
    expect(asked).toEqual([])
  })

  test('a remembered token ends with its expiry', async () => {
    const token = await sign(key, issuer.url, { exp: Math.floor(Date.now() / 1000) + 5 })
    await verifier.verify(token)
    today = new Date(Date.now() + 60_000)
    await fails(token, 'expired')
  })
})
