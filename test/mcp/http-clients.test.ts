import {
  Client as NewClient,
  StreamableHTTPClientTransport as NewTransport,
} from '@modelcontextprotocol/client'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from './fake-gateway.ts'
import { type Started, start, token } from './start.ts'

const requestInit = { headers: { authorization: `Bearer ${token}` } }

const oldClient = async (url: string, name = 'some-client') => {
  const client = new OldClient({ name, version: '1' })
  await client.connect(new OldTransport(new URL(`${url}/mcp`), { requestInit }) as never)
  return client
}
const probingClient = (url: string) => newClient(url, 'some-client', 'auto')
const newClient = async (
  url: string,
  name = 'some-client',
  mode: 'auto' | { pin: string } = { pin: '2026-07-28' },
) => {
  const client = new NewClient({ name, version: '1' }, { versionNegotiation: { mode } })
  await client.connect(new NewTransport(new URL(`${url}/mcp`), { requestInit }))
  return client
}

let running: Started
beforeAll(async () => {
  running = await start()
})
afterAll(async () => {
  await running.listener.close(100)
})

describe.each([
  ['1.x client', oldClient],
  ['2.x client, stateless revision', newClient],
  ['2.x client that finds out', probingClient],
] as const)('%s over HTTP', (_name, connect) => {
  test('lists the tools and calls one', async () => {
    const client = await connect(running.listener.url)
    const { tools } = await client.listTools()
    expect(tools.map((tool) => tool.name)).toContain('echo')
    const result = await client.callTool({ name: 'echo', arguments: { text: 'hello' } })
    expect(result.structuredContent).toMatchObject({ status: 'ok', echo: { text: 'hello' } })
    expect(result.content).toEqual([
      { type: 'text', text: JSON.stringify(result.structuredContent) },
    ])
    await until(() => running.gateway.told.length > 0)
    await client.close()
  })

  test('a refusal is an error result that fits the output schema', async () => {
    const client = await connect(running.listener.url)
    await client.listTools()
    const result = await client.callTool({ name: 'refuse', arguments: { text: 'x' } })
    expect(result.isError).toBe(true)
    expect(result.structuredContent).toMatchObject({ refused: { code: 'NOT_ALLOWED' } })
    await client.close()
  })

  test('a mistyped call reaches the gateway as it was sent', async () => {
    const client = await connect(running.listener.url)
    const result = await client.callTool({ name: 'nothing', arguments: { a: [1] } })
    expect(result.isError).toBe(true)
    expect(running.gateway.seen.at(-1)).toMatchObject({ tool: 'nothing', args: { a: [1] } })
    await client.close()
  })

  test('progress comes when it was asked for', async () => {
    const client = await connect(running.listener.url)
    const steps: unknown[] = []
    const result = await client.callTool(
      { name: 'slow', arguments: { text: 'x' } },
      ...((client instanceof OldClient ? [undefined] : []) as never[]),
      { onprogress: (step: unknown) => void steps.push(step) } as never,
    )
    expect(result.structuredContent).toMatchObject({ status: 'ok' })
    expect(steps).toMatchObject([
      { progress: 1, message: 'step 0' },
      { progress: 2, message: 'step 1' },
      { progress: 3, message: 'step 2' },
    ])
    await client.close()
  })

  test('a cancelled call aborts its run and is not delivered', async () => {
    const client = await connect(running.listener.url)
    const cancel = new AbortController()
    const told = running.gateway.told.length
    const aborted = running.gateway.aborted.length
    const call = client.callTool(
      { name: 'hang', arguments: { text: 'x' } },
      ...((client instanceof OldClient ? [undefined] : []) as never[]),
      { signal: cancel.signal } as never,
    )
    const before = running.gateway.seen.length
    await until(() => running.gateway.seen.length > before || running.gateway.inFlight() > 0)
    cancel.abort()
    await expect(call).rejects.toThrow()
    await until(() => running.gateway.aborted.length === aborted + 1)
    expect(running.gateway.told.length).toBe(told)
    await client.close()
  })
})

test('a client that is known to read only structured content gets one copy, and errors as text too', async () => {
  const client = await oldClient(running.listener.url, 'claude-code')
  const fine = await client.callTool({ name: 'echo', arguments: { text: 'x' } })
  expect(fine.content).toEqual([])
  expect(fine.structuredContent).toMatchObject({ status: 'ok' })
  const refused = await client.callTool({ name: 'refuse', arguments: { text: 'x' } })
  expect(refused.content).toHaveLength(1)
  await client.close()
})

test('with results: text no structured content is promised and none is sent', async () => {
  const textual = await start({ results: 'text' })
  const client = await oldClient(textual.listener.url)
  const { tools } = await client.listTools()
  expect(tools.every((tool) => tool.outputSchema === undefined)).toBe(true)
  const result = await client.callTool({ name: 'echo', arguments: { text: 'x' } })
  expect(result.structuredContent).toBeUndefined()
  expect(result.content).toHaveLength(1)
  await client.close()
  await textual.listener.close(100)
})

test.each([
  ['2025-03-26', '2025-03-26'],
  ['2025-06-18', '2025-06-18'],
  ['2025-11-25', '2025-11-25'],
  ['2019-01-01', '2025-11-25'],
])('a client that asks for %s is served %s', async (asked, served) => {
  const params = {
    protocolVersion: asked,
    capabilities: {},
    clientInfo: { name: 'claude-code', version: '2' },
  }
  const begun = await running.post({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
  expect(JSON.parse(begun.text).result.protocolVersion).toBe(served)
  // What the client said of itself travels in its session id: a later call, on any gateway, gets its form of result.
  const session = begun.headers.get('mcp-session-id') ?? ''
  const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'echo' } }
  const headers = { 'mcp-session-id': session, 'mcp-protocol-version': served }
  const { text } = await running.post(call, headers)
  expect(JSON.parse(text).result.content).toEqual([])
  expect(running.gateway.seen.at(-1)?.caller.origin).toMatchObject({ client_name: 'claude-code' })
})
