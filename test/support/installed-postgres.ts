/** A throw-away cluster of a PostgreSQL that is installed on this machine, for tests on other versions than the embedded one. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { systemUser } from '../../src/store/embedded/system-user.ts'

const VERSIONS = '/usr/lib/postgresql'

export interface InstalledPostgres {
  /** Superuser, loopback. */
  readonly url: string
  /** Runs one of its programs (`pg_dump` ..) and returns what it prints. */
  run(program: string, ...args: string[]): string
  stop(): Promise<void>
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Throws when no PostgreSQL is installed where Debian puts it. */
export const installedPostgres = async (): Promise<InstalledPostgres> => {
  const newest = readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a))[0]
  const bin = join(VERSIONS, newest ?? '', 'bin')
  const user = systemUser()
  const as = user ? { uid: user.uid, gid: user.gid } : {}
  const data = mkdtempSync(join(tmpdir(), 'cs-pg-'))
  chmodSync(data, 0o700)
  if (user) chownSync(data, user.uid, user.gid)
  const password = join(data, 'pw')
  writeFileSync(password, 'owner')
  if (user) chownSync(password, user.uid, user.gid)
  const cluster = join(data, 'c')
  const auth = ['-U', 'owner', '-A', 'scram-sha-256', `--pwfile=${password}`]
  execFileSync(
    join(bin, 'initdb'),
    ['-D', cluster, ...auth, '-E', 'UTF8', '--locale=C', '--no-sync'],
    {
      ...as,
      cwd: data,
      stdio: 'pipe',
    },
  )
  const port = await freePort()
  const settings = ['listen_addresses=127.0.0.1', `port=${port}`, `unix_socket_directories=${data}`]
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', cluster, ...settings.flatMap((s) => ['-c', s])],
    {
      ...as,
      cwd: data,
      stdio: 'ignore',
    },
  )
  const end = () => server.kill('SIGKILL')
  process.once('exit', end)
  const url = `postgres://owner:owner@127.0.0.1:${port}/postgres`
  await answers(url)
  return {
    url,
    run: (program, ...args) =>
      execFileSync(join(bin, program), args, {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        maxBuffer: 1 << 28,
      }),
    async stop() {
      process.off('exit', end)
      const ended = once(server, 'exit')
      server.kill('SIGQUIT')
      await ended
      rmSync(data, { recursive: true, force: true })
    },
  }
}

const answers = async (url: string): Promise<void> => {
  for (let tries = 0; ; tries++) {
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      return
    } catch (thrown) {
      if (tries === 100) throw thrown
      await new Promise((wake) => setTimeout(wake, 100))
    } finally {
      await client.end().catch(() => undefined)
    }
  }
}
