import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client as NewClient } from '@modelcontextprotocol/client'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { localCaller } from '../../src/identity/local.ts'
import { type McpSocket, startMcpSocket } from '../../src/mcp/socket.ts'
import { exactJson, type FakeGateway, fakeGateway, until } from './fake-gateway.ts'
import { serverInfo } from './start.ts'

let folder: string
let path: string
let gateway: FakeGateway
let socket: McpSocket
let changes: number
const failures: unknown[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cs-'))
  path = join(folder, 'mcp.sock')
  gateway = fakeGateway()
  changes = 0
  failures.length = 0
  socket = await startMcpSocket(gateway, path, {
    results: 'auto',
    server: serverInfo,
    failed: (error) => void failures.push(error),
    changed: () => {
      changes += 1
    },
    callerFor: (session, origin) =>
      localCaller({ subject: 'ana', groups: ['engineers'] }, { via: 'socket', session, origin }),
  })
})
afterEach(async () => {
  await socket.close(100)
  rmSync(folder, { recursive: true, force: true })
})

const open = (): Promise<Socket> =>
  new Promise((resolve) => {
    const stream = connect(path, () => resolve(stream))
  })

// The SDK's line transport works for either end of a stream.
const oldClient = async (name = 'some-client') => {
  const stream = await open()
  const client = new OldClient({ name, version: '3' })
  await client.connect(new StdioServerTransport(stream, stream) as never)
  return { client, stream }
}
const probingClient = () => newClient('some-client', 'auto')
const newClient = async (
  name = 'some-client',
  mode: 'auto' | { pin: string } = { pin: '2026-07-28' },
) => {
  const stream = await open()
  const client = new NewClient({ name, version: '3' }, { versionNegotiation: { mode } })
  await client.connect(new StdioServerTransport(stream, stream))
  return { client, stream }
}

