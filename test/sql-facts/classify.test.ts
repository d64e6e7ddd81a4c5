import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GateError } from '../../src/errors.ts'
import { type Catalogue, sqlFacts } from '../../src/tools/sql/facts/index.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { changes } from './changes.ts'
import { reads } from './reads.ts'
import { refused } from './refused.ts'
import { catalogueOf, factsFor, shop, shopRules } from './support.ts'

let db: TestDatabase
let catalogue: Catalogue
beforeAll(async () => {
  db = await testDatabase()
  await db.admin.query(shop)
  catalogue = await catalogueOf(db.admin)
})
afterAll(() => db.drop())

const refusal = async (sql: string, mode: 'query' | 'execute' | 'explain'): Promise<GateError> => {
  try {
    await factsFor(catalogue)(sql, mode)
  } catch (e) {
    if (e instanceof GateError) return e
    throw e
  }
  throw new Error(`not refused: ${sql}`)
}

describe('what one statement does', () => {
  test.each(reads.map((sql) => [sql]))('a read: %s', async (sql) => {
    expect((await factsFor(catalogue)(sql, 'query')).effect).toBe('read')
  })

  test.each(refused.map((sql) => [sql]))('refused for everybody: %s', async (sql) => {
    const { code, cause } = await refusal(sql, 'execute')
    expect([code, cause]).toEqual(['INPUT_REFUSED', undefined])
  })

  test.each(changes)('a change: %s', async (sql, effect, kind, hasWhere) => {
    const facts = await factsFor(catalogue)(sql)
    expect([facts.effect, facts.hasWhere]).toEqual([effect, hasWhere])
    expect(facts.kinds).toContain(kind)
    const { teaching } = await refusal(sql, 'query')
    expect(teaching.hint).toContain('sql_execute')
  })

  test('an EXPLAIN that does not run is a read, and says what running would be', async () => {
    const facts = await factsFor(catalogue)('explain delete from orders', 'query')
    expect([facts.effect, facts.inner]).toEqual(['read', 'write'])
    const explained = await factsFor(catalogue)('delete from orders', 'explain')
    expect([explained.effect, explained.inner, explained.lineage]).toEqual(['read', 'write', [[]]])
  })

  test('sql_explain takes what has a plan, without EXPLAIN', async () => {
    for (const sql of [
      'explain select 1',
      'show all',
      'drop table orders',
      'create view z as select 1',
    ])
      expect((await refusal(sql, 'explain')).code).toBe('INPUT_REFUSED')
  })
})

describe('names', () => {
  test('facts name what is behind views and functions, and what is written', async () => {
    const view = await factsFor(catalogue)('select note from v_note', 'query')
    expect(view.tables).toEqual(['public.customers', 'public.v_note'])
    expect(view.policy.masked_columns).toEqual(['public.customers.ssn'])
    const call = await factsFor(catalogue)('select ssn_of(1)', 'query')
    expect(call.tables).toEqual(['public.customers'])
    const update = await factsFor(catalogue)('update v_ids set id = 1 where id = 2')
    expect(update.written).toEqual(['public.customers', 'public.v_ids'])
    const upsert = await factsFor(catalogue)(
      'update orders set note = name from customers where customers.id = orders.id',
    )
    expect([upsert.written, upsert.policy.triggers]).toEqual([['public.orders'], ['order_trigger']])
  })

  test('DDL on a table with masked columns names them', async () => {
    const rename = await factsFor(catalogue)('alter table customers rename column ssn to note')
    expect(rename.policy.masked_columns).toEqual(['public.customers.email', 'public.customers.ssn'])
    const copy = await factsFor(catalogue)('create table copy as select ssn as x from customers')
    expect(copy.policy.masked_columns).toEqual(['public.customers.ssn'])
  })

  test('a CTE hides a table of its name, a schema uncovers it', async () => {
    expect(
      (await factsFor(catalogue)('with orders as (select 1 as id) select id from orders', 'query'))
        .tables,
    ).toEqual([])
    expect(
      (await refusal('with secrets as (select 1) select * from public.secrets', 'query')).code,
    ).toBe('INPUT_REFUSED')
    expect(
      (await refusal('with secrets as (select * from secrets) select * from secrets', 'query'))
        .code,
    ).toBe('INPUT_REFUSED')
  })

  test.each([
    ['select nmae from customers', 'name', 8],
    ['select * from custmers', 'customers', 15],
    ['select o.notes from orders o', 'note', 8],
    ['select uper(name) from customers', 'upper', 8],
    ["select 'é', nmae from customers", 'name', 13],
    ['selec 1', 'SELECT', 1],
    ['select id form orders', 'FROM', 16],
    ['select id from orders wher id = 1', 'WHERE', 28],
    ['select id from orders gruop by id', 'GROUP', 29],
  ])('an error names the nearest right thing: %s', async (sql, near, position) => {
    const { code, teaching } = await refusal(sql, 'query')
    expect([code, teaching.position]).toEqual(['SYNTAX_ERROR', position])
    expect(teaching.hint).toContain(near)
  })

  test('a denied table is never suggested', async () => {
    const { message, teaching } = await refusal('select * from secret', 'query')
    expect(`${message} ${teaching.hint}`).not.toContain('secrets')
  })

  test('a table that is newer than the catalogue is found in a fresh one', async () => {
    const stale: Catalogue = {
      ...catalogue,
      version: 'stale',
      relations: catalogue.relations.filter((r) => r.name !== 'orders'),
    }
    const asked: unknown[] = []
    const look = async (fresh?: boolean) => {
      asked.push(fresh)
      return fresh === true ? catalogue : stale
    }
    const facts = await sqlFacts('select id from orders where 2 = 2', 0, look, 'query', shopRules)
    expect([facts.tables, asked]).toEqual([['public.orders'], [undefined, true]])
  })

  test('what is younger than the server is no syntax of it', async () => {
    const old: Catalogue = { ...catalogue, version: 'old', server: 150000 }
    await expect(factsFor(old)("select json_value('{}', '$.a')", 'query')).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
    })
  })
})

test('one statement, with the parameters that it names', async () => {
  const on = (sql: string, params: number) =>
    sqlFacts(sql, params, async () => catalogue, 'query', shopRules)
  for (const sql of ['', ' ', ';', '-- nothing', 'select 1; select 2', 'select 1;;select 2'])
    await expect(on(sql, 0)).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
  await expect(on('select 1; -- end', 0)).resolves.toMatchObject({ effect: 'read' })
  await expect(on('select $1::int, $2::int', 1)).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
  await expect(on('select 1', 1)).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
  await expect(on('select $1::int', 1)).resolves.toMatchObject({ params: 1 })
})
