import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connect, type Link } from '../../src/audit/stream/link.ts'
import type { OpenLog } from '../../src/audit/stream/stream.ts'
import { openCheckpoint } from '../../src/audit/tree/checkpoint-note.ts'
import { openIntegrator } from '../../src/audit/tree/integrate.ts'
import { type LeaderOptions, startLeader } from '../../src/audit/tree/leader.ts'
import { rootOf } from '../../src/audit/tree/merkle.ts'
import { notaryKeys } from '../../src/audit/tree/notary-pin.ts'
import type { NotaryPort } from '../../src/audit/tree/notary-port.ts'
import { rebase, recover, rotate } from '../../src/notary/ceremony.ts'
import {
  eventually,
  oneCall,
  received,
  type TestStore,
  testLog,
  testStore,
} from '../audit/support.ts'
import { log as name, rangeOf, temporary, testNotary } from './support.ts'

let store: TestStore
let log: OpenLog
let folder: ReturnType<typeof temporary>
let cleanups: (() => Promise<unknown> | unknown)[]

beforeEach(async () => {
  store = await testStore()
  log = await testLog(store)
  folder = temporary()
  cleanups = []
})
afterEach(async () => {
  for (const clean of cleanups.reverse()) await clean()
  await log.close()
  folder.remove()
  await store.drop()
})

const ask = async (text: string, values: readonly unknown[] = []) =>
  (await store.pool.query(text, [...values])).rows

interface Heard {
  contradiction: string | undefined
  readonly warnings: string[]
  signed: number
}

const lead = (notary: NotaryPort, more: Partial<LeaderOptions> = {}) => {
  const heard: Heard = { contradiction: undefined, warnings: [], signed: 0 }
  const leader = startLeader({
    database: store.database,
    notary,
    log: name,
    writer: 'gw-test',
    record: async (entry) => void (await log.append([entry])),
    contradicted: (why) => {
      heard.contradiction = why
    },
    signed: (size) => {
      heard.signed = size
    },
    warn: (message) => heard.warnings.push(message),
    everyMs: 20,
    standbyMs: 20,
    ...more,
  })
  cleanups.push(() => leader.stop(2_000))
  return { leader, heard }
}

const calls = async (count: number, to = log) => {
  for (let at = 0; at < count; at++) await oneCall(to)
}
const tree = async (): Promise<Buffer[]> => {
  const rows = await ask('select idx::int, leaf from audit.leaf order by idx')
  expect(rows.map(({ idx }) => idx)).toEqual(rows.map((_, at) => at))
  return rows.map(({ leaf }) => leaf)
}
const events = async (): Promise<number> =>
  Number((await ask('select count(*)::int as n from audit.event'))[0].n)
const last = async (): Promise<{ size: number; note: string }> => {
  const [row] = await ask(
    'select size::int, note from audit.checkpoint order by checkpoint.size desc limit 1',
  )
  return row ?? { size: 0, note: '' }
}
const allSigned = () => eventually(async () => (await last()).size === (await events()))
const orderHolds = async () => {
  const [row] =
    await ask(`select count(*)::int as n from audit.leaf l join audit.event e using (stream_id, seq)
    where l.leaf <> e.leaf or exists (select from audit.leaf p
      where p.stream_id = l.stream_id and p.seq < l.seq and p.idx > l.idx)`)
  return row.n === 0
}
const types = async (): Promise<string[]> =>
  (await ask('select type from audit.event order by stream_id, seq')).map(({ type }) => type)

test('every event of every stream is in the tree once, in the order of its stream, under a signed root', async () => {
  const other = await testLog(store)
  const notary = await testNotary(folder.path)
  await calls(3)
  lead(notary.port)
  await Promise.all([calls(20), calls(20, other)])
  await other.close()
  await allSigned()
  const leaves = await tree()
  expect(leaves).toHaveLength(await events())
  expect(await orderHolds()).toBe(true)
  const { note, size } = await last()
  const checkpoint = openCheckpoint(note, [notary.open.signer], name)
  expect(checkpoint).toMatchObject({ size: leaves.length, root: rootOf(leaves) })
  expect(size).toBe(leaves.length)
  expect(await notaryKeys(ask, name)).toMatchObject([{ id: notary.open.signer.id }])
})

