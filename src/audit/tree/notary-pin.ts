/** Which notary this log has: the one that it met, and what follows from that one's signed history. */
import { z } from 'zod'
import type { Entry } from '../../types.ts'
import { type Detail, systemEntry } from '../stream/system.ts'
import { LogContradicted, type NotaryView } from './notary-port.ts'
import { type NoteKey, NoteRefused, parseVkey, vkeyOf } from './note.ts'
import { type History, readHistory, type Statement } from './note-history.ts'
import { type AskRows, readMeta, writeMeta } from './tree-read.ts'

const META = 'log.notary'
const form = z.object({
  history: z.array(z.string()).min(1),
  home: z.string(),
  past: z.array(z.string()).max(10_000),
})

/** The log's notary as the store knows it. */
export interface Pinned {
  /** Its statements. */
  readonly history: readonly string[]
  /** Which gateway runs it; '' where it is a configured one. */
  readonly home: string
  /** Verifier keys of the notaries before it. */
  readonly past: readonly string[]
}

/** Undefined before the log has met a notary. */
export const pinned = async (ask: AskRows): Promise<Pinned | undefined> => {
  const text = await readMeta(ask, META)
  if (text === undefined) return undefined
  try {
    return form.parse(JSON.parse(text))
  } catch {
    throw new LogContradicted("The store's record of the log's notary can not be read.")
  }
}

/** Every key that ever signed this log as the store knows it, oldest first. For a verifier these are names, not reasons to trust. */
export const notaryKeys = async (ask: AskRows, log: string): Promise<readonly NoteKey[]> => {
  const known = await pinned(ask)
  if (known === undefined) return []
  return [...known.past.map(parseVkey), ...readHistory(known.history, log).keys]
}

export interface Seen {
  readonly history: History
  /** Statements that the store did not know. */
  readonly fresh: readonly Statement[]
  /** To be kept once store and notary agree; undefined when nothing is new. */
  readonly pin: Pinned | undefined
  /** Another gateway's own notary signed before this one: it has the whole log to read. */
  readonly succeeds: NoteKey | undefined
  /** Keys whose signatures in the store are believed. */
  readonly trusted: readonly NoteKey[]
}

/**
 * `home` is this gateway's, where the notary is its own child: then it may follow on another gateway's, but never on
 * one of its own that was lost. Throws LogContradicted when it is not the log's notary, or its history is not whole.
 */
export const recognise = (
  view: NotaryView,
  known: Pinned | undefined,
  log: string,
  home = '',
): Seen => {
  if (view.log !== log)
    throw new LogContradicted(`The notary is that of ${view.log}; this log is ${log}.`)
  try {
    const history = readHistory(view.history, log)
    const { keys } = history
    const past = known?.past ?? []
    const same = known === undefined || known.history.every((note, at) => view.history[at] === note)
    if (same) {
      const fresh = history.statements.slice(known?.history.length ?? 0)
      const pin = fresh.length > 0 ? { history: view.history, home, past } : undefined
      return {
        history,
        fresh,
        pin,
        succeeds: undefined,
        trusted: [...past.map(parseVkey), ...keys],
      }
    }
    const before = readHistory(known.history, log)
    if (home === '' || known.home === '' || known.home === home || before.epoch !== history.epoch)
      throw other(history)
    const left = [...new Set([...past, ...before.keys.map(vkeyOf)])]
    return {
      history,
      fresh: [],
      pin: { history: view.history, home, past: left },
      succeeds: before.current,
      trusted: [...left.map(parseVkey), ...keys],
    }
  } catch (thrown) {
    if (thrown instanceof NoteRefused)
      throw new LogContradicted(`The notary's history does not hold: ${thrown.message}.`)
    throw thrown
  }
}

const other = ({ current }: History): LogContradicted =>
  new LogContradicted(
    `Another notary answers (${vkeyOf(current)}) than the one that signed this log so far, or it has lost its history.`,
  )

export const keepPin = async (ask: AskRows, pin: Pinned): Promise<void> =>
  writeMeta(ask, META, JSON.stringify(pin))

const point = (name: string, { root, size }: Statement['from']) => ({
  [`${name}_size`]: String(size),
  [`${name}_root`]: root.toString('hex'),
})

const entryOf = (statement: Statement, writer: string): Entry | undefined => {
  const { at, epoch, from, key, kind, reason, to } = statement
  if (kind === 'created') return undefined
  const detail: Detail = {
    kind,
    key: vkeyOf(key),
    log_epoch: String(epoch),
    at,
    reason,
    ...point('from', from),
    ...point('to', to),
  }
  return systemEntry(kind === 'rebased' ? 'log.rebased' : 'notary.rotated', writer, detail)
}

/** The events of what is new: one a ceremony, none for the log's first notary. */
export const ceremonyEntries = (
  { fresh, history, succeeds }: Seen,
  writer: string,
): readonly Entry[] => {
  if (succeeds) {
    const detail = { kind: 'succeeded', key: vkeyOf(history.current), before: vkeyOf(succeeds) }
    return [systemEntry('notary.rotated', writer, detail)]
  }
  return fresh.flatMap((statement) => entryOf(statement, writer) ?? [])
}
