/** More than anybody needs, at once: bounded, answered, and nothing of it lost to the record. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Gateway, Request } from '../../src/gateway/ports.ts'
import { localCaller } from '../../src/identity/local.ts'
import { type McpSocket, startMcpSocket } from '../../src/mcp/socket.ts'
import { fakeGateway, pause, until } from './fake-gateway.ts'
import { type Started, serverInfo, start } from './start.ts'

let folder: string
let socket: McpSocket
let stream: Socket
let text: string
let most: number
let now: number
let handled: Request[]
const answers = (): number => text.split('\n').length - 1

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cs-'))
  const fake = fakeGateway()
  most = 0
  now = 0
  handled = []
  text = ''
  const gateway: Gateway = {
    ...fake,
    handle: async (request) => {
      now += 1
      most = Math.max(most, now)
      handled.push(request)
      await pause(5)
      now -= 1
      return fake.handle(request)
    },
  }
  const path = join(folder, 'mcp.sock')
  socket = await startMcpSocket(gateway, path, {
    results: 'auto',
    server: serverInfo,
    failed: () => undefined,
    callerFor: (session, origin) =>
      localCaller({ subject: 'ana', groups: [] }, { via: 'socket', session, origin }),
  })
  stream = connect(path)
  stream.on('data', (chunk) => {
    text += chunk
  })
})
afterEach(async () => {
  stream.destroy()
  await socket.close(50)
  rmSync(folder, { recursive: true, force: true })
})
const call = (id: number) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'echo' },
})
const bound = 200

describe('over the socket', () => {
  test('a batch of thousands does not run at once', async () => {
    stream.write(`${JSON.stringify(Array.from({ length: 5_000 }, (_, id) => call(id)))}\n`)
    await until(() => answers() > 0)
    await pause(50)
    expect(most).toBeLessThan(bound)
    expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({ error: { code: -32600 } })
    expect(handled).toMatchObject([{ tool: '', args: undefined }])
  })
  test('a batch of a few does', async () => {
    stream.write(`${JSON.stringify(Array.from({ length: 50 }, (_, id) => call(id)))}\n`)
    await until(() => answers() === 50)
    expect(most).toBeLessThan(bound)
  })
  test.each([
    ['lines of nothing', 'x'],
    ['calls without an id', '{"method":"tools/call"}'],
    ['empty batches', '[]'],
    ['messages of another protocol', '{"a":1}'],
  ])('thousands of %s are worked off a few at a time, each recorded', async (_name, line) => {
    stream.write(`${line}\n`.repeat(3_000))
    await until(() => answers() === 3_000, 20_000)
    expect(most).toBeLessThan(bound)
    expect(handled.length).toBe(3_000)
  })
  test('thousands of calls in one write as well, in order', async () => {
    stream.write(Array.from({ length: 3_000 }, (_, id) => `${JSON.stringify(call(id))}\n`).join(''))
    await until(() => answers() === 3_000, 20_000)
    expect(most).toBeLessThan(bound)
  })
  test('a call that waits for its turn can be cancelled', async () => {
    const cancel = {
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: 'late' },
    }
    const messages = [
      ...Array.from({ length: 400 }, (_, id) => call(id)),
      { ...call(0), id: 'late' },
    ]
    stream.write([...messages, cancel].map((message) => `${JSON.stringify(message)}\n`).join(''))
    await until(() => handled.length === 401 && now === 0)
    expect(handled.at(-1)?.signal.aborted).toBe(true)
    expect(text).not.toContain('"late"')
  })
  test('what was sent before the end is answered', async () => {
    stream.end(Array.from({ length: 500 }, (_, id) => `${JSON.stringify(call(id))}\n`).join(''))
    await until(() => answers() === 500)
  })
})

describe('over HTTP', () => {
  let running: Started
  beforeEach(async () => {
    running = await start()
  })
  afterEach(() => running.listener.close(50))

  test.each([
    '{"jsonrpc":"2.0","method":"tools/call","id":null,"params":{"name":"echo"}}',
    '{"jsonrpc":"2.0","method":"tools/call","id":1.5,"params":{"name":"echo"}}',
    '{"jsonrpc":"2.0","method":"tools/call","id":1e400,"params":{"name":"echo"}}',
    '{"jsonrpc":"2.0","method":"tools/call","id":{"a":1},"params":{"name":"echo"}}',
    '{"jsonrpc":"2.0","method":"tools/call","id":[1],"params":{"name":"echo"}}',
    '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}',
    '{"method":"tools/call","id":1,"params":{"name":"echo"}}',
    '{"jsonrpc":"1.0","method":"tools/call","id":1,"params":{"name":"echo"}}',
  ])('%s runs nothing, is recorded, and the refusal says what is missing', async (body) => {
    const { status, text: said } = await running.post(body)
    expect(status).toBe(400)
    expect(JSON.parse(said).error.message).toMatch(/2\.0.* id/)
    expect(running.gateway.seen).toMatchObject([{ tool: '', args: undefined }])
  })

  test.each([
    '{}',
    '7',
    'null',
    '"text"',
    'true',
    '[]',
    '[[]]',
    '[null]',
    '[7,{}]',
    '{"jsonrpc":"2.0"}',
    '{"jsonrpc":"2.0","id":1}',
    '{"jsonrpc":"2.0","id":1,"method":7}',
    '{"jsonrpc":"2.0","id":1,"method":"__proto__"}',
    '{"jsonrpc":"2.0","id":1,"method":"constructor"}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":7}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"__proto__":{"x":1}}}}',
    '{"jsonrpc":"2.0","id":1,"method":"initialize"}',
    '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":{},"capabilities":7}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/\\u0000list"}',
    '{"jsonrpc":"2.0","id":1,"method":"\\ud800"}',
    '{"jsonrpc":"2.0","id":1,"result":{}}',
    '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}',
    '{"jsonrpc":"2.0","method":"notifications/cancelled"}',
    '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}',
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1}}',
    '{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"debug"}}',
    '{"jsonrpc":"2.0","id":1,"method":"resources/list"}',
    '{"__proto__":{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}}',
    '[{"jsonrpc":"2.0","id":1,"method":"nothing"},{"jsonrpc":"2.0","id":1,"method":"ping"}]',
    '[{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}]',
    '[{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":7}}]',
    '[{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{}}]',
    '[{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{}}]',
    '[{"jsonrpc":"2.0","method":"notifications/initialized"}]',
    '[{"jsonrpc":"2.0","id":1,"result":{}}]',
  ])('%s is answered, and runs nothing', async (body) => {
    const { status, text: said } = await running.post(body)
    expect([200, 202, 400]).toContain(status)
    expect(said).not.toMatch(/at .*\.(?:js|ts):\d|node_modules/)
    for (const { tool } of running.gateway.seen) expect(tool).toBe('')
    expect(running.failures).toEqual([])
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false)
  })

  test.each([
    ['a huge id', { id: 'x'.repeat(1_000_000) }],
    ['an empty id', { id: '' }],
    ['an id of the language', { id: '__proto__' }],
    ['a negative id', { id: -9007199254740991 }],
    ['an id with a line feed', { id: 'a\nb\u2028' }],
  ])('%s comes back as it was', async (_name, { id }) => {
    const { text: said } = await running.post({ ...call(1), id })
    expect(JSON.parse(said).id).toBe(id)
  })

  test('session ids of others, made up, long or broken give nothing and take nothing', async () => {
    for (const session of [
      'x',
      'y'.repeat(8_000),
      `${'0'.repeat(32)}.e30`,
      `${'0'.repeat(32)}.${Buffer.from('{"name":{"__proto__":1}}').toString('base64url')}`,
      `${'0'.repeat(32)}.${Buffer.from('[').toString('base64url')}`,
      '__proto__',
    ])
      expect((await running.post(call(1), { 'mcp-session-id': session })).status).toBe(200)
    const callers = new Set(running.gateway.seen.map(({ caller }) => caller.sub))
    expect([...callers]).toEqual(['ana'])
  })

  test.each(['2025-06-18 ', '2026-07-28, 2025-11-25', '9999-99-99', '', 'x'.repeat(4_000)])(
    'a protocol version %j is refused or of a revision that is known',
    async (version) => {
      const { status } = await running.post(call(1), { 'mcp-protocol-version': version })
      expect([200, 400]).toContain(status)
    },
  )
})
