/** A migrated database, a log on it, and what tests ask of both. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import pg from 'pg'
import type { LogStore } from '../../src/audit/stream/connection.ts'
import { uuidText, uuidv7Bytes } from '../../src/audit/stream/ids.ts'
import { type LogOptions, openLog } from '../../src/audit/stream/stream.ts'
import { migrate } from '../../src/store/migrate.ts'
import type { Entry, KeyWrap, Masked } from '../../src/types.ts'
import { testDatabase, urlFor } from '../support/postgres.ts'

export const testKeys = (key = randomBytes(32)): KeyWrap => ({
  keyId: 'test',
  wrap(plain, context) {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  },
  unwrap(wrapped, context) {
    const end = wrapped.length - 16
    const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, 12))
      .setAAD(Buffer.from(context))
      .setAuthTag(wrapped.subarray(end))
    return Buffer.concat([decipher.update(wrapped.subarray(12, end)), decipher.final()])
  },
})

export interface TestStore extends LogStore {
  readonly admin: pg.Pool
  /** Of the writer. */
  readonly url: string
  drop(): Promise<void>
}

/** A fresh migrated database with a writer that is no owner. */
export const testStore = async (): Promise<TestStore> => {
  const database = await testDatabase()
  await migrate(database.url)
  const user = `w_${database.name}`
  const password = randomBytes(9).toString('hex')
  await database.admin.query(
    `create role ${user} login password '${password}' in role countersign_writer`,
  )
  const url = urlFor(database.url, { user, password })
  const pool = new pg.Pool({ connectionString: url, max: 4 })
  pool.on('error', () => undefined)
  return {
    url,
    admin: database.admin,
    database: { connectionString: url },
    pool,
    keys: testKeys(),
    log: 'test/log',
    writer: 'gw-test',
    build: 'sha256:test',
    durability: 'assumed',
    async drop() {
      await pool.end()
      await database.drop()
      const client = new pg.Client({
        connectionString: urlFor(database.url, { database: 'postgres' }),
      })
      await client.connect()
      await client.query(`drop role if exists ${user}`).finally(() => client.end())
    },
  }
}

export const newId = (): string => uuidText(uuidv7Bytes(Date.now()))

const actor = { iss: 'https://idp', sub: 'user:42', client: 'cli', groups: ['sre'] }
const origin = { via: 'http', session: 's1', auth: 'oidc' } as const

const text = (value: string): Masked<string> => value as Masked<string>

export const entry = (type: Entry['type'], more: Partial<Entry> = {}): Entry => ({
  type,
  actor,
  origin,
  ...more,
})

export const received = (callId = newId()): Entry =>
  entry('call.received', {
    callId,
    tool: 'sql_query',
    target: 'shop',
    parts: [{ kind: 'input', bytes: text('{"sql":"select 1"}') }],
  })

export const intent = (callId = newId(), more: Partial<Entry> = {}): Entry =>
  entry('call.intent', { callId, tool: 'sql_query', target: 'shop', effect: 'read', ...more })

export const result = (callId: string, parent: string, json = '{"rows":[[1]]}'): Entry =>
  entry('call.result', {
    callId,
    parent,
    tool: 'sql_query',
    target: 'shop',
    outcome: { status: 'ok', code: 'OK' },
    parts: [{ kind: 'output', bytes: text(json) }],
  })

export const testLog = (store: TestStore, more: Partial<LogOptions> = {}) =>
  openLog({ ...store, ...more })

/** A whole call: received and intent, then result. */
export const oneCall = async (log: Awaited<ReturnType<typeof openLog>>, json?: string) => {
  const callId: string = newId()
  const receipts = await log.append([received(callId), intent(callId)])
  const parent = receipts[1]?.leaf ?? ''
  const [receipt] = await log.append([result(callId, parent, json)])
  return { callId, parent, receipt }
}

export const eventually = async (what: () => Promise<boolean> | boolean, ms = 15_000) => {
  const until = Date.now() + ms
  while (!(await what())) {
    if (Date.now() > until) throw new Error('it did not happen in time')
    await new Promise((wake) => setTimeout(wake, 25))
  }
}

/** Types of a stream's events, in order. */
export const typesOf = async (store: TestStore, stream: string): Promise<string[]> => {
  const { rows } = await store.admin.query(
    'select type from audit.event where stream_id = $1 order by seq',
    [stream],
  )
  return rows.map(({ type }) => String(type))
}
