import { afterAll, beforeAll, expect, test } from 'vitest'
import { Databases } from '../../src/tools/sql/known.ts'
import { Pool } from '../../src/tools/sql/pool.ts'
import { runRead, toldOf } from '../../src/tools/sql/run.ts'
import { runWrite } from '../../src/tools/sql/run-write.ts'
import { limits, openShop, type Prepared, type Shop } from './support.ts'

// Below the parser: what the connection itself holds back, should a statement ever get past the facts.
let shop: Shop
const pool = new Pool()
const databases = new Databases(pool)
beforeAll(async () => {
  // One at a time, so that each run gets the session that the one before it left.
  shop = await openShop({ limits: { ...limits, concurrency: 1 } })
})
afterAll(async () => {
  await pool.close()
  await shop.drop()
})
const write = async (sql: string, prepare: Prepared = { ids: [] }) => {
  const session = shop.write({ prepare })
  const known = await databases.of(session)
  return pool.use(session, 'write', known.searchPath, (lent) =>
    runWrite(
      lent,
      session,
      { sql, params: [], rows: 100 },
      toldOf(session, sql, undefined),
      async () => 'unknown',
    ),
  )
}

test('transaction control and settings end in an error, nothing recorded, on no connection that is lent again', async () => {
  for (const sql of [
    'commit',
    'commit and chain',
    'rollback',
    'savepoint x',
    'begin',
    'set search_path = evil',
    `prepare transaction 'x'`,
    'vacuum orders',
    'create index concurrently i on orders (note)',
    'copy orders from stdin',
    'copy orders to stdout',
  ]) {
    const prepare: Prepared = { ids: [] }
    await expect(write(sql, prepare), sql).rejects.toMatchObject({ code: expect.any(String) })
    expect(prepare.ids, sql).toEqual([])
  }
  expect((await write('update orders set note = note where id = 1')).part.tag).toBe('UPDATE 1')
})

test('what a committed write leaves in its session is gone for the next one', async () => {
  const pid = async () => (await write('select pg_backend_pid()')).part.rows[0]?.[0]
  const before = await pid()
  await write('create temp table customers as select 1 as mine')
  await write(`select set_config('statement_timeout', '0', false), pg_advisory_lock(77)`)
  const { part } = await write(
    `select current_setting('statement_timeout'), (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()), count(*) from customers`,
  )
  expect(part.rows).toEqual([['10s', '0', '2000']])
  // The session itself went on: the reset did it, not a new connection.
  expect(await pid()).toBe(before)
})

test('a temporary table never takes the name of a real one', async () => {
  const session = shop.write()
  const known = await databases.of(session)
  expect(known.searchPath).toBe('"public", "pg_temp"')
})

test('a read on a session that may write is still read-only', async () => {
  const session = shop.write()
  const sql = 'delete from orders'
  const run = pool.use(session, 'write', 'public', (lent) =>
    runRead(lent, session, { sql, params: [], rows: 1 }, toldOf(session, sql, undefined)),
  )
  await expect(run).rejects.toMatchObject({ teaching: { targetCode: '25006' } })
})
