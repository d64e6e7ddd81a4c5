import { afterAll, beforeAll, expect, test } from 'vitest'
import { columnsOf } from '../../src/tools/sql/columns.ts'
import { identify } from '../../src/tools/sql/identity.ts'
import { Databases } from '../../src/tools/sql/known.ts'
import { paramTexts } from '../../src/tools/sql/params.ts'
import { Pool } from '../../src/tools/sql/pool.ts'
import { runRead, toldOf } from '../../src/tools/sql/run.ts'
import type { PostgresTarget, Session } from '../../src/types.ts'
import { limits, type Shop, sessionOn } from './support.ts'

/** Reads on a real server, from its connection to its errors. */
export const reads = (openShop: (over?: Partial<PostgresTarget>) => Promise<Shop>): void => {
  let shop: Shop
  const pool = new Pool()
  const databases = new Databases(pool)
  beforeAll(async () => {
    shop = await openShop()
  })
  afterAll(async () => {
    await pool.close()
    await shop.drop()
  })

  const query = async (
    sql: string,
    params: unknown[] = [],
    session: Session<PostgresTarget> = shop.read(),
    rows = 100,
  ) => {
    const known = await databases.of(session)
    return pool.use(session, 'read', known.searchPath, async (lent) => {
      const told = toldOf(session, sql, known.catalogue)
      const ran = await runRead(lent, session, { sql, params: paramTexts(params), rows }, told)
      const columns = columnsOf(ran.part.columns, ran.part.rows, undefined, known, session.target)
      return { ...ran, rows: ran.part.rows, columns }
    })
  }

  test('cells come as the text of PostgreSQL, NULL as null', async () => {
    const { rows, columns, stopped } = await query(
      `select 1::int8 a, 'ü€😀' b, null::text c, true d, '{"a":1}'::jsonb e, 9007199254740993 f, '\\x00ff'::bytea g, '' h`,
    )
    expect(rows).toEqual([['1', 'ü€😀', null, 't', '{"a": 1}', '9007199254740993', '\\x00ff', '']])
    expect(columns.map(({ as }) => as)).toEqual([
      'number',
      'text',
      'text',
      'boolean',
      'json',
      'text',
      'binary',
      'text',
    ])
    expect(stopped).toBeUndefined()
  })

  test('parameters take the type that the statement gives them', async () => {
    const { rows } = await query(
      'select $1::int + 1, $2::text, $3::boolean, $4::jsonb, $5::text, $6::bigint',
      [41, "it's", false, { a: [1] }, null, '9007199254740993'],
    )
    expect(rows).toEqual([['42', "it's", 'f', '{"a": [1]}', null, '9007199254740993']])
    await expect(query('select $1', [2 ** 60])).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
    await expect(query('select $1', ['a\0b'])).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
    await expect(query('select $1::int', [])).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
  })

  test('a read that writes is refused by the engine, and names the tool for it', async () => {
    for (const sql of [
      'delete from orders',
      'with d as (delete from orders returning id) select * from d',
      `select nextval('orders_id_seq')`,
      'create table x (i int)',
    ])
      await expect(query(sql, [], shop.write())).rejects.toMatchObject({
        code: expect.stringMatching('INPUT_REFUSED|TARGET_FAILED'),
      })
    await expect(query('delete from orders', [], shop.write())).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
      teaching: { hint: expect.stringContaining('sql_execute'), targetCode: '25006' },
    })
    expect((await shop.db.admin.query('select count(*)::int n from orders')).rows[0].n).toBe(3000)
  })

  test('several statements in one never run', async () => {
    await expect(query('select 1; select 2')).rejects.toMatchObject({ code: 'SYNTAX_ERROR' })
    await expect(query('select 1; drop table orders', [], shop.write())).rejects.toThrow()
  })

  test('a statement that ends its transaction loses its result and its connection', async () => {
    for (const sql of [
      'commit',
      'rollback',
      'commit and chain',
      'begin',
      'set transaction read write',
    ])
      await expect(query(sql)).rejects.toMatchObject({ code: expect.any(String) })
    const { rows } = await query(
      `select current_setting('transaction_read_only'), pg_current_xact_id_if_assigned()`,
    )
    expect(rows).toEqual([['on', null]])
  })

  test('a setting that is changed does not reach the next run', async () => {
    await query(
      `select set_config('statement_timeout', '0', false), set_config('datestyle', 'German', false), set_config('search_path', 'evil', false)`,
    ).catch(() => undefined)
    const { rows } = await query(
      `select current_setting('statement_timeout'), current_setting('datestyle'), current_setting('search_path'), now()::date::text ~ '^\\d{4}-'`,
    )
    expect(rows).toEqual([['10s', 'ISO, YMD', '"public", "pg_temp"', 't']])
  })

  test('rows, bytes and cells have caps, and the result says which one it met', async () => {
    const few = await query('select generate_series(1, 1000000)', [], shop.read(), 10)
    expect(few.rows).toHaveLength(10)
    expect(few.stopped).toBe('rows')
    const all = await query('select generate_series(1, 10)', [], shop.read(), 10)
    expect(all).toMatchObject({ stopped: undefined })
    const most = await query('select generate_series(1, 1000000)', [], shop.read(), 99_999)
    expect(most.rows).toHaveLength(limits.rows)
    const small = shop.read({ limits: { ...limits, bytes: 10_000, cellBytes: 100 } })
    const bytes = await query(
      `select repeat('x', 90) from generate_series(1, 1000)`,
      [],
      small,
      1000,
    )
    expect(bytes.stopped).toBe('bytes')
    expect(bytes.rows.length).toBeGreaterThan(50)
    expect(bytes.rows.length).toBeLessThan(112)
    const cell = await query(`select repeat('wört ', 100), 1`, [], small)
    expect(cell.stopped).toBe('cells')
    expect(cell.rows[0]?.[0]).toMatch(/^(wört )+…\[cut: 600 bytes in all\]$/)
    expect(cell.rows[0]?.[1]).toBe('1')
  })

  test('a cell of 100 MB is cut in flat memory, and the session goes on or is replaced', async () => {
    const before = process.memoryUsage.rss()
    let peak = before
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss())
    }, 5)
    const { rows, stopped } = await query(`select repeat('x', 50000000), 7`)
    expect(stopped).toBe('cells')
    expect(rows[0]?.[0]?.length).toBeLessThan(66_000)
    expect(rows[0]?.[1]).toBe('7')
    const flood = await query(`select repeat('x', 60000000) from generate_series(1, 20)`)
    expect(flood.stopped).toBe('bytes')
    clearInterval(timer)
    expect(peak - before).toBeLessThan(80_000_000)
    expect((await query('select 1')).rows).toEqual([['1']])
  })

  test('time is up: what came is told, what did not is TIMEOUT', async () => {
    const session = shop.read({ limits: { ...limits, seconds: 0.5 } })
    const started = performance.now()
    await expect(query('select pg_sleep(20)', [], session)).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
    expect(performance.now() - started).toBeLessThan(10_000)
    const some = await query(
      `select g, case when g > 9000 then pg_sleep(20) end from generate_series(1, 100000) g`,
      [],
      { ...session, limits: { ...session.limits, rows: 20_000 } },
      20_000,
    )
    expect(some.stopped).toBe('seconds')
    expect(some.rows.length).toBeGreaterThan(1000)
  })

  test("the gateway's own limit on a run is told as time, not as somebody who left", async () => {
    const run = new AbortController()
    const running = query('select pg_sleep(25)', [], shop.read({ signal: run.signal }))
    setTimeout(() => run.abort(new DOMException('too long', 'TimeoutError')), 200)
    await expect(running).rejects.toMatchObject({ code: 'TIMEOUT' })
  })

  test('cancelling stops the statement on the server', async () => {
    const gone = new AbortController()
    const running = query('select pg_sleep(25)', [], shop.read({ signal: gone.signal }))
    setTimeout(() => gone.abort(), 200)
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect
      .poll(
        async () =>
          (
            await shop.db.admin.query(
              `select count(*)::int n from pg_stat_activity where query like '%pg_sleep(25)%' and state = 'active' and pid <> pg_backend_pid()`,
            )
          ).rows[0].n,
      )
      .toBe(0)
  })

  test('columns know their table; aliases, views and expressions do not pass for it', async () => {
    const from = async (sql: string, on = shop.read()) =>
      (await query(sql, [], on)).columns.map((c) => c.from?.map((s) => `${s.table}.${s.column}`))
    expect(await from('select ssn as x, email, upper(ssn), 1 from customers limit 1')).toEqual([
      ['customers.ssn'],
      ['customers.email'],
      undefined,
      undefined,
    ])
    expect(await from('select y from (select ssn as y from customers) s limit 1')).toEqual([
      ['customers.ssn'],
    ])
    expect(await from('select number from known limit 1')).toEqual([undefined])
    expect(await from('select c from customers c limit 1')).toEqual([undefined])
  })

  test('errors are ours: code, words, SQLSTATE, nearest name, position', async () => {
    await expect(query('select * from custmers')).rejects.toMatchObject({
      code: 'SYNTAX_ERROR',
      message: 'There is no table custmers here.',
      teaching: { position: 15, targetCode: '42P01', hint: expect.stringContaining('customers') },
    })
    await expect(query('select "emial" from customers')).rejects.toMatchObject({
      teaching: { targetCode: '42703', hint: expect.stringContaining('email') },
    })
    await expect(query('selec 1')).rejects.toMatchObject({
      code: 'SYNTAX_ERROR',
      teaching: { position: 1 },
    })
    await expect(query(`select 'topsecret'::int`)).rejects.toSatisfy(
      (error: Error) => !error.message.includes('topsecret'),
    )
    await expect(query('copy customers to stdout')).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
    expect((await query('select 1')).rows).toEqual([['1']])
  })

  test('a role with too much power is refused, unless the target says otherwise', async () => {
    const root = (target = shop.target) =>
      sessionOn(target, shop.superuser.name, shop.superuser.password)
    await expect(databases.read(root())).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await expect(
      databases.read(root({ ...shop.target, name: 'x', allowSuperuser: true })),
    ).resolves.toBeTruthy()
    const member = `${shop.reader}_m`
    await shop.db.admin.query(
      `create role ${member} login password 'p' noinherit in role ${shop.superuser.name}`,
    )
    await expect(databases.read(sessionOn(shop.target, member, 'p'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
    await shop.db.admin.query(
      `revoke ${shop.superuser.name} from ${member}; grant pg_read_server_files to ${member}`,
    )
    await expect(databases.read(sessionOn(shop.target, member, 'p'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
    await shop.db.admin.query(`drop role ${member}`)
  })

  test('a wrong password, database or address is TARGET_UNREACHABLE without a word of the server', async () => {
    const wrong = sessionOn(shop.target, shop.reader, 'wrong')
    await expect(databases.read(wrong)).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: 'shop refused the credential that the gateway has for it.',
    })
    await expect(
      databases.read(shop.read({}, { ...shop.target, database: 'nowhere' })),
    ).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
    })
    await expect(databases.read(shop.read({}, { ...shop.target, port: 1 }))).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      teaching: { retry: true },
    })
    await expect(
      databases.read(shop.read({}, { ...shop.target, tls: 'require' })),
    ).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: 'shop offers no TLS, which the configuration asks for.',
    })
  })

  test('a database is named by its cluster, not by its address', async () => {
    const id = await identify(pool, shop.read())
    expect(id).toMatch(new RegExp(`^pg:\\d{15,}/${shop.db.name}$`))
    expect(await identify(pool, shop.read({}, { ...shop.target, host: 'localhost' }))).toBe(id)
  })

  test('a connection is used again, and no more run at once than the target allows', async () => {
    const pid = async () => (await query('select pg_backend_pid()')).rows[0]?.[0]
    expect(await pid()).toBe(await pid())
    const busy = shop.read({ sub: 'busy' })
    const many = Array.from({ length: 20 }, () =>
      query('select pg_backend_pid(), pg_sleep(0.02)', [], busy),
    )
    const one = query('select 1', [], shop.read({ sub: 'other' }))
    const order: string[] = []
    void many.at(-1)?.then(() => order.push('last of many'))
    void one.then(() => order.push('one'))
    const pids = (await Promise.all(many)).map(({ rows }) => rows[0]?.[0])
    expect(new Set(pids).size).toBeLessThanOrEqual(limits.concurrency)
    await one
    expect(order[0]).toBe('one')
  })
}
