/** A gateway on the state folder: the one that runs, or one that is started here, detached. One starter wins. */
import { spawn } from 'node:child_process'
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Config } from '../config/types.ts'
import { GateError } from '../errors.ts'
import {
  folderHolder,
  isRunning,
  openStateFolder,
  type SocketPaths,
} from '../identity/state-folder.ts'
import { type RunningStatus, statusOf } from './running.ts'

const program = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url))
const idleExit = '15m'
/** The first start of an embedded store makes a database cluster. */
const longestStartMs = 90_000
const pollMs = 40
const mostLogBytes = 4 * 1024 * 1024

/** Resolves when the gateway is ready. Throws TARGET_UNREACHABLE with the last line of its log when it does not come up. */
export const ensureGateway = async (config: Config, file: string): Promise<RunningStatus> => {
  const paths = await openStateFolder(config.state)
  const deadline = performance.now() + longestStartMs
  const lock = join(config.state, 'starting.lock')
  for (;;) {
    const running = await statusOf(paths.api)
    if (running?.ready === true) return running
    if (running === undefined && (await tryLock(lock)))
      try {
        return await start(config, file, paths, deadline)
      } finally {
        await rm(lock, { force: true })
      }
    if (performance.now() > deadline) throw tooSlow(config)
    await pause(pollMs)
  }
}

const start = async (
  config: Config,
  file: string,
  paths: SocketPaths,
  deadline: number,
): Promise<RunningStatus> => {
  // Somebody may have come up between our look and our lock.
  const before = await statusOf(paths.api)
  if (before?.ready === true) return before
  const { ended } = await launch(config.state, file)
  let over: number | undefined
  void ended.then((code) => {
    over = code
  })
  for (;;) {
    const running = await statusOf(paths.api)
    if (running?.ready === true) return running
    // A gateway that somebody started by hand at the same time holds the folder; then it is waited for.
    if (
      over !== undefined &&
      running === undefined &&
      (await folderHolder(config.state)) === undefined
    )
      throw new GateError(
        'TARGET_UNREACHABLE',
        `The gateway did not start: ${await lastWords(config.state)}`,
      )
    if (performance.now() > deadline) throw tooSlow(config)
    await pause(pollMs)
  }
}

const logOf = (state: string): string => join(state, 'gateway.log')

/** Starts it with a session of its own and nothing of the client's: neither its standard streams nor its folder. `ended` gives its exit code. */
const launch = async (
  state: string,
  file: string,
): Promise<{ readonly ended: Promise<number> }> => {
  const log = logOf(state)
  const size = await stat(log).then(
    ({ size: bytes }) => bytes,
    () => 0,
  )
  if (size > mostLogBytes) await rename(log, `${log}.1`)
  const handle = await open(log, 'a', 0o600)
  try {
    const child = spawn(
      process.execPath,
      [program, '--config', file, 'serve', '--idle-exit', idleExit, '--bound-log', log],
      {
        detached: true,
        cwd: state,
        env: ownEnvironment(),
        stdio: ['ignore', handle.fd, handle.fd],
      },
    )
    child.unref()
    const ended = new Promise<number>((resolve) => {
      child.once('error', () => resolve(-1))
      child.once('exit', (code) => resolve(code ?? -1))
    })
    return { ended }
  } finally {
    await handle.close()
  }
}

/** The client's, but for what would make Node wait for an editor's debugger or load its code. */
const ownEnvironment = (): NodeJS.ProcessEnv => {
  const { NODE_OPTIONS: _options, VSCODE_INSPECTOR_OPTIONS: _inspector, ...rest } = process.env
  return rest
}

const lastWords = async (state: string): Promise<string> => {
  const log = logOf(state)
  const text = await readFile(log, 'utf8').catch(() => '')
  const last = text.trimEnd().split('\n').slice(-3).join(' ').slice(-1500)
  return `${last === '' ? 'it said nothing.' : last} (log: ${log})`
}

const tooSlow = (config: Config): GateError =>
  new GateError(
    'TARGET_UNREACHABLE',
    `The gateway is not ready after ${longestStartMs / 1000} s; its log is ${logOf(config.state)}.`,
  )

/** True for exactly one of those who try; a lock whose owner is dead or that is too old is taken away. */
const tryLock = async (lock: string): Promise<boolean> => {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    // writeFile throws system errors only
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const [owner, found] = await Promise.all([
    readFile(lock, 'utf8').catch(() => ''),
    stat(lock).catch(() => undefined),
  ])
  if (found === undefined) return false
  const age = Date.now() - found.mtimeMs
  // Its owner writes its id right after making it.
  const orphan =
    owner === '' ? age > 2000 : !(await isRunning(Number(owner))) || age > longestStartMs + 10_000
  if (orphan) await rm(lock, { force: true })
  return false
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
