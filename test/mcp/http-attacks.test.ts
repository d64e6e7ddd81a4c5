import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { exactJson, pause, until } from './fake-gateway.ts'
import { type Started, start, token } from './start.ts'

let running: Started
beforeEach(async () => {
  running = await start()
})
afterEach(() => running.listener.close(50))

const call = (name: string, args: unknown = {}, more: object = {}) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: args, ...more },
})
const envelope = {
  _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'c', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  },
}
const stateless = {
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': 'echo',
}

/** fetch does not let a test choose Host. */
const raw = (
  headers: Record<string, string>,
  path = '/mcp',
  body = JSON.stringify(call('echo')),
): Promise<{ status: number; text: string; headers: NodeJS.Dict<string | string[]> }> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest(
      {
        host: '127.0.0.1',
        port: running.listener.port,
        path,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${token}`,
          ...headers,
        },
      },
      (response) => {
        let text = ''
        response.on('data', (part) => {
          text += part
        })
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text, headers: response.headers }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })

describe('DNS rebinding and other sites', () => {
  test.each([
    { host: 'evil.example.com' },
    { host: 'evil.example.com:7420' },
    { host: '127.0.0.1.evil.example.com' },
    { host: '127.0.0.1@evil.example.com' },
    { host: 'localhost.' },
    { origin: 'http://evil.example.com' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:1' },
    { origin: 'https://127.0.0.1:7420' },
    { origin: 'http://localhost.evil.example.com:7420' },
  ])('%o is refused, with the token right', async (headers) => {
    const { status } = await raw({ ...headers } as unknown as Record<string, string>)
    expect(status === 403 || status === 400).toBe(true)
    expect(running.gateway.seen).toHaveLength(0)
  })

  test('our own names and origins pass', async () => {
    for (const headers of [
      { host: 'localhost:9' },
      { host: '[::1]:7420' },
      { origin: 'http://127.0.0.1:7420' },
      { origin: `http://localhost:${running.listener.port}` },
    ])
      expect((await raw(headers as unknown as Record<string, string>)).status).toBe(200)
  })

  test.each([
    ['two Host headers', 'HTTP/1.1\r\nHost: localhost\r\nHost: evil.example.com'],
    ['an empty Host header', 'HTTP/1.1\r\nHost: '],
    ['no Host header', 'HTTP/1.0\r\nAccept: */*'],
  ])('%s: refused', async (_name, lines) => {
    const socket = connect(running.listener.port, '127.0.0.1')
    let text = ''
    socket.on('data', (part) => {
      text += part
    })
    socket.write(`GET /api/status ${lines}\r\n\r\n`)
    await until(() => / (400|403) /.test(text))
    socket.destroy()
  })
})

describe('nobody unidentified', () => {
  test.each([
    ['no token', undefined],
    ['an empty token', 'Bearer '],
    ['another scheme', `Basic ${token}`],
    ['a wrong local token', `Bearer cslocal_${'y'.repeat(43)}`],
    ['two tokens', `Bearer ${token}, Bearer ${token}`],
    ['a token with a line feed', `Bearer ${token} x`],
  ])('%s', async (_name, authorization) => {
    const { status, headers } = await raw({
      authorization: authorization as unknown as string,
      ...(authorization === undefined ? { authorization: '' } : {}),
    })
    expect(status).toBe(401)
    expect(headers['www-authenticate']).toMatch(/^Bearer/)
    expect(running.gateway.seen).toHaveLength(0)
  })

  test('the local token does not count behind a proxy', async () => {
    for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip'])
      expect((await raw({ [header]: '203.0.113.7' })).status).toBe(401)
    expect(running.refusals).toContain('local-token')
  })

  test('nor where the configuration names no local principal', async () => {
    const without = await start({ local: false })
    expect((await without.post(call('echo'))).status).toBe(401)
    await without.listener.close(50)
  })

  test('a query parameter is no place for a token', async () => {
    expect((await raw({ authorization: '' }, `/mcp?access_token=${token}`)).status).toBe(401)
  })

  test('the session says nothing that the client chose', async () => {
    await running.post(call('echo'), { 'mcp-session-id': 'chosen-by-the-agent' })
    await running.post(call('echo'), { 'mcp-session-id': 'chosen-by-the-agent' })
    await running.post(call('echo'), { 'mcp-session-id': 'another' })
    const [one, two, three] = running.gateway.seen.map((request) => request.caller.session)
    expect(one).toMatch(/^[0-9a-f]{32}$/)
    expect(two).toBe(one)
    expect(three).not.toBe(one)
  })
})

