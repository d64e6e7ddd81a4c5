/** A closed gate (unsigned too long, paused, budget spent) leaves events, and an agent that hammers at it does not fill the disk. */
import { afterEach, expect, test } from 'vitest'
import { countRefusedCalls, type RefusedCalls } from '../../src/serve/refused-calls.ts'
import type { Entry, Log } from '../../src/types.ts'
import { eventually } from '../audit/support.ts'
import { openWorld, roles } from '../support/gateway.ts'
import { migratedDatabase, testDatabase } from '../support/postgres.ts'

let bounded: RefusedCalls | undefined
afterEach(async () => {
  await bounded?.close()
  bounded = undefined
})

let appended: (readonly Entry[])[] = []
let away = false
const log: Log = {
  ready: () => undefined,
  append: async (entries) => {
    if (away) throw new Error('away')
    appended.push(entries)
    return entries.map((_, at) => ({ stream: '1', seq: String(at), leaf: 'aa' }))
  },
}
const open = (options: Parameters<typeof countRefusedCalls>[1]) => {
  appended = []
  away = false
  bounded = countRefusedCalls(log, options)
  return bounded
}
const entry = (type: Entry['type'], code?: string, sub = 'ana'): Entry => ({
  type,
  actor: { iss: 'https://idp', sub, client: '', groups: [] },
  origin: { via: 'http', session: 's', auth: 'oidc' },
  ...(code === undefined ? {} : { outcome: { status: 'refused', code } }),
})
const refused = (code: string, sub?: string): Entry[] => [
  entry('call.received', undefined, sub),
  entry('call.refused', code, sub),
]
const counts = () =>
  appended.flatMap((entries) =>
    entries.flatMap(({ actor, detail, type }) =>
      type === 'audit.refused' ? [{ sub: actor.sub, ...detail }] : [],
    ),
  )

test('the first refusals of a caller are events each, a flood is counted, and nobody else is', async () => {
  const to = open({ burst: 3, everyMs: 20 })
  for (let at = 0; at < 1_000; at++) {
    const receipts = await to.append(refused(at % 2 === 0 ? 'AUDIT_UNAVAILABLE' : 'PAUSED'))
    expect(receipts).toHaveLength(at < 3 ? 2 : 0)
  }
  expect(await to.append(refused('PAUSED', 'bo'))).toHaveLength(2)
  await eventually(() => counts().length > 0)
  expect(appended.length).toBeLessThan(10)
  expect(counts()).toEqual([{ sub: 'ana', AUDIT_UNAVAILABLE: '498', PAUSED: '499' }])
})

test('what depends on the call, and every intent and result, is always an event of its own', async () => {
  const to = open({ burst: 0 })
  for (const entries of [
    refused('INPUT_REFUSED'),
    refused('TARGET_UNKNOWN'),
    [entry('call.received'), entry('call.denied', 'NOT_ALLOWED')],
    [entry('call.received'), entry('call.intent')],
    [entry('call.error', 'PAUSED')],
    [entry('call.unknown', 'AUDIT_UNAVAILABLE')],
    [entry('approval.requested')],
  ])
    expect(await to.append(entries)).toHaveLength(entries.length)
  const claim = { sql: 'select 1', values: [] }
  expect(await to.append(refused('PAUSED'), claim)).toHaveLength(2)
})

test('a caller gets events of its own again after a while', async () => {
  let ms = 0
  const to = open({ burst: 1, refillMs: 1_000, now: () => ms })
  expect(await to.append(refused('PAUSED'))).toHaveLength(2)
  expect(await to.append(refused('PAUSED'))).toHaveLength(0)
  ms = 999
  expect(await to.append(refused('PAUSED'))).toHaveLength(0)
  ms = 2_000
  expect(await to.append(refused('PAUSED'))).toHaveLength(2)
})

test('counts wait for a log that is away, and are told when the gateway stops', async () => {
  const to = open({ burst: 0, everyMs: 10 })
  away = true
  await to.append(refused('AUDIT_UNAVAILABLE'))
  await new Promise((wake) => setTimeout(wake, 50))
  expect(appended).toEqual([])
  await to.append(refused('AUDIT_UNAVAILABLE'))
  away = false
  await to.close()
  expect(counts()).toEqual([{ sub: 'ana', AUDIT_UNAVAILABLE: '2' }])
})

test('through the front door: an agent that hammers at a pause gets its answer each time, and the log stays small', async () => {
  const store = await migratedDatabase()
  const target = await testDatabase()
  await roles(target)
  const world = await openWorld({ store, target })
  try {
    await world.api('POST', '/api/pause', { target: 'shop', reason: 'incident' })
    const calls = 340
    for (let at = 0; at < calls; at += 20) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () =>
          world.call('sql_query', { target: 'shop', sql: 'select 1' }),
        ),
      )
      for (const answer of answers) expect(answer).toMatchObject({ refused: { code: 'PAUSED' } })
    }
    await world.served.close()
    const { rows } = await store.admin.query(
      `select type, count(*)::int as n, sum((header -> 'detail' ->> 'PAUSED')::int)::int as counted
       from audit.event where header -> 'actor' ->> 'iss' <> 'gateway' and type in ('call.received', 'call.denied', 'audit.refused', 'call.intent')
       group by type order by type`,
    )
    const found = Object.fromEntries(rows.map(({ counted, n, type }) => [type, counted ?? n]))
    expect(found['call.intent'] ?? 0).toBe(0)
    expect(found['call.denied']).toBe(found['call.received'])
    expect(found['call.denied']).toBeLessThan(calls)
    // Each refusal is in the log, as an event or in a count.
    expect(found['call.denied'] + found['audit.refused']).toBe(calls)
  } finally {
    await world.close()
    await store.drop()
    await target.drop()
  }
})
