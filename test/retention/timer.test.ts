/** The windows of log.retention on a running gateway: applied by themselves, an event first, once, wherever a run died. */
import type pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { carryOut } from '../../src/audit/retention/erase.ts'
import { readHolds, sparedBy } from '../../src/audit/retention/erase-holds.ts'
import type { Config } from '../../src/config/types.ts'
import { identified } from '../../src/identity/caller.ts'
import { openErasures } from '../../src/serve/erasures.ts'
import { type RetentionOptions, startRetention } from '../../src/serve/retention.ts'
import type { Log } from '../../src/types.ts'
import { eventually } from '../audit/support.ts'
import { type Evidence, judge, makeEvidence } from '../bundle/support.ts'
import { expectSecond } from '../support/second-verifier.ts'

const dayMs = 86_400_000
let made: Evidence
let eraser: pg.PoolClient
let stops: (() => Promise<void>)[] = []
beforeEach(async () => {
  made = await makeEvidence()
  eraser = await made.store.admin.connect()
  await eraser.query('set role countersign_eraser')
})
afterEach(async () => {
  for (const stop of stops) await stop()
  stops = []
  await eraser?.query('reset role')
  eraser?.release()
  await made?.drop()
})

const self = identified({
  iss: 'gateway',
  sub: 'gateway',
  client: '',
  groups: [],
  via: 'gateway',
  auth: 'gateway',
  session: 'gateway',
  origin: {},
})
const ask = async (text: string, values: readonly unknown[] = []) =>
  (await made.store.pool.query(text, [...values])).rows
const erasures = (keepDays: number, log: Pick<Log, 'append' | 'ready'> = made.log) =>
  openErasures({
    ask,
    log,
    // What is looked at of a configuration here.
    config: {
      targets: [{ name: 'shop', kind: 'postgres', labels: { env: 'prod' } }],
      log: { retention: [{ labels: { env: 'prod' }, kind: 'postgres', keepMs: keepDays * dayMs }] },
    } as unknown as Pick<Config, 'targets' | 'log'>,
  })
/** The day after tomorrow: what is kept for a day is over then. */
const later = () => new Date(Date.now() + 2 * dayMs)
const finish = () =>
  carryOut({
    read: async (text, values) => (await eraser.query(text, [...values])).rows,
    ask: async (text, values) => (await eraser.query(text, [...values])).rowCount ?? 0,
    spared: sparedBy([], []),
  })
const start = (options: { [K in keyof RetentionOptions]?: RetentionOptions[K] | undefined }) => {
  const told: object[] = []
  const failures: unknown[] = []
  const job = startRetention({
    leads: () => true,
    name: () => erasures(1).retain(self, later()),
    finish,
    tell: (done) => void told.push(done),
    failed: (error) => void failures.push(error),
    firstMs: 1,
    everyMs: 20,
    ...options,
    // A member that is left out of the options is left out of the job.
  } as RetentionOptions)
  stops.push(job.stop)
  return { told, failures, job }
}
const callsLeft = async (): Promise<number> => {
  const [row] = await ask(
    "select count(*)::int as n from audit.payload p join audit.event e using (event_id) where p.ciphertext is not null and e.type like 'call.%'",
  )
  return row?.n
}
const named = async (): Promise<string[]> =>
  (
    await ask(
      "select jsonb_array_elements_text(header -> 'detail' -> 'events') as id from audit.event where type = 'retention.erase'",
    )
  ).map(({ id }) => String(id))

test('what is older than its window goes, the event first, and the proofs stay', async () => {
  const order: string[] = []
  const { told, failures } = start({
    name: async () => {
      const count = await erasures(1).retain(self, later())
      order.push(`named ${count > 0}`)
      return count
    },
    finish: async () => {
      const done = await finish()
      order.push(`emptied ${done.parts > 0}`)
      return done
    },
  })
  await eventually(async () => (await callsLeft()) === 0)
  expect(order.slice(0, 2)).toEqual(['named true', 'emptied true'])
  await eventually(() => told.length > 0)
  const [event] = await ask(
    "select header from audit.event where type = 'retention.erase' order by event_id limit 1",
  )
  expect(event?.header).toMatchObject({
    actor: { iss: 'gateway', sub: 'gateway' },
    detail: { by: 'retention' },
  })
  // Later runs find nothing, and say nothing.
  await eventually(() => order.length > 6)
  expect(told).toHaveLength(1)
  expect(failures).toEqual([])
  await made.signed()
  const file = await made.export()
  expect(await judge(file, made.signer)).toMatchObject({ exit: 0 })
  await expectSecond(file, made.key, 0)
})

test('within its window everything stays', async () => {
  const before = await callsLeft()
  expect(await erasures(400).retain(self, later())).toBe(0)
  expect((await finish()).parts).toBe(0)
  expect(await callsLeft()).toBe(before)
})

test('who does not lead does nothing', async () => {
  let asked = 0
  const { told } = start({
    leads: () => {
      asked += 1
      return false
    },
  })
  await eventually(() => asked > 3)
  expect(told).toEqual([])
  expect(await named()).toEqual([])
})

test('a run that dies after its event, at its event or while it empties is taken up by the next', async () => {
  let deaths = 0
  const dying: Pick<Log, 'append' | 'ready'> = {
    ready: made.log.ready,
    append: async (entries, claim) => {
      const receipts = await made.log.append(entries, claim)
      deaths += 1
      if (deaths === 1) throw new Error('killed after the event')
      return receipts
    },
  }
  let finished = 0
  const { failures } = start({
    name: () => erasures(1, dying).retain(self, later()),
    finish: async () => {
      finished += 1
      if (finished === 1) throw new Error('killed before anything was emptied')
      return finish()
    },
  })
  await eventually(async () => (await callsLeft()) === 0)
  expect(failures).toHaveLength(2)
  const ids = await named()
  expect(new Set(ids).size).toBe(ids.length)
  await made.signed()
  expect(await judge(await made.export(), made.signer)).toMatchObject({ exit: 0 })
})

test('two at a time end the same as one', async () => {
  await Promise.all([erasures(1).retain(self, later()), erasures(1).retain(self, later())])
  await Promise.all([finish(), finish()].map((one) => one.catch(() => undefined)))
  await finish()
  expect(await callsLeft()).toBe(0)
  await made.signed()
  expect(await judge(await made.export(), made.signer)).toMatchObject({ exit: 0 })
})

test('what waits for the eraser is not named over and over', async () => {
  const { told, failures } = start({ finish: undefined })
  await eventually(() => told.length > 0)
  await new Promise((wake) => setTimeout(wake, 200))
  expect(failures).toEqual([])
  expect(told).toHaveLength(1)
  expect(await callsLeft()).toBeGreaterThan(0)
  expect((await finish()).parts).toBeGreaterThan(0)
})

test('a legal hold keeps what a window would take', async () => {
  const call = await made.calls.read()
  await made.store.pool.query(
    'insert into audit.legal_hold (hold_id, call_id, held_event) values (gen_random_uuid(), $1, gen_random_uuid())',
    [call],
  )
  expect(await readHolds(ask)).toHaveLength(1)
  await erasures(1).retain(self, later())
  await finish()
  expect(await callsLeft()).toBe(3)
})
