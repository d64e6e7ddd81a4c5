/** A gateway as a user has it: a child process with the embedded store, a state folder, a configuration, and everything it says kept. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hashPassphrase } from '../../src/identity/passphrase.ts'
import { freePort } from './gateway.ts'

export const bin = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url))

export interface Child {
  readonly folder: string
  readonly file: string
  readonly url: string
  readonly process: ChildProcess
  /** stdout and stderr so far. */
  said(): string
  /** A command of the command line as this user runs it. */
  cli(args: readonly string[], stdin?: string): Promise<{ code: number; said: string }>
  token(): string
  stop(): Promise<void>
}

export interface ChildOptions {
  /** YAML: credentials, targets, grants. */
  readonly rest: string
  readonly secrets: Readonly<Record<string, string>>
  readonly passphrase: string
  readonly waitSeconds?: number
}

/** Needs `npm run build`. */
export const startChild = async (options: ChildOptions): Promise<Child> => {
  const folder = mkdtempSync(join(tmpdir(), 'cs-child-'))
  const port = await freePort()
  const put = (name: string, text: string): void =>
    writeFileSync(join(folder, name), text, { mode: 0o600 })
  for (const [name, text] of Object.entries(options.secrets)) put(name, text)
  for (const key of ['vault.key', 'token.key']) put(key, `${key}-`.repeat(8))
  mkdirSync(join(folder, 'state'), { mode: 0o700 })
  const file = join(folder, 'countersign.yaml')
  put(
    'countersign.yaml',
    `
server: { listen: "127.0.0.1:${port}" }
state: ./state
log: { name: test/child }
vault: { key: "file:./vault.key" }
masking: { tokenKey: "file:./token.key" }
approvals: { waitSeconds: ${options.waitSeconds ?? 0} }
identity:
  local: { subject: ana, groups: [engineers] }
  approvers: [{ subject: bo, groups: [dba], passphrase: "${await hashPassphrase(options.passphrase)}" }]
${options.rest}`,
  )
  const env = { ...process.env, COUNTERSIGN_DATABASE_URL: '', COUNTERSIGN_LOG_LEVEL: 'debug' }
  const child = spawn(process.execPath, [bin, 'serve', '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said += String(chunk)
    })
  const url = `http://127.0.0.1:${port}`
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    }
    try {
      rmSync(realpathSync(join(folder, 'state', 'postgres')), { recursive: true, force: true })
    } catch {
      // The store never was.
    }
    rmSync(folder, { recursive: true, force: true })
  }
  for (let tries = 0; ; tries++) {
    if (
      await fetch(`${url}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      break
    if (tries > 600 || child.exitCode !== null) {
      await stop()
      throw new Error(`the gateway did not become ready: ${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return {
    folder,
    file,
    url,
    process: child,
    said: () => said,
    token: () => readFileSync(join(folder, 'state', 'local.token'), 'utf8').trim(),
    cli: (args, stdin = '') =>
      new Promise((resolve) => {
        const run = execFile(
          process.execPath,
          [bin, ...args, '--config', file],
          { env, timeout: 30_000 },
          (error, stdout, stderr) =>
            resolve({
              code: typeof error?.code === 'number' ? error.code : error ? -1 : 0,
              said: stdout + stderr,
            }),
        )
        run.stdin?.end(stdin)
      }),
    stop,
  }
}
