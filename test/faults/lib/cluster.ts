/** A PostgreSQL of a case's own that can be killed, stopped, started again, stalled and copied. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { native } from '../../../src/store/embedded/native.ts'
import { systemUser } from '../../../src/store/embedded/system-user.ts'
import { migrate } from '../../../src/store/migrate.ts'
import type { Kit } from './fault.ts'
import { childrenOf, gone, signal } from './process.ts'
import { shared } from './shared.ts'
import { eventually } from './wait.ts'

export const passwords = { owner: 'owner-of-the-store', gateway: 'gateway-of-the-store' } as const

export interface Cluster {
  readonly port: number
  /** The data folder. */
  readonly data: string
  /** Of the superuser, to the database of the log. */
  readonly url: string
  /** Of the gateway's login, which is no more than a writer. */
  readonly writerUrl: string
  readonly running: boolean
  /** What the server wrote to its log so far. */
  said(): string
  /** kill -9 of the postmaster and all of its processes, as a power cut of theirs. */
  kill(): Promise<void>
  /** `fast` ends connections and writes a checkpoint. */
  stop(): Promise<void>
  start(): Promise<void>
  /** SIGSTOP of the server and all of its processes; the function that is returned continues them. */
  stall(): Promise<() => void>
  /** Copies the data folder, of a stopped cluster, to `to`. */
  copy(to: string): void
}

export interface ClusterOptions {
  readonly settings?: Readonly<Record<string, string>>
  /** A data folder to begin with, which is used and not copied; else a fresh one with an empty, migrated log. */
  readonly data?: string
  /** Where a fresh data folder is made; in the case's folder unless told. */
  readonly folder?: string
  /** Where a fresh one keeps its write-ahead log instead; an empty folder. */
  readonly wal?: string
  readonly port?: number
}

const database = 'log'

export const freePort = (): Promise<number> =>
  new Promise((done, failed) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0))
    })
    server.on('error', failed)
  })

const user = systemUser()
const as = user ? { uid: user.uid, gid: user.gid } : {}
const binaries = () => native(join(shared().folder, 'bin'), user)

/** Makes a folder that the server's user owns. */
export const serversFolder = (path: string): string => {
  if (!existsSync(path)) mkdirSync(path, { recursive: true, mode: 0o700 })
  chmodSync(path, 0o700)
  if (user) chownSync(path, user.uid, user.gid)
  return path
}

const copyTree = (from: string, to: string): void => {
  execFileSync('cp', ['-a', '--reflink=auto', from, to])
}

const urlOf = (port: number, name: string, password: string): string =>
  `postgres://${name}:${password}@127.0.0.1:${port}/${database}`

const runner = (
  data: string,
  port: number,
  settings: Readonly<Record<string, string>>,
): Cluster => {
  const url = urlOf(port, 'owner', passwords.owner)
  const log = `${data}.log`
  let postmaster: ChildProcess | undefined
  const ended = async (): Promise<void> => {
    const running = postmaster
    if (running?.pid === undefined) return
    await gone([running.pid])
    postmaster = undefined
  }
  const answers = (): Promise<true> =>
    eventually('the cluster answers', 30_000, async () => {
      if (postmaster === undefined || postmaster.exitCode !== null)
        throw new Error(readFileSync(log, 'utf8').slice(-600))
      const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
      client.on('error', () => undefined)
      try {
        await client.connect()
        await client.query('select 1')
        return true as const
      } finally {
        await client.end().catch(() => undefined)
      }
    })
  return {
    port,
    data,
    url,
    writerUrl: urlOf(port, 'gateway', passwords.gateway),
    get running() {
      return postmaster !== undefined && postmaster.exitCode === null
    },
    said: () => readFileSync(log, 'utf8'),
    async start() {
      const all = {
        listen_addresses: '127.0.0.1',
        port: String(port),
        unix_socket_directories: '',
        max_connections: '100',
        shared_buffers: '32MB',
        min_wal_size: '4MB',
        ...settings,
      }
      const out = openSync(log, 'a')
      postmaster = spawn(
        binaries().postgres,
        ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
        { ...as, cwd: data, env: {}, detached: true, stdio: ['ignore', out, out] },
      )
      closeSync(out)
      if (postmaster.pid !== undefined) shared().guard(postmaster.pid)
      await answers()
    },
    async kill() {
      const pid = postmaster?.pid
      if (pid === undefined) return
      const all = [pid, ...childrenOf(pid)]
      for (const one of all) signal(one, 'SIGKILL')
      await gone(all)
      postmaster = undefined
    },
    async stop() {
      if (postmaster?.pid !== undefined) signal(postmaster.pid, 'SIGINT')
      await ended()
    },
    async stall() {
      const pid = postmaster?.pid
      if (pid === undefined) throw new Error('a cluster that does not run can not stall')
      const all = [pid, ...childrenOf(pid)]
      for (const one of all) signal(one, 'SIGSTOP')
      return () => {
        for (const one of all) signal(one, 'SIGCONT')
      }
    },
    copy: (to) => copyTree(data, to),
  }
}

