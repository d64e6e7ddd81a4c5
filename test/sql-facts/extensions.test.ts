import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Catalogue } from '../../src/tools/sql/facts/index.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { catalogueOf, factsFor } from './support.ts'

const wanted =
  'pg_trgm hstore citext pgcrypto uuid-ossp tablefunc dblink pg_stat_statements ltree intarray unaccent fuzzystrmatch cube isn seg lo xml2 pageinspect'
let db: TestDatabase
let catalogue: Catalogue
let missing: readonly string[]
beforeAll(async () => {
  db = await testDatabase()
  const { rows } = await db.admin.query('select name from pg_available_extensions')
  const there = new Set(rows.map((r: { name: string }) => r.name))
  missing = wanted.split(' ').filter((name) => !there.has(name))
  for (const name of wanted.split(' '))
    if (there.has(name)) await db.admin.query(`create extension "${name}"`)
  await db.admin.query(
    'create table docs (id int, body text, tags hstore, path ltree, mail citext)',
  )
  catalogue = await catalogueOf(db.admin)
})
afterAll(() => db.drop())

const effect = (sql: string) =>
  factsFor(catalogue, { columns: {}, denyTables: [] })(sql).then(
    (f) => f.effect,
    (e: { code: string }) => e.code,
  )

test('extensions that compute are read with, with all their operators and overloads in the way', async () => {
  expect(missing).toEqual([])
  for (const sql of [
    "select id from docs where body % 'x' and similarity(body, 'y') > 0.3 order by body <-> 'z'",
    "select tags -> 'a', akeys(tags) from docs where tags ? 'a'",
    "select * from docs where path <@ 'a.b' and nlevel(path) = 2",
    "select digest(body, 'sha256'), gen_random_uuid(), uuid_generate_v4(), crypt('a', 'b') from docs",
    "select replace(mail, 'a', 'b'), lower(mail), length(body), split_part(body, 'a', 1) from docs where mail = 'X'",
    "select unaccent('é'), levenshtein('a', 'b'), soundex('x'), metaphone('a', 3)",
    'select id + 1, id = 1, sum(id) from docs group by id',
    'select * from each((select tags from docs limit 1))',
    'select calls, mean_exec_time from pg_stat_statements order by 2 desc',
    "select (array[1,2] & array[2]), '1'::cube",
  ])
    expect([sql, await effect(sql)]).toEqual([sql, 'read'])
})

test('extensions that run SQL, reach servers or read pages are refused', async () => {
  for (const sql of [
    "select dblink('a', 'b')",
    "select dblink_get_pkey('docs')",
    "select dblink_build_sql_delete('docs', '1', 1, '{1}')",
    "select * from crosstab('select 1') as t(a int)",
    "select * from crosstab4('select 1')",
    "select * from connectby('docs', 'id', 'id', '1', 0) as t(a text, b text, c int)",
    "select * from xpath_table('id', 'body', 'docs', '/a', 'true') as t(a int, b text)",
    "select get_raw_page('docs', 0)",
    "select * from heap_page_items(get_raw_page('docs', 0))",
    'select pg_stat_statements_reset()',
    'select query from pg_stat_statements',
    'select * from pg_stat_statements',
    'select * from pg_stat_statements(true)',
    'select lo_oid(1::lo)',
  ])
    expect([sql, await effect(sql)]).toEqual([sql, 'INPUT_REFUSED'])
})
