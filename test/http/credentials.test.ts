/** Every way to prove who we are to a service: it arrives there, and nowhere else. */
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { httpFamily } from '../../src/tools/http/index.ts'
import { authority } from '../support/certificates.ts'
import {
  call,
  credentialOf,
  limits,
  type Service,
  serve,
  sessionOf,
  soon,
  targetOf,
} from './support.ts'

const family = httpFamily()
let echo: Service
let issuer: Service
let asked: { authorization: string | undefined; form: string }[] = []
let issue: { status: number; body: unknown; after: number } = { status: 200, body: {}, after: 0 }
beforeAll(async () => {
  echo = await serve((request, response) => {
    response.writeHead(request.url === '/401' ? 401 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(request.headers))
  })
  issuer = await serve((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      asked.push({
        authorization: request.headers.authorization,
        form: Buffer.concat(pieces).toString(),
      })
      setTimeout(() => {
        response.writeHead(issue.status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(issue.body))
      }, issue.after)
    })
  })
})
afterAll(async () => {
  await family.family.close()
  await echo.stop()
  await issuer.stop()
})
const seen = (got: { body?: unknown }) => got.body as Readonly<Record<string, string>>

describe('a header', () => {
  const inject = { header: 'X-Api-Key', value: 'key' }
  test('is filled with the token, or the bare text of the secret', async () => {
    for (const secret of [{ token: 's3cret-token' }, { password: 's3cret-token', username: '' }]) {
      const session = sessionOf(targetOf(echo.url, { inject }), {
        credential: credentialOf(secret),
      })
      const got = await call(family, {}, session)
      expect(seen(got)['x-api-key']).toBe('s3cret-token')
      expect(got.known).toContain('s3cret-token')
    }
  })
  test('with a prefix; what lies behind the scheme is known, too', async () => {
    const target = targetOf(echo.url, {
      inject: { header: 'Authorization', value: 'key', prefix: 'Bearer ' },
    })
    const got = await call(
      family,
      {},
      sessionOf(target, { credential: credentialOf({ token: 's3cret-token' }) }),
    )
    expect(seen(got).authorization).toBe('Bearer s3cret-token')
    expect(got.known).toEqual(['Bearer s3cret-token', 's3cret-token'])
  })
  test.each(['', 'a\r\nX: b', 'é'])('that can not hold %j is never sent', async (token) => {
    const target = targetOf(echo.url, { inject })
    const error = await call(
      family,
      {},
      sessionOf(target, { credential: credentialOf({ token }) }),
    ).catch((one) => one)
    expect(error.code).toBe('CONFIG_INVALID')
  })
})

test('HTTP Basic: the pair arrives, and is known in the form in which it was sent', async () => {
  const target = targetOf(echo.url, { inject: { basic: 'key' } })
  const credential = credentialOf({ username: 'svc', password: 's3cret-pass' })
  const got = await call(family, {}, sessionOf(target, { credential }))
  const pair = Buffer.from('svc:s3cret-pass').toString('base64')
  expect(seen(got).authorization).toBe(`Basic ${pair}`)
  expect(got.known).toContain(pair)
})

test('a kept connection of one credential is never lent to another', async () => {
  const target = targetOf(echo.url, { inject: { header: 'X-Api-Key', value: 'key' } })
  for (const token of ['first-token', 'second-token']) {
    const credential = credentialOf({ token }, token)
    const got = await call(family, {}, sessionOf(target, { credential }))
    expect(seen(got)['x-api-key']).toBe(token)
  }
})

describe('OAuth client credentials', () => {
  const target = (name: string) =>
    targetOf(echo.url, {
      name,
      inject: { oauth: 'key', tokenUrl: `${issuer.url}/token`, scope: 'read all', audience: 'api' },
    })
  const credential = credentialOf({ client_id: 'me@x', client_secret: 's3cret/1' })
  const token = (access_token: string, expires_in = 600) => ({
    access_token,
    token_type: 'Bearer',
    expires_in,
  })
  const go = (name: string, given: object = {}) =>
    call(family, given, sessionOf(target(name), { credential }))

  test('a token is asked for once, by many calls at once, and kept', async () => {
    asked = []
    issue = { status: 200, body: token('access-one'), after: 50 }
    const got = await Promise.all(Array.from({ length: 4 }, () => go('a')))
    expect(got.map((one) => seen(one).authorization)).toEqual(Array(4).fill('Bearer access-one'))
    expect(got[0]?.known).toContain('access-one')
    await go('a')
    expect(asked).toEqual([
      {
        authorization: `Basic ${Buffer.from('me%40x:s3cret%2F1').toString('base64')}`,
        form: 'grant_type=client_credentials&scope=read+all&audience=api',
      },
    ])
  })
  test('one that is over is renewed', async () => {
    asked = []
    issue = { status: 200, body: token('short-lived', 0.2), after: 0 }
    await go('b')
    await new Promise((done) => setTimeout(done, 250))
    await go('b')
    expect(asked.length).toBe(2)
  })
  test('one that the service takes no longer is forgotten', async () => {
    asked = []
    issue = { status: 200, body: token('revoked-token'), after: 0 }
    expect(await go('c', { path: '/401' })).toMatchObject({ http_status: 401 })
    await go('c')
    expect(asked.length).toBe(2)
  })
  test.each([
    [400, { error: 'invalid_client', error_description: 'secret words' }],
    [200, { access_token: 'x', token_type: 'mac' }],
    [200, { token_type: 'bearer' }],
    [200, 'no JSON object'],
    [302, {}],
  ])('an answer %i %j is no token, and its words stay with the operator', async (status, body) => {
    issue = { status, body, after: 0 }
    const name = `d${status} ${JSON.stringify(body).length}`
    const error = await go(name).catch((one) => one)
    expect(error.code).toBe('TARGET_UNREACHABLE')
    expect(error.message).not.toContain('secret words')
    issue = { status: 200, body: token('after-all'), after: 0 }
    expect(seen(await go(name)).authorization).toBe('Bearer after-all')
  })
  test('the endpoint may lie only where the target may', async () => {
    const elsewhere = targetOf(echo.url, {
      inject: { oauth: 'key', tokenUrl: 'http://169.254.169.254/token' },
    })
    await expect(call(family, {}, sessionOf(elsewhere, { credential }))).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
    })
  })
  test('a write whose token is not to be had was not sent', async () => {
    issue = { status: 500, body: {}, after: 0 }
    await expect(go('e', { method: 'POST', body: 'x' })).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
    })
  })
})

