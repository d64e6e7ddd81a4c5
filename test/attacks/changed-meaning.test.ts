/** Attack: between approval and run, what the statement means is changed; what was approved no longer is what would run (law 3, threat 6). */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openWorld, roles, type World } from '../support/gateway.ts'
import {
  type MigratedDatabase,
  migratedDatabase,
  type TestDatabase,
  testDatabase,
} from '../support/postgres.ts'

let store: MigratedDatabase
let target: TestDatabase
let world: World
beforeAll(async () => {
  store = await migratedDatabase()
  target = await testDatabase()
  await target.admin.query(`
    create table effects (word text);
    create table plain (word text);
    create table payroll (word text);
    insert into plain values ('plain');
    insert into payroll values ('payroll');
    create view words as select word from plain`)
  await roles(target)
  world = await openWorld({ store, target, waitSeconds: 0 })
})
afterAll(async () => {
  await world?.close()
  await target?.drop()
  await store?.drop()
})

const held = async (sql: string): Promise<string> => {
  const answer = await world.call('sql_execute', { target: 'shop', sql })
  expect(answer.status, JSON.stringify(answer)).toBe('pending_approval')
  expect((await world.decide(answer.call_id, 'approve')).status).toBe(200)
  return answer.call_id
}
const run = (callId: string) => world.call('call_wait', { call_id: callId, timeout_s: 20 })
const effects = async (): Promise<string[]> =>
  (await target.admin.query('select word from effects order by word')).rows.map(({ word }) => word)

const sql = 'insert into effects select word from words'

test('what means the same still runs', async () => {
  const callId = await held(sql)
  await target.admin.query('create table unrelated (word text)')
  expect(await run(callId)).toMatchObject({ status: 'ok' })
  expect(await effects()).toEqual(['plain'])
})

test('a view that reads another table by then does not', async () => {
  const callId = await held(sql)
  await target.admin.query('create or replace view words as select word from payroll')
  const answer = await run(callId)
  expect(await effects()).toEqual(['plain'])
  expect(answer.refused).toMatchObject({
    code: 'APPROVAL_MISMATCH',
    message: expect.stringContaining('tables'),
  })
  // Sent again it is asked anew, and the approver sees the other table.
  const again = await held(sql)
  expect(again).not.toBe(callId)
  const { body } = await world.api('GET', `/api/approvals/${again}`)
  expect(JSON.stringify(body)).toContain('public.payroll')
})

test('nor does a change of a table that has a trigger by then', async () => {
  const callId = await held("insert into effects values ('quiet')")
  await target.admin.query(`
    create function loud() returns trigger language plpgsql as $$ begin insert into payroll values ('loud'); return new; end $$;
    create trigger loud before insert on effects for each row execute function loud()`)
  expect((await run(callId)).status).toBe('refused')
  expect(await effects()).toEqual(['plain'])
})
