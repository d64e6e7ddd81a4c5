import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GateError } from '../../src/errors.ts'
import type { Catalogue } from '../../src/tools/sql/facts/index.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { reads } from './reads.ts'
import { catalogueOf, factsFor, shop } from './support.ts'

let db: TestDatabase
let catalogue: Catalogue
let client: pg.PoolClient
beforeAll(async () => {
  db = await testDatabase()
  await db.admin.query(shop)
  catalogue = await catalogueOf(db.admin)
  client = await db.admin.connect()
  client.on('error', () => undefined)
  await client.query("set statement_timeout = '2s'")
})
afterAll(async () => {
  client.release(true)
  await db.drop()
})

// Everything that a statement can leave behind: a transaction id is taken by each change of rows or catalogue.
const state = `select txid_current_if_assigned()::text as xid, (select last_value || is_called::text from seq) as seq,
  (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
  (select string_agg(name || setting, ',' order by name) from pg_settings where name <> 'statement_timeout' and source = 'session') as settings,
  (select count(*) from pg_prepared_statements) as prepared, (select count(*) from pg_cursors) as cursors,
  (select count(*) from pg_listening_channels()) as listening, (select count(*) from pg_largeobject_metadata) as objects`

/** Runs as superuser in a read-write transaction; whether anything changed by the end of it. */
const changes = async (sql: string, params: number): Promise<boolean> => {
  await client.query('begin')
  try {
    const before = (await client.query(state)).rows[0]
    await client.query({
      text: sql,
      values: Array.from({ length: params }, () => null),
      queryMode: 'extended',
    } as pg.QueryConfig)
    const after = (await client.query(state)).rows[0]
    return JSON.stringify(after) !== JSON.stringify(before)
  } catch (e) {
    // A failed statement changed nothing that outlives it, advisory locks of the session aside.
    if (e instanceof Error && /terminat|closed/.test(e.message)) return true
    return false
  } finally {
    await client.query('rollback')
    await client.query('select pg_advisory_unlock_all()')
  }
}

const effectOf = async (sql: string): Promise<string> => {
  try {
    return (await factsFor(catalogue)(sql, 'execute')).effect
  } catch (e) {
    if (e instanceof GateError) return e.code
    throw e
  }
}

const harmful = [
  'wipe()',
  'noisy(1)',
  "nextval('seq')",
  "setval('seq', 5)",
  'pg_advisory_lock(1)',
  "set_config('work_mem','1MB',false)",
  '(c).purge',
  'c.purge',
  'purge(c)',
  '1 <%> 2',
  '5::checked',
  "'ok'::text::mood",
  'lo_create(0)',
  'sly()',
  'bad_agg(1)',
  "query_to_xml('select wipe()',true,true,'')",
  'txid_current()',
  '(select wipe())',
  'trap.lower(name)',
  "pg_notify('a','b')",
  'rtrim(1)',
  '(with d as (delete from audit returning 1 as x) select x from d)',
  '(select 1 from v_wipe)',
  'array(select wipe())',
  'row(wipe())',
  'coalesce(null, wipe())',
  "cast('ok'::text as mood)",
  "currval('seq')",
]
const harmless = [
  '1',
  "'x'",
  'id',
  'name',
  'c.*',
  'count(*)',
  'now()',
  'twice(id)',
  '1 <+> 2',
  "'delete'",
  '$$drop table x$$',
  'random()',
  'upper(name)',
  '(select max(total) from orders)',
  'row_number() over (order by id)',
  'case when id > 1 then 1 else 2 end',
  'ssn',
  'md5(email)',
  'array[1,2]',
  "'{}'::jsonb",
  'exists (select 1 from orders)',
  'good_agg(id)',
  'c',
  'id::text',
]
const sources = [
  'customers c',
  'customers c, orders o',
  'customers c join orders using (id)',
  'v_note c',
  'generate_series(1, 3) c(id)',
  'v_wipe c',
  'customers c, lateral (select 1) l',
  'only customers c',
  'customers c tablesample system (50)',
  'wipe() c(id)',
  'rows from (wipe(), noisy(1)) c(id, name)',
  '(select * from customers for update) c',
  '(values (wipe())) c(id)',
  'moody c',
  'watched c',
  'mv c',
]
const tails = [
  '',
  ' where id > 1',
  ' where wipe() = 1',
  ' order by 1',
  ' order by noisy(1)',
  ' limit 1',
  ' limit wipe()',
  ' for update',
  ' for share',
  ' group by id, name',
  ' having wipe() = 1',
  ' union all select 1',
  ' union select wipe()',
  ' offset 1',
  ' where id in (select wipe())',
  '; delete from orders',
  ' -- x',
  ' /* ; drop table orders */',
  ' window w as (order by wipe())',
  ' fetch first 1 row only',
]
const heads = [
  '',
  '',
  '',
  'explain ',
  'explain analyze ',
  'explain (analyze off) ',
  'with q as (select 1) ',
  'with q as (delete from audit returning *) ',
  'with q as materialized (select wipe()) ',
  'with recursive q(n) as (select 1 union all select n + 1 from q where n < 3) ',
]

const statement = fc
  .record({
    head: fc.constantFrom(...heads),
    targets: fc.array(
      fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(...harmless) },
        { weight: 1, arbitrary: fc.constantFrom(...harmful) },
      ),
      { minLength: 1, maxLength: 3 },
    ),
    source: fc.option(
      fc.oneof({ weight: 2, arbitrary: fc.constant('customers c') }, fc.constantFrom(...sources)),
      { freq: 4 },
    ),
    tail: fc.oneof(fc.constant(''), fc.constantFrom(...tails)),
    into: fc.boolean(),
  })
  .map(
    ({ head, targets, source, tail, into }) =>
      `${head}select ${targets.join(', ')}${into && tail === ' limit 1' ? ' into made' : ''}${source === null ? '' : ` from ${source}`}${tail}`,
  )

describe('what is called a read changes nothing', () => {
  test('the snapshot sees every kind of change', async () => {
    for (const sql of [
      'select wipe()',
      "select nextval('seq')",
      'select pg_advisory_lock(1)',
      "select set_config('work_mem','1MB',false)",
      'select * from customers for update',
      'select lo_create(0)',
      'select * from v_wipe',
      'select (c).purge from customers c',
      'prepare p as select 1',
      'select 1 <%> 2',
      'select 5::checked',
      'create table made (a int)',
      'select 1 into made',
      "select 'ok'::text::mood",
    ])
      expect([sql, await changes(sql, 0)]).toEqual([sql, true])
    await client.query('deallocate all')
  })

  test.each(reads.map((sql) => [sql]))('%s', async (sql) => {
    const { params } = await factsFor(catalogue)(sql)
    expect(await changes(sql, params)).toBe(false)
  })

  test('random statements out of harmless and harmful parts', async () => {
    const seen = { read: 0 }
    await fc.assert(
      fc.asyncProperty(statement, async (sql) => {
        const effect = await effectOf(sql)
        if (effect !== 'read') return
        seen.read++
        if (await changes(sql, 0)) throw new Error(`called a read, and changed something: ${sql}`)
      }),
      { numRuns: 2500 },
    )
    expect(seen.read).toBeGreaterThan(200)
  })
})
