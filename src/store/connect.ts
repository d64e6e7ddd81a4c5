/** How we connect: bounded in number and in time, and never with a password in a message. */
import pg from 'pg'
import { GateError } from '../errors.ts'
import type { StoreLog } from './port.ts'

/** Unless the store is a test's or a target's: long enough for a slow disk, short enough to notice a dead network. */
const timeouts = {
  connectionTimeoutMillis: 5_000,
  statement_timeout: 30_000,
  query_timeout: 35_000,
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: 30_000,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
} satisfies pg.ClientConfig

/** Throws CONFIG_INVALID when it is no PostgreSQL URL. */
export const connectionOf = (url: string, applicationName: string): pg.ClientConfig => {
  const scheme = URL.canParse(url) ? new URL(url).protocol : ''
  if (scheme !== 'postgres:' && scheme !== 'postgresql:') {
    throw new GateError(
      'CONFIG_INVALID',
      'store.url is not a PostgreSQL URL; it looks like postgres://USER:PASSWORD@HOST:5432/DATABASE.',
    )
  }
  return { ...timeouts, connectionString: url, application_name: applicationName }
}

/** No TCP port: the number in the name of the embedded server's socket. */
export const SOCKET_PORT = 5432

/** The same for the embedded server, on its unix socket. */
export const socketConnection = (
  socketFolder: string,
  user: string,
  password: string,
  database: string,
  applicationName: string,
): pg.ClientConfig => ({
  ...timeouts,
  host: socketFolder,
  port: SOCKET_PORT,
  user,
  password,
  database,
  application_name: applicationName,
})

/** What a call waits for at most where the store says nothing; the connection is destroyed then. */
const answerMs = 5_000
/** For the few questions that read much of the log: beside `text` and `values`. */
export const patient = { query_timeout: timeouts.query_timeout }

export const openPool = (connection: pg.ClientConfig, max: number, log: StoreLog): pg.Pool => {
  const pool = new pg.Pool({
    ...connection,
    query_timeout: answerMs,
    max,
    idleTimeoutMillis: 30_000,
  })
  // An idle connection that dies is replaced at the next use; unheard, the event would end the process.
  pool.on('error', (err) => log.warn({ err }, 'store: an idle connection was lost'))
  return pool
}

/** Runs `work` on a connection of its own. A connection that fails is AUDIT_UNAVAILABLE. */
export const withClient = async <T>(
  connection: pg.ClientConfig,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> => {
  const client = new pg.Client(connection)
  // A connection that breaks while idle emits this too; the query in hand rejects by itself.
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (cause) {
    await client.end().catch(() => undefined)
    throw unavailable(cause)
  }
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

const sqlState = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''

/** Says what to look at, by what went wrong; the driver's own text stays in `cause`. */
export const unavailable = (cause: unknown): GateError => {
  const state = sqlState(cause)
  const words: Record<string, string> = {
    ECONNREFUSED: 'nothing listens at the address of store.url',
    ENOTFOUND: 'the host of store.url has no address',
    ENOENT: 'there is no socket where store.url points to',
    '28P01': 'user or password of store.url are wrong',
    '28000': 'the server does not let the user of store.url in',
    '3D000': 'the database of store.url does not exist',
    '53300': 'the server has no connection left',
    '57P03': 'the server is starting or stopping',
  }
  return new GateError(
    'AUDIT_UNAVAILABLE',
    `The store can't be reached: ${words[state] ?? 'it did not answer'}.`,
    { cause, retry: true },
  )
}

/** The pool, for the path of a call: a question that the store does not answer is AUDIT_UNAVAILABLE, as for the log itself. */
export const answering = (pool: Pick<pg.Pool, 'query'>) => ({
  query: async <R>(text: string, values: unknown[]) => {
    try {
      const { rowCount, rows } = await pool.query(text, values)
      // What a statement selects is known to who wrote it.
      return { rows: rows as R[], rowCount }
    } catch (cause) {
      throw unavailable(cause)
    }
  },
})
