/** Which notary this log has: the first one that it met, and what follows from that one's signed history. */
import { z } from 'zod'
import type { Entry } from '../types.ts'
import { LogContradicted, type NotaryView } from './notary-port.ts'
import { NoteRefused, vkeyOf } from './note.ts'
import { type History, readHistory, type Statement } from './note-history.ts'
import { type Detail, systemEntry } from './system.ts'
import { type AskRows, readMeta, writeMeta } from './tree-read.ts'

const META = 'log.notary'
const form = z.object({ history: z.array(z.string()).min(1) })

/** Statements of the log's notary as the store knows them; none before the first. */
export const pinnedHistory = async (ask: AskRows): Promise<readonly string[]> => {
  const text = await readMeta(ask, META)
  if (text === undefined) return []
  try {
    return form.parse(JSON.parse(text)).history
  } catch {
    throw new LogContradicted("The store's record of the log's notary can not be read.")
  }
}

export interface Seen {
  readonly history: History
  /** Statements that the store did not know. */
  readonly fresh: readonly Statement[]
}

/** Throws LogContradicted when it is another notary than the log had, or its history is not whole. */
export const recognise = (view: NotaryView, pinned: readonly string[], log: string): Seen => {
  if (view.log !== log)
    throw new LogContradicted(`The notary is that of ${view.log}; this log is ${log}.`)
  try {
    const history = readHistory(view.history, log)
    if (pinned.some((note, at) => view.history[at] !== note)) throw other(history)
    return { history, fresh: history.statements.slice(pinned.length) }
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

export const pin = async (ask: AskRows, history: readonly string[]): Promise<void> =>
  writeMeta(ask, META, JSON.stringify({ history }))

const point = (name: string, { root, size }: Statement['from']) => ({
  [`${name}_size`]: String(size),
  [`${name}_root`]: root.toString('hex'),
})

/** The event of a ceremony; undefined for the notary's creation. */
export const ceremonyEntry = (statement: Statement, writer: string): Entry | undefined => {
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
