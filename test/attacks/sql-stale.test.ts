import { afterAll, beforeAll, expect, test } from 'vitest'
import type { z } from 'zod'
import { sqlFamily } from '../../src/tools/sql/index.ts'
import type { BaseFacts, Look, Output, PostgresTarget, Tool } from '../../src/types.ts'
import { openShop, type Shop } from '../sql/support.ts'

let shop: Shop
const sql = sqlFamily()
beforeAll(async () => {
  shop = await openShop({ columns: { 'public.people.ssn': 'redact' } })
  await shop.db.admin.query(`
    create table people (name text, ssn text);
    insert into people values ('ana', 'hush');
    create view shown as select name from people;
    grant select on people, shown to "${shop.reader}", "${shop.writer}";
    alter view shown owner to "${shop.writer}";
    grant create on schema public to "${shop.writer}"`)
})
afterAll(async () => {
  await sql.family.close()
  await shop.drop()
})

/** A look that keeps what it saw until it is asked for a fresh one, as the gateway's does. */
const keeping = (target: PostgresTarget): Look<PostgresTarget> => {
  let kept: unknown
  return {
    target,
    catalogue: async <C>({ fresh = false } = {}) => {
      if (fresh || kept === undefined) kept = await sql.family.describe(shop.read())
      return kept as C
    },
  }
}

test('a view that is redefined through the gateway is judged by its new query at once', async () => {
  const look = keeping(shop.target)
  const call = async (name: string, text: string): Promise<Output> => {
    const one = sql.tools.find((t) => t.name === name) as unknown as
      | Tool<z.ZodType, BaseFacts, PostgresTarget>
      | undefined
    if (one === undefined) throw new Error(`no tool ${name}`)
    const input = one.input.parse({ target: 'shop', sql: text })
    const facts = await one.facts(input, look)
    return one.run(input, facts, one.credential(facts) === 'read' ? shop.read() : shop.write())
  }
  const sources = (output: Output) =>
    output.kind === 'table' ? output.columns.map((c) => c.from?.map((s) => s.column)) : undefined

  expect(sources(await call('sql_query', 'select name from shown'))).toEqual([['name']])
  await call('sql_execute', 'create or replace view shown as select ssn as name from people')
  expect(sources(await call('sql_query', 'select name from shown'))).toEqual([['ssn']])
})
