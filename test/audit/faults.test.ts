import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openReader } from '../../src/audit/reading/read.ts'
import { openProxy, type TcpProxy } from './proxy.ts'
import {
  eventually,
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
let proxy: TcpProxy
const quick = { commitMs: 900, statementMs: 300, leaseMs: 15_000 }
const down = { code: 'AUDIT_UNAVAILABLE' }

beforeAll(async () => {
  store = await testStore()
})
afterAll(() => store.drop())
beforeEach(async () => {
  const { hostname, port } = new URL(store.url)
  proxy = await openProxy(hostname, Number(port))
})
afterEach(() => proxy.close())

const throughProxy = (more: Parameters<typeof testLog>[1] = {}) => {
  const url = new URL(store.url)
  url.port = String(proxy.port)
  return testLog(store, { database: { connectionString: url.href }, limits: quick, ...more })
}

const chain = async (stream: string) => {
  const { rows } = await store.admin.query(
    `select count(*)::int n, bool_and(header->>'prev' = coalesce(prev, repeat('0', 64))) chained,
       max(seq) = count(*) gapless, count(distinct event_id)::int ids
     from (select *, encode(lag(leaf) over (order by seq), 'hex') prev from audit.event where stream_id = $1) e`,
    [stream],
  )
  return rows[0]
}

describe('a store that fails', () => {
  test('a commit whose answer was lost counts as committed, once', async () => {
    const log = await throughProxy()
    proxy.onRequest((chunk) => {
      if (!chunk.includes('append')) return
      proxy.onRequest(undefined)
      proxy.loseAnswers(true)
      setTimeout(() => {
        proxy.loseAnswers(false)
        proxy.cutAll()
      }, 100)
    })
    const [receipt] = await log.append([received()])
    expect(receipt?.seq).toBe('2')
    await oneCall(log)
    expect(await chain(log.streamId)).toEqual({ n: 5, chained: true, gapless: true, ids: 5 })
    await log.close()
  })

  test('a far store is asked for many claims at once', async () => {
    const log = await throughProxy({
      limits: { commitMs: 5_000, statementMs: 2_000, leaseMs: 15_000 },
    })
    const delayMs = 200
    proxy.delay(delayMs)
    const claim = { sql: 'select $1::int as one', values: [1] }
    const count = 60
    const started = performance.now()
    await Promise.all(Array.from({ length: count }, () => log.append([intent()], claim)))
    // One journey for each claim would be count * delayMs; a batch of all of them has four.
    expect(performance.now() - started).toBeLessThan((count * delayMs) / 2)
    proxy.delay(0)
    expect(await chain(log.streamId)).toMatchObject({ n: count + 1, chained: true, gapless: true })
    await log.close()
  })

  test('the same for a batch with claims: the claim is not lost to itself', async () => {
    await store.admin.query('create table public.once (k int primary key)')
    await store.admin.query('grant select, insert on public.once to countersign_writer')
    const log = await throughProxy()
    const claim = {
      sql: 'insert into public.once values ($1) on conflict do nothing returning k',
      values: [1],
    }
    proxy.onRequest((chunk) => {
      if (!chunk.includes('commit')) return
      proxy.onRequest(undefined)
      proxy.loseAnswers(true)
      setTimeout(() => {
        proxy.loseAnswers(false)
        proxy.cutAll()
      }, 100)
    })
    const [receipt] = await log.append([intent()], claim)
    expect(receipt?.seq).toBe('2')
    expect((await chain(log.streamId)).n).toBe(2)
    await log.close()
  })

  test('that is gone refuses at the deadline, and at once afterwards, and serves again when it is back', async () => {
    const log = await throughProxy()
    proxy.refuse(true)
    proxy.cutAll()
    const started = Date.now()
    await expect(log.append([received()])).rejects.toMatchObject(down)
    expect(Date.now() - started).toBeLessThan(10_000)
    const again = Date.now()
    await expect(log.append([received()])).rejects.toMatchObject(down)
    expect(Date.now() - again).toBeLessThan(1_000)
    expect(() => log.ready()).toThrow(expect.objectContaining(down))
    proxy.refuse(false)
    await eventually(() => {
      try {
        log.ready()
        return true
      } catch {
        return false
      }
    })
    await oneCall(log)
    expect(await chain(log.streamId)).toMatchObject({ chained: true, gapless: true })
    await log.close()
  })

  test('behind a one-way blackhole refuses within its deadline', async () => {
    const log = await throughProxy()
    proxy.blackhole(true)
    const started = Date.now()
    await expect(log.append([intent()])).rejects.toMatchObject(down)
    expect(Date.now() - started).toBeLessThan(10_000)
    proxy.blackhole(false)
    proxy.cutAll()
    await log.close()
    expect(await typesOf(store, log.streamId)).toEqual(['stream.open', 'stream.close'])
  })

  test('an outcome that could not be recorded is withheld, and recorded when the store is back', async () => {
    const log = await throughProxy()
    const callId = newId()
    const [receipt] = await log.append([intent(callId)])
    const parent = receipt?.leaf ?? ''
    proxy.refuse(true)
    proxy.cutAll()
    const end = result(callId, parent, '{"kept":true}')
    await expect(log.append([end])).rejects.toMatchObject(down)
    log.later(end)
    proxy.refuse(false)
    const reader = openReader(store)
    await eventually(async () => (await reader.outcome(callId))?.kind === 'done')
    expect(await reader.outcome(callId)).toMatchObject({ ok: true, json: '{"kept":true}' })
    await log.close()
    expect(await typesOf(store, log.streamId)).toEqual([
      'stream.open',
      'call.intent',
      'call.result',
      'stream.close',
    ])
  })

  test('an intent that lands after its caller was refused is ended as never started', async () => {
    const log = await throughProxy()
    proxy.onRequest((chunk) => {
      if (!chunk.includes('append')) return
      proxy.onRequest(undefined)
      proxy.loseAnswers(true)
      proxy.refuse(true)
    })
    const callId = newId()
    await expect(log.append([received(callId), intent(callId)])).rejects.toMatchObject(down)
    proxy.loseAnswers(false)
    proxy.refuse(false)
    await eventually(async () => (await openReader(store).outcome(callId))?.kind === 'done')
    await log.close()
    expect(await typesOf(store, log.streamId)).toEqual([
      'stream.open',
      'call.received',
      'call.intent',
      'call.error',
      'stream.close',
    ])
    expect(await openReader(store).outcome(callId)).toMatchObject({
      ok: false,
      code: 'AUDIT_UNAVAILABLE',
    })
  })

  test('a process that dies within a batch of 256 leaves all of it or nothing', async () => {
    for (let round = 0; round < 12; round++) {
      const log = await throughProxy({ limits: { ...quick, leaseMs: 60_000 } })
      let bytes = 0
      const cutAt = round * 25_000
      proxy.onRequest((chunk) => {
        bytes += chunk.length
        // Cut within the request, and with the request out but its answer still on the way.
        if (bytes > cutAt) {
          proxy.refuse(true)
          setTimeout(() => proxy.cutAll(), round % 3)
        }
      })
      const all = Promise.allSettled(
        Array.from({ length: 64 }, () => log.append(Array.from({ length: 4 }, () => received()))),
      )
      await new Promise((wake) => setTimeout(wake, 60))
      await log.abandon()
      await all
      proxy.onRequest(undefined)
      proxy.refuse(false)
      const { chained, gapless, n } = await chain(log.streamId)
      expect([1, 5, 257, 261]).toContain(n)
      expect([chained, gapless]).toEqual([true, true])
    }
  })

  test('slow answers slow the log and break nothing', async () => {
    const log = await throughProxy({ limits: { ...quick, commitMs: 5000, statementMs: 2000 } })
    proxy.delay(120)
    await Promise.all(Array.from({ length: 20 }, () => oneCall(log)))
    expect(await chain(log.streamId)).toMatchObject({ n: 61, chained: true, gapless: true })
    await log.close()
  })

  test('a read-only store refuses, and nothing is torn when it takes writes again', async () => {
    const log = await testLog(store, { limits: quick })
    const name = new URL(store.url).pathname.slice(1)
    await store.admin.query(`alter database ${name} set default_transaction_read_only = on`)
    await store.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = $1 and application_name = 'countersign-log'`,
      [name],
    )
    await expect(log.append([received()])).rejects.toMatchObject(down)
    await store.admin.query(`alter database ${name} reset default_transaction_read_only`)
    await store.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = $1 and application_name = 'countersign-log'`,
      [name],
    )
    await eventually(async () => {
      const all = await Promise.allSettled([log.append([received()])])
      return all[0]?.status === 'fulfilled'
    })
    expect(await chain(log.streamId)).toMatchObject({ chained: true, gapless: true })
    await log.close()
  })
})

