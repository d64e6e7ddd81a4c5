import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GateError } from '../../src/errors.ts'
import type { Catalogue, SqlFacts, SqlMode, SqlRules } from '../../src/tools/sql/facts/index.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { gateAdmin, gateWrites } from './gate-changes.ts'
import { gateMoreAdmin, gateMoreWrites } from './gate-changes-2.ts'
import { gateMasked } from './gate-masked.ts'
import { gateMeasures, gateMoreMasked } from './gate-masked-2.ts'
import { gateReads, knownSince } from './gate-reads.ts'
import { gateMoreReads } from './gate-reads-2.ts'
import { gateRefused } from './gate-refused.ts'
import { gateMoreRefused } from './gate-refused-2.ts'
import { catalogueOf, factsFor } from './support.ts'

// A small shop whose owner left code in every place that a statement can reach without naming it.
const store = `
create schema evil;
create extension dblink;
create extension tablefunc;
create table customers (id int primary key, name text, ssn text, email text, created_at timestamptz, balance numeric(10,2));
create table orders (id int, customer_id int, status text, total numeric, note text, created_at timestamptz,
  updated_at timestamptz, deleted_at timestamptz);
create table secrets (v text);
create domain cents as int;
create table bids (id int, amount cents);
create table audit_log (id serial, action text, detail text);
create table delete (update int);
create sequence order_seq;
create function do_purge() returns int language sql security definer as 'delete from audit_log; select 1';
create procedure do_purge_proc() language sql as 'delete from audit_log';
create function purge_customer(customers) returns int language sql as 'delete from audit_log; select 1';
create function trg() returns trigger language plpgsql as 'begin return new; end';
create function evil.addx(int, int) returns int language sql as 'delete from audit_log; select 1';
create function evil.lower(text) returns text language sql as 'delete from audit_log; select $1';
create operator evil.+ (function = evil.addx, leftarg = int, rightarg = int);
create view v_active as select id from customers;
create view v_customers as select id, ssn as note from customers;
create view v_purge as select do_purge();
create materialized view mv_sales as select count(*) from orders;
create function f_def(a int, b int default do_purge()) returns int language sql immutable as 'select a';
create function chk(int) returns boolean language sql as 'delete from audit_log; select true';
create domain checked as int check (chk(value));
create domain d2 as checked;
create type comp as (a checked);
create type comp2 as (c comp);
create type rng as range (subtype = checked);
create table has_comp (id int, c comp, arr checked[]);
create function ret_checked(int) returns checked language sql immutable as 'select $1';
create function arg_checked(checked) returns int language sql immutable as 'select 1';
create function mails() returns table (id int, mail text) language sql stable as 'select id, email from customers';
create function mails_like(text) returns setof customers language sql stable
  as 'select * from customers where email like $1';
insert into customers select i, 'name ' || i, '900-55-' || 7000 + i, 'm' || i || '@example.com', now(), i from generate_series(1, 5) i;
insert into orders select i, i, 'paid', i, 'note ' || i, now(), now(), null from generate_series(1, 5) i;
`
const rules: SqlRules = {
  columns: { 'customers.ssn': 'redact', 'customers.email': 'redact' },
  denyTables: ['secrets'],
}

let db: TestDatabase
let catalogue: Catalogue
let major: number
beforeAll(async () => {
  db = await testDatabase()
  const { rows } = await db.admin.query(
    `select current_setting('server_version_num')::int / 10000 as major`,
  )
  major = rows[0].major
  await db.admin.query(store)
  catalogue = await catalogueOf(db.admin)
})
afterAll(() => db.drop())

const facts = (sql: string, mode: SqlMode) => factsFor(catalogue, rules)(sql, mode)
const judged = async (sql: string, mode: SqlMode): Promise<SqlFacts | GateError> => {
  try {
    return await facts(sql, mode)
  } catch (e) {
    if (e instanceof GateError) return e
    throw e
  }
}
const refusalOf = async (sql: string, mode: SqlMode): Promise<GateError> => {
  const answer = await judged(sql, mode)
  if (answer instanceof GateError) return answer
  throw new Error(`not refused: ${sql}`)
}

