// A gateway of its own for a run of the corpus: a child process, its own state folder, an MCP client over HTTP.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

const bin = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url))

export const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
    server.on('error', reject)
  })

/** `family.config(dir)` gives `{credentials, targets, policies?}` as YAML text, `family.grants` what it needs beside the grants for SQL: the corpus's assumed policy. */
export const startGateway = async (family) => {
  const dir = mkdtempSync(join(tmpdir(), 'cs-corpus-'))
  const port = await freePort()
  const template = readFileSync(new URL('./countersign.yaml', import.meta.url), 'utf8')
  const config = join(dir, 'countersign.yaml')
  writeFileSync(
    config,
    template
      .replaceAll('${PORT}', String(port))
      .replaceAll('${STATE}', join(dir, 'state'))
      .replace('# ${GRANTS}', family.grants ?? '')
      .replace('# ${FAMILY}', family.config(dir)),
    { mode: 0o600 },
  )
  writeFileSync(join(dir, 'vault.key'), `${'k'.repeat(64)}\n`, { mode: 0o600 })
  writeFileSync(join(dir, 'token.key'), `${'t'.repeat(64)}\n`, { mode: 0o600 })
  const child = spawn(process.execPath, [bin, 'serve', '--config', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, COUNTERSIGN_DATABASE_URL: '' },
  })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said = (said + chunk).slice(-20_000)
  })
  const stop = async () => {
    if (child.exitCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    }
    // As root the store's data lies outside the state folder, behind a link.
    try {
      rmSync(realpathSync(join(dir, 'state', 'postgres')), { recursive: true, force: true })
    } catch {
      // It never came so far.
    }
    rmSync(dir, { recursive: true, force: true })
  }
  const ready = await waitFor(
    async () => child.exitCode === null && (await fetch(`http://127.0.0.1:${port}/readyz`)).ok,
    60_000,
    () => child.exitCode !== null,
  )
  if (!ready) {
    await stop()
    throw new Error(`the gateway did not become ready:\n${said}`)
  }
  const token = readFileSync(join(dir, 'state', 'local.token'), 'utf8').trim()
  const client = new Client({ name: 'corpus', version: '1' })
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  )
  const ask = async (name, args) => {
    const result = await client.callTool({ name, arguments: args }, undefined, { timeout: 120_000 })
    return result.structuredContent ?? JSON.parse(result.content[0].text)
  }
  return {
    call: async (tool, args) => {
      try {
        let answer = await ask(tool, args)
        // `running` says nothing yet of what comes back, or whether anything does.
        while (answer.status === 'running')
          answer = await ask('call_wait', { call_id: answer.call_id, timeout_s: 30 })
        return answer
      } catch (thrown) {
        return { refused: { code: `CLIENT ${String(thrown.message).slice(0, 120)}` } }
      }
    },
    stop: async () => {
      await client.close().catch(() => {})
      await stop()
      if (process.env.CORPUS_VERBOSE) process.stderr.write(said)
    },
  }
}

const waitFor = async (ok, ms, over) => {
  const until = Date.now() + ms
  while (Date.now() < until && !over()) {
    if (await ok().catch(() => false)) return true
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return false
}