/** Sends lines as they are and gives the first answers. */
const exchange = async (lines: readonly string[], answers: number): Promise<unknown[]> => {
  const stream = await open()
  let text = ''
  stream.on('data', (chunk) => {
    text += chunk
  })
  for (const line of lines) stream.write(`${line}\n`)
  await until(() => text.split('\n').length > answers)
  stream.destroy()
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

test('the socket is for its user alone', () => {
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

describe.each([
  ['1.x client', oldClient],
  ['2.x client, stateless revision', newClient],
  ['2.x client that finds out', probingClient],
] as const)('%s over the socket', (_name, connectClient) => {
  test('lists, calls, gets refusals that fit the schema, and is named to the gateway', async () => {
    const { client } = await connectClient()
    const { tools } = await client.listTools()
    expect(tools.map((tool) => tool.name)).toContain('echo')
    const fine = await client.callTool({ name: 'echo', arguments: { text: 'hi' } })
    expect(fine.structuredContent).toMatchObject({ echo: { text: 'hi' } })
    const refused = await client.callTool({ name: 'refuse', arguments: { text: 'hi' } })
    expect(refused).toMatchObject({ isError: true })
    expect(gateway.seen[0]?.caller).toMatchObject({
      iss: 'local',
      sub: 'ana',
      via: 'socket',
      auth: 'local',
      origin: { client_name: 'some-client', client_version: '3' },
    })
    await until(() => gateway.told.length === 2)
    await client.close()
  })

  test('progress and cancelling work', async () => {
    const { client } = await connectClient()
    const old = (client instanceof OldClient ? [undefined] : []) as never[]
    const steps: unknown[] = []
    const onprogress = (step: unknown) => void steps.push(step)
    await client.callTool({ name: 'slow', arguments: {} }, ...old, { onprogress } as never)
    expect(steps).toHaveLength(3)
    const cancel = new AbortController()
    const call = client.callTool({ name: 'hang', arguments: {} }, ...old, {
      signal: cancel.signal,
    } as never)
    await until(() => gateway.inFlight() === 1)
    cancel.abort()
    await expect(call).rejects.toThrow()
    await until(() => gateway.aborted.length === 1)
    expect(gateway.told).toHaveLength(1)
    await client.close()
  })
})

test('two windows share one gateway, and closing one leaves the other', async () => {
  const one = await oldClient()
  const two = await newClient()
  expect(socket.connections()).toBe(2)
  one.stream.destroy()
  await until(() => socket.connections() === 1)
  expect(await two.client.callTool({ name: 'echo', arguments: {} })).toMatchObject({
    structuredContent: { status: 'ok' },
  })
  expect(changes).toBe(3)
  two.stream.destroy()
})

test('a connection that goes away aborts what runs for it', async () => {
  const { client, stream } = await oldClient()
  client.callTool({ name: 'hang', arguments: {} }).catch(() => undefined)
  await until(() => gateway.inFlight() === 1)
  stream.destroy()
  await until(() => gateway.aborted.length === 1)
})

test('the bytes of the reply reach the client as the gateway gave them', async () => {
  const stream = await open()
  let text = ''
  stream.on('data', (chunk) => {
    text += chunk
  })
  stream.write('{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"exact"}}\n')
  await until(() => text.endsWith('\n'))
  expect(text).toContain(`"structuredContent":${exactJson}`)
  expect(JSON.parse(text).result.content[0].text).toBe(exactJson)
  stream.destroy()
})

test('what can not be read is recorded with its length and answered, and the connection goes on', async () => {
  const long = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'echo', arguments: { text: 'x'.repeat(5 * 1024 * 1024) } },
  })
  const answers = await exchange(
    [
      '{"jsonrpc":"2.0","id":1,',
      '[]',
      '{"id":1}',
      '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}',
      long,
      '{"jsonrpc":"2.0","id":"last","method":"tools/call","params":{"name":"echo","arguments":7}}',
    ],
    6,
  )
  expect(answers.filter((answer) => Object.hasOwn(Object(answer), 'error'))).toHaveLength(5)
  expect(answers.at(-1)).toMatchObject({ id: 'last' })
  const unread = gateway.seen.filter((request) => request.args === undefined)
  expect(unread).toHaveLength(5)
  expect(unread.map((request) => request.rawBytes)).toContain(long.length)
  expect(gateway.seen.find((request) => request.args !== undefined)?.args).toBe(7)
})

test('a call by an id that is under way is refused', async () => {
  const hang = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hang"}}'
  const [answer] = await exchange([hang, hang], 1)
  expect(answer).toMatchObject({ id: 1, error: { code: -32600 } })
})

test('a stateless call of a revision that we do not know is told which there are', async () => {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2027-01-01',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const [answer] = await exchange(
    [
      JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'echo', _meta: meta },
      }),
    ],
    1,
  )
  expect(answer).toMatchObject({ error: { code: -32022, data: { supported: ['2026-07-28'] } } })
})

test('a fault inside tells the client nothing of itself', async () => {
  const [answer] = await exchange(
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"fail"}}'],
    1,
  )
  expect(answer).toMatchObject({ error: { code: -32603 } })
  expect(JSON.stringify(answer)).not.toContain('secret detail')
  expect(failures).toHaveLength(1)
})

test('closing lets a call under way finish', async () => {
  const { client } = await oldClient()
  const call = client.callTool({ name: 'slow', arguments: {} })
  await until(() => gateway.inFlight() === 1)
  const closed = socket.close(2000)
  expect(await call).toMatchObject({ structuredContent: { status: 'ok' } })
  await closed
  expect(socket.connections()).toBe(0)
})

test('a client that closes its half gets the answers that it still waits for', async () => {
  const stream = await open()
  let text = ''
  stream.on('data', (chunk) => {
    text += chunk
  })
  stream.end(
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow","arguments":{}}}\n',
  )
  await new Promise((resolve) => stream.once('close', resolve))
  expect(JSON.parse(text)).toMatchObject({ id: 1, result: { structuredContent: { status: 'ok' } } })
})
