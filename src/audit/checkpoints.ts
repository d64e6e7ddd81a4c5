/** Asks the notary to sign the tree as it grows, and keeps what it signed. The range that was signed stays in memory, so the cost is that of the new leaves. */
import type { Entry } from '../types.ts'
import { openCheckpoint } from './checkpoint-note.ts'
import { type CompactRange, openCompact } from './compact.ts'
import { ceremonyEntry, pin, pinnedHistory, recognise } from './notary-pin.ts'
import { LogContradicted, type NotaryPort, type NotaryView } from './notary-port.ts'
import { NoteRefused } from './note.ts'
import type { History } from './note-history.ts'
import {
  type AskRows,
  grow,
  lastCheckpoint,
  readLeaves,
  storeCheckpoint,
  storedRange,
} from './tree-read.ts'

export interface CheckpointOptions {
  readonly ask: AskRows
  readonly notary: NotaryPort
  readonly log: string
  readonly writer: string
  /** Records a ceremony of the notary's. */
  readonly record: (entry: Entry) => Promise<void>
  readonly signed?: (size: number, note: string) => void
}

export interface Checkpoints {
  /** Signed so far. */
  readonly size: number
  /** Signs up to `size`. Rejects with LogContradicted when notary and store contradict each other, else when the notary or the store fails. */
  round(size: number): Promise<void>
}

/** Leaves that one plea brings; the notary takes no more. */
const MOST_LEAVES = 16_384

const copyOf = (range: CompactRange): CompactRange => openCompact(range.state())

/** What the store says was signed last, with its range: from the leader before, else anew from the leaves. */
const rangeAt = async (ask: AskRows, size: number, root?: Buffer): Promise<CompactRange> => {
  const kept = await storedRange(ask)
  if (kept && kept.size === size && (root === undefined || kept.root().equals(root))) return kept
  const range = openCompact()
  await grow(ask, range, size)
  return range
}

interface Standing {
  readonly history: History
  readonly range: CompactRange
}

export const openCheckpoints = (options: CheckpointOptions): Checkpoints => {
  const { ask, log, notary, record, writer } = options
  let standing: Standing | undefined

  const store = async (note: string, range: CompactRange, history: History): Promise<void> => {
    const { epoch, root, size } = openCheckpoint(note, history.keys, log)
    if (size !== range.size || !root.equals(range.root()) || epoch !== history.epoch)
      throw new NoteRefused('the notary signed something else than it was asked to')
    await storeCheckpoint(ask, { size, note }, range)
    options.signed?.(size, note)
  }

  /** Where notary and store both stand, or the contradiction between them. */
  const meet = async (view: NotaryView, treeSize: number): Promise<Standing> => {
    const pinned = await pinnedHistory(ask)
    const { fresh, history } = recognise(view, pinned, log)
    const last = await lastCheckpoint(ask)
    if (view.epoch !== history.epoch)
      throw new LogContradicted("The notary's state is of another epoch than its history.")
    if (treeSize < view.size)
      throw new LogContradicted(
        `The notary signed ${view.size} events and the store has ${treeSize}: it was put back from an older copy, or its end was dropped.`,
      )
    const resumed = fresh.some(({ kind }) => kind === 'recovered' || kind === 'rebased')
    if (last && view.size < last.size && !resumed)
      throw new LogContradicted(
        `The notary says that it signed ${view.size} events, and the store holds its signature over ${last.size}: its state is an old one.`,
      )
    const from = last && last.size <= view.size ? await rangeAt(ask, last.size) : openCompact()
    await grow(ask, from, view.size)
    let range = from
    if (!range.root().equals(view.root) && last && last.size > 0) {
      // The shortcut may be what is wrong.
      range = openCompact()
      await grow(ask, range, view.size)
    }
    if (!range.root().equals(view.root))
      throw new LogContradicted(
        `The first ${view.size} events of the store are not those that the notary signed: the store is another copy, or was changed.`,
      )
    for (const statement of fresh) {
      const entry = ceremonyEntry(statement, writer)
      if (entry) await record(entry)
    }
    if (fresh.length > 0) await pin(ask, view.history)
    if (view.note !== undefined && view.size > (last?.size ?? 0))
      await store(view.note, range, history)
    return { history, range }
  }

  const extend = async ({ history, range }: Standing, to: number, treeSize: number) => {
    const leaves = await readLeaves(ask, range.size, to)
    const next = copyOf(range)
    for (const leaf of leaves) next.append(Buffer.from(leaf))
    const answer = await notary.sign({
      log,
      epoch: history.epoch,
      old: { ...range.state(), root: range.root() },
      size: to,
      root: next.root(),
      leaves,
    })
    if (answer.kind === 'refused') {
      const met = await meet(answer.has, treeSize)
      if (met.range.size === range.size && met.history.head === history.head)
        throw new Error(`the notary refused: ${answer.message}`)
      return met
    }
    try {
      await store(answer.note, next, history)
    } catch (thrown) {
      // Signed by a key that is new here: its history says whether it may be believed.
      if (!(thrown instanceof NoteRefused)) throw thrown
      return meet(await notary.state(), treeSize)
    }
    return { history, range: next }
  }

  return {
    get size() {
      return standing?.range.size ?? 0
    },
    async round(treeSize) {
      try {
        standing ??= await meet(await notary.state(), treeSize)
        if (treeSize < standing.range.size)
          throw new LogContradicted(
            `${standing.range.size} events were signed and the store has ${treeSize}: its end was dropped.`,
          )
        while (standing.range.size < treeSize) {
          const to = Math.min(treeSize, standing.range.size + MOST_LEAVES)
          standing = await extend(standing, to, treeSize)
        }
      } catch (thrown) {
        standing = undefined
        throw thrown
      }
    },
  }
}
