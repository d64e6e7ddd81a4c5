import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openReader } from '../../src/audit/reading/read.ts'
import { intent, newId, oneCall, received, type TestStore, testLog, testStore } from './support.ts'

let store: TestStore
beforeAll(async () => {
  store = await testStore()
})
afterAll(() => store.drop())

const caller = { iss: 'https://idp', sub: 'user:42', client: 'cli' }

describe('outcome', () => {
  test('gives back exactly the output that was recorded, however many parts it took', async () => {
    const log = await testLog(store)
    const json = `{"rows":[["${'ü€😀'.repeat(40_000)}"]]}`
    const { callId, receipt } = await oneCall(log, json)
    const outcome = await openReader(store).outcome(callId, caller)
    expect(outcome).toEqual({ kind: 'done', ok: true, json, receipt, code: 'OK' })
    await log.close()
  })

  test('of another caller, person or client does not exist', async () => {
    const log = await testLog(store)
    const { callId } = await oneCall(log)
    const reader = openReader(store)
    for (const change of [{ iss: 'x' }, { sub: 'user:43' }, { client: 'other' }]) {
      expect(await reader.outcome(callId, { ...caller, ...change })).toBeUndefined()
    }
    expect(await reader.outcome(newId(), caller)).toBeUndefined()
    expect(await reader.outcome("' or 1=1", caller)).toBeUndefined()
    await log.close()
  })

  test('says of an open call whether its gateway lives', async () => {
    const log = await testLog(store, { limits: { leaseMs: 400 } })
    const callId = newId()
    await log.append([received(callId), intent(callId)])
    const reader = openReader(store)
    expect(await reader.outcome(callId, caller)).toEqual({ kind: 'open', live: true })
    await log.abandon()
    await new Promise((wake) => setTimeout(wake, 600))
    expect(await reader.outcome(callId, caller)).toEqual({ kind: 'open', live: false })
  })

  test('outlives its payload: erased or altered contents are missing, never wrong', async () => {
    const log = await testLog(store)
    const { callId } = await oneCall(log)
    const reader = openReader(store)
    const [, , last] = await reader.story(callId)
    const id = last?.header.event_id
    await store.admin.query(`set session_replication_role = replica`)
    await store.admin.query(`alter table audit.payload disable trigger only_erase`)
    await store.admin.query(
      `update audit.payload set ciphertext = set_byte(ciphertext, 3, get_byte(ciphertext, 3) # 1) where event_id = $1`,
      [id],
    )
    expect(await reader.outcome(callId, caller)).toMatchObject({ kind: 'done', json: undefined })
    if (last) expect(await reader.parts(last)).toEqual([{ kind: 'output', missing: 'broken' }])
    await store.admin.query(
      'update audit.payload set ciphertext = null, nonce = null where event_id = $1',
      [id],
    )
    if (last) expect(await reader.parts(last)).toEqual([{ kind: 'output', missing: 'erased' }])
    await log.close()
  })
})

test('no plain text of a payload lies in the store', async () => {
  const log = await testLog(store)
  await oneCall(log, '{"marker":"needle-in-the-payload"}')
  const { rows } = await store.admin.query(
    `select count(*)::int n from audit.payload where position('needle'::bytea in ciphertext) > 0`,
  )
  expect(rows[0].n).toBe(0)
  await log.close()
})
