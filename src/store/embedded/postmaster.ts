/** The server process: is one running on this data folder, is it ours, start it, stop it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { SOCKET_PORT } from '../connect.ts'
import type { Home } from './home.ts'

const LOG_BYTES = 4 << 20

export interface PidFile {
  readonly pid: number
  readonly text: string
}

/** Undefined when there is none, or it is not written yet. */
export const readPidFile = (data: string): PidFile | undefined => {
  try {
    const text = readFileSync(join(data, 'postmaster.pid'), 'utf8')
    const pid = Number.parseInt(text, 10)
    return Number.isInteger(pid) && pid > 0 ? { pid, text } : undefined
  } catch {
    return undefined
  }
}

/** Whether the process is a server on this data folder. A zombie is none, and neither is who got the number after it. */
export const isPostmasterOf = (pid: number, data: string): boolean => {
  try {
    if (process.platform === 'linux') {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(data)
    }
    const args = execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })
    return args.includes(data)
  } catch {
    return false
  }
}

/**
 * PostgreSQL removes the pid file of a process that is gone, but takes any living process with that number for a server.
 * This puts such a file aside; not when it changed since we judged it.
 */
export const setAsideStale = (data: string, judged: PidFile): void => {
  const at = join(data, 'postmaster.pid')
  const aside = `${at}.stale.${process.pid}`
  try {
    renameSync(at, aside)
    // Somebody put a new one there meanwhile: it goes back, unless there is an even newer one.
    if (readFileSync(aside, 'utf8') !== judged.text) linkSync(aside, at)
    rmSync(aside)
  } catch {
    // Gone already, or back already.
  }
}

const settings = (home: Home): readonly string[] =>
  Object.entries({
    listen_addresses: '',
    port: String(SOCKET_PORT),
    unix_socket_directories: home.socketFolder,
    unix_socket_permissions: '0700',
    max_connections: '200',
    shared_buffers: '64MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // What is written to the log must not hold what our statements hold.
    log_min_error_statement: 'panic',
    log_statement: 'none',
    log_checkpoints: 'off',
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`])

/** In a session of its own, so that it outlives this process and no Ctrl-C reaches it. */
export const startPostmaster = (home: Home): ChildProcess => {
  const log = openSync(home.log, 'a', 0o600)
  try {
    if (fstatSync(log).size > LOG_BYTES) ftruncateSync(log)
    const child = spawn(home.native.postgres, ['-D', home.data, ...settings(home)], {
      ...(home.user && { uid: home.user.uid, gid: home.user.gid }),
      cwd: home.data,
      env: { TZ: 'UTC', LC_ALL: 'C' },
      detached: true,
      stdio: ['ignore', log, log],
    })
    // A failed spawn also ends in `exitCode`; without a listener it would end this process.
    child.on('error', () => undefined)
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

/** The end of the server's log, for the operator. */
export const logTail = (home: Home): string => {
  try {
    return readFileSync(home.log, 'utf8').slice(-2_000)
  } catch {
    return ''
  }
}

/** Fast shutdown: open transactions are rolled back, everything committed is kept. False when it did not end in time. */
export const stopPostmaster = async (home: Home, withinMs: number): Promise<boolean> => {
  const running = readPidFile(home.data)
  if (running === undefined || !isPostmasterOf(running.pid, home.data)) return true
  try {
    process.kill(running.pid, 'SIGINT')
  } catch {
    return true
  }
  const until = performance.now() + withinMs
  while (isPostmasterOf(running.pid, home.data)) {
    if (performance.now() > until) return false
    await new Promise((wake) => setTimeout(wake, 20))
  }
  return true
}
