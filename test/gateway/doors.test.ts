/** Two agents with tokens of their own, an approver, an HTTP service: every door tried with the wrong key, nothing faked. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyStore } from '../../src/audit/verify/verify.ts'
import { configHash } from '../../src/config/hash.ts'
import { loadConfig } from '../../src/config/load.ts'
import { type Served, serve as serveGateway } from '../../src/serve.ts'
import { keyBytes, openKeyWrap } from '../../src/vault/key-wrap.ts'
import { type Service, serve } from '../http/support.ts'
import { type FakeIssuer, type Key, makeKey, sign, startIssuer } from '../identity/fake-issuer.ts'
import { freePort } from '../support/gateway.ts'
import type { Answer } from '../support/ports.ts'
import { type MigratedDatabase, migratedDatabase } from '../support/postgres.ts'

const secret = 'k3y-of-the-service-8842'
let store: MigratedDatabase
let issuer: FakeIssuer
let key: Key
let service: Service
let served: Served
let folder: string
let url: string
const seen: string[] = []

beforeAll(async () => {
  store = await migratedDatabase()
  issuer = await startIssuer()
  key = await makeKey('k1')
  issuer.keys = [key.publicJwk]
  service = await serve((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      if (request.method !== 'GET')
        seen.push(`${request.method} ${request.url} ${Buffer.concat(pieces)}`)
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ url: request.url, headers: request.headers }))
    })
  })
  folder = mkdtempSync(join(tmpdir(), 'cs-doors-'))
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  const put = (name: string, text: string): void =>
    writeFileSync(join(folder, name), text, { mode: 0o600 })
  put('key', JSON.stringify({ token: secret }))
  put('store-url', store.writerUrl)
  for (const name of ['vault.key', 'token.key']) put(name, name.repeat(8))
  mkdirSync(join(folder, 'state'), { mode: 0o700 })
  put(
    'countersign.yaml',
    `
server: { listen: "127.0.0.1:${port}", publicUrl: "${url}" }
state: ./state
store: { url: "file:./store-url" }
log: { name: test/doors }
vault: { key: "file:./vault.key" }
masking: { tokenKey: "file:./token.key" }
approvals: { waitSeconds: 0 }
identity: { issuers: [{ issuer: "${issuer.url}", groupsClaim: groups }] }
credentials: { service: "file:./key" }
targets:
  orders:
    kind: http
    baseUrl: ${service.url}/api
    addresses: [127.0.0.0/8]
    routes: [{ method: GET, path: /** }, { method: POST, path: /orders/** }, { method: DELETE, path: /orders/*, effect: admin }]
    inject: { header: X-Api-Key, value: service }
grants:
  - { id: read, groups: [engineers], targets: [orders], tools: [http_request], effects: [read] }
  - { id: write, groups: [engineers], targets: [orders], tools: [http_request], effects: [write], approval: { by: [dba], within: 15m } }
  - { id: own, groups: [engineers], targets: [orders], tools: [http_request], effects: [admin], approval: { by: [engineers], within: 15m, self: true } }
`,
  )
  const config = loadConfig(join(folder, 'countersign.yaml'), {})
  served = await serveGateway(config, {
    version: 'test',
    configHash: configHash(config),
    logLevel: process.env.TEST_LOG ?? 'silent',
  })
})
afterAll(async () => {
  await served?.close()
  await service?.stop()
  await issuer?.close()
  await store?.drop()
  rmSync(folder, { recursive: true, force: true })
})

const token = (sub: string, more: object = {}): Promise<string> =>
  sign(key, issuer.url, { aud: `${url}/mcp`, sub, groups: ['engineers'], ...more })
const ana = () => token('ana')
const bo = (more: object = {}) => token('bo', { groups: ['dba'], client_id: 'cli', ...more })
const post = async (path: string, bearer: string, body: unknown, more: object = {}) => {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', ...more },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}
const call = async (
  bearer: string,
  name: string,
  args: object,
  more: object = {},
): Promise<Answer> =>
  (
    await post(
      '/mcp',
      bearer,
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } },
      more,
    )
  ).body.result.structuredContent
const order = (body: unknown, path = '/orders/7') => ({
  target: 'orders',
  method: 'POST',
  path,
  body,
})
const held = async (body: unknown, path?: string): Promise<string> => {
  const answer = await call(await ana(), 'http_request', order(body, path))
  expect(answer.status, JSON.stringify(answer)).toBe('pending_approval')
  return answer.call_id
}
const answer = async (callId: string, bearer: string, body: unknown = { decision: 'approve' }) =>
  post(`/api/approvals/${callId}/answer`, bearer, body)
const ready = async (): Promise<boolean> => (await fetch(`${url}/readyz`)).ok

test('a read runs at once, and the credential that its target says back is masked', async () => {
  const asked = await call(await ana(), 'http_request', {
    target: 'orders',
    method: 'GET',
    path: '/a%2Fb?x=1&x=2',
    query: { 'ids[]': [1, 2] },
  })
  const got = await call(await ana(), 'call_wait', { call_id: asked.call_id, timeout_s: 20 })
  expect(got).toMatchObject({ status: 'ok', http_status: 200 })
  expect(JSON.stringify(got)).toContain('/api/a%2Fb?x=1&x=2&ids%5B%5D=1&ids%5B%5D=2')
  expect(JSON.stringify(got)).not.toContain(secret)
})

test('an approver sees what is sent; what was approved is what arrives, once', async () => {
  const callId = await held({ state: 'shipped\u202e' }, '/orders/x/../7?note=a%20b')
  const shown = await fetch(`${url}/api/approvals/${callId}`, {
    headers: { authorization: `Bearer ${await bo()}` },
  })
  const { view, effect } = (await shown.json()) as { view: Record<string, unknown>; effect: string }
  expect(effect).toBe('write')
  expect(view).toMatchObject({
    facts: { method: 'POST', route: '/orders/**', query_keys: ['note'] },
    input: { path: '/orders/x/../7?note=a%20b', body: { state: 'shipped\u202e' } },
    preview: {
      request: `POST ${service.url}/api/orders/7?note=a%20b`,
      headers: { accept: '*/*', 'content-type': 'application/json' },
      body_bytes: 22,
    },
  })
  expect((await answer(callId, await bo())).status).toBe(200)
  const results = await Promise.all(
    Array.from({ length: 20 }, async () =>
      call(await ana(), 'call_wait', { call_id: callId, timeout_s: 20 }),
    ),
  )
  expect(new Set(results.map((one) => one.status))).toEqual(new Set(['ok']))
  expect(seen).toEqual(['POST /api/orders/7?note=a%20b {"state":"shipped\u202e"}'])
  for (const again of ['approve', 'reject'])
    expect((await answer(callId, await bo(), { decision: again })).status).toBe(409)
})

