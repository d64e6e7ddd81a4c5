import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leafHash } from '../../src/audit/stream/header.ts'
import { ClaimLost } from '../../src/errors.ts'
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
  typesOf,
} from './support.ts'

let store: TestStore
beforeAll(async () => {
  store = await testStore()
})
afterAll(() => store.drop())

describe('append', () => {
  test('resolves only when the event is durable, with the leaf of the stored bytes', async () => {
    const log = await testLog(store)
    const { receipt } = await oneCall(log)
    const { rows } = await store.admin.query(
      'select header_jcs, leaf, header from audit.event where stream_id = $1 and seq = $2',
      [receipt?.stream, receipt?.seq],
    )
    expect(leafHash(rows[0].header_jcs).toString('hex')).toBe(receipt?.leaf)
    expect(rows[0].leaf.toString('hex')).toBe(receipt?.leaf)
    expect(JSON.stringify(rows[0].header)).toContain('call.result')
    expect(log.head()).toEqual({ seq: receipt?.seq, leaf: receipt?.leaf })
    await log.close()
    expect(await typesOf(store, log.streamId)).toEqual([
      'stream.open',
      'call.received',
      'call.intent',
      'call.result',
      'stream.close',
    ])
    const { rows: streams } = await store.admin.query(
      'select closed_at from audit.stream where stream_id = $1',
      [log.streamId],
    )
    expect(streams[0].closed_at).not.toBeNull()
  })

  test('many callers share commits and the chain has no gap', async () => {
    const log = await testLog(store)
    await Promise.all(Array.from({ length: 400 }, () => oneCall(log)))
    const { rows } = await store.admin.query(
      `select count(*)::int n, count(distinct tx::text)::int commits,
         bool_and(header->>'prev' = coalesce(prev, repeat('0', 64))) chained
       from (select header, xmin tx, encode(lag(leaf) over (order by seq), 'hex') prev from audit.event where stream_id = $1) e`,
      [log.streamId],
    )
    expect(rows[0].n).toBe(1201)
    expect(rows[0].chained).toBe(true)
    expect(rows[0].commits).toBeLessThan(300)
    await log.close()
  })

  test('an intent is ended once, and only where it is open', async () => {
    const log = await testLog(store)
    const { callId, parent } = await oneCall(log)
    await expect(log.append([result(callId, parent)])).rejects.toMatchObject({ code: 'INTERNAL' })
    await expect(log.append([result(newId(), 'ab'.repeat(32))])).rejects.toMatchObject({
      code: 'INTERNAL',
    })
    await log.close()
  })

  test('a record that the store refuses harms no other in its batch', async () => {
    const log = await testLog(store)
    const good = Array.from({ length: 20 }, () => log.append([received()]))
    const bad = log.append([received('not-a-uuid')])
    await expect(bad).rejects.toMatchObject({ code: 'INTERNAL' })
    expect((await Promise.all(good)).length).toBe(20)
    log.ready()
    await log.close()
  })

  test('parts of any size are split, and too much of them is refused before anything is written', async () => {
    const log = await testLog(store)
    await oneCall(log, `{"x":"${'a'.repeat(300_000)}"}`)
    const callId = newId()
    const [receipt] = await log.append([intent(callId)])
    const huge = result(callId, receipt?.leaf ?? '', 'x'.repeat(16 * 1024 * 1024))
    await expect(log.append([huge])).rejects.toMatchObject({ code: 'OUTPUT_WITHHELD' })
    await log.append([result(callId, receipt?.leaf ?? '')])
    await log.close()
  })

  test('close ends what is open as unknown', async () => {
    const log = await testLog(store)
    await log.append([intent()])
    await log.close()
    expect(await typesOf(store, log.streamId)).toEqual([
      'stream.open',
      'call.intent',
      'call.unknown',
      'stream.close',
    ])
    expect(() => log.ready()).toThrow(expect.objectContaining({ code: 'AUDIT_UNAVAILABLE' }))
    await expect(log.append([received()])).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
  })

  test('a flood is refused at once when the bounded queue is full', async () => {
    const log = await testLog(store, { limits: { queue: { entries: 50, bytes: 1 << 20 } } })
    const all = await Promise.allSettled(
      Array.from({ length: 2000 }, () => log.append([received()])),
    )
    const refused = all.filter(({ status }) => status === 'rejected')
    expect(refused.length).toBeGreaterThan(1500)
    for (const one of refused) expect(one).toMatchObject({ reason: { code: 'AUDIT_UNAVAILABLE' } })
    await log.close()
  })
})

describe('claims', () => {
  test('of a hundred appends that claim one approval over two logs, exactly one is recorded', async () => {
    await store.admin.query(
      'create table if not exists public.claimable (id int primary key, state text)',
    )
    await store.admin.query(`insert into public.claimable values (1, 'approved')`)
    await store.admin.query('grant select, update on public.claimable to countersign_writer')
    const claim = {
      sql: `update public.claimable set state = 'spent' where id = $1 and state = 'approved' returning id`,
      values: [1],
    }
    const logs = [await testLog(store), await testLog(store)]
    const callId = newId()
    const all = await Promise.allSettled(
      Array.from({ length: 100 }, (_, n) => logs[n % 2]?.append([intent(callId)], claim)),
    )
    expect(all.filter(({ status }) => status === 'fulfilled').length).toBe(1)
    for (const one of all) {
      if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(ClaimLost)
    }
    const { rows } = await store.admin.query(
      'select count(*)::int n from audit.event where call_id = $1',
      [callId],
    )
    expect(rows[0].n).toBe(1)
    for (const log of logs) await log.close()
  })

  test('a lost claim leaves nothing, neither of the call nor of its claim, and others in the batch stay', async () => {
    await store.admin.query('create table public.keys (k int primary key)')
    await store.admin.query('grant select, insert on public.keys to countersign_writer')
    const log = await testLog(store)
    const take = (k: number) => ({
      sql: 'insert into public.keys values ($1) on conflict do nothing returning k',
      values: [k],
    })
    const broken = { sql: 'select 1/0', values: [] }
    const [a, b, c, d, e] = await Promise.allSettled([
      log.append([received()], take(1)),
      log.append([received()], take(1)),
      log.append([received()], broken),
      log.append([entry('pause.set', { detail: { all: true } })]),
      log.append([received()], {
        sql: 'insert into public.keys values (7), (8) returning k',
        values: [],
      }),
    ])
    expect([a, b].map((one) => one?.status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(c).toMatchObject({ status: 'rejected', reason: { code: 'AUDIT_UNAVAILABLE' } })
    expect(d?.status).toBe('fulfilled')
    expect(e).toMatchObject({ status: 'rejected', reason: expect.any(ClaimLost) })
    const { rows } = await store.admin.query('select array_agg(k) ks from public.keys')
    expect(rows[0].ks).toEqual([1])
    await log.close()
  })

  test('a claim that the store refuses takes no other of its batch with it', async () => {
    const log = await testLog(store)
    const claims = Array.from({ length: 20 }, (_, n) => ({
      sql: 'select 1 / $1::int as one',
      values: [n === 7 ? 0 : 1],
    }))
    const ends = await Promise.allSettled(claims.map((claim) => log.append([intent()], claim)))
    expect(ends.map(({ status }) => status)).toEqual(
      claims.map((_, n) => (n === 7 ? 'rejected' : 'fulfilled')),
    )
    expect(ends[7]).toMatchObject({ reason: { code: 'AUDIT_UNAVAILABLE' } })
    await log.close()
  })
})
