import { afterAll, beforeAll, expect, test } from 'vitest'
import { httpFamily } from '../../src/tools/http/index.ts'
import { call, credentialOf, limits, sessionOf, targetOf } from '../http/support.ts'
import { installNginx, type Nginx, startNginx } from './nginx.ts'

let nginx: Nginx
let bound = '127.0.0.1'
const family = httpFamily({ resolve: async () => [{ address: bound, family: 4 }] })
beforeAll(async () => {
  installNginx()
  nginx = await startNginx()
})
afterAll(async () => {
  await family.family.close()
  await nginx.stop()
})
const targetAt = (port: number, more: Parameters<typeof targetOf>[1] = {}) =>
  targetOf(`https://api.example.com:${port}/v1`, {
    ca: nginx.file('ca.pem'),
    limits: { ...limits, seconds: 3 },
    ...more,
  })
const ask = (given: object, more: Parameters<typeof targetOf>[1] = {}, secret = {}) =>
  call(family, given, sessionOf(targetAt(nginx.https, more), { credential: credentialOf(secret) }))

test('TLS by name on a pinned address, the credential in its header, the path as judged', async () => {
  const got = await ask(
    { path: '/./x/../who?q=..%2Fy' },
    { inject: { header: 'Authorization', value: 'key', prefix: 'Bearer ' } },
    { token: 'live-token-1' },
  )
  expect(got.body).toBe('GET|/v1/who?q=..%2Fy|api.example.com|Bearer live-token-1||127.0.0.1')
})

test('no form of a path leaves the base on a server that resolves them all', async () => {
  expect(await ask({ path: '/admin' })).toMatchObject({
    body: 'inside of the base',
  })
  for (const path of [
    '/../admin/users',
    '/%2e%2e/admin/users',
    '/..%2fadmin/users',
    '/x/..%5c../admin/users',
    '//admin/users',
  ])
    await expect(ask({ path })).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
  expect(nginx.log()).not.toContain('users')
})

test('gzip from a real server is unpacked, selected and cut', async () => {
  expect(await ask({ path: '/items.json', select: 'items[10:12].name' })).toMatchObject({
    body: ['item 10', 'item 11'],
    truncated: false,
  })
  expect(await ask({ path: '/items.json' })).toMatchObject({
    body: { total: 3000 },
    truncated: true,
    cut: [{ path: '/items', of: 3000 }],
  })
})

test('a redirect to the metadata service is told, not followed', async () => {
  expect(await ask({ path: '/old' })).toMatchObject({
    http_status: 302,
    headers: { location: 'http://169.254.169.254/latest/meta-data/' },
  })
})

test('a range, a condition, HEAD, binary and 404 are as the server has them', async () => {
  expect(await ask({ path: '/admin', headers: { Range: 'bytes=0-5' } })).toMatchObject({
    http_status: 206,
    body: 'inside',
  })
  const { headers } = await ask({ path: '/admin', method: 'HEAD' })
  expect(await ask({ path: '/admin', headers: { 'If-None-Match': headers.etag } })).toMatchObject({
    http_status: 304,
  })
  expect(await ask({ path: '/noise.bin' })).toMatchObject({
    withheld: 'binary, application/octet-stream',
    bytes: 6,
  })
  expect(await ask({ path: '/nothing' })).toMatchObject({ http_status: 404 })
})

test('a slow body ends in TIMEOUT', async () => {
  await expect(ask({ path: '/slow' }, { limits: { ...limits, seconds: 1 } })).rejects.toMatchObject(
    {
      code: 'TIMEOUT',
    },
  )
})

test('a client certificate is asked for and shown', async () => {
  const target = targetAt(nginx.mtls, { inject: { mtls: 'key' } })
  const credential = credentialOf(
    { cert: nginx.file('client.pem'), key: nginx.file('client.key') },
    'mtls',
  )
  const got = await call(family, { path: '/who' }, sessionOf(target, { credential }))
  expect(got.body).toContain('CN=client')
  const without = await call(family, { path: '/who' }, sessionOf(targetAt(nginx.mtls)))
  expect(without.http_status).toBe(400)
})

test('a name that is bound to another address is not followed there', async () => {
  await family.family.identify(sessionOf(targetAt(nginx.https)))
  const own = httpFamily({ resolve: async () => [{ address: bound, family: 4 }] })
  bound = '169.254.169.254'
  await expect(call(own, { path: '/who' }, sessionOf(targetAt(nginx.https)))).rejects.toMatchObject(
    {
      code: 'NOT_ALLOWED',
    },
  )
  bound = '127.0.0.1'
  await own.family.close()
})

test('200 calls at once are all answered, over few connections', async () => {
  const got = await Promise.all(
    Array.from({ length: 200 }, (_, n) => ask({ path: '/who', query: { n } })),
  )
  got.forEach(({ body }, n) => {
    expect(body).toContain(`?n=${n}|`)
  })
  expect(family.connections()).toBeLessThanOrEqual(limits.concurrency * 3)
})
