/** Tokens that are not what they look like: none speaks for a caller, and none but a person's answers for a person. */
import { createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type BearerVerifier, bearerVerifier } from '../../src/identity/bearer.ts'
import { freshBearer } from '../../src/identity/sign-in.ts'
import { type Started, start } from '../mcp/start.ts'
import { type FakeIssuer, type Key, makeKey, sign, startIssuer } from './fake-issuer.ts'

const audience = 'http://127.0.0.1:7420/mcp'
let issuer: FakeIssuer
let key: Key
let other: Key
let verifier: BearerVerifier
let running: Started
beforeAll(async () => {
  issuer = await startIssuer()
  key = await makeKey('k1')
  other = await makeKey('k2', 'ES256')
  issuer.keys = [key.publicJwk]
  running = await start({ bearer: fresh(), issuers: [issuer.url] })
})
afterAll(async () => {
  await running.listener.close(50)
  await issuer.close()
})
const fresh = (): BearerVerifier =>
  bearerVerifier({ issuers: [{ issuer: issuer.url, groupsClaim: 'groups' }], audience })
beforeEach(() => {
  verifier = fresh()
})
const b64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const now = (): number => Math.floor(Date.now() / 1000)

describe('refused', () => {
  test.each([
    ['an empty list of audiences', { aud: [] }],
    ['our audience inside another', { aud: [[audience]] }],
    ['our audience as a key', { aud: { [audience]: true } }],
    ['our audience in another case', { aud: audience.toUpperCase() }],
    ['our audience without its path', { aud: 'http://127.0.0.1:7420' }],
    ['our audience with a query', { aud: `${audience}?x` }],
    ['our audience with a blank', { aud: ` ${audience}` }],
    ['several in one text', { aud: `x ${audience}` }],
    ['a pattern', { aud: '*' }],
    ['issuers in a list', { iss: ['x'] }],
    ['an expiry in milliseconds of yesterday', { exp: -1 }],
    ['an expiry as text', { exp: String(now() + 300) }],
    ['no number for an expiry', { exp: null }],
    ['just over the skew', { exp: now() - 32 }],
    ['not yet, just over the skew', { nbf: now() + 40 }],
    ['a begin as text', { nbf: 'soon' }],
    ['a subject of nothing', { sub: '' }],
    ['a subject in a list', { sub: ['user:42'] }],
    ['a subject without end', { sub: 'x'.repeat(600) }],
    ['groups as numbers', { groups: [1] }],
    ['groups in groups', { groups: [['dba']] }],
    ['a group of nothing', { groups: [''] }],
    ['groups by number', { groups: 7 }],
    ['too many groups', { groups: Array.from({ length: 1001 }, (_, n) => `g${n}`) }],
    ['an actor without a name', { act: {} }],
    ['an actor as text', { act: 'robot' }],
    ['a client in a list', { client_id: ['agent'] }],
    ['a security event', { events: {} }],
    ['a code hash', { c_hash: 'x' }],
  ])('%s', async (_name, payload) => {
    await expect(verifier.verify(await sign(key, issuer.url, payload))).rejects.toMatchObject({
      name: 'TokenRefused',
    })
  })

  test.each([
    ['a key id that is no text', { kid: { $ne: 1 } }],
    ['a key id of the language', { kid: '__proto__' }],
    ['a key id that is a path', { kid: '../../../../dev/null' }],
    ['a key id for a database', { kid: "k1' or '1'='1" }],
    ['a key by address, unknown here', { kid: 'k2', jku: 'http://127.0.0.1:1/jwks' }],
    ['a certificate by address', { kid: 'k2', x5u: 'http://127.0.0.1:1/cert' }],
    ['a certificate of its own', { kid: 'k2', x5c: ['AAAA'] }],
    ['a type that is no text', { typ: 7 }],
    ['another kind of token', { typ: 'secevent+jwt' }],
    ['a proof of possession', { typ: 'dpop+jwt' }],
    ['a payload that is not encoded', { b64: false, crit: ['b64'] }],
  ])('a header with %s', async (_name, header) => {
    const token = await sign(key, issuer.url)
    const [, payload] = token.split('.')
    const head = b64({ alg: 'RS256', kid: 'k1', typ: 'at+jwt', ...header })
    await expect(verifier.verify(`${head}.${payload}.AAAA`)).rejects.toMatchObject({
      name: 'TokenRefused',
    })
    const signed = sign(other, issuer.url, {}, { alg: 'ES256', ...header }).then((one) =>
      verifier.verify(one),
    )
    await expect(signed).rejects.toThrow()
  })

  test('a signature of nothing, twice, of another part, or beside the text', async () => {
    const token = await sign(key, issuer.url)
    const [head = '', payload = '', signature = ''] = token.split('.')
    const mac = createHmac('sha256', '').update(`${head}.${payload}`).digest('base64url')
    for (const one of [
      `${head}.${payload}.`,
      `${head}.${payload}`,
      `${head}.${payload}.${mac}`,
      `${head}.${payload}.${signature}.${signature}`,
      `${head}.${payload}.${signature}.x.y`,
      `${head}.${payload}x.${signature}`,
      `${head}..${signature}`,
      `.${payload}.${signature}`,
      `${head}.${payload}.${'A'.repeat(signature.length)}`,
      b64({ payload, protected: head, signature }),
    ])
      await expect(verifier.verify(one)).rejects.toMatchObject({ name: 'TokenRefused' })
  })
})

