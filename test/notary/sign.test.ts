import { copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openCheckpoint, signCheckpoint } from '../../src/audit/tree/checkpoint-note.ts'
import { parseVkeys, vkeyOf } from '../../src/audit/tree/note.ts'
import { readHistory } from '../../src/audit/tree/note-history.ts'
import { rebase, recover, rotate } from '../../src/notary/ceremony.ts'
import { openFolder } from '../../src/notary/folder.ts'
import { openNotary } from '../../src/notary/sign.ts'
import { leavesOf, log, plea, rangeOf, temporary, testNotary } from './support.ts'

let folder: ReturnType<typeof temporary>
beforeEach(() => {
  folder = temporary()
})
afterEach(() => folder.remove())

const leaves = leavesOf(0, 64)
const signing = (name: string) => join(folder.path, 'signing', name)

test('what is signed is a checkpoint of the whole tree, by the key in notary.pub', async () => {
  const { notary } = await testNotary(folder.path)
  for (const [from, to] of [
    [0, 1],
    [1, 7],
    [7, 40],
  ] as const) {
    const answer = await notary.sign(plea(leaves, from, to))
    if (answer.kind !== 'signed') throw new Error(answer.message)
    const keys = parseVkeys(readFileSync(join(folder.path, 'notary.pub'), 'utf8'))
    const root = rangeOf(leaves.slice(0, to)).root()
    expect(openCheckpoint(answer.note, keys, log)).toMatchObject({ size: to, root, epoch: 1 })
  }
})

test('keys and state are for their owner alone', async () => {
  await testNotary(folder.path)
  for (const name of ['key.pem', 'state.json', 'history.json'])
    expect(statSync(signing(name)).mode & 0o777, name).toBe(0o600)
  expect(statSync(join(folder.path, 'signing')).mode & 0o777).toBe(0o700)
})

test('a fork, a smaller tree, a replay, another log and false leaves are refused, each with words', async () => {
  const { notary } = await testNotary(folder.path)
  await notary.sign(plea(leaves, 0, 20))
  const forked = [...leavesOf(0, 10, 1), ...leaves.slice(10)]
  const good = plea(leaves, 20, 30)
  const cases = [
    ['fork', plea(forked, 20, 30)],
    ['moved', plea(leaves, 0, 10)],
    ['moved', plea(leaves, 0, 20)],
    ['moved', plea(leaves, 10, 30)],
    ['behind', plea(leaves, 30, 40)],
    ['log', { ...good, log: 'other/log' }],
    ['epoch', { ...good, epoch: 2 }],
    ['leaves', { ...good, size: 31 }],
    ['leaves', { ...good, size: 10 }],
    ['leaves', { ...good, leaves: good.leaves.slice(1) }],
    ['root', { ...good, root: rangeOf(forked.slice(0, 30)).root() }],
    ['root', { ...good, leaves: leavesOf(20, 30, 1) }],
  ] as const
  for (const [why, request] of cases) {
    const answer = await notary.sign(request)
    expect(answer, why).toMatchObject({ kind: 'refused', why })
    expect(notary.signed().size).toBe(20)
  }
  const words = await notary.sign(plea(forked, 20, 30))
  expect(words).toMatchObject({ message: expect.stringContaining('are not those that I signed') })
  expect(await notary.sign(good)).toMatchObject({ kind: 'signed' })
})

test('the same tree again is answered with the same note', async () => {
  const { notary } = await testNotary(folder.path)
  const first = await notary.sign(plea(leaves, 0, 20))
  expect(await notary.sign(plea(leaves, 20, 20))).toEqual(first)
})

test('pleas at the same moment are taken one after another; one of two forks wins', async () => {
  const { notary } = await testNotary(folder.path)
  const other = leavesOf(0, 64, 1)
  const answers = await Promise.all([
    notary.sign(plea(leaves, 0, 20)),
    notary.sign(plea(other, 0, 20)),
    notary.sign(plea(leaves, 20, 30)),
  ])
  expect(answers.map(({ kind }) => kind)).toEqual(['signed', 'refused', 'signed'])
})

test('it goes on after a restart, and remembers', async () => {
  const open = await testNotary(folder.path)
  await open.notary.sign(plea(leaves, 0, 20))
  await open.again()
  expect(await open.notary.sign(plea(leavesOf(0, 64, 1), 20, 30))).toMatchObject({ why: 'fork' })
  expect(await open.notary.sign(plea(leaves, 20, 30))).toMatchObject({ kind: 'signed' })
})

