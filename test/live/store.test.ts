/** The store on a PostgreSQL that is not the embedded one: migrated, written to, dumped, restored on another server. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate } from '../../src/store/migrate.ts'
import { open } from '../../src/store/open.ts'
import type { Store } from '../../src/store/port.ts'
import { type InstalledPostgres, installedPostgres } from '../support/installed-postgres.ts'

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
const folder = mkdtempSync(join(tmpdir(), 'cs-dump-'))
const callId = randomUUID()
let first: InstalledPostgres
let second: InstalledPostgres

const at = (server: InstalledPostgres, user = 'owner'): string => {
  const url = new URL(server.url)
  url.username = user
  url.password = user
  url.pathname = '/log'
  return url.href
}
const sql = async (url: string, text: string): Promise<pg.QueryResult> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await client.query(text)
  } finally {
    await client.end()
  }
}
const openAs = (server: InstalledPostgres): Promise<Store> =>
  open({ url: at(server, 'gateway'), state: '/nonexistent' }, quiet)

beforeAll(async () => {
  ;[first, second] = await Promise.all([installedPostgres(), installedPostgres()])
  for (const server of [first, second]) await sql(server.url, 'create database log')
})
afterAll(async () => {
  await Promise.all([first?.stop(), second?.stop()])
  rmSync(folder, { recursive: true })
})

test('it is migrated, opened as the writer, written to and read by an auditor', async () => {
  expect(await migrate(at(first))).toMatchObject({ changed: true })
  expect(await migrate(at(first))).toMatchObject({ changed: false })
  await sql(
    at(first),
    `create role gateway login password 'gateway' in role countersign_writer;
     create role auditor login password 'auditor' in role countersign_auditor`,
  )
  const store = await openAs(first)
  expect(Number.parseInt(store.serverVersion, 10)).toBeLessThan(18)
  await store.pool.query(
    `insert into audit.stream (stream_id, epoch, writer, seq, head, lease_until) values (1, $1, 'w', 1, '', now())`,
    [randomUUID()],
  )
  const eventId = '01a9f000-0000-7000-8000-000000000001'
  const header = JSON.stringify({
    event_id: eventId,
    call_id: callId,
    type: 'call.received',
    tool: 'sql_query',
  })
  await store.pool.query(
    `insert into audit.event (stream_id, seq, header, header_jcs, leaf) values (1, 1, convert_from($1, 'UTF8')::jsonb, $1, '')`,
    [Buffer.from(header)],
  )
  await store.pool.query(
    `insert into audit.payload (event_id, part, key_id, nonce, ciphertext) values ($1, 0, 'k', '', 'sealed')`,
    [eventId],
  )
  await store.close()
  const { rows } = await sql(at(first, 'auditor'), 'select call_id, tool from audit.calls')
  expect(rows).toEqual([{ call_id: callId, tool: 'sql_query' }])
  await expect(sql(at(first, 'auditor'), 'select * from audit.event')).rejects.toMatchObject({
    code: '42501',
  })
})

test('a dump of it, restored on a server that knows none of its roles, serves again after migrate', async () => {
  const file = join(folder, 'log.dump')
  const before = await openAs(first)
  first.run('pg_dump', '--format=custom', '--no-acl', `--file=${file}`, at(first))
  second.run('pg_restore', '--exit-on-error', '--no-acl', `--dbname=${at(second)}`, file)
  // Without its roles and grants it is of no use to a gateway, and says what to run.
  await sql(at(second), `create role gateway login password 'gateway'`)
  await expect(openAs(second)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('countersign migrate'),
  })
  expect(await migrate(at(second))).toMatchObject({ changed: false })
  await sql(at(second), 'grant countersign_writer to gateway')
  const restored = await openAs(second)
  expect(restored.id).toBe(before.id)
  const { rows } = await restored.pool.query(
    `select call_id, (select count(*)::int from audit.payload) as payloads from audit.event`,
  )
  expect(rows).toEqual([{ call_id: callId, payloads: 1 }])
  await expect(restored.pool.query('delete from audit.event')).rejects.toMatchObject({
    code: '42501',
  })
  await before.close()
  await restored.close()
})