test('an idle log gets no new checkpoints', async () => {
  const notary = await testNotary(folder.path)
  lead(notary.port)
  await allSigned()
  const count = async () => (await ask('select count(*)::int as n from audit.checkpoint'))[0].n
  const before = await count()
  await new Promise((wake) => setTimeout(wake, 200))
  expect(await count()).toBe(before)
})

test('of two gateways one leads; when it goes, the other goes on with the same tree', async () => {
  const notary = await testNotary(folder.path)
  const first = lead(notary.port)
  await eventually(() => first.leader.leads)
  const second = lead(notary.port)
  await calls(5)
  await allSigned()
  expect([first.leader.leads, second.leader.leads]).toEqual([true, false])
  const before = await tree()
  await first.leader.stop()
  await calls(5)
  await eventually(() => second.leader.leads)
  await allSigned()
  expect((await tree()).slice(0, before.length)).toEqual(before)
  expect(second.heard.contradiction).toBeUndefined()
})

test('two integrators at once, without the lock: each leaf once, no gap, and both go on', async () => {
  const notary = await testNotary(folder.path)
  const heard = ['1', '2', '3'].map((lock) => lead(notary.port, { lock, everyMs: 1 }).heard)
  await Promise.all([calls(40), calls(40)])
  await allSigned()
  expect(await tree()).toHaveLength(await events())
  expect(await orderHolds()).toBe(true)
  expect(heard.map(({ contradiction }) => contradiction)).toEqual([undefined, undefined, undefined])
})

test('an integrator that dies at any moment leaves a tree that the next one continues', async () => {
  await calls(30)
  const links: Link[] = []
  const open = async () => {
    const link = await connect(store.database, 5_000, 5_000)
    links.push(link)
    return { link, integrator: await openIntegrator(link, 5_000) }
  }
  const whole = await open()
  expect(await whole.integrator.round(7)).toBe(7)
  const before = await tree()
  // It dies with its statement on the way: the server may or may not have committed it.
  for (let round = 0; round < 8; round++) {
    const dying = await open()
    const under = dying.integrator.round(5).catch(() => 0)
    await new Promise((wake) => setTimeout(wake, round))
    dying.link.destroy()
    await under
  }
  const next = await open()
  while ((await next.integrator.round()) > 0);
  // The first knows nothing of what the others did.
  expect(await whole.integrator.round()).toBe(0)
  await calls(1)
  expect(await whole.integrator.round()).toBeGreaterThan(0)
  for (const link of links) link.destroy()
  const leaves = await tree()
  expect(leaves).toHaveLength(await events())
  expect(leaves.slice(0, 7)).toEqual(before)
  expect(await orderHolds()).toBe(true)
})

test('a round takes no more than it may, and all of a long backlog gets in', async () => {
  for (let at = 0; at < 20; at++) await log.append(Array.from({ length: 50 }, () => received()))
  const link = await connect(store.database, 5_000, 5_000)
  const integrator = await openIntegrator(link, 5_000)
  expect(await integrator.round(64)).toBe(64)
  while ((await integrator.round(64)) > 0);
  expect(integrator.size).toBe(await events())
  link.destroy()
})

test('an event that the store lost stops the tree and names itself', async () => {
  const notary = await testNotary(folder.path)
  const { rows } = await store.admin.query(
    `delete from audit.event where stream_id = $1 and seq = 1 returning seq`,
    [log.streamId],
  )
  expect(rows).toHaveLength(1)
  await calls(2)
  const { heard } = lead(notary.port)
  await eventually(() => heard.contradiction !== undefined)
  expect(heard.contradiction).toContain(`event 1 of stream ${log.streamId}`)
})

test('the answer of the notary is lost again and again: the log is signed all the same, once each size', async () => {
  const notary = await testNotary(folder.path)
  let round = 0
  const lossy: NotaryPort = {
    state: notary.port.state,
    async sign(request) {
      const answer = await notary.port.sign(request)
      round += 1
      if (round % 2 === 1) throw new Error('the connection broke')
      return answer
    },
  }
  const { heard } = lead(lossy)
  for (let at = 0; at < 5; at++) {
    await calls(2)
    await new Promise((wake) => setTimeout(wake, 30))
  }
  await allSigned()
  expect(heard.contradiction).toBeUndefined()
  expect(openCheckpoint((await last()).note, [notary.open.signer], name).size).toBe(await events())
})

