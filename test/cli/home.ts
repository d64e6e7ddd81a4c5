/** A home of its own for the command line: configuration, state, a free port; and the program as users run it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `npm test` has built what this runs. */
export const program =
  process.env.COUNTERSIGN_TEST_PROGRAM ??
  fileURLToPath(new URL('../../bin/countersign.js', import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Home {
  readonly folder: string
  readonly config: string
  readonly state: string
  readonly port: number
  readonly env: NodeJS.ProcessEnv
  /** Runs to the end, with nothing on standard input. */
  run(...args: string[]): Promise<Ran>
  spawn(...args: string[]): ChildProcess
  /** The process that holds the state folder; undefined when none does. */
  pid(): number | undefined
  log(): string
  /** Stops the gateway, if one runs, and waits for its end. */
  stop(): Promise<void>
  remove(): Promise<void>
}

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

export const makeHome = async (): Promise<Home> => {
  const folder = mkdtempSync(join(tmpdir(), 'cs-home-'))
  const config = join(folder, 'countersign', 'countersign.yaml')
  const state = join(folder, 'countersign', 'state')
  const { COUNTERSIGN_CONFIG: _config, COUNTERSIGN_DATABASE_URL: _url, ...outer } = process.env
  const env = { ...outer, XDG_CONFIG_HOME: folder }
  const start = (args: readonly string[]): ChildProcess =>
    spawn(process.execPath, [program, ...args], { env, cwd: folder, stdio: 'pipe' })
  const pid = (): number | undefined => {
    const lock = join(state, 'gateway.lock')
    return existsSync(lock) ? Number(readFileSync(lock, 'utf8').split(' ')[0]) : undefined
  }
  const stop = async (): Promise<void> => {
    const running = pid()
    if (running === undefined || !isAlive(running)) return
    process.kill(running, 'SIGTERM')
    for (let waited = 0; isAlive(running) && waited < 300; waited += 1) await sleep(100)
  }
  return {
    folder,
    config,
    state,
    port: await freePort(),
    env,
    pid,
    stop,
    log: () => {
      const file = join(state, 'gateway.log')
      return existsSync(file) ? readFileSync(file, 'utf8') : ''
    },
    spawn: (...args) => start(args),
    run: (...args) => {
      const child = start(args)
      child.stdin?.end()
      return ended(child)
    },
    remove: async () => {
      await stop()
      const link = join(state, 'postgres')
      // As root, the cluster lies in a folder of its system user.
      const target = existsSync(link)
        ? await Promise.resolve(link)
            .then(readlinkSync)
            .catch(() => undefined)
        : undefined
      rmSync(folder, { recursive: true, force: true })
      if (target !== undefined) rmSync(target, { recursive: true, force: true })
    },
  }
}

export const ended = (child: ChildProcess): Promise<Ran> =>
  new Promise((resolve) => {
    let stdout = ''
    let stderr = ''
    child.stdout?.on('data', (part) => {
      stdout += part
    })
    child.stderr?.on('data', (part) => {
      stderr += part
    })
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    // A zombie has ended; only its parent has not looked.
    const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ''
    return !/\) Z /.test(stat)
  } catch {
    return false
  }
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms))

export const eventually = async (
  done: () => boolean | Promise<boolean>,
  ms = 30_000,
): Promise<void> => {
  const end = performance.now() + ms
  while (!(await done())) {
    if (performance.now() > end) throw new Error('it did not come to that')
    await sleep(50)
  }
}