const initialise = (data: string): void => {
  const passwordFile = join(shared().folder, 'initdb-password')
  writeFileSync(passwordFile, passwords.owner, { mode: 0o600 })
  if (user) chownSync(passwordFile, user.uid, user.gid)
  const made = spawnSync(
    binaries().initdb,
    // Small segments, so that small disks can hold them.
    // biome-ignore format: a list of arguments
    ['-D', data, '-U', 'owner', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions', '--wal-segsize=1'],
    { ...as, cwd: data, env: {}, encoding: 'utf8' },
  )
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
}

/** A stopped data folder with the database of the log, migrated, and the gateway's login; made once a run. */
let template: Promise<string> | undefined
const madeTemplate = async (): Promise<string> => {
  const data = serversFolder(join(shared().folder, 'template'))
  initialise(data)
  const cluster = runner(data, await freePort(), { fsync: 'off' })
  const onDatabase = async (name: string, texts: readonly string[]): Promise<void> => {
    const url = new URL(cluster.url)
    url.pathname = `/${name}`
    const client = new pg.Client({ connectionString: url.href })
    await client.connect()
    try {
      for (const text of texts) await client.query(text)
    } finally {
      await client.end()
    }
  }
  // The cluster answers on `log` only when that is there.
  const starting = cluster.start()
  await eventually('the new cluster takes a database', 30_000, async () => {
    await onDatabase('postgres', [`create database ${database}`])
    return true
  })
  await starting
  await migrate(cluster.url)
  await onDatabase(database, [
    `create role gateway login password '${passwords.gateway}' in role countersign_writer`,
  ])
  await cluster.stop()
  return data
}

/** Started, with an empty, migrated log unless `data` says otherwise; ends with the case. */
export const openCluster = async (kit: Kit, options: ClusterOptions = {}): Promise<Cluster> => {
  template ??= madeTemplate()
  const from = await template
  const port = options.port ?? (await freePort())
  const data = options.data ?? join(options.folder ?? kit.folder, `pg-${port}`)
  if (options.data === undefined) {
    copyTree(from, data)
    if (options.wal !== undefined) {
      execFileSync('cp', ['-a', `${data}/pg_wal/.`, options.wal])
      execFileSync('rm', ['-r', `${data}/pg_wal`])
      execFileSync('ln', ['-s', options.wal, `${data}/pg_wal`])
    }
  }
  const cluster = runner(data, port, options.settings ?? {})
  kit.defer(() => cluster.kill())
  await cluster.start()
  return cluster
}

/** A pool of the superuser that outlives the end of its cluster. */
export const adminOf = (kit: Kit, cluster: Pick<Cluster, 'url'>): pg.Pool => {
  const pool = new pg.Pool({
    connectionString: cluster.url,
    max: 4,
    connectionTimeoutMillis: 5_000,
  })
  pool.on('error', () => undefined)
  kit.defer(() => pool.end())
  return pool
}