test('a store put back from an older copy is refused, and the log goes on only after a rebase that says so', async () => {
  const notary = await testNotary(folder.path)
  const first = lead(notary.port)
  await calls(5)
  await allSigned()
  const backup = await events()
  await calls(5)
  await allSigned()
  await first.leader.stop()
  const lost = await events()
  // As a restored backup would be: the end of everything is gone.
  await store.admin.query('delete from audit.leaf where idx >= $1', [backup])
  await store.admin.query('delete from audit.checkpoint where size > $1', [backup])
  await store.admin.query('delete from audit.event where stream_id = $1 and seq > $2', [
    log.streamId,
    backup,
  ])
  await store.admin.query(
    'update audit.stream set closed_at = now(), seq = $2, head = (select leaf from audit.event where stream_id = $1 and seq = $2) where stream_id = $1',
    [log.streamId, backup],
  )
  await store.admin.query("delete from countersign.meta where key = 'log.range'")
  await log.abandon()
  log = await testLog(store)
  const second = lead(notary.port)
  await eventually(() => second.heard.contradiction !== undefined)
  expect(second.heard.contradiction).toContain(`signed ${lost} events`)
  // The store grows past what was signed: then it is a fork.
  await calls(15)
  await eventually(() => second.heard.contradiction?.includes('are not those') === true)
  expect((await last()).size).toBe(backup)
  await second.leader.stop()
  const leaves = await tree()
  await rebase(
    notary.open,
    { size: leaves.length, root: rootOf(leaves) },
    { from: lost, to: leaves.length },
    'restored from a backup',
  )
  await notary.again()
  const third = lead(notary.port)
  await eventually(async () => (await types()).includes('log.rebased'))
  await allSigned()
  expect(third.heard.contradiction).toBeUndefined()
  const checkpoint = openCheckpoint((await last()).note, [notary.open.signer], name)
  expect(checkpoint).toMatchObject({ epoch: 2, root: rootOf(await tree()) })
  const [event] = await ask(
    "select header -> 'detail' as detail from audit.event where type = 'log.rebased'",
  )
  expect(event.detail).toMatchObject({
    from_size: String(lost),
    to_size: String(leaves.length),
    log_epoch: '2',
  })
})

test('a changed leaf in the store is found when the next leader starts', async () => {
  const notary = await testNotary(folder.path)
  const first = lead(notary.port)
  await calls(5)
  await allSigned()
  await first.leader.stop()
  await store.admin.query("update audit.leaf set leaf = sha256('x') where idx = 3")
  await store.admin.query("delete from countersign.meta where key = 'log.range'")
  const second = lead(notary.port)
  await eventually(() => second.heard.contradiction !== undefined)
  expect(second.heard.contradiction).toContain('are not those')
})

test("a notary whose state was put back signs nothing until its operator's ceremony", async () => {
  const notary = await testNotary(folder.path)
  const first = lead(notary.port)
  await calls(3)
  await allSigned()
  await first.leader.stop()
  const state = join(folder.path, 'signing', 'state.json')
  cpSync(state, join(folder.path, 'old.json'))
  const second = lead(notary.port)
  await calls(3)
  await allSigned()
  const anchor = await last()
  await calls(3)
  await allSigned()
  await second.leader.stop()
  cpSync(join(folder.path, 'old.json'), state)
  await notary.again()
  const third = lead(notary.port)
  await eventually(() => third.heard.contradiction !== undefined)
  expect(third.heard.contradiction).toContain("notary's state is an old one")
  await third.leader.stop()
  rmSync(state)
  await notary.again().catch(() => undefined)
  const { openFolder } = await import('../../src/notary/folder.ts')
  await recover(await openFolder(folder.path), anchor.note, anchor.size, 'disk lost')
  await notary.again()
  const fourth = lead(notary.port)
  await calls(1)
  await allSigned()
  expect(fourth.heard.contradiction).toBeUndefined()
  expect(await types()).toContain('notary.rotated')
  expect(notary.notary.signed().size).toBe(await events())
})

