/** One throw-away PostgreSQL cluster for a run of vitest; `testDatabase()` makes databases on it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { native } from '../../src/store/embedded/native.ts'
import { systemUser } from '../../src/store/embedded/system-user.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** `postgres://` of the superuser on loopback. */
    postgresUrl: string
    /** Folder of its unix socket. */
    postgresSocket: string
  }
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
      'cat >/dev/null; kill -QUIT "$1" 2>/dev/null; sleep 0.3; rm -rf "$2"',
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
  throw new Error('the test cluster did not start; see its output above')
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'cs-test-'))
  const user = systemUser()
  chmodSync(folder, user ? 0o711 : 0o700)
  const as = user ? { uid: user.uid, gid: user.gid } : {}
  const binaries = native(join(folder, 'bin'), user)
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
  if (made.status !== 0) throw new Error(`initdb: ${made.error ?? made.stderr}`)

  const port = await freePort()
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: data,
    max_connections: '300',
    shared_buffers: '64MB',
    log_min_messages: 'panic',
  }
  const postmaster = spawn(
    binaries.postgres,
    [
      '-D',
      data,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    { ...as, cwd: data, env: {}, detached: true, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const watchdog = watch(postmaster, folder)
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
  await answers(url, postmaster)
  project.provide('postgresUrl', url)
  project.provide('postgresSocket', data)

  return async () => {
    const ended = new Promise((done) => postmaster.once('exit', done))
    postmaster.kill('SIGQUIT')
    if (postmaster.exitCode === null && postmaster.signalCode === null) await ended
    rmSync(folder, { recursive: true, force: true })
    const gone = new Promise((done) => watchdog.once('exit', done))
    watchdog.stdin?.end()
    await gone
  }
}