test('what can not be kept is not signed', async () => {
  const { open } = await testNotary(folder.path)
  const full = {
    ...open,
    keep: async () => {
      throw new Error('disk full')
    },
  }
  const notary = openNotary(full)
  await expect(notary.sign(plea(leaves, 0, 20))).rejects.toThrow('disk full')
  expect(notary.signed().size).toBe(0)
  expect(await notary.sign(plea(leaves, 0, 20)).catch(() => 'failed')).toBe('failed')
})

test('a lost state signs nothing, and is never made up again', async () => {
  const open = await testNotary(folder.path)
  await open.notary.sign(plea(leaves, 0, 20))
  rmSync(signing('state.json'))
  await expect(open.again()).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  expect(existsSync(signing('state.json'))).toBe(false)
})

test('damaged files and a lost key or history refuse to open', async () => {
  const open = await testNotary(folder.path)
  await open.notary.sign(plea(leaves, 0, 20))
  const damage: readonly [string, (text: string) => string][] = [
    ['state.json', (text) => text.slice(0, -20)],
    ['state.json', (text) => text.replace('"size":20', '"size":21')],
    ['state.json', (text) => text.replace(/"root":"../, '"root":"00')],
    ['history.json', (text) => text.replace('created', 'Created')],
    ['history.json', () => '{}'],
    ['key.pem', () => 'no key'],
  ]
  for (const [name, change] of damage) {
    const before = readFileSync(signing(name), 'utf8')
    writeFileSync(signing(name), change(before))
    await expect(open.again(), name).rejects.toThrow()
    writeFileSync(signing(name), before)
  }
  for (const name of ['history.json', 'key.pem']) {
    const before = readFileSync(signing(name), 'utf8')
    rmSync(signing(name))
    await expect(openFolder(folder.path, log), name).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
    writeFileSync(signing(name), before)
  }
  await open.again()
})

test('a notary is that of one log', async () => {
  await testNotary(folder.path)
  await expect(openFolder(folder.path, 'other/log')).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
  })
  const empty = temporary()
  await expect(openFolder(empty.path)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  empty.remove()
})

test('rotation: the old key signs the new one, and checkpoints of both periods verify', async () => {
  const open = await testNotary(folder.path)
  const first = await open.notary.sign(plea(leaves, 0, 20))
  const before = vkeyOf(open.open.signer)
  await rotate(open.open, 'yearly')
  await open.again()
  const second = await open.notary.sign(plea(leaves, 20, 30))
  const history = readHistory(open.open.notes, log)
  expect(history.keys.map(vkeyOf)).toEqual([before, vkeyOf(open.open.signer)])
  if (first.kind !== 'signed' || second.kind !== 'signed') throw new Error('not signed')
  expect(openCheckpoint(first.note, history.keys, log).by.map(vkeyOf)).toEqual([before])
  expect(openCheckpoint(second.note, history.keys, log).by.map(vkeyOf)).toEqual([
    vkeyOf(open.open.signer),
  ])
  expect(() => openCheckpoint(second.note, history.keys.slice(0, 1), log)).toThrow()
  expect(readFileSync(signing('key.pem'), 'utf8')).not.toBe('')
  expect(existsSync(signing('key.next.pem'))).toBe(false)
})

test('a rotation that is cut off at any step is whole or did not happen', async () => {
  const names = ['key.pem', 'history.json', 'state.json'] as const
  const open = await testNotary(folder.path)
  await open.notary.sign(plea(leaves, 0, 20))
  const before = vkeyOf(open.open.signer)
  const old = new Map(names.map((name) => [name, readFileSync(signing(name))]))
  await rotate(open.open, 'test')
  const next = new Map(names.map((name) => [name, readFileSync(signing(name))]))
  const put = (name: string, bytes: Buffer | undefined) => writeFileSync(signing(name), bytes ?? '')
  // The new key lies aside, nothing else has changed: the old one goes on.
  for (const name of names) put(name, old.get(name))
  put('key.next.pem', next.get('key.pem'))
  await open.again()
  expect(vkeyOf(open.open.signer)).toBe(before)
  expect(existsSync(signing('key.next.pem'))).toBe(false)
  // The history is written, the key still lies aside, the state is the old one: the new key goes on.
  put('key.next.pem', next.get('key.pem'))
  put('history.json', next.get('history.json'))
  await open.again()
  expect(vkeyOf(open.open.signer)).not.toBe(before)
  expect(await open.notary.sign(plea(leaves, 20, 30))).toMatchObject({ kind: 'signed' })
})

test('recovery: from an anchor of its own, confirmed by its size, and only forward', async () => {
  const open = await testNotary(folder.path)
  await open.notary.sign(plea(leaves, 0, 20))
  const anchor20 = open.notary.signed().note ?? ''
  await open.notary.sign(plea(leaves, 20, 30))
  const anchor30 = open.notary.signed().note ?? ''
  copyFileSync(signing('state.json'), join(folder.path, 'kept'))
  await expect(recover(open.open, anchor20, 20, 'test')).rejects.toThrow('is older')
  rmSync(signing('state.json'))
  const lost = await openFolder(folder.path)
  expect(lost.signed).toBeUndefined()
  await expect(recover(lost, anchor30, 20, 'test')).rejects.toThrow('confirmed were 20')
  await expect(recover(lost, anchor30.replace('30', '31'), 31, 'test')).rejects.toThrow('false')
  await recover(lost, anchor30, 30, 'disk lost')
  await open.again()
  // It knows the root alone: the first plea brings hashes that must fold to it.
  const forked = [...leavesOf(0, 10, 1), ...leaves.slice(10)]
  expect(await open.notary.sign(plea(forked, 30, 40))).toMatchObject({ why: 'fork' })
  const { hashes: _, ...blind } = plea(leaves, 30, 40).old
  expect(await open.notary.sign({ ...plea(leaves, 30, 40), old: blind })).toMatchObject({
    why: 'range',
  })
  const false30 = rangeOf(forked.slice(0, 30)).state().hashes
  expect(
    await open.notary.sign({ ...plea(leaves, 30, 40), old: { ...blind, hashes: false30 } }),
  ).toMatchObject({ why: 'range' })
  expect(await open.notary.sign(plea(leaves, 30, 40))).toMatchObject({ kind: 'signed' })
  expect(open.open.history.statements.map(({ kind }) => kind)).toEqual(['created', 'recovered'])
})

test('rebase: the gap is stated and signed, and later checkpoints say that they are of another epoch', async () => {
  const open = await testNotary(folder.path)
  await open.notary.sign(plea(leaves, 0, 30))
  const to = { size: 20, root: rangeOf(leaves.slice(0, 20)).root() }
  await expect(rebase(open.open, to, { from: 31, to: 20 }, 'x')).rejects.toThrow('confirmed were')
  await expect(rebase(open.open, to, { from: 30, to: 21 }, 'x')).rejects.toThrow('confirmed were')
  await rebase(open.open, to, { from: 30, to: 20 }, 'restored\nfrom backup')
  await open.again()
  expect(open.open.history.statements.at(-1)).toMatchObject({
    kind: 'rebased',
    epoch: 2,
    from: { size: 30 },
    to,
    reason: 'restored from backup',
  })
  expect(await open.notary.sign(plea(leaves, 20, 25))).toMatchObject({ why: 'epoch' })
  const answer = await open.notary.sign({ ...plea(leaves, 20, 25), epoch: 2 })
  if (answer.kind !== 'signed') throw new Error(answer.message)
  expect(openCheckpoint(answer.note, [open.open.signer], log)).toMatchObject({ epoch: 2, size: 25 })
})

test('a history that was changed, cut in the middle or mixed with another does not hold', async () => {
  const open = await testNotary(folder.path)
  await rotate(open.open, 'one')
  await open.again()
  await rotate(open.open, 'two')
  await open.again()
  const notes = open.open.notes
  const other = temporary()
  const foreign = await testNotary(other.path)
  expect(readHistory(notes, log).keys).toHaveLength(3)
  for (const broken of [
    [],
    notes.slice(1),
    [notes[0] ?? '', notes[2] ?? ''],
    [...notes, notes[1] ?? ''],
    [foreign.open.notes[0] ?? '', ...notes.slice(1)],
    notes.map((note) => note.replace('one', 'two')),
    ['no note'],
  ])
    expect(() => readHistory(broken, log)).toThrow()
  expect(() => readHistory(notes, 'other/log')).toThrow()
  // Two statements that differ in nothing but their place: one may not be left out.
  const point = { origin: log, size: 0, root: rangeOf([]).root(), epoch: 1 }
  await recover(open.open, signCheckpoint(point, open.open.signer), 0, 'first')
  await open.again()
  await recover(open.open, signCheckpoint(point, open.open.signer), 0, 'second')
  await open.again()
  const five = open.open.notes
  expect(readHistory(five, log).statements).toHaveLength(5)
  expect(() => readHistory([...five.slice(0, 3), five[4] ?? ''], log)).toThrow()
  expect(() => readHistory([...five.slice(0, 3), five[4] ?? '', five[3] ?? ''], log)).toThrow()
  other.remove()
})