test('a key rotated while the log runs: both periods verify, and the change is an event', async () => {
  const notary = await testNotary(folder.path)
  const { heard } = lead(notary.port)
  await calls(2)
  await allSigned()
  const before = await last()
  await rotate(notary.open, 'drill')
  await notary.again()
  await calls(2)
  await allSigned()
  const keys = await notaryKeys(ask, name)
  expect(keys).toHaveLength(2)
  expect(openCheckpoint(before.note, keys, name).by[0]).toMatchObject({ id: keys[0]?.id })
  expect(openCheckpoint((await last()).note, keys, name).by[0]).toMatchObject({ id: keys[1]?.id })
  expect(await types()).toContain('notary.rotated')
  expect(heard.contradiction).toBeUndefined()
})

test('another notary is refused where one is configured', async () => {
  const notary = await testNotary(folder.path)
  const first = lead(notary.port)
  await calls(2)
  await allSigned()
  await first.leader.stop()
  const before = await last()
  const other = temporary()
  cleanups.push(() => other.remove())
  const false1 = await testNotary(other.path)
  const second = lead(false1.port)
  await eventually(() => second.heard.contradiction !== undefined)
  expect(second.heard.contradiction).toContain('Another notary')
  expect(await last()).toEqual(before)
})

test("another gateway's own notary may follow, reads the whole log, and that is an event; one's own lost one may not", async () => {
  const notary = await testNotary(folder.path)
  const first = lead(notary.port, { home: 'a:/state' })
  await calls(4)
  await allSigned()
  await first.leader.stop()
  const other = temporary()
  cleanups.push(() => other.remove())
  const next = await testNotary(other.path)
  const lost = lead(next.port, { home: 'a:/state' })
  await eventually(() => lost.heard.contradiction !== undefined)
  await lost.leader.stop()
  const second = lead(next.port, { home: 'b:/state' })
  await eventually(async () => (await types()).includes('notary.rotated'))
  await allSigned()
  expect(second.heard.contradiction).toBeUndefined()
  await eventually(async () => next.notary.signed().size === (await events()))
  expect(next.notary.signed().size).toBe(await events())
  const keys = await notaryKeys(ask, name)
  expect(keys.map(({ id }) => id)).toEqual([notary.open.signer.id, next.open.signer.id])
  await second.leader.stop()
  // And back: its own memory holds against what was signed since.
  const third = lead(notary.port, { home: 'a:/state' })
  await calls(2)
  await eventually(async () => notary.notary.signed().size === (await events()))
  await allSigned()
  expect(third.heard.contradiction).toBeUndefined()
  expect(notary.notary.signed().root).toEqual(rangeOf(await tree()).root())
})

test('a notary that is away only delays; a notary that lies is believed nothing', async () => {
  const notary = await testNotary(folder.path)
  let mood: 'away' | 'lies' | 'well' = 'away'
  const { heard } = lead({
    async state() {
      if (mood === 'away') throw new Error('ECONNREFUSED')
      return notary.port.state()
    },
    async sign(request) {
      const answer = await notary.port.sign(request)
      return mood === 'lies' && answer.kind === 'signed'
        ? { ...answer, note: answer.note.replace(/\n(\d+)\n/, '\n99999\n') }
        : answer
    },
  })
  await calls(2)
  await eventually(() => heard.warnings.length > 0)
  expect((await last()).size).toBe(0)
  mood = 'lies'
  await new Promise((wake) => setTimeout(wake, 200))
  mood = 'well'
  await calls(1)
  await allSigned()
  expect(openCheckpoint((await last()).note, [notary.open.signer], name).size).toBe(await events())
})

test('the last events of a log that closes are signed too', async () => {
  const notary = await testNotary(folder.path)
  const { leader } = lead(notary.port, { everyMs: 60_000 })
  await eventually(() => leader.leads)
  await calls(3)
  await log.close()
  await leader.stop()
  expect((await last()).size).toBe(await events())
  log = await testLog(store)
})
