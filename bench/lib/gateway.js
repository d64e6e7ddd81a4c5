// A gateway in a process of its own on the embedded store, as a user runs it.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../test/corpus/gateway.js'

export const bin = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url))

/** `parts(dir)` gives YAML of credentials, targets and grants, and writes the secrets that it names. */
export const benchGateway = async (parts) => {
  const dir = mkdtempSync(join(tmpdir(), 'cs-bench-'))
  const port = await freePort()
  const config = join(dir, 'countersign.yaml')
  mkdirSync(join(dir, 'state'), { mode: 0o700 })
  for (const key of ['vault.key', 'token.key'])
    writeFileSync(join(dir, key), key.repeat(8), { mode: 0o600 })
  writeFileSync(
    config,
    [
      `server: { listen: "127.0.0.1:${port}" }`,
      'state: ./state',
      'log: { name: bench/local }',
      'vault: { key: "file:./vault.key" }',
      'masking: { tokenKey: "file:./token.key" }',
      'identity: { local: { subject: bench, groups: [bench] } }',
      parts(dir),
    ].join('\n'),
    { mode: 0o600 },
  )
  const child = spawn(process.execPath, [bin, 'serve', '--config', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, COUNTERSIGN_LOG_LEVEL: 'error', COUNTERSIGN_DATABASE_URL: '' },
  })
  const url = `http://127.0.0.1:${port}/mcp`
  for (let tries = 0; ; tries++) {
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (ready) break
    if (tries > 600 || child.exitCode !== null) throw new Error('the gateway did not become ready')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return {
    url,
    config,
    pid: child.pid,
    headers: {
      authorization: `Bearer ${readFileSync(join(dir, 'state', 'local.token'), 'utf8').trim()}`,
    },
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
      try {
        rmSync(realpathSync(join(dir, 'state', 'postgres')), { recursive: true, force: true })
      } catch {
        // The store never was.
      }
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