describe('headers and body', () => {
  test.each([
    ['another method', { 'mcp-method': 'tools/list' }],
    ['another tool', { 'mcp-name': 'refuse' }],
    ['the tool in another case', { 'mcp-name': 'Echo' }],
    ['a tool that is broken base64', { 'mcp-name': '=?base64?%%%?=' }],
    ['another tool in base64', { 'mcp-name': '=?base64?cmVmdXNl?=' }],
    ['another revision', { 'mcp-protocol-version': '2025-11-25' }],
    ['no revision', { 'mcp-protocol-version': undefined }],
    ['no method', { 'mcp-method': undefined }],
    ['no name', { 'mcp-name': undefined }],
  ])(
    'a stateless call whose headers name %s is refused with -32020, and recorded',
    async (_name, change) => {
      const headers = Object.fromEntries(
        Object.entries({ ...stateless, ...change }).filter(([, value]) => value !== undefined),
      ) as Record<string, string>
      const { status, text } = await running.post(call('echo', {}, envelope), headers)
      expect(status).toBe(400)
      expect(JSON.parse(text).error.code).toBe(-32020)
      expect(running.gateway.seen.map((request) => request.args)).toEqual([undefined])
    },
  )

  test('also an older call, when it has such headers', async () => {
    const { status, text } = await running.post(call('echo'), { 'mcp-name': 'refuse' })
    expect([status, JSON.parse(text).error.code]).toEqual([400, -32020])
  })

  test('headers that agree pass, base64 included', async () => {
    expect((await running.post(call('echo', {}, envelope), stateless)).status).toBe(200)
    const encoded = { ...stateless, 'mcp-name': '=?base64?ZWNobw==?=' }
    const { text } = await running.post(call('echo', {}, envelope), encoded)
    expect(JSON.parse(text).result).toMatchObject({ resultType: 'complete' })
  })

  test('an unknown revision is refused', async () => {
    const { status } = await running.post(call('echo'), { 'mcp-protocol-version': '2019-01-01' })
    expect(status).toBe(400)
  })
})