test('nobody but the caller, by the same client, gets at a call or its result, whatever session they name', async () => {
  const callId = await held({ n: 1 })
  await answer(callId, await bo())
  const others = [
    await token('eve'),
    await token('ana', { client_id: 'other' }),
    await token('ana', { act: { sub: 'helper' } }),
    await bo(),
  ]
  for (const other of others)
    for (const session of ['', 'same', `${'0'.repeat(32)}.`]) {
      const got = await call(
        other,
        'call_wait',
        { call_id: callId, timeout_s: 0 },
        { 'mcp-session-id': session },
      )
      expect(got.refused).toMatchObject({
        code: 'INPUT_REFUSED',
        message: 'You have no call with this id.',
      })
    }
  const before = seen.length
  expect(await call(await ana(), 'call_wait', { call_id: callId, timeout_s: 20 })).toMatchObject({
    status: 'ok',
  })
  expect(seen.length).toBe(before + 1)
})

test.each([
  ["the agent's own token", async () => token('ana', { groups: ['dba', 'engineers'] })],
  ["the agent's client for another person", async () => bo({ client_id: 'agent' })],
  ["the agent's client behind another", async () => bo({ act: { sub: 'agent' } })],
  ['somebody who acts for the approver', async () => bo({ act: { sub: 'x' } })],
  ['a machine', async () => bo({ sub: 'bot', client_id: 'bot' })],
  ['one of no group that is asked', async () => token('eve', { client_id: 'cli' })],
  ['one who signed in long ago', async () => bo({ auth_time: 1_700_000_000 })],
  ['one of another audience', async () => bo({ aud: url })],
  ['nobody', async () => 'x'],
])('%s answers nothing', async (_name, who) => {
  const callId = await held({ n: 2 })
  expect([401, 403]).toContain((await answer(callId, await who())).status)
  const got = await call(await ana(), 'call_wait', { call_id: callId, timeout_s: 0 })
  expect(got.status).toBe('pending_approval')
})