describe('names that no record can hold', () => {
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo' } }
  test.each([
    ['a line feed in the subject', { sub: 'ana\nbo' }],
    ['an escape sequence in a group', { groups: ['dba\u001b[2J'] }],
    ['a NUL in the client', { client_id: 'a\u0000b' }],
    ['half a character', { sub: 'a\ud800' }],
    [
      'a chain of actors that is too long',
      { client_id: 'c'.repeat(300), act: { sub: 'd'.repeat(300) } },
    ],
  ])('%s: nobody, and no fault of ours', async (_name, payload) => {
    const token = await sign(key, issuer.url, payload)
    const before = running.failures.length
    const { status } = await running.post(call, { authorization: `Bearer ${token}` })
    expect(status).toBe(401)
    expect(running.failures.length).toBe(before)
  })
})

test('two Authorization headers are nobody: what stands between may have judged by the other', async () => {
  const good = await sign(key, issuer.url)
  const before = running.gateway.seen.length
  for (const [one, two] of [
    [good, 'cslocal_x'],
    ['cslocal_x', good],
    [good, good],
  ]) {
    const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}'
    const text = await new Promise<string>((resolve) => {
      let all = ''
      const socket = connect(running.listener.port, '127.0.0.1')
      socket.on('data', (part) => {
        all += part
      })
      socket.on('close', () => resolve(all))
      socket.write(
        `POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${one}\r\nauthorization: Bearer ${two}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
    })
    expect(text).toMatch(/^HTTP\/1.1 401/)
  }
  expect(running.gateway.seen.length).toBe(before)
})

describe('who answers for a person', () => {
  const answers = async (payload: object): Promise<unknown> =>
    freshBearer(verifier, await sign(key, issuer.url, { ...payload }))
  test('is the person, by any client of hers', async () => {
    expect(await answers({ client_id: 'cli' })).toMatchObject({ sub: 'user:42' })
    expect(await answers({ client_id: 'two words' })).toMatchObject({ client: 'two%20words' })
  })
  test.each([
    ['somebody who acts for her', { act: { sub: 'assistant' } }],
    ['somebody who acts for her, and no client', { act: { sub: 'a' }, client_id: undefined }],
    ['a machine that is its own subject', { sub: 'robot', client_id: 'robot' }],
  ])('is not %s', async (_name, payload) => {
    await expect(answers(payload)).rejects.toMatchObject({ kind: 'not-a-person' })
  })
  test('is nobody who will sign in later', async () => {
    await expect(answers({ auth_time: now() + 100 })).rejects.toMatchObject({ kind: 'expired' })
    await expect(answers({ auth_time: undefined, iat: now() + 1e6 })).rejects.toThrow()
  })
  test('a client whose name looks like a chain of actors is one client', async () => {
    const spelled = await verifier.verify(await sign(key, issuer.url, { client_id: 'a act:b' }))
    const chained = await verifier.verify(
      await sign(key, issuer.url, { client_id: 'a', act: { sub: 'b' } }),
    )
    expect(spelled.client).not.toBe(chained.client)
  })
})
