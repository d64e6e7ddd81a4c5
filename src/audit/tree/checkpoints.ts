/** Asks the notary to sign the tree as it grows, and keeps what it signed. The range that was signed stays in memory, so the cost is that of the new leaves. */
import type { Entry } from '../../types.ts'
import { openCheckpoint } from './checkpoint-note.ts'
import { type CompactRange, openCompact } from './compact.ts'
import { ceremonyEntries, keepPin, pinned, recognise } from './notary-pin.ts'
import { LogContradicted, type NotaryPort, type NotaryView } from './notary-port.ts'
import { type NoteKey, NoteRefused } from './note.ts'
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
  /** This gateway, where the notary is its own child; left out for a configured one. */
  readonly home?: string
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

const openStored = (note: string, trusted: readonly NoteKey[], log: string) => {
  try {
    return openCheckpoint(note, trusted, log)
  } catch (thrown) {
    if (!(thrown instanceof NoteRefused)) throw thrown
    throw new LogContradicted(`The store's last checkpoint does not hold: ${thrown.message}.`)
  }
}

interface Standing {
  readonly history: History
  readonly range: CompactRange
}

export const openCheckpoints = (options: CheckpointOptions): Checkpoints => {
  const { ask, home, log, notary, record, writer } = options
  let standing: Standing | undefined

  const store = async (note: string, range: CompactRange, history: History): Promise<void> => {
    const { epoch, root, size } = openCheckpoint(note, history.keys, log)
    if (size !== range.size || !root.equals(range.root()) || epoch !== history.epoch)
      throw new NoteRefused('the notary signed something else than it was asked to')
    await storeCheckpoint(ask, { size, note }, range)
    options.signed?.(size, note)
  }

  /** The range at the last checkpoint that the store holds; throws when the store's leaves do not lead to it. */
  const fromStored = async (
    treeSize: number,
    trusted: readonly NoteKey[],
  ): Promise<CompactRange> => {
    const last = await lastCheckpoint(ask)
    if (last === undefined) return openCompact()
    if (treeSize < last.size)
      throw new LogContradicted(
        `${last.size} events of the store were signed and it has ${treeSize}: its end was dropped.`,
      )
    const { root } = openStored(last.note, trusted, log)
    const kept = await storedRange(ask)
    if (kept && kept.size === last.size && kept.root().equals(root)) return kept
    const range = openCompact()
    await grow(ask, range, last.size)
    if (range.root().equals(root)) return range
    throw new LogContradicted(
      `The first ${last.size} events of the store are not those that its last checkpoint was signed over: the store was changed.`,
    )
  }

  /** Where notary and store both stand, or the contradiction between them. */
  const meet = async (view: NotaryView, treeSize: number): Promise<Standing> => {
    const seen = recognise(view, await pinned(ask), log, home)
    const { fresh, history, pin, succeeds, trusted } = seen
    if (view.epoch !== history.epoch)
      throw new LogContradicted("The notary's state is of another epoch than its history.")
    const rebased = fresh.some(({ kind }) => kind === 'rebased')
    const resumed = succeeds !== undefined || fresh.some(({ kind }) => kind === 'recovered')
    const stored = rebased ? openCompact() : await fromStored(treeSize, trusted)
    if (treeSize < view.size)
      throw new LogContradicted(
        `The notary signed ${view.size} events and the store has ${treeSize}: it was put back from an older copy, or its end was dropped.`,
      )
    if (view.size < stored.size && !resumed)
      throw new LogContradicted(
        `The notary says that it signed ${view.size} events, and the store holds a signature over ${stored.size}: the notary's state is an old one.`,
      )
    const range = view.size < stored.size ? openCompact() : copyOf(stored)
    await grow(ask, range, view.size)
    if (!range.root().equals(view.root))
      throw new LogContradicted(
        `The first ${view.size} events of the store are not those that the notary signed: the store is another copy, or was changed.`,
      )
    for (const entry of ceremonyEntries(seen, writer)) await record(entry)
    if (pin) await keepPin(ask, pin)
    if (view.note !== undefined && (view.size > stored.size || rebased))
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
