import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { sqlFamily } from '../../src/tools/sql/index.ts'
import type { BaseFacts, Look, Output, PostgresTarget, Session, Tool } from '../../src/types.ts'
import type { Prepared, Shop, sessionOn } from './support.ts'

/** The four tools on a real server. */
export const tools = (openShop: (over?: Partial<PostgresTarget>) => Promise<Shop>): void => {
  let shop: Shop
  const sql = sqlFamily()
  beforeAll(async () => {
    shop = await openShop({
      columns: { 'customers.ssn': 'redact', 'customers.email': 'token' },
      denyTables: ['secrets'],
    })
  })
  afterAll(async () => {
    await sql.family.close()
    await shop.drop()
  })

  const tool = (name: string): Tool<z.ZodType, BaseFacts, PostgresTarget> => {
    const found = sql.tools.find((one) => one.name === name)
    if (!found) throw new Error(`no tool ${name}`)
    return found as unknown as Tool<z.ZodType, BaseFacts, PostgresTarget>
  }
  const lookAt = (target: PostgresTarget): Look<PostgresTarget> => ({
    target,
    catalogue: async <C>() => (await sql.family.describe(shop.read({}, target))) as C,
  })

  interface How {
    readonly over?: Parameters<typeof sessionOn>[3]
    readonly target?: PostgresTarget
  }
  /** As the gateway does it: input, facts, credential, run. */
  const call = async (name: string, args: object, how: How = {}): Promise<Output> => {
    const one = tool(name)
    const target = how.target ?? shop.target
    const input = one.input.parse({ target: 'shop', ...args })
    const facts = await one.facts(input, lookAt(target))
    const session: Session<PostgresTarget> =
      one.credential(facts) === 'read' ? shop.read(how.over, target) : shop.write(how.over, target)
    return one.run(input, facts, session)
  }
  const rowsOf = (output: Output) => (output.kind === 'table' ? output.rows : [])
  const count = async (where = 'true'): Promise<number> =>
    (await shop.db.admin.query(`select count(*)::int n from orders where ${where}`)).rows[0].n

  test('the four tools take what the design says, strictly, and say it in few words', () => {
    expect(sql.tools.map(({ name }) => name)).toEqual([
      'sql_query',
      'sql_execute',
      'sql_schema',
      'sql_explain',
    ])
    let bytes = 0
    for (const { name, description, input } of sql.tools) {
      const schema = z.toJSONSchema(input, { io: 'input' })
      expect(schema).toMatchObject({ type: 'object', additionalProperties: false })
      delete schema.$schema
      bytes += Buffer.byteLength(JSON.stringify({ name, description, inputSchema: schema }))
      expect(() => input.parse({ target: 'shop', sql: 'select 1', wrong: 1 })).toThrow()
    }
    expect(bytes).toBeLessThan(2_400)
  })

  test('a query gives rows as arrays, each column with its sources', async () => {
    const output = await call('sql_query', {
      sql: 'select name, ssn, number, upper(known.name) from customers join known using (name) where id = $1',
      params: [7],
    })
    expect(output).toMatchObject({
      kind: 'table',
      rows: [['name 7', 'ssn-7', 'ssn-7', 'NAME 7']],
      truncated: false,
    })
    const from =
      output.kind === 'table'
        ? output.columns.map((c) => [c.from?.map((s) => s.column), c.direct])
        : []
    expect(from[0]?.[0]).toContain('name')
    expect(from[1]).toEqual([['ssn'], true])
    expect(from[2]?.[0]).toContain('ssn')
    expect(from[2]?.[1]).toBeUndefined()
  })

  test('a query that is no read is refused before it reaches the database', async () => {
    await expect(call('sql_query', { sql: 'delete from orders' })).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
      teaching: { hint: expect.stringContaining('sql_execute') },
    })
    await expect(call('sql_query', { sql: 'select * from secrets' })).rejects.toThrow()
  })

  test('a write is committed after its transaction id was recorded, and told with its count and rows', async () => {
    const prepare: Prepared = {
      ids: [],
      // Not yet visible to others while it is being recorded.
      meanwhile: async () => expect(await count(`note = 'w1'`)).toBe(0),
    }
    const output = await call(
      'sql_execute',
      { sql: `update orders set note = $1 where id <= 3 returning id, note`, params: ['w1'] },
      { over: { prepare } },
    )
    expect(output).toMatchObject({
      rows: [
        ['1', 'w1'],
        ['2', 'w1'],
        ['3', 'w1'],
      ],
      fields: { command: 'UPDATE', affected: 3 },
    })
    expect(await count(`note = 'w1'`)).toBe(3)
    expect(prepare.ids).toHaveLength(1)
    expect(await sql.resolveXid(shop.read(), prepare.ids[0] ?? '')).toBe('committed')
  })

  test('a write whose id can not be recorded is rolled back', async () => {
    const prepare: Prepared = { ids: [], fail: new Error('the log is full') }
    const before = await count()
    await expect(
      call('sql_execute', { sql: 'delete from orders where id < 50' }, { over: { prepare } }),
    ).rejects.toThrow('the log is full')
    expect(await count()).toBe(before)
  })

  test('a write that is cancelled before COMMIT is rolled back', async () => {
    const gone = new AbortController()
    const before = await count()
    const prepare: Prepared = { ids: [], meanwhile: () => gone.abort() }
    await expect(
      call(
        'sql_execute',
        { sql: 'delete from orders where id < 50' },
        { over: { prepare, signal: gone.signal } },
      ),
    ).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await count()).toBe(before)
    expect(await sql.resolveXid(shop.read(), prepare.ids[0] ?? '')).toBe('aborted')
  })

  test('the rows of a write are cut, the write is not', async () => {
    const output = await call('sql_execute', {
      sql: `update orders set note = 'all' where id > 0 returning id`,
    })
    expect(rowsOf(output)).toHaveLength(100)
    expect(output).toMatchObject({ truncated: true, fields: { affected: 3000, stopped: 'rows' } })
    expect(await count(`note = 'all'`)).toBe(3000)
  })

  test('a constraint is named, rows are not', async () => {
    const refused = call('sql_execute', { sql: `insert into customers (id, name) values (1, 'x')` })
    await expect(refused).rejects.toMatchObject({
      code: 'TARGET_FAILED',
      message: expect.stringContaining('constraint customers_pkey'),
      teaching: { targetCode: '23505' },
    })
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('(1)') })
  })

  test('a deferred constraint that breaks at COMMIT is an error with nothing changed', async () => {
    await shop.db.admin.query(
      `create table later (id int primary key, next int references later (id) deferrable initially deferred);
     grant all on later to ${shop.writer}; grant select on later to ${shop.reader}`,
    )
    await expect(
      call('sql_execute', { sql: 'insert into later values (1, 2)' }),
    ).rejects.toMatchObject({ teaching: { targetCode: '23503' } })
    expect((await shop.db.admin.query('select * from later')).rows).toEqual([])
  })

  test('what can not run in a transaction is refused, and nothing a write leaves in its session outlives it', async () => {
    await expect(call('sql_execute', { sql: 'vacuum orders' })).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
    })
    await expect(
      call('sql_execute', { sql: 'create index concurrently i on orders (note)' }),
    ).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
    await call('sql_execute', { sql: 'create table made (id int)' })
    await call('sql_execute', { sql: 'drop table made' })
  })

  test('a lock that somebody holds ends the wait', async () => {
    const holder = await shop.db.admin.connect()
    await holder.query('begin; lock table orders in access exclusive mode')
    await expect(
      call('sql_execute', { sql: `update orders set note = 'x' where id = 1` }),
    ).rejects.toMatchObject({ code: 'TIMEOUT', teaching: { retry: true, targetCode: '55P03' } })
    await holder.query('rollback')
    holder.release()
  })

  test('the approver sees the plan and an estimate, and nothing happens', async () => {
    const one = tool('sql_execute')
    const preview = async (statement: string) => {
      const input = one.input.parse({ target: 'shop', sql: statement })
      return one.preview?.(input, await one.facts(input, lookAt(shop.target)), shop.write())
    }
    const before = await count()
    expect(await preview('delete from orders where customer = 5')).toMatchObject({
      plan: expect.arrayContaining([expect.stringContaining('Delete on orders')]),
      estimated_rows: expect.any(Number),
    })
    expect(await preview('create table t (i int)')).toMatchObject({ note: expect.any(String) })
    expect(await count()).toBe(before)
  })

  test('a plan is told, measured only for reads', async () => {
    const plan = await call('sql_explain', {
      sql: 'select * from orders where customer = $1',
      params: [3],
    })
    expect(plan).toMatchObject({
      kind: 'fields',
      fields: { plan: expect.any(Array), estimated_rows: expect.any(Number) },
    })
    const measured = await call('sql_explain', {
      sql: 'select count(*) from orders',
      analyze: true,
    })
    expect(JSON.stringify(measured)).toContain('actual')
    await expect(
      call('sql_explain', { sql: 'delete from orders', analyze: true }),
    ).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
    const misfit = call('sql_explain', { sql: 'select name + 1 from customers' })
    await expect(misfit).rejects.toMatchObject({ code: 'SYNTAX_ERROR', teaching: { position: 13 } })
  })

  test('the schema is told step by step, without denied tables, with masked columns marked', async () => {
    const names = await call('sql_schema', {})
    expect(rowsOf(names)).toContainEqual(['public', 'customers', 'table'])
    expect(rowsOf(names)).toContainEqual(['public', 'known', 'view'])
    expect(JSON.stringify(names)).not.toContain('secrets')
    expect(rowsOf(await call('sql_schema', { pattern: 'cust*' }))).toHaveLength(1)
    expect(rowsOf(await call('sql_schema', { pattern: 'public.order?' }))).toHaveLength(1)
    expect(rowsOf(await call('sql_schema', { pattern: 'ustome' }))).toHaveLength(1)
    const full = await call('sql_schema', { pattern: 'customers', detail: 'full' })
    const text = rowsOf(full)[0]?.join(' ') ?? ''
    expect(text).toContain('ssn text (masked: redact)')
    expect(text).toContain('name text not null')
    expect(text).toContain('PRIMARY KEY')
    const index = await call('sql_schema', { kind: 'index', detail: 'summary', pattern: 'orders*' })
    expect(JSON.stringify(index)).toContain('USING btree (customer)')
    await expect(call('sql_schema', { kind: 'function', detail: 'full' })).resolves.toMatchObject({
      rows: [],
    })
    expect(await call('sql_schema', { limit: 1 })).toMatchObject({
      truncated: true,
      fields: { stopped: 'rows' },
    })
    await expect(call('sql_schema', { pattern: `x' or 1=1 --` })).resolves.toMatchObject({
      rows: [],
    })
  })

  test('a child of a masked table is masked by the same rule', async () => {
    await shop.db.admin.query(
      `create table vip () inherits (customers); insert into vip (id, name, ssn) values (9001, 'v', 's');
     grant select on vip to ${shop.reader}`,
    )
    const output = await call('sql_query', { sql: 'select ssn, id from vip' })
    expect(output.kind === 'table' && output.columns[0]?.from).toEqual([
      { schema: 'public', table: 'customers', column: 'ssn' },
    ])
  })
}
