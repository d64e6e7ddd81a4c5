// Lean MCP clients, so that the load is the servers' and not the client library's: JSON-RPC lines over a pipe, or POSTs over kept connections.
import { spawn } from 'node:child_process'
import { Agent, request } from 'node:http'

const initialize = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'claude-code', version: '1' },
}

/** One pipe to a child; any number of calls under way on it. `bytes` counts what the last answer had. */
export const stdioClient = async (command, args, env) => {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'], env })
  const waiting = new Map()
  let next = 1
  let rest = []
  let bytes = 0
  child.stdout.on('data', (chunk) => {
    let from = 0
    for (;;) {
      const end = chunk.indexOf(10, from)
      if (end < 0) break
      const line =
        rest.length > 0
          ? Buffer.concat([...rest, chunk.subarray(from, end)])
          : chunk.subarray(from, end)
      rest = []
      from = end + 1
      // The id stands in the first or the last few bytes in every server's answer; rows are not parsed.
      const head = `${line.subarray(0, 80).toString('latin1')} ${line.subarray(-40).toString('latin1')}`
      const id = Number(/"id":(\d+)/.exec(head)?.[1])
      const done = waiting.get(id)
      if (!done) continue
      waiting.delete(id)
      bytes = line.length
      done(line)
    }
    if (from < chunk.length) rest.push(chunk.subarray(from))
  })
  const ask = (method, params) =>
    new Promise((resolve) => {
      const id = next++
      waiting.set(id, resolve)
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
    })
  await ask('initialize', initialize)
  child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
  return {
    call: (name, args) => ask('tools/call', { name, arguments: args }),
    bytes: () => bytes,
    close: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.stdin.end()
      setTimeout(() => child.kill('SIGKILL'), 2_000).unref()
      await ended
    },
  }
}

/** One session over HTTP, on a connection of its own. */
export const httpClient = async (url, headers = {}) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let session
  let next = 1
  let bytes = 0
  const post = (body) =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify(body)
      const sent = request(url, {
        agent,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2025-06-18',
          'content-length': Buffer.byteLength(text),
          ...(session ? { 'mcp-session-id': session } : {}),
          ...headers,
        },
      })
      sent.on('error', reject)
      sent.on('response', (response) => {
        session = response.headers['mcp-session-id'] ?? session
        const chunks = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () => {
          const whole = Buffer.concat(chunks)
          bytes = whole.length
          if (response.statusCode >= 400)
            reject(new Error(`${response.statusCode} ${whole.toString('utf8').slice(0, 200)}`))
          else resolve(whole)
        })
      })
      sent.end(text)
    })
  await post({ jsonrpc: '2.0', id: next++, method: 'initialize', params: initialize })
  await post({ jsonrpc: '2.0', method: 'notifications/initialized' })
  return {
    call: (name, args) =>
      post({ jsonrpc: '2.0', id: next++, method: 'tools/call', params: { name, arguments: args } }),
    bytes: () => bytes,
    close: async () => agent.destroy(),
  }
}