describe('TLS', () => {
  let server: Server
  let url: string
  const ours = authority('ca')
  const served = ours.issue('server', { dns: ['api.example.com'] })
  const client = ours.issue('client', { client: true })
  beforeAll(async () => {
    server = createServer(
      {
        ...served,
        ca: ours.cert,
        requestCert: true,
        rejectUnauthorized: false,
      },
      (request, response) => {
        const socket = request.socket as TLSSocket // the server is one of TLS
        response.writeHead(200, { 'content-type': 'application/json' })
        const { servername } = socket as TLSSocket & { servername?: string }
        response.end(
          JSON.stringify({
            client: socket.authorized ? socket.getPeerCertificate().subject.CN : null,
            sni: servername,
            host: request.headers.host,
          }),
        )
      },
    )
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()))
    url = `https://api.example.com:${(server.address() as AddressInfo).port}` // it listens on a port
  })
  afterAll(async () => {
    await home.family.close()
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  })
  const home = httpFamily({ resolve: async () => [{ address: '127.0.0.1', family: 4 }] })
  const go = (ca: string | undefined, more: Parameters<typeof targetOf>[1] = {}, secret = {}) =>
    call(
      home,
      {},
      sessionOf(targetOf(url, { ...(ca === undefined ? {} : { ca }), ...more }), {
        credential: credentialOf(secret, JSON.stringify(secret).length.toString()),
      }),
    )

  test('the name stays in SNI and Host though the connection is pinned to an address', async () => {
    const { port } = new URL(url)
    expect((await go(ours.cert)).body).toEqual({
      client: null,
      sni: 'api.example.com',
      host: `api.example.com:${port}`,
    })
  })
  test('a certificate of another authority, or for another name, is not taken', async () => {
    for (const [ca, base] of [
      [authority('other').cert, url],
      [undefined, url],
      [ours.cert, url.replace('api.', 'evil-api.')],
    ] as const)
      await expect(go(ca, { baseUrl: base })).rejects.toMatchObject({
        code: 'TARGET_UNREACHABLE',
        message: expect.stringContaining('certificate'),
        teaching: { retry: false },
      })
  })
  test('a client certificate is shown', async () => {
    const inject = { mtls: 'key' }
    const secret = { ...client }
    expect((await go(ours.cert, { inject }, secret)).body).toMatchObject({ client: 'client' })
    const bundle = { privateKey: `${client.key}${client.cert}` }
    expect((await go(ours.cert, { inject }, bundle)).body).toMatchObject({ client: 'client' })
  })
  test('half of a client certificate is told as such, and not sent', async () => {
    const secret = { cert: client.cert }
    await expect(go(ours.cert, { inject: { mtls: 'key' } }, secret)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
    await expect(
      go(ours.cert, { inject: { mtls: 'key' } }, { cert: 'x', key: 'y' }),
    ).rejects.toMatchObject({ code: expect.stringMatching(/CONFIG_INVALID|TARGET_UNREACHABLE/) })
  })
  test('no connection is left when the target is closed', async () => {
    const own = httpFamily({ resolve: async () => [{ address: '127.0.0.1', family: 4 }] })
    await call(own, {}, sessionOf(targetOf(url, { ca: ours.cert, limits })))
    expect(own.connections()).toBe(1)
    await own.family.close()
    expect(await soon(() => own.connections() === 0)).toBe(true)
    await expect(call(own, {}, sessionOf(targetOf(url)))).rejects.toMatchObject({
      code: 'CANCELLED',
    })
  })
})

test('no error of a call holds the credential', async () => {
  const secret = 's3cret-token-of-the-target'
  const errors: unknown[] = []
  for (const baseUrl of ['http://127.0.0.1:1', 'http://10.0.0.1', `https://127.0.0.1:${echo.port}`])
    await call(
      family,
      {},
      sessionOf(targetOf(baseUrl, { inject: { header: 'X-Api-Key', value: 'key' } }), {
        credential: credentialOf({ token: secret }),
        limits: { connectMs: 500, seconds: 1 },
      }),
    ).catch((error: Error & { teaching: unknown }) => {
      errors.push([error.message, error.teaching])
    })
  expect(errors.length).toBe(3)
  expect(JSON.stringify(errors)).not.toContain(secret)
})