describe('the gate', () => {
  test.for([...gateReads, ...gateMoreReads])('allows %s', async (sql, { skip }) => {
    skip(knownSince(sql) > major, 'newer than this server')
    expect((await facts(sql, 'query')).effect).toBe('read')
    const client = await db.admin.connect()
    try {
      await client.query('begin read only')
      await client.query({ text: sql, queryMode: 'extended' } as { text: string })
    } finally {
      await client.query('rollback')
      client.release()
    }
  })

  test.each([...gateRefused, ...gateMoreRefused].map((sql) => [sql]))('refuses %s', async (sql) => {
    for (const mode of ['query', 'execute'] as const) {
      const refusal = await refusalOf(sql, mode)
      expect(refusal.cause).toBeUndefined()
      expect(['INPUT_REFUSED', 'SYNTAX_ERROR']).toContain(refusal.code)
    }
  })

  test.each([...gateWrites, ...gateMoreWrites].map((sql) => [sql]))(
    'calls a write: %s',
    async (sql) => {
      expect((await refusalOf(sql, 'query')).code).toBe('INPUT_REFUSED')
      expect((await facts(sql, 'execute')).effect).toBe('write')
    },
  )

  test.each([...gateAdmin, ...gateMoreAdmin].map((sql) => [sql]))('calls DDL: %s', async (sql) => {
    expect((await refusalOf(sql, 'query')).code).toBe('INPUT_REFUSED')
    expect((await facts(sql, 'execute')).effect).toBe('admin')
  })

  test.each([...gateMasked, ...gateMoreMasked].map((sql) => [sql]))(
    'lets nothing out by %s',
    async (sql) => {
      const answer = await judged(sql, 'query')
      if (answer instanceof GateError) {
        expect(answer.code).toBe('INPUT_REFUSED')
        return
      }
      const hidden = (answer.lineage ?? [undefined]).some(
        (from) => from?.some((s) => s.column === 'ssn' || s.column === 'email') ?? true,
      )
      expect(hidden).toBe(true)
    },
  )
})

test.each(gateMeasures.map((sql) => [sql]))('tells no number or time by %s', async (sql) => {
  const measures: SqlRules = {
    columns: { 'customers.balance': 'redact', 'customers.created_at': 'redact' },
    denyTables: [],
  }
  await expect(factsFor(catalogue, measures)(sql, 'query')).rejects.toMatchObject({
    code: 'INPUT_REFUSED',
  })
})

test('a key on a literal path is told like the name of a column', async () => {
  const keys = async (sql: string) =>
    (await facts(sql, 'query')).lineage?.map((from) =>
      from?.filter((s) => s.table === '').map((s) => s.column),
    )
  const doc = `'{"a":{"password":"x"}}'::jsonb`
  expect(await keys(`select ${doc} -> 'a' ->> 'password' as v, note from orders`)).toEqual([
    ['a', 'password'],
    [],
  ])
  expect(await keys(`select ${doc} #>> '{a,password}'`)).toEqual([['a', 'password']])
  expect(await keys(`select (${doc})['a']['password']`)).toEqual([['a', 'password']])
  expect(await keys(`select jsonb_extract_path_text(${doc}, 'a', 'password')`)).toEqual([
    ['a', 'password'],
  ])
  if (major >= 17)
    expect(await keys(`select json_value(${doc}, '$.a.password')`)).toEqual([['a', 'password']])
})

test.each([
  ['grant select on orders to x', 'An administrator does that'],
  ['set search_path = evil', 'SHOW reads a setting'],
  ['copy orders to stdout', 'Read rows by a SELECT'],
  ['begin', 'Send the statement alone'],
  ['prepare p as select 1', 'Send the query itself'],
  ['do $$ begin end $$', 'Send the statements themselves'],
  ['\\dt', 'sql_schema lists'],
  ['describe orders', 'sql_schema lists'],
  ['select `id` from orders', 'Names take double quotes'],
  ['select top 5 * from orders', 'LIMIT'],
  ['select id from orders limit 5, 10', 'OFFSET'],
  ['select ifnull(note, 1) from orders', 'Use coalesce.'],
  ['select datediff(now(), created_at) from orders', 'a - b on dates'],
])('a refusal says what to do: %s', async (sql, hint) => {
  expect((await refusalOf(sql, 'query')).teaching.hint).toContain(hint)
})
