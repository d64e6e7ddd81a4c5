/** Erasure: contents go, holds hold, proofs stay; and it may die anywhere and run again. */
import { readFileSync } from 'node:fs'
import type pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { verifyReceipt, writeReceipt } from '../../src/audit/bundle/receipt.ts'
import {
  type CarryOptions,
  carryOut,
  type EraseScope,
  nameErasures,
} from '../../src/audit/retention/erase.ts'
import { readHolds, sparedBy } from '../../src/audit/retention/erase-holds.ts'
import { windowsOf } from '../../src/audit/retention/retain.ts'
import { verifyStore } from '../../src/audit/verify/verify.ts'
import { entry } from '../audit/support.ts'
import { type Evidence, judge, linesOf, makeEvidence } from '../bundle/support.ts'
import { expectSecond, second } from '../support/second-verifier.ts'

let made: Evidence
let eraser: pg.PoolClient
beforeEach(async () => {
  made = await makeEvidence()
  eraser = await made.store.admin.connect()
  await eraser.query('set role countersign_eraser')
})
afterEach(async () => {
  await eraser?.query('reset role')
  eraser?.release()
  await made?.drop()
})

const shop = [{ name: 'shop', labels: { env: 'prod' } }]
const ask = async (text: string, values: readonly unknown[]) =>
  (await made.store.pool.query(text, [...values])).rows
const spared = async () => sparedBy(await readHolds(ask), shop)
const name = async (scope: EraseScope) =>
  nameErasures(ask, scope, await spared(), async (events) => {
    await made.log.append([entry('retention.erase', { detail: { by: 'request', events } })])
  })
const carry = async (step?: CarryOptions['step']) =>
  carryOut({
    read: async (text, values) => (await eraser.query(text, [...values])).rows,
    ask: async (text, values) => (await eraser.query(text, [...values])).rowCount ?? 0,
    spared: await spared(),
    ...(step ? { step } : {}),
  })
const left = async (callId?: string): Promise<number> => {
  const { rows } = await made.store.admin.query(
    `select count(*)::int as n from audit.payload p join audit.event e using (event_id)
     where p.ciphertext is not null and ($1::uuid is null or e.call_id = $1)`,
    [callId ?? null],
  )
  return rows[0].n
}
const hold = (call: string | null, labels: object | null) =>
  made.store.pool.query(
    'insert into audit.legal_hold (hold_id, call_id, labels, held_event) values (gen_random_uuid(), $1, $2, gen_random_uuid())',
    [call, labels === null ? null : JSON.stringify(labels)],
  )

test('a call is erased: its contents alone, and every proof stays', async () => {
  const call = await made.calls.read()
  const before = await left()
  await made.signed()
  const [leaf] = await ask(
    "select encode(leaf, 'hex') as leaf from audit.event where call_id = $1 and type = 'call.result'",
    [call],
  )
  expect(await name({ call })).toBe(3)
  const done = await carry()
  expect(done).toEqual({ parts: 3, keys: 0 })
  expect(await left(call)).toBe(0)
  expect(await left()).toBe(before - 3)
  await made.signed()
  const receipt = Buffer.from((await writeReceipt(ask, String(leaf?.leaf))) ?? '')
  expect(verifyReceipt(receipt, [made.signer]).exit).toBe(0)
  const { keys, log, pool } = made.store
  const store = await verifyStore({ pool, log, keys, trusted: [made.signer] })
  expect(store).toMatchObject({ exit: 0, payloads: { erased: 3 } })
  const file = await made.export()
  expect(readFileSync(file, 'utf8')).not.toContain(
    Buffer.from(`{"sql":"select ${call}"}`).toString('base64'),
  )
  expect(await judge(file, made.signer)).toMatchObject({ exit: 0, payloads: { erased: 3 } })
  const other = await second(file, made.key)
  if (!other) return
  expect(other.exit).toBe(0)
  expect(other.notChecked).toContain('3 payload parts that were erased')
})

test('contents that vanish and are named by no event are found by both verifiers', async () => {
  const call = await made.calls.read()
  await made.signed()
  await made.store.admin.query(
    'delete from audit.payload using audit.event e where e.event_id = payload.event_id and e.call_id = $1',
    [call],
  )
  const file = await made.export()
  expect((await judge(file, made.signer)).exit).toBe(1)
  await expectSecond(file, made.key, 1)
})

test('a hold on a call, or on labels of its target, keeps it', async () => {
  const call = await made.calls.read()
  const other = await made.calls.read()
  await hold(call, null)
  expect(await name({ call })).toBe(0)
  expect(await name({ before: new Date(Date.now() + 60_000) })).toBeGreaterThan(0)
  await carry()
  expect(await left(call)).toBe(3)
  expect(await left(other)).toBe(0)
})

test('a hold that comes after the event and before the erasure still holds', async () => {
  const call = await made.calls.read()
  await name({ call })
  await hold(null, { env: 'prod' })
  await carry()
  expect(await left(call)).toBe(3)
  await made.store.admin.query('update audit.legal_hold set lifted_at = now()')
  await carry()
  expect(await left(call)).toBe(0)
})

