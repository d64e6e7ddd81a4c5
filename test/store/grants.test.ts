/** The grants are the wall that holds when code is wrong: each is tried as the role that it is for. */
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../src/store/migrate.ts'
import { type MigratedDatabase, migratedDatabase, urlFor } from '../support/postgres.ts'

let database: MigratedDatabase
let writer: pg.Pool
let eraser: pg.Pool
let auditor: pg.Pool
const eventId = '01a9f000-0000-7000-8000-000000000001'
const eraseId = '01a9f000-0000-7000-8000-000000000002'
const strayId = '01a9f000-0000-7000-8000-000000000003'
const callId = randomUUID()
const denied = { code: '42501' }

const login = async (role: string): Promise<pg.Pool> => {
  const user = `${role}_${database.name}`
  await database.admin.query(`create role ${user} login password 'x' in role countersign_${role}`)
  return new pg.Pool({ connectionString: urlFor(database.url, { user, password: 'x' }), max: 2 })
}

const header = (id: string, type: string, more: object = {}): string =>
  JSON.stringify({
    v: 1,
    type,
    event_id: id,
    call_id: callId,
    t_wall: '2026-11-22T18:05:13.123456Z',
    actor: { iss: 'https://idp', sub: 'user:42', client: '', groups: ['sre'] },
    origin: { via: 'http', session: 's', auth: 'oidc' },
    tool: 'sql_query',
    target: 'shop',
    ...more,
  })

const append = (on: pg.Pool, seq: number, text: string, leaf = Buffer.alloc(32, seq)) =>
  on.query(
    `insert into audit.event (stream_id, seq, header, header_jcs, leaf)
     values (1, $1, convert_from($2, 'UTF8')::jsonb, $2, $3)`,
    [seq, Buffer.from(text), leaf],
  )

beforeAll(async () => {
  database = await migratedDatabase()
  writer = new pg.Pool({ connectionString: database.writerUrl, max: 2 })
  eraser = await login('eraser')
  auditor = await login('auditor')
  await writer.query(
    `insert into audit.stream (epoch, writer, seq, head, lease_until)
     values ($1, 'test', 0, $2, now() + interval '30 s')`,
    [randomUUID(), Buffer.alloc(32)],
  )
  await append(writer, 1, header(eventId, 'call.received'))
  await append(writer, 2, header(eraseId, 'retention.erase'))
  await writer.query(
    `insert into audit.payload (event_id, part, key_id, nonce, ciphertext) values ($1, 0, 'k', $2, $3)`,
    [eventId, Buffer.alloc(12), Buffer.from('sealed')],
  )
})

afterAll(async () => {
  await Promise.all([writer.end(), eraser.end(), auditor.end()])
  for (const role of ['eraser', 'auditor']) {
    await database.admin.query(`drop owned by ${role}_${database.name}`)
    await database.admin.query(`drop role ${role}_${database.name}`)
  }
  await database.drop()
})

describe('the writer', () => {
  const refused = [
    'update audit.event set leaf = leaf',
    `update audit.event set header = '{}'`,
    'delete from audit.event',
    'truncate audit.event',
    'update audit.payload set ciphertext = null',
    'delete from audit.payload',
    'delete from audit.payload_other',
    'select * from audit.payload_other',
    'delete from audit.stream',
    `update audit.stream set writer = 'me'`,
    'update audit.leaf set leaf = leaf',
    'update audit.checkpoint set note = note',
    'update audit.data_key set wrapped = null',
    'delete from audit.data_key',
    'delete from countersign.approval',
    `update countersign.approval set sub = 'somebody else'`,
    `update countersign.approval set digest = ''`,
    `update countersign.approval_answer set decision = 'approve'`,
    'delete from countersign.approval_answer',
    `update countersign.config_version set text = ''`,
    'delete from countersign.secret',
    'delete from countersign.migration',
    'insert into countersign.migration (hash, created_at) values (1, 1)',
    'drop table audit.event',
    'alter table audit.event disable trigger all',
    'create table audit.mine (i int)',
    'create table countersign.mine (i int)',
    'set role countersign_eraser',
  ]
  test.each(refused)('may not: %s', async (sql) => {
    await expect(writer.query(sql)).rejects.toMatchObject(denied)
  })

  test('may move the head of a stream and add payload months', async () => {
    const moved = await writer.query(
      'update audit.stream set seq = 2, head = head, lease_until = now()',
    )
    expect(moved.rowCount).toBe(1)
    const made = await writer.query<{ made: number }>(
      'select audit.make_payload_months(1000) as made',
    )
    expect(made.rows[0]?.made).toBe(0)
  })

  test('may not write a second terminal event for an intent', async () => {
    const parent = 'ab'.repeat(32)
    const id = (n: number) => `01a9f000-0000-7000-8000-00000000010${n}`
    await append(writer, 10, header(id(0), 'call.result', { parent }))
    await expect(
      append(writer, 11, header(id(1), 'call.unknown', { parent })),
    ).rejects.toMatchObject({
      code: '23505',
    })
    await append(writer, 11, header(id(2), 'call.late', { parent }))
  })
})