describe('bodies', () => {
  test('an oversized one is refused and recorded by its announced length', async () => {
    const { status } = await running.post(call('echo', { text: 'x'.repeat(5 * 1024 * 1024) }))
    expect(status).toBe(413)
    expect(running.gateway.seen).toMatchObject([{ tool: '', args: undefined }])
    expect(running.gateway.seen[0]?.rawBytes).toBeGreaterThan(5 * 1024 * 1024)
  })

  test('also one that announces nothing', async () => {
    const body = new ReadableStream({
      async start(controller) {
        for (let part = 0; part < 6; part += 1) {
          controller.enqueue(Buffer.alloc(1024 * 1024, 32))
          await pause(1)
        }
        controller.close()
      },
    })
    const response = await fetch(`${running.listener.url}/mcp`, {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    } as RequestInit)
    expect(response.status).toBe(413)
    expect(running.gateway.seen[0]?.rawBytes).toBeGreaterThan(4 * 1024 * 1024)
  })

  test.each([
    ['no JSON', '{"jsonrpc":'],
    ['nothing', ''],
    ['no UTF-8', Buffer.from('7b22c328227d', 'hex').toString('latin1')],
  ])('%s is refused and recorded', async (_name, body) => {
    const sent = Buffer.from(body, 'latin1')
    const response = await fetch(`${running.listener.url}/mcp`, {
      method: 'POST',
      body: sent,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    })
    expect(response.status).toBe(400)
    expect(running.gateway.seen).toMatchObject([{ args: undefined, rawBytes: sent.length }])
  })

  test('another content type is refused', async () => {
    const { status } = await running.post(call('echo'), { 'content-type': 'text/plain' })
    expect(status).toBe(415)
    expect(running.gateway.seen).toHaveLength(0)
  })

  test('arguments of any shape reach the gateway', async () => {
    for (const args of [7, 'text', null, [], { __proto__: 1 }, false])
      expect((await running.post(call('echo', args))).status).toBe(200)
    expect(running.gateway.seen.map((request) => request.args)).toEqual([
      7,
      'text',
      null,
      [],
      {},
      false,
    ])
  })

  test('a million levels of nesting neither stop us nor get lost', async () => {
    const deep = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nothing","arguments":{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}}}`
    expect((await running.post(deep)).status).toBe(200)
    const other = deep.replace('tools/call', 'tools/list')
    expect((await running.post(other)).status).toBeLessThan(600)
    expect((await running.post(call('echo'))).status).toBe(200)
  })

  test('a tool call without an id runs nothing, and is recorded', async () => {
    const { id: _id, ...note } = call('echo')
    expect((await running.post(note)).status).toBe(400)
    expect(running.gateway.seen).toMatchObject([{ tool: '', args: undefined }])
  })

  test('a batch runs one by one, each call recorded; one of the newest revision does not run', async () => {
    const list = { jsonrpc: '2.0', id: 9, method: 'tools/list' }
    const { text } = await running.post([call('echo'), list, { ...call('refuse'), id: 2 }])
    expect(JSON.parse(text).map((answer: { id: number }) => answer.id)).toEqual([1, 9, 2])
    expect(running.gateway.seen).toHaveLength(2)
    const { status } = await running.post([call('echo', {}, envelope)])
    expect(status).toBe(400)
    expect(running.gateway.seen.at(-1)?.args).toBeUndefined()
  })

  test("the reply's bytes are the gateway's", async () => {
    const { text } = await running.post(call('exact'))
    expect(text).toContain(`"structuredContent":${exactJson}`)
  })
})

test('another client can not cancel a call by its id', async () => {
  const hanging = running.post(call('hang'), { 'mcp-session-id': 'one' })
  await until(() => running.gateway.inFlight() === 1)
  const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }
  expect((await running.post(cancel, { 'mcp-session-id': 'two' })).status).toBe(202)
  await pause(50)
  expect(running.gateway.inFlight()).toBe(1)
  expect((await running.post(cancel, { 'mcp-session-id': 'one' })).status).toBe(202)
  expect((await hanging).status).toBe(202)
  expect(running.gateway.aborted).toHaveLength(1)
})

test('a client that hangs up aborts its call, which counts as undelivered', async () => {
  const gone = new AbortController()
  const hanging = fetch(`${running.listener.url}/mcp`, {
    method: 'POST',
    signal: gone.signal,
    body: JSON.stringify(call('hang')),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  }).catch(() => undefined)
  await until(() => running.gateway.inFlight() === 1)
  gone.abort()
  await hanging
  await until(() => running.gateway.aborted.length === 1)
  expect(running.gateway.told).toEqual([])
})

test('closing answers what is under way and takes nothing new', async () => {
  const slow = running.post(call('slow'))
  await until(() => running.gateway.inFlight() === 1)
  const closed = running.listener.close(2000)
  expect((await slow).status).toBe(200)
  await closed
  await expect(running.post(call('echo'))).rejects.toThrow()
})

test('closing cuts what takes too long', async () => {
  running.post(call('hang')).catch(() => undefined)
  await until(() => running.gateway.inFlight() === 1)
  const before = performance.now()
  await running.listener.close(100)
  expect(performance.now() - before).toBeLessThan(10_000)
})
