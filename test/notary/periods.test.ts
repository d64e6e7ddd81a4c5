/** A log whose notary changed its key, or that was rebased, is still whole: `audit verify` on the store says what lies before, and no more. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { OpenLog } from '../../src/audit/stream/stream.ts'
import { startLeader } from '../../src/audit/tree/leader.ts'
import { rootOf } from '../../src/audit/tree/merkle.ts'
import type { NoteKey } from '../../src/audit/tree/note.ts'
import { verifyStore } from '../../src/audit/verify/verify.ts'
import { rebase, rotate } from '../../src/notary/ceremony.ts'
import { eventually, oneCall, type TestStore, testLog, testStore } from '../audit/support.ts'
import { log as name, temporary, testNotary } from './support.ts'

let store: TestStore
let folder: ReturnType<typeof temporary>
let notary: Awaited<ReturnType<typeof testNotary>>
let log: OpenLog
beforeEach(async () => {
  store = await testStore()
  folder = temporary()
  notary = await testNotary(folder.path)
  log = await testLog(store)
})
afterEach(async () => {
  await log.close()
  folder.remove()
  await store.drop()
})

const count = async (): Promise<number> => {
  const { rows } = await store.admin.query('select count(*)::int as n from audit.event')
  return rows[0].n
}
/** Calls, and signatures over all of them, by a leader of its own. */
const period = async (calls: number, type?: string): Promise<void> => {
  const leader = startLeader({
    database: store.database,
    notary: notary.port,
    log: name,
    writer: 'gw',
    record: async (entry) => void (await log.append([entry])),
    everyMs: 20,
    standbyMs: 20,
  })
  for (let at = 0; at < calls; at++) await oneCall(log)
  await eventually(async () => {
    const { rows } = await store.admin.query(
      'select count(*)::int as n from audit.event where $1::text is null or type = $1',
      [type ?? null],
    )
    return rows[0].n > 0 && leader.signedSize() === (await count())
  })
  await leader.stop()
}
const verify = (trusted?: readonly NoteKey[]) =>
  verifyStore({
    pool: store.pool,
    log: name,
    keys: store.keys,
    ...(trusted ? { trusted } : {}),
  })
const sql = (text: string, values: readonly unknown[] = []) => store.admin.query(text, [...values])
const tree = async (): Promise<Buffer[]> =>
  (await sql('select leaf from audit.leaf order by idx')).rows.map(({ leaf }) => leaf)

test('after a rotation the new key alone is enough, and what the old one signed is said', async () => {
  await period(4)
  const before = notary.open.signer
  await rotate(notary.open, 'drill')
  await notary.again()
  await period(4, 'notary.rotated')
  const after = notary.open.signer
  expect(after.id).not.toBe(before.id)
  expect(await verify([before, after])).toMatchObject({ exit: 0, signed: await count() })
  const seen = await verify([after])
  expect(seen, JSON.stringify(seen.findings)).toMatchObject({ exit: 0, signed: await count() })
  expect(seen.notChecked.join()).toMatch(/\d+ older checkpoints: their key is not among/)
  // The old key says nothing of what came after it: a later signature by nobody known is no proof.
  expect((await verify([before])).exit).toBe(1)
})

test('a store that was put back and rebased verifies', async () => {
  await period(4)
  const backup = await count()
  await period(4)
  const lost = await count()
  await sql('delete from audit.leaf where idx >= $1', [backup])
  await sql('delete from audit.checkpoint where size > $1', [backup])
  await sql('delete from audit.payload')
  await sql('delete from audit.event where seq > $1', [backup])
  await sql(
    'update audit.stream set closed_at = now(), seq = $1, head = (select leaf from audit.event where seq = $1)',
    [backup],
  )
  await sql("delete from countersign.meta where key = 'log.range'")
  await log.abandon()
  log = await testLog(store)
  const leaves = await tree()
  await rebase(
    notary.open,
    { size: leaves.length, root: rootOf(leaves) },
    { from: lost, to: leaves.length },
    'restored',
  )
  await notary.again()
  await period(4, 'log.rebased')
  const seen = await verify([notary.open.signer])
  const own = seen.findings.filter(({ what }) => what.includes('checkpoint'))
  expect(own).toEqual([])
  expect(seen.signed).toBe(await count())
})

test('a checkpoint of before the rebase that no longer fits is said; one of after it is held against the log', async () => {
  await period(4)
  const leaves = await tree()
  const before = await sql('select size, note from audit.checkpoint order by size limit 1')
  await rebase(
    notary.open,
    { size: leaves.length, root: rootOf(leaves) },
    { from: leaves.length, to: leaves.length },
    'moved',
  )
  await notary.again()
  await period(2, 'log.rebased')
  expect(await verify([notary.open.signer])).toMatchObject({ exit: 0 })
  const move = 'update audit.checkpoint set size = $2 where note = $1'
  const free =
    'select min(s) as s from generate_series(1, 1000) s where not exists (select from audit.checkpoint c where c.size = s)'
  const { rows } = await sql(free)
  // Its note speaks of another tree than the one of this size.
  await sql(move, [before.rows[0].note, rows[0].s])
  const old = await verify([notary.open.signer])
  expect(old, JSON.stringify(old.findings)).toMatchObject({ exit: 0, signed: await count() })
  expect(old.notChecked).toContain('1 checkpoints from before the log was rebased')
  const last = await sql('select note from audit.checkpoint order by size desc limit 1')
  const { rows: next } = await sql(free)
  await sql(move, [last.rows[0].note, next[0].s])
  expect((await verify([notary.open.signer])).exit).toBe(1)
})