describe('the eraser', () => {
  test('may not empty a payload without a retention.erase event', async () => {
    const sql = `update audit.payload set ciphertext = null, nonce = null, erased_at = now(), erase_event = $1`
    for (const event of [null, strayId, eventId]) {
      await expect(eraser.query(sql, [event])).rejects.toMatchObject(denied)
    }
  })

  test('may not put other contents in its place', async () => {
    const sql = `update audit.payload set ciphertext = 'x', nonce = null, erased_at = now(), erase_event = $1`
    await expect(eraser.query(sql, [eraseId])).rejects.toMatchObject(denied)
  })

  test('may empty it after one, and nothing else', async () => {
    const sql = `update audit.payload set ciphertext = null, nonce = null, erased_at = now(), erase_event = $1`
    expect((await eraser.query(sql, [eraseId])).rowCount).toBe(1)
    for (const sql of [
      'delete from audit.payload',
      'update audit.event set leaf = leaf',
      'insert into audit.event (stream_id) values (1)',
      'select * from countersign.secret',
    ]) {
      await expect(eraser.query(sql)).rejects.toMatchObject(denied)
    }
  })
})

describe('the auditor', () => {
  test('reads the four views', async () => {
    for (const view of ['events', 'calls', 'approvals', 'access']) {
      await auditor.query(`select * from audit.${view}`)
    }
    const { rows } = await auditor.query(
      'select sub, tool, target, "at" from audit.calls where call_id = $1',
      [callId],
    )
    expect(rows).toEqual([
      {
        sub: 'user:42',
        tool: 'sql_query',
        target: 'shop',
        at: new Date('2026-11-22T18:05:13.123Z'),
      },
    ])
  })

  test('reads nothing else of ours', async () => {
    const { rows } = await database.admin.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname in ('audit', 'countersign')`,
    )
    expect(rows.length).toBeGreaterThan(14)
    for (const { name } of rows) {
      await expect(auditor.query(`select * from ${name}`), name).rejects.toMatchObject(denied)
    }
    await expect(auditor.query('select audit.make_payload_months(1)')).rejects.toMatchObject(denied)
  })

  test('finds a comment on every column that it reads', async () => {
    const { rows } = await database.admin.query(
      `select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
       where c.relnamespace = 'audit'::regnamespace and c.relkind = 'v' and a.attnum > 0
         and col_description(c.oid, a.attnum) is null`,
    )
    expect(rows).toEqual([])
  })
})

test('a right that was added by hand is gone after the next migration', async () => {
  await database.admin.query('grant delete on audit.event to countersign_writer')
  await database.admin.query('grant select on audit.event to public')
  await migrate(database.url)
  await expect(writer.query('delete from audit.event where false')).rejects.toMatchObject(denied)
  await expect(auditor.query('select * from audit.event')).rejects.toMatchObject(denied)
})

test('an ended approval never comes back', async () => {
  const id = randomUUID()
  await writer.query(
    `insert into countersign.approval (call_id, state, digest, iss, sub, client, groups, tool, target, target_identity,
       effect, facts, needs, rules, masking, view, expires_at)
     values ($1, 'requested', '', 'i', 's', '', '[]', 't', 't', 't', 'write', '{}', '[]', '[]', '[]', '{}', now())`,
    [id],
  )
  const become = (state: string) =>
    writer.query('update countersign.approval set state = $2 where call_id = $1', [id, state])
  await expect(become('spent')).rejects.toMatchObject({ code: '23514' })
  await become('approved')
  await become('spent')
  for (const state of ['requested', 'approved', 'expired']) {
    await expect(become(state)).rejects.toMatchObject({ code: '23514' })
  }
})

test('payloads land in the partition of the month of their id', async () => {
  const id = (ms: number) => {
    const hex = ms.toString(16).padStart(12, '0')
    return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
  }
  const now = new Date()
  const first = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)
  const partition = async (event: string) => {
    const { rows } = await writer.query<{ name: string }>(
      `insert into audit.payload (event_id, part, key_id) values ($1, 0, 'k') returning tableoid::regclass::text as name`,
      [event],
    )
    return rows[0]?.name
  }
  const monthOf = (ms: number) => new Date(ms).toISOString().slice(0, 7).replace('-', '')
  expect(await partition(id(first))).toBe(`audit.payload_${monthOf(first)}`)
  expect(await partition(id(first - 1))).toBe(`audit.payload_${monthOf(first - 1)}`)
  expect(await partition(id(0))).toBe('audit.payload_other')
})
