import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openReader } from '../../src/audit/reading/read.ts'
import { type RecoveryOptions, recover, startRecovery } from '../../src/audit/recovery/recover.ts'
import { openSpool } from '../../src/audit/stream/spool.ts'
import { verifyStore } from '../../src/audit/verify/verify.ts'
import {
  entry,
  eventually,
  intent,
  newId,
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

const brief = { limits: { leaseMs: 300 } }
const lapse = () => new Promise((wake) => setTimeout(wake, 450))

type Gateway = Awaited<ReturnType<typeof testLog>>
const options = (to: Gateway, more: Partial<RecoveryOptions> = {}): RecoveryOptions => ({
  ...store,
  writer: 'gw-rescue',
  to,
  resolve: async () => 'unknown',
  resolveTries: 1,
  ...more,
})

/** A gateway that dies with these intents open: each prepared or not. */
const dead = async (calls: readonly { tool: string; effect: 'read' | 'write'; xid?: string }[]) => {
  const log = await testLog(store, brief)
  const ids: string[] = []
  for (const { effect, tool, xid } of calls) {
    const callId = newId()
    const [receipt] = await log.append([intent(callId, { tool, effect })])
    if (xid)
      await log.append([
        entry('call.prepared', { callId, parent: receipt?.leaf ?? '', detail: { xid } }),
      ])
    ids.push(callId)
  }
  await log.abandon()
  await lapse()
  return { stream: log.streamId, ids }
}

describe('recovery', () => {
  test('closes the row of a stream that never had an event, and the log verifies', async () => {
    const { rows } = await store.admin.query<{ id: string }>(
      `insert into audit.stream (epoch, writer, seq, head, lease_until)
       values (gen_random_uuid(), 'gw-died', 0, decode(repeat('00', 32), 'hex'), now()) returning stream_id::text as id`,
    )
    const stream = rows[0]?.id ?? ''
    const to = await testLog(store)
    expect(await recover(options(to))).toMatchObject({ streams: [stream], ended: 0 })
    await to.close()
    expect(await typesOf(store, stream)).toEqual([])
    const seen = await verifyStore({ pool: store.admin, log: store.log, keys: store.keys })
    expect(seen.findings.filter((finding) => finding.stream === stream)).toEqual([])
  })

  test('ends every open intent in its own stream, by what the target says of it', async () => {
    const gone = await dead([
      { tool: 'sql_query', effect: 'read' },
      { tool: 'sql_execute', effect: 'write' },
      { tool: 'sql_execute', effect: 'write', xid: '71' },
      { tool: 'sql_execute', effect: 'write', xid: '72' },
      { tool: 'sql_execute', effect: 'write', xid: '73' },
    ])
    const to = await testLog(store)
    const answers = { '71': 'committed', '72': 'aborted', '73': 'unknown' } as const
    const done = await recover(
      options(to, { resolve: async (_, detail) => answers[detail.xid as '71'] }),
    )
    expect(done).toMatchObject({ streams: [gone.stream], ended: 5 })
    expect((await typesOf(store, gone.stream)).slice(-7)).toEqual([
      'stream.takeover',
      'call.unknown',
      'call.unknown',
      'call.result',
      'call.error',
      'call.unknown',
      'stream.close',
    ])
    const reader = openReader(store)
    const last = async (n: number) => (await reader.story(gone.ids[n] ?? '')).at(-1)?.header.outcome
    expect(await last(0)).toMatchObject({ resolution: 'unknown' })
    expect(await last(1)).toMatchObject({ resolution: 'not_started' })
    expect(await last(2)).toMatchObject({ status: 'committed', code: 'OK' })
    expect(await last(3)).toMatchObject({ status: 'aborted' })
    expect(await last(4)).toMatchObject({ resolution: 'unknown', code: 'OUTCOME_UNKNOWN' })
    expect(await recover(options(to))).toEqual({ streams: [], ended: 0, late: 0 })
    await to.close()
  })

  test('of two gateways that recover at once, one ends each stream', async () => {
    const gone = await Promise.all(
      Array.from({ length: 4 }, () => dead([{ tool: 'ssh_run', effect: 'write' }])),
    )
    const a = await testLog(store)
    const b = await testLog(store)
    const rounds = await Promise.all([recover(options(a)), recover(options(b))])
    const streams = rounds.flatMap((round) => round.streams)
    expect([...streams].sort()).toEqual(gone.map(({ stream }) => stream).sort())
    for (const { stream } of gone) {
      expect(await typesOf(store, stream)).toEqual([
        'stream.open',
        'call.intent',
        'stream.takeover',
        'call.unknown',
        'stream.close',
      ])
    }
    await a.close()
    await b.close()
  })

  test('that dies half-way is finished by the next', async () => {
    const gone = await dead([
      { tool: 'sql_execute', effect: 'write', xid: '1' },
      { tool: 'sql_execute', effect: 'write', xid: '2' },
    ])
    const to = await testLog(store)
    let asked = 0
    const stuck = recover({
      ...options(to, {
        resolve: () => (++asked > 1 ? new Promise(() => undefined) : Promise.resolve('committed')),
      }),
      limits: { leaseMs: 300 },
    })
    await eventually(() => asked > 1)
    // The process of the first recovery is gone: nobody renews the lease that it took.
    await store.admin.query(
      `update audit.stream set lease_until = now() - interval '1 s', epoch = gen_random_uuid() where stream_id = $1`,
      [gone.stream],
    )
    expect((await recover(options(to))).streams).toEqual([gone.stream])
    expect(await typesOf(store, gone.stream)).toEqual([
      'stream.open',
      'call.intent',
      'call.prepared',
      'call.intent',
      'call.prepared',
      'stream.takeover',
      'call.result',
      'stream.takeover',
      'call.unknown',
      'stream.close',
    ])
    void stuck
    await to.close()
  })

  test('never takes a living stream, its own above all', async () => {
    const living = await testLog(store)
    const own = await testLog(store)
    await store.admin.query(
      `update audit.stream set lease_until = now() - interval '1 s' where stream_id = $1`,
      [own.streamId],
    )
    expect((await recover(options(own))).streams).toEqual([])
    await own.append([received()])
    await living.append([received()])
    await own.close()
    await living.close()
  })

  test('goes on by itself', async () => {
    const to = await testLog(store)
    const recovery = startRecovery(options(to, { everyMs: 100 }))
    const gone = await dead([{ tool: 'sql_query', effect: 'read' }])
    await eventually(async () => (await typesOf(store, gone.stream)).includes('stream.close'))
    await recovery.stop()
    await to.close()
  })
})

describe('the spool', () => {
  test('keeps what a fenced process learnt, unreadable on disk, and adds it once as call.late', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cs-spool-'))
    const spool = openSpool(join(folder, 'spool'), store.keys)
    const log = await testLog(store, { ...brief, spool })
    const callId = newId()
    const [receipt] = await log.append([received(callId), intent(callId)])
    const [, started] = await openReader(store).story(callId)
    await store.admin.query(
      `update audit.stream set epoch = gen_random_uuid(), lease_until = now() - interval '1 s' where stream_id = $1`,
      [log.streamId],
    )
    const end = result(callId, started?.leaf ?? '', '{"late":"needle"}')
    await expect(log.append([end])).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
    await log.close()
    await eventually(() => readdirSync(join(folder, 'spool')).length === 1)
    const name = readdirSync(join(folder, 'spool'))[0] ?? ''
    expect(readFileSync(join(folder, 'spool', name), 'utf8')).not.toContain('needle')

    const to = await testLog(store)
    const kept = await spool.read()
    expect(await recover(options(to, { spool }))).toMatchObject({
      streams: [log.streamId],
      ended: 1,
      late: 1,
    })
    expect((await spool.read()).found.size).toBe(0)
    // As after a crash between the append and the removal of the file.
    const again = { ...spool, read: async () => kept }
    expect(await recover(options(to, { spool: again }))).toMatchObject({ late: 0 })
    const story = await openReader(store).story(callId)
    expect(story.map(({ header }) => header.type)).toEqual([
      'call.received',
      'call.intent',
      'call.unknown',
      'call.late',
    ])
    const late = story.at(-1)
    expect(late?.header.parent).toBe(started?.leaf)
    if (late) {
      const [part] = await openReader(store).parts(late)
      expect(part && 'bytes' in part && part.bytes.toString()).toBe('{"late":"needle"}')
    }
    expect(receipt?.stream).toBe(log.streamId)
    expect(await openReader(store).outcome(callId)).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    await to.close()
    rmSync(folder, { recursive: true })
  })
})