test('one may confirm her own call where the policy says so, by another client than the agent', async () => {
  const own = await call(await ana(), 'http_request', {
    target: 'orders',
    method: 'DELETE',
    path: '/orders/9',
  })
  expect((await answer(own.call_id, await ana())).status).toBe(403)
  expect(
    (await answer(own.call_id, await token('ana', { client_id: 'agent', jti: 'j9' }))).status,
  ).toBe(403)
  expect((await answer(own.call_id, await token('ana', { client_id: 'cli' }))).status).toBe(200)
  expect(
    await call(await ana(), 'call_wait', { call_id: own.call_id, timeout_s: 20 }),
  ).toMatchObject({
    status: 'ok',
  })
})

test('without a client in either token her own is not told from her agent’s', async () => {
  const plain = { client_id: undefined }
  const own = await call(await token('ana', plain), 'http_request', {
    target: 'orders',
    method: 'DELETE',
    path: '/orders/10',
  })
  expect((await answer(own.call_id, await token('ana', plain))).status).toBe(403)
})

test.each([
  '{"decision":"approve","decision":"reject","x":1}',
  '{"decision":["approve"]}',
  '{"decision":"APPROVE"}',
  '{"__proto__":{"decision":"approve"}}',
  '[]',
  '"approve"',
  'null',
  '',
  '{"decision":"approve","comment":7}',
  `{"decision":"approve","comment":"${'x'.repeat(2001)}"}`,
])('an answer like %s is none', async (body) => {
  const callId = await held({ n: 3 })
  expect((await answer(callId, await bo(), body)).status).toBe(400)
})

test('what people write may hold anything, and stops nothing', async () => {
  for (const comment of [
    'a\u0000b',
    '\ud800',
    '\u001b[2J\u202e',
    '\r\nState     approved',
    '💥'.repeat(900),
  ]) {
    const callId = await held(
      { n: comment.length },
      `/orders/${encodeURIComponent(comment.length)}`,
    )
    expect((await answer(callId, await bo(), { decision: 'reject', comment })).status).toBe(200)
  }
  for (const [path, body] of [
    ['/api/pause', { caller: 'no\u0000body', reason: 'a\u0000\ud800' }],
    ['/api/resume', { caller: 'no\u0000body' }],
    ['/api/holds', { labels: { 'a\u0000': '\ud800' }, reason: 'x\u0000' }],
    ['/api/erasures', { caller: '\u0000', reason: '\u0000' }],
  ] as const)
    expect((await post(path, await bo(), body)).status, path).toBeLessThan(500)
  const callId = await held({ n: 4 })
  const shown = await fetch(`${url}/api/calls/${callId}?reason=%00%0d%0a%1b`, {
    headers: { authorization: `Bearer ${await bo()}` },
  })
  expect(shown.status).toBeLessThan(500)
  expect(await ready()).toBe(true)
})

test('the record of all this verifies', async () => {
  expect(await ready()).toBe(true)
  const keys = openKeyWrap(keyBytes('vault.key'.repeat(8), 'test'))
  const report = await verifyStore({ pool: store.admin, log: 'test/doors', keys })
  expect(report.findings).toEqual([])
  expect(report.exit).toBe(0)
})
