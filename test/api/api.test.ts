import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { apiApp } from '../../src/api/app.ts'
import type { ApiPorts, Channel } from '../../src/api/ports.ts'
import { challengeOf, metadataUrlOf, resourceOf } from '../../src/api/resource.ts'
import { startApiSocket } from '../../src/api/socket.ts'
import { askSocket } from '../../src/cli/running.ts'
import { GateError } from '../../src/errors.ts'
import { TokenRefused } from '../../src/identity/bearer.ts'
import { identified } from '../../src/identity/caller.ts'
import type { Approval, Caller } from '../../src/types.ts'
import { apiPorts } from '../mcp/start.ts'

const socket: Channel = { channel: 'socket', direct: true }
const tcp: Channel = { channel: 'tcp', direct: true }
const id = '0192f0c1-0000-7000-8000-000000000001'

const person = (sub: string, auth: 'passphrase' | 'oidc'): Caller =>
  identified({
    iss: 'local',
    sub,
    client: '',
    groups: ['dba'],
    via: 'cli',
    auth,
    session: 's',
    origin: {},
  })

const done: unknown[][] = []
const setUp = (changes: Partial<ApiPorts> = {}) => {
  done.length = 0
  const app = apiApp(
    apiPorts({
      provePassphrase: async (subject, passphrase) => {
        if (subject !== 'bo' || passphrase !== 'pass:word \u00e9')
          throw new GateError('NOT_IDENTIFIED', 'No.')
        return person('bo', 'passphrase')
      },
      proveBearer: async (token) => {
        if (token === 'visitor') return person('visitor', 'oidc')
        if (token !== 'good') throw new TokenRefused('expired')
        return person('cy', 'oidc')
      },
      isApprover: (caller) => caller.sub !== 'visitor',
      approvals: {
        list: async (filter) => {
          done.push(['list', filter])
          return []
        },
        get: async () => undefined,
        answer: async (callId, by, decision, comment) => {
          done.push(['answer', callId, by.sub, decision, comment])
          return { callId, state: 'approved' } as Approval // the API hands it on as it is
        },
      },
      showCall: async (callId, by, reason) => {
        done.push(['show', callId, by.sub, reason])
        return { story: true }
      },
      secrets: {
        list: async () => [],
        set: async (key, value, by) => void done.push(['set', key, value, by.sub]),
      },
      pauses: {
        list: async () => [{ scope: 'target', value: 'shop' }],
        set: async (scope, by, reason) => void done.push(['pause', scope, by.sub, reason]),
        lift: async (scope, by) => void done.push(['lift', scope, by.sub]),
      },
      ...changes,
    }),
    resourceOf('http://127.0.0.1:7420', []),
  )
  return async (
    method: string,
    path: string,
    {
      auth,
      body,
      channel = socket,
      type = 'application/json',
    }: { auth?: string; body?: unknown; channel?: Channel; type?: string } = {},
  ) => {
    const response = await app.fetch(
      new Request(`http://localhost${path}`, {
        method,
        headers: { ...(auth ? { authorization: auth } : {}), 'content-type': type },
        ...(body === undefined
          ? {}
          : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
      channel,
    )
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
}

const basic = `Basic ${Buffer.from('bo:pass:word \u00e9').toString('base64')}`
const everything: readonly [string, string, unknown?][] = [
  ['GET', '/api/approvals'],
  ['GET', `/api/approvals/${id}`],
  ['POST', `/api/approvals/${id}/answer`, { decision: 'approve' }],
  ['GET', `/api/calls/${id}?reason=audit`],
  ['GET', '/api/secrets'],
  ['PUT', '/api/secrets/shop-writer', { value: 'x' }],
  ['GET', '/api/pauses'],
  ['POST', '/api/pause', {}],
  ['POST', '/api/resume', {}],
]

describe('nobody but a proven approver does anything', () => {
  test.each(everything)('%s %s', async (method, path, body) => {
    const ask = setUp()
    const local = `Bearer cslocal_${'x'.repeat(43)}`
    for (const auth of [
      undefined,
      '',
      'Bearer bad',
      local,
      'Basic !!',
      'Basic Ym86d3Jvbmc=',
      'Basic Ym8=',
      'Negotiate x',
    ])
      expect(
        (await ask(method, path, { ...(auth === undefined ? {} : { auth }), body })).status,
      ).toBe(401)
    expect((await ask(method, path, { auth: 'Bearer visitor', body })).status).toBe(403)
    expect(done).toEqual([])
  })

  test.each(everything)(
    'a passphrase counts for nothing over TCP: %s %s',
    async (method, path, body) => {
      const ask = setUp()
      expect((await ask(method, path, { auth: basic, body, channel: tcp })).status).toBe(401)
      expect(done).toEqual([])
    },
  )
})

test('an approver answers by passphrase over the socket, by token over either', async () => {
  const ask = setUp()
  const path = `/api/approvals/${id}/answer`
  await ask('POST', path, { auth: basic, body: { decision: 'reject', comment: 'not today' } })
  await ask('POST', path, { auth: 'Bearer good', body: { decision: 'approve' }, channel: tcp })
  expect(done).toEqual([
    ['answer', id, 'bo', 'reject', 'not today'],
    ['answer', id, 'cy', 'approve', undefined],
  ])
})

test('what is not paused is not lifted, and the answer says what is', async () => {
  const ask = setUp()
  for (const body of [{}, { caller: 'ana' }, { target: 'shp' }, { target: 'shop', caller: 'ana' }])
    expect(await ask('POST', '/api/resume', { auth: basic, body })).toMatchObject({
      status: 400,
      body: { error: { code: 'INPUT_REFUSED', hint: 'Paused are: calls on shop.' } },
    })
  expect(done).toEqual([])
  const idle = setUp({
    pauses: { list: async () => [], set: async () => {}, lift: async () => {} },
  })
  expect(await idle('POST', '/api/resume', { auth: basic, body: {} })).toMatchObject({
    body: { error: { hint: 'Nothing is paused.' } },
  })
})

test('calls are shown with a reason, secrets set, calls paused and resumed', async () => {
  const ask = setUp()
  await ask('GET', `/api/calls/${id}?reason=incident%2012`, { auth: basic })
  await ask('PUT', '/api/secrets/shop-writer', { auth: basic, body: { value: '{"username":"w"}' } })
  await ask('POST', '/api/pause', { auth: basic, body: { target: 'shop', reason: 'incident' } })
  await ask('POST', '/api/resume', { auth: basic, body: { target: 'shop' } })
  await ask('GET', '/api/approvals?state=requested&state=approved', { auth: basic })
  expect(done).toEqual([
    ['show', id, 'bo', 'incident 12'],
    ['set', 'shop-writer', '{"username":"w"}', 'bo'],
    ['pause', { target: 'shop' }, 'bo', 'incident'],
    ['lift', { target: 'shop' }, 'bo'],
    ['list', { states: ['requested', 'approved'] }],
  ])
})

test.each([
  ['POST', `/api/approvals/${id}/answer`, { decision: 'maybe' }],
  ['POST', `/api/approvals/${id}/answer`, { decision: 'approve', as: 'ana' }],
  ['POST', `/api/approvals/${id}/answer`, '{'],
  ['POST', '/api/approvals/../answer/answer', { decision: 'approve' }],
  ['POST', '/api/approvals/1/answer', { decision: 'approve' }],
  ['GET', `/api/calls/${id}`, undefined],
  ['GET', `/api/calls/${id}?reason=%20`, undefined],
  ['GET', '/api/approvals?state=all', undefined],
  ['PUT', '/api/secrets/..%2f..%2fx', { value: 'x' }],
  ['PUT', '/api/secrets/shop', { value: '' }],
  ['PUT', '/api/secrets/shop', { value: 'x'.repeat(300_000) }],
  ['POST', '/api/pause', { everything: true }],
])('%s %s with %j is refused', async (method, path, body) => {
  const ask = setUp()
  const { status, body: said } = await ask(method, path, { auth: basic, body })
  expect([400, 404]).toContain(status)
  expect(said).toMatchObject({ error: { code: 'INPUT_REFUSED' } })
  expect(done).toEqual([])
})

test('a form that another page could post is refused', async () => {
  const ask = setUp()
  const { status } = await ask('POST', '/api/pause', {
    auth: basic,
    body: '{}',
    type: 'text/plain',
  })
  expect(status).toBe(400)
  expect(done).toEqual([])
})

test('a fault inside shows a code, not itself', async () => {
  const failures: unknown[] = []
  const ask = setUp({
    showCall: async () => {
      throw new Error('connection string postgres://w:secret@db')
    },
    failed: (error) => void failures.push(error),
  })
  const { status, body } = await ask('GET', `/api/calls/${id}?reason=x`, { auth: basic })
  expect(status).toBe(500)
  expect(JSON.stringify(body)).not.toContain('secret')
  expect(failures).toHaveLength(1)
})

test('status is open on the socket and nowhere else, metrics on loopback and nowhere else', async () => {
  const ask = setUp()
  expect((await ask('GET', '/api/status')).body).toMatchObject({ version: '9.9.9' })
  expect((await ask('GET', '/api/status', { channel: tcp })).status).toBe(401)
  const app = apiApp(apiPorts(), resourceOf('http://127.0.0.1:7420', []))
  const metrics = async (direct: boolean) =>
    (await app.fetch(new Request('http://x/metrics'), { channel: 'tcp', direct })).status
  expect(await metrics(true)).toBe(200)
  expect(await metrics(false)).toBe(401)
})

test('not ready is 503 and says why', async () => {
  const ask = setUp({ ready: async () => ({ ready: false, reason: 'the log is away' }) })
  expect(await ask('GET', '/readyz')).toEqual({
    status: 503,
    body: { ready: false, reason: 'the log is away' },
  })
})

describe('where to sign in (RFC 9728)', () => {
  test('the metadata stands at both paths and the challenge points to it', async () => {
    const resource = resourceOf('https://gate.example.com/ops/', ['https://login.example.com'])
    expect(resource.url).toBe('https://gate.example.com/ops/mcp')
    expect(metadataUrlOf(resource)).toBe(
      'https://gate.example.com/.well-known/oauth-protected-resource/ops/mcp',
    )
    expect(challengeOf(resource, true)).toBe(
      'Bearer error="invalid_token", resource_metadata="https://gate.example.com/.well-known/oauth-protected-resource/ops/mcp", scope="openid"',
    )
    const app = apiApp(apiPorts(), resource)
    for (const path of ['', '/mcp', '/ops/mcp']) {
      const response = await app.fetch(
        new Request(`http://x/.well-known/oauth-protected-resource${path}`),
        tcp,
      )
      expect(await response.json()).toMatchObject({
        resource: 'https://gate.example.com/ops/mcp',
        authorization_servers: ['https://login.example.com'],
      })
    }
  })

  test('without issuers there is none', async () => {
    const resource = resourceOf('http://127.0.0.1:7420', [])
    expect(challengeOf(resource, false)).toBe('Bearer')
    const response = await apiApp(apiPorts(), resource).fetch(
      new Request('http://x/.well-known/oauth-protected-resource'),
      tcp,
    )
    expect(response.status).toBe(404)
  })
})

describe('the socket of the API', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cs-api-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('serves this user, and goes away when it closes', async () => {
    const path = join(folder, 'api.sock')
    const api = await startApiSocket(
      path,
      apiApp(apiPorts(), resourceOf('http://127.0.0.1:7420', [])),
    )
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(await askSocket(path, { method: 'GET', path: '/api/status' })).toEqual({
      status: 200,
      body: { version: '9.9.9' },
    })
    await api.close(100)
    await expect(askSocket(path, { method: 'GET', path: '/api/status' })).rejects.toThrow(
      'No gateway',
    )
  })
})
