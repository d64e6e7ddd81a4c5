/** What was approved is what runs, once, by people who may (laws 3 and 9). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestStore, testStore } from '../audit/support.ts'
import {
  ana,
  bo,
  cy,
  type Gateway,
  gatewayOn,
  held,
  identity,
  need,
  person,
  place,
} from './support.ts'

let store: TestStore
let here: Gateway
let there: Gateway
beforeAll(async () => {
  store = await testStore()
  here = await gatewayOn(store)
  there = await gatewayOn(store)
})
afterAll(async () => {
  await here.close()
  await there.close()
  await store.drop()
})

const rowOf = async (callId: string) =>
  (await store.admin.query('select * from countersign.approval where call_id = $1', [callId]))
    .rows[0]
const eventsOf = async (callId: string): Promise<readonly string[]> =>
  (
    await store.admin.query('select type from audit.event where call_id = $1 order by event_id', [
      callId,
    ])
  ).rows.map(({ type }) => type)
const code = (wanted: string) => ({ code: wanted })

describe('a held call', () => {
  test('is asked, approved, run once as it was sealed, and its key is destroyed', async () => {
    const request = held()
    const id = await here.ask(request)
    expect((await there.get(id))?.state).toBe('requested')
    expect((await there.answer(id, bo, 'approve')).state).toBe('approved')
    expect(await here.run(id)).toEqual(request.call.input)
    const row = await rowOf(id)
    expect([row.state, row.sealed_input, row.sealed_key]).toEqual(['spent', null, null])
    expect(await eventsOf(id)).toEqual(['approval.requested', 'approval.granted', 'call.intent'])
    await expect(here.run(id)).rejects.toMatchObject(code('APPROVAL_MISMATCH'))
  })

  test('lies in the store without its text', async () => {
    const id = await here.ask(
      held(ana, [need()], { target: 'shop', sql: 'select 1', params: ['canary-7319'] }),
    )
    const { sealed_input } = await rowOf(id)
    expect(sealed_input.toString('latin1')).not.toContain('canary-7319')
  })

  test('keeps its digest the same whatever the reason says, and is found again by the same caller only', async () => {
    const input = { target: 'shop', sql: 'delete from t where id = 3' }
    const id = await here.ask(held(ana, [need()], { ...input, reason: 'cleaning up' }))
    expect(
      (await there.same(ana, 'sql_execute', identity, { ...input, reason: 'other words' }))?.callId,
    ).toBe(id)
    expect(
      await there.same(ana, 'sql_execute', identity, { ...input, sql: 'delete from t' }),
    ).toBeUndefined()
    expect(await there.same(ana, 'sql_execute', 'pg:2/shop', input)).toBeUndefined()
    expect(await there.same(person('eve', []), 'sql_execute', identity, input)).toBeUndefined()
  })

  test('is shown to nobody as another caller, and to its own caller', async () => {
    const id = await here.ask(held())
    expect(await here.get(id, bo)).toBeUndefined()
    expect(await here.get(id, person('ana', [], { client: 'other' }))).toBeUndefined()
    expect((await here.get(id, ana))?.callId).toBe(id)
    expect(await here.get('not an id')).toBeUndefined()
  })
})

describe('an answer', () => {
  test('counts for groups that are asked for, once for each person, up to the quorum', async () => {
    const id = await here.ask(held(ana, [need({ quorum: 2 })]))
    await expect(here.answer(id, person('eve', ['engineers']), 'approve')).rejects.toMatchObject(
      code('NOT_ALLOWED'),
    )
    expect((await here.answer(id, bo, 'approve')).state).toBe('requested')
    await expect(here.answer(id, bo, 'approve')).rejects.toMatchObject(code('NOT_ALLOWED'))
    await expect(here.run(id)).rejects.toMatchObject(code('APPROVAL_MISMATCH'))
    expect((await here.answer(id, cy, 'approve')).state).toBe('approved')
  })

  test('of one person may count for several needs, since each is a condition of its own', async () => {
    const needs = [need(), need({ groups: ['security'] })]
    const one = await here.ask(held(ana, needs))
    expect((await here.answer(one, bo, 'approve')).state).toBe('requested')
    expect((await here.answer(one, cy, 'approve')).state).toBe('approved')
    const other = await here.ask(held(ana, needs))
    expect((await here.answer(other, cy, 'approve')).state).toBe('approved')
  })

  test('of two people at the same moment on two gateways meets a quorum of two', async () => {
    for (let n = 0; n < 8; n++) {
      const id = await here.ask(held(ana, [need({ quorum: 2 })]))
      await Promise.all([here.answer(id, bo, 'approve'), there.answer(id, cy, 'approve')])
      expect((await here.get(id))?.state).toBe('approved')
    }
  })

  test('no wins over yes when both come at the same moment', async () => {
    const id = await here.ask(held(ana, [need({ quorum: 2 })]))
    await Promise.all([
      here.answer(id, bo, 'reject'),
      there.answer(id, cy, 'approve').catch(() => undefined),
    ])
    const row = await rowOf(id)
    expect([row.state, row.sealed_key]).toEqual(['rejected', null])
    await expect(here.run(id)).rejects.toMatchObject(code('APPROVAL_MISMATCH'))
  })

  test("is never given on one's own call, unless the need says so, and then the record says it too", async () => {
    const me = person('ana', ['dba'])
    const id = await here.ask(held())
    await expect(here.answer(id, me, 'approve')).rejects.toMatchObject(code('NOT_ALLOWED'))
    await expect(here.answer(id, me, 'reject')).rejects.toMatchObject(code('NOT_ALLOWED'))
    const own = await here.ask(held(ana, [need({ self: true })]))
    expect((await here.answer(own, me, 'approve')).state).toBe('approved')
    expect((await here.spend(own, ana, place)).self).toBe(true)
  })

  test("is never taken from the local principal, from an agent's channel, or from the client that called", async () => {
    const id = await here.ask(held())
    for (const by of [
      person('bo', ['dba'], { auth: 'local' }),
      person('bo', ['dba'], { auth: 'gateway' }),
      person('bo', ['dba'], { via: 'socket' }),
      person('bo', ['dba'], { via: 'stdio' }),
      person('bo', ['dba'], { client: 'agent' }),
    ])
      await expect(here.answer(id, by, 'approve')).rejects.toMatchObject(code('NOT_ALLOWED'))
    expect((await rowOf(id)).state).toBe('requested')
  })

  test('reaches the log masked, with its comment', async () => {
    const id = await here.ask(held())
    await here.answer(id, bo, 'reject', 'the password hunter2 is in it')
    const { rows } = await store.admin.query(
      'select comment from countersign.approval_answer where call_id = $1',
      [id],
    )
    expect(rows[0].comment).toBe('the password [masked] is in it')
    expect(await eventsOf(id)).toEqual(['approval.requested', 'approval.rejected'])
  })
})

describe('time', () => {
  test("ends a request by the database's clock, with an event, and destroys its key", async () => {
    const id = await here.ask(held(ana, [need({ withinMs: 40 }), need({ withinMs: 60_000 })]))
    await new Promise((done) => setTimeout(done, 60))
    expect((await here.get(id))?.state).toBe('expired')
    await expect(here.answer(id, bo, 'approve')).rejects.toMatchObject(code('APPROVAL_EXPIRED'))
    await Promise.all([here.sweep(), there.sweep()])
    const row = await rowOf(id)
    expect([row.state, row.sealed_input, row.sealed_key]).toEqual(['expired', null, null])
    expect(await eventsOf(id)).toEqual(['approval.requested', 'approval.expired'])
  })

  test('ends an approved call too: it is spent in time or never', async () => {
    const id = await here.ask(held(ana, [need({ withinMs: 1_500 })]))
    await here.answer(id, bo, 'approve')
    const spend = await here.spend(id, ana, place)
    await new Promise((done) => setTimeout(done, 1_600))
    await expect(here.log.append([], spend.claim).then(() => here.run(id))).rejects.toBeDefined()
    await expect(here.run(id)).rejects.toMatchObject(code('APPROVAL_EXPIRED'))
  })

  test('that is set back revives nothing', async () => {
    const id = await here.ask(held(ana, [need({ withinMs: 1_500 })]))
    await here.answer(id, bo, 'approve')
    // As if the database's clock had been set back by an hour: what is over lies in the future again.
    await store.admin.query(
      "update countersign.approval set expires_at = expires_at + interval '1 hour' where call_id = $1",
      [id],
    )
    await new Promise((done) => setTimeout(done, 1_600))
    await expect(here.run(id)).rejects.toMatchObject(code('APPROVAL_EXPIRED'))
    await here.sweep()
    expect((await rowOf(id)).state).toBe('expired')
  })
})

describe('spending', () => {
  test('a hundred at once on two gateways run it once', async () => {
    const id = await here.ask(held())
    await here.answer(id, bo, 'approve')
    const runs = await Promise.allSettled(
      Array.from({ length: 100 }, (_, n) => (n % 2 ? here : there).run(id)),
    )
    expect(runs.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await eventsOf(id)).filter((type) => type === 'call.intent')).toHaveLength(1)
  })

  test('is for the same caller, client and target only', async () => {
    const id = await here.ask(held())
    await here.answer(id, bo, 'approve')
    await expect(here.spend(id, bo, place)).rejects.toMatchObject(code('APPROVAL_MISMATCH'))
    await expect(
      here.spend(id, person('ana', [], { client: 'other' }), place),
    ).rejects.toMatchObject(code('APPROVAL_MISMATCH'))
    expect((await rowOf(id)).state).toBe('approved')
    await expect(
      here.spend(id, ana, { name: 'shop', identity: 'pg:2/shop' }),
    ).rejects.toMatchObject(code('APPROVAL_MISMATCH'))
    // It can't be run any more, so the same call sent again asks anew.
    expect((await rowOf(id)).state).toBe('cancelled')
  })

  test('asks who the approvers are now', async () => {
    let groups: readonly string[] | 'gone' = ['dba']
    const strict = await gatewayOn(store, { groupsNow: () => groups })
    for (const now of ['gone', ['engineers']] as const) {
      groups = ['dba']
      const id = await strict.ask(held())
      await strict.answer(id, bo, 'approve')
      groups = now
      await expect(strict.run(id)).rejects.toMatchObject(code('APPROVAL_MISMATCH'))
      expect((await rowOf(id)).state).toBe('cancelled')
    }
    groups = ['dba']
    const id = await strict.ask(held())
    await strict.answer(id, person('bo', ['dba', 'football']), 'approve')
    expect(await strict.run(id)).toBeDefined()
    await strict.close()
  })

  test('needs a request that is on record', async () => {
    const request = held()
    const { claim } = await here.request(request)
    await store.admin.query(claim.sql, [...claim.values])
    await here.answer(request.call.id, bo, 'approve')
    await expect(here.run(request.call.id)).rejects.toMatchObject(code('APPROVAL_MISMATCH'))
  })
})

describe('waiting', () => {
  test('ends at once when another gateway records the answer, and at its time otherwise', async () => {
    const id = await here.ask(held())
    const never = new AbortController().signal
    // A wait may end early (the notice of the request itself may come late): who waits looks again.
    const waited = (async () => {
      for (;;) {
        const seen = await here.wait(id, 20_000, never)
        if (seen?.state !== 'requested') return seen
      }
    })()
    await there.answer(id, bo, 'approve')
    expect((await waited)?.state).toBe('approved')
    const other = await here.ask(held())
    expect((await here.wait(other, 50, new AbortController().signal))?.state).toBe('requested')
  })

  test('finds the answer without a notice too, and ends with its signal', async () => {
    const deaf = await gatewayOn(store, { listen: async () => async () => undefined })
    const id = await deaf.ask(held())
    const waited = deaf.wait(id, 20_000, new AbortController().signal)
    await there.answer(id, bo, 'reject')
    expect((await waited)?.state).toBe('rejected')
    const other = await deaf.ask(held())
    expect((await deaf.wait(other, 20_000, AbortSignal.timeout(30)))?.state).toBe('requested')
    await deaf.close()
  })

  test('a request that is withdrawn by its caller is over, and by nobody else', async () => {
    const id = await here.ask(held())
    await expect(here.cancel(id, bo)).rejects.toMatchObject(code('INPUT_REFUSED'))
    await here.cancel(id, ana)
    await here.cancel(id, ana)
    expect((await here.get(id))?.state).toBe('cancelled')
    await expect(here.answer(id, bo, 'approve')).rejects.toMatchObject(code('APPROVAL_MISMATCH'))
    expect((await here.list({ states: ['cancelled'] })).map(({ callId }) => callId)).toContain(id)
    expect((await here.list()).map(({ callId }) => callId)).not.toContain(id)
  })
})
