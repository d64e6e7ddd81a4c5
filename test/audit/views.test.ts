import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { urlFor } from '../support/postgres.ts'
import {
  entry,
  intent,
  newId,
  oneCall,
  received,
  result,
  type TestStore,
  testLog,
  testStore,
} from './support.ts'

let store: TestStore
let auditor: pg.Pool
let callId = ''
let heldId = ''
const user = `auditor_${randomBytes(4).toString('hex')}`

beforeAll(async () => {
  store = await testStore()
  await store.admin.query(`create role ${user} login password 'x' in role countersign_auditor`)
  auditor = new pg.Pool({ connectionString: urlFor(store.url, { user, password: 'x' }), max: 1 })
  const log = await testLog(store)
  callId = (await oneCall(log)).callId
  heldId = newId()
  const [, asked] = await log.append([
    received(heldId),
    entry('approval.requested', {
      callId: heldId,
      tool: 'sql_execute',
      effect: 'write',
      approval: { needs: ['1 of dba'] },
    }),
  ])
  await log.append([
    entry('approval.granted', {
      callId: heldId,
      actor: { iss: 'https://idp', sub: 'user:7', client: '', groups: ['dba'] },
    }),
  ])
  const [receipt] = await log.append([
    intent(heldId, { approval: { requested: asked?.leaf ?? '', by: ['user:7'] } }),
  ])
  await log.append([result(heldId, receipt?.leaf ?? '')])
  await log.append([entry('access.viewed', { callId, detail: { reason: 'ticket 12' } })])
  await log.close()
})
afterAll(async () => {
  await auditor.end()
  await store.drop()
})

describe('an auditor', () => {
  test('reads who did what, when, by which rule, and who approved it', async () => {
    const { rows: calls } = await auditor.query('select * from audit.calls where call_id = $1', [
      callId,
    ])
    expect(calls).toEqual([
      expect.objectContaining({
        sub: 'user:42',
        tool: 'sql_query',
        target: 'shop',
        outcome: 'ok',
        code: 'OK',
      }),
    ])
    const { rows: held } = await auditor.query('select * from audit.calls where call_id = $1', [
      heldId,
    ])
    expect(held[0].approvers).toEqual(['user:7'])
    const { rows: approvals } = await auditor.query(
      'select * from audit.approvals where call_id = $1',
      [heldId],
    )
    expect(approvals).toEqual([expect.objectContaining({ ended: 'spent' })])
    expect(approvals[0].granted_by[0]).toMatchObject({ sub: 'user:7' })
    const { rows: events } = await auditor.query(
      'select type from audit.events order by stream, seq',
    )
    expect(events.length).toBe(11)
    const { rows: access } = await auditor.query(
      'select detail from audit.access where call_id = $1',
      [callId],
    )
    expect(access).toEqual([{ detail: { reason: 'ticket 12' } }])
  })

  test('finds a comment on every column of every view', async () => {
    const { rows } = await auditor.query(
      `select c.relname, a.attname from pg_class c join pg_namespace n on n.oid = c.relnamespace
         join pg_attribute a on a.attrelid = c.oid
       where n.nspname = 'audit' and c.relkind = 'v' and a.attnum > 0
         and col_description(c.oid, a.attnum) is null`,
    )
    expect(rows).toEqual([])
  })

  test('reads nothing else, and writes nothing at all', async () => {
    const { rows } = await store.admin.query(
      `select quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name, c.relkind from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       where n.nspname in ('audit', 'countersign') and c.relkind in ('r', 'p', 'v', 'S')`,
    )
    expect(rows.length).toBeGreaterThan(15)
    const views = ['audit.calls', 'audit.approvals', 'audit.events', 'audit.access']
    for (const { name } of rows) {
      const read = auditor.query(`select * from ${name} limit 1`)
      if (views.includes(name)) await read
      else await expect(read).rejects.toMatchObject({ code: '42501' })
      if (views.includes(name)) {
        await expect(auditor.query(`delete from ${name}`)).rejects.toMatchObject({
          severity: 'ERROR',
        })
      }
    }
    await expect(auditor.query('create table public.mine (x int)')).rejects.toMatchObject({
      code: '42501',
    })
  })
})

describe('the writer', () => {
  test('can neither change nor remove what was recorded, nor unclose a stream of its own', async () => {
    for (const statement of [
      `update audit.event set leaf = leaf`,
      `update audit.event set header = header`,
      `delete from audit.event`,
      `truncate audit.event cascade`,
      `delete from audit.payload`,
      `update audit.payload set ciphertext = null`,
      `update audit.stream set writer = 'x'`,
      `delete from audit.stream`,
      `delete from audit.data_key`,
      `update audit.data_key set wrapped = null`,
    ]) {
      await expect(store.pool.query(statement), statement).rejects.toMatchObject({ code: '42501' })
    }
  })
})