describe('another owner', () => {
  test('whoever finds the stream moved is fenced and serves no more', async () => {
    const log = await testLog(store)
    await store.admin.query(
      'update audit.stream set epoch = gen_random_uuid() where stream_id = $1',
      [log.streamId],
    )
    await expect(log.append([received()])).rejects.toMatchObject(down)
    expect(await log.fenced).toContain('took the stream over')
    expect(() => log.ready()).toThrow(expect.objectContaining(down))
    await expect(log.append([received()])).rejects.toMatchObject(down)
    await log.close()
  })

  test('the same epoch under another head (a restored store) is fenced too', async () => {
    const log = await testLog(store)
    await oneCall(log)
    await store.admin.query('update audit.stream set seq = 1 where stream_id = $1', [log.streamId])
    await expect(log.append([received()])).rejects.toMatchObject(down)
    expect(await log.fenced).toContain('moved without us')
    await log.close()
  })

  test('the same place under another leaf is no place of ours', async () => {
    const log = await testLog(store)
    await store.admin.query(`update audit.stream set head = sha256('x') where stream_id = $1`, [
      log.streamId,
    ])
    await expect(log.append([received()])).rejects.toMatchObject(down)
    expect(await log.fenced).toContain('moved without us')
    await log.close()
  })

  test('a lease is kept alive by the clock of the store, idle or busy', async () => {
    const log = await testLog(store, { limits: { leaseMs: 500 } })
    const left = async () => {
      const { rows } = await store.admin.query(
        'select extract(epoch from lease_until - clock_timestamp())::float8 s from audit.stream where stream_id = $1',
        [log.streamId],
      )
      return rows[0].s
    }
    for (let round = 0; round < 6; round++) {
      await new Promise((wake) => setTimeout(wake, 200))
      expect(await left()).toBeGreaterThan(0)
      log.ready()
    }
    await store.admin.query('update audit.stream set lease_until = now() where stream_id = $1', [
      log.streamId,
    ])
    await log.append([received()])
    expect(await left()).toBeGreaterThan(0.2)
    await log.close()
  })

  test('an idle process learns it from its lease', async () => {
    const log = await testLog(store, { limits: { leaseMs: 600 } })
    await store.admin.query(
      'update audit.stream set epoch = gen_random_uuid() where stream_id = $1',
      [log.streamId],
    )
    expect(await log.fenced).toBeTruthy()
    await log.close()
  })

  test('nothing runs on a lease that ran out, and an idle lease is renewed', async () => {
    let mono = 0n
    const clock = {
      wallMs: () => Date.now(),
      monoNs: () => mono,
      source: () => 'unsynced' as const,
    }
    const log = await testLog(store, { clock, limits: { leaseMs: 60_000 } })
    log.ready()
    mono += 59_000_000_000n
    log.ready()
    mono += 1_000_000_001n
    expect(() => log.ready()).toThrow(expect.objectContaining(down))
    await oneCall(log)
    log.ready()
    await log.close()
  })

  test('what happened after the stream was lost is stranded, not forgotten', async () => {
    const kept: unknown[] = []
    const spool = {
      write: async (_: unknown, entries: readonly unknown[]) => void kept.push(...entries),
      read: async () => ({ found: new Map(), unreadable: 0 }),
      remove: async () => undefined,
    }
    const log = await testLog(store, { spool })
    const callId = newId()
    const [receipt] = await log.append([intent(callId)])
    await store.admin.query(
      'update audit.stream set epoch = gen_random_uuid() where stream_id = $1',
      [log.streamId],
    )
    await expect(log.append([result(callId, receipt?.leaf ?? '')])).rejects.toMatchObject(down)
    expect(kept).toEqual([expect.objectContaining({ type: 'call.result', callId })])
    await log.close()
  })
})

describe('the clock', () => {
  test('a jump is an event, marks what follows, and moves no lease', async () => {
    let shift = 0
    const clock = {
      wallMs: () => Date.now() + shift,
      monoNs: () => process.hrtime.bigint(),
      source: () => 'ntp' as const,
    }
    const log = await testLog(store, { clock })
    await log.append([received()])
    shift = -3_600_000
    await log.append([received()])
    log.ready()
    const { rows } = await store.admin.query(
      `select type, header->>'t_src' src, header->'detail'->>'moved_ms' moved from audit.event where stream_id = $1 order by seq`,
      [log.streamId],
    )
    expect(rows.map(({ src, type }) => [type, src])).toEqual([
      ['stream.open', 'ntp'],
      ['call.received', 'ntp'],
      ['clock.jump', 'jumped'],
      ['call.received', 'jumped'],
    ])
    expect(Math.abs(Number(rows[2].moved) + 3_600_000)).toBeLessThan(1000)
    await log.close()
  })
})