test('under a hold by labels, targets that the configuration lost are spared too', async () => {
  const call = await made.calls.read()
  await hold(null, { env: 'staging' })
  const held = sparedBy(await readHolds(ask), [{ name: 'elsewhere', labels: { env: 'dev' } }])
  const named = await nameErasures(ask, { call }, held, async () => undefined)
  expect(named).toBe(0)
})

test('a caller is erased with what others did about the calls', async () => {
  expect(await name({ caller: 'nobody' })).toBe(0)
  expect(await name({ caller: 'ana' })).toBeGreaterThan(10)
  await carry()
  const [row] = await ask(
    "select count(*)::int as n from audit.payload p join audit.event e using (event_id) where p.ciphertext is not null and e.type like 'call.%'",
    [],
  )
  expect(row?.n).toBe(0)
})

test.each(['named', 'emptied', 'keys'] as const)(
  'dying after %s and running again ends the same',
  async (where) => {
    await made.calls.read()
    await name({ before: new Date(Date.now() + 60_000) })
    const die = carry((what) => {
      if (what === where) throw new Error('killed')
    })
    await expect(die).rejects.toThrow('killed')
    // The first half may have died too, and is asked again.
    await name({ before: new Date(Date.now() + 60_000) })
    await carry()
    expect((await carry()).parts).toBe(0)
    const [row] = await ask(
      "select count(*)::int as n from audit.payload p join audit.event e using (event_id) where p.ciphertext is not null and e.type <> 'retention.erase'",
      [],
    )
    expect(row?.n).toBe(0)
    await made.signed()
    const file = await made.export()
    expect((await judge(file, made.signer)).exit).toBe(0)
    await expectSecond(file, made.key, 0)
  },
)

test("the key of a month that is over goes when nothing under it is kept, and this month's stays", async () => {
  await name({ before: new Date(Date.now() + 60_000) })
  expect((await carry()).keys).toBe(0)
  await made.store.admin.query("update audit.data_key set month = month - interval '3 months'")
  expect((await carry()).keys).toBe(1)
  const [row] = await ask('select wrapped, destroyed_at from audit.data_key', [])
  expect(row).toMatchObject({ wrapped: null, destroyed_at: expect.any(Date) })
})

test('the gateway itself may not erase, and the eraser only after an event', async () => {
  const empty = 'update audit.payload set nonce = null, ciphertext = null, erased_at = now()'
  await expect(made.store.pool.query(empty)).rejects.toThrow(/permission denied/)
  await expect(eraser.query(empty)).rejects.toThrow(/only after its retention.erase event/)
})

test('windows: the longest that fits a target, and none means for ever', () => {
  const day = 86_400_000
  const now = new Date('2026-11-22T00:00:00Z')
  const targets = [
    { name: 'shop', kind: 'postgres', labels: { env: 'prod', pci: 'yes' } },
    { name: 'lab', kind: 'postgres', labels: { env: 'dev' } },
    { name: 'odd', kind: 'ssh', labels: {} },
  ]
  const windows = [
    { labels: { env: 'prod' }, keepMs: 30 * day },
    { labels: { pci: 'yes' }, keepMs: 400 * day },
    { labels: { env: 'dev' }, keepMs: 7 * day },
  ]
  expect(windowsOf(windows, targets, now)).toEqual([
    {
      before: new Date('2025-10-18T00:00:00Z'),
      targets: { names: ['shop'], others: false, known: ['shop', 'lab', 'odd'] },
    },
    {
      before: new Date('2026-11-15T00:00:00Z'),
      targets: { names: ['lab'], others: false, known: ['shop', 'lab', 'odd'] },
    },
  ])
  const all = windowsOf([{ labels: {}, keepMs: 7 * day }], targets, now)
  expect(all).toMatchObject([{ targets: { names: ['shop', 'lab', 'odd'], others: true } }])
  const byKind = windowsOf(
    [
      { labels: {}, kind: 'ssh', keepMs: 7 * day },
      { labels: { env: 'dev' }, kind: 'http', keepMs: 7 * day },
      { labels: { env: 'dev' }, kind: 'postgres', keepMs: 30 * day },
    ],
    targets,
    now,
  )
  // A window of a kind says nothing of what is of no target.
  expect(byKind).toMatchObject([
    { before: new Date('2026-10-23T00:00:00Z'), targets: { names: ['lab'], others: false } },
    { before: new Date('2026-11-15T00:00:00Z'), targets: { names: ['odd'], others: false } },
  ])
})

test('a window erases what is older, of its own targets', async () => {
  const known = ['shop']
  const before = new Date(Date.now() + 60_000)
  expect(await name({ before, targets: { names: [], others: false, known } })).toBe(0)
  const count = await name({ before, targets: { names: ['shop'], others: false, known } })
  expect(count).toBeGreaterThan(10)
  await carry()
  const payloads = linesOf(await made.export()).filter(({ kind }) => kind === 'payload')
  expect(payloads).toEqual([])
  expect(await name({ before: new Date(0) })).toBe(0)
})
