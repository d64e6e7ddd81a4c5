/** A PostgreSQL of its own on loopback, gone when it is stopped or when this process ends: the demo's target, and databases for tests and benches. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { GateError } from '../../errors.ts'
import { native, type Package } from './native.ts'
import { systemUser } from './system-user.ts'

export interface Throwaway {
  /** `postgres://` of its superuser, on 127.0.0.1. */
  readonly url: string
  readonly port: number
  readonly socketFolder: string
  stop(): Promise<void>
}

const freePort = (): Promise<number> =>
  new Promise((done, failed) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0))
    })
    server.on('error', failed)
  })

/** Lives in a session of its own and ends the cluster when our end of its pipe closes, however we end. */
const watch = (postmaster: ChildProcess, folder: string): ChildProcess =>
  spawn(
    '/bin/sh',
    [
      '-c',
      // Builtins as far as they go: a machine may have a shell and no coreutils.
      'while read -r _; do :; done; kill -QUIT "$1" 2>/dev/null; sleep 0.3; rm -rf "$2"',
      'watchdog',
      String(postmaster.pid),
      folder,
    ],
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'] },
  )

const answers = async (url: string, postmaster: ChildProcess): Promise<void> => {
  for (let tries = 0; tries < 300 && postmaster.exitCode === null; tries++) {
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      await client.end()
      return
    } catch {
      await client.end().catch(() => undefined)
      await new Promise((wake) => setTimeout(wake, 100))
    }
  }
  throw new GateError('TARGET_UNREACHABLE', 'The throw-away PostgreSQL did not start.')
}

/** `settings` are `postgresql.conf` lines beyond the defaults (which trade durability for speed); `from` is another version's package. */
export const startThrowaway = async (
  settings: Readonly<Record<string, string>> = {},
  from?: Package,
): Promise<Throwaway> => {
  const folder = mkdtempSync(join(tmpdir(), 'cs-pg-'))
  const user = systemUser()
  chmodSync(folder, user ? 0o711 : 0o700)
  const as = user ? { uid: user.uid, gid: user.gid } : {}
  const binaries = native(join(folder, 'bin'), user, from)
  const password = randomBytes(12).toString('hex')
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  mkdirSync(data, { mode: 0o700 })
  if (user) for (const path of [data, passwordFile]) chownSync(path, user.uid, user.gid)
  const made = spawnSync(
    binaries.initdb,
    [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
      '--no-instructions',
    ],
    { ...as, cwd: data, env: {}, encoding: 'utf8' },
  )
  if (made.status !== 0)
    throw new GateError('TARGET_UNREACHABLE', 'A throw-away PostgreSQL could not be made.', {
      cause: made.error ?? made.stderr,
    })
  const port = await freePort()
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: data,
    fsync: 'off',
    max_connections: '300',
    shared_buffers: '64MB',
    log_min_messages: 'fatal',
    ...settings,
  }
  const postmaster = spawn(
    binaries.postgres,
    ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...as, cwd: data, env: {}, detached: true, stdio: ['ignore', 'ignore', 'ignore'] },
  )
  const watchdog = watch(postmaster, folder)
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
  await answers(url, postmaster)
  return {
    url,
    port,
    socketFolder: data,
    stop: async () => {
      const ended = new Promise((done) => postmaster.once('exit', done))
      postmaster.kill('SIGQUIT')
      if (postmaster.exitCode === null && postmaster.signalCode === null) await ended
      rmSync(folder, { recursive: true, force: true })
      const gone = new Promise((done) => watchdog.once('exit', done))
      watchdog.stdin?.end()
      await gone
    },
  }
}
