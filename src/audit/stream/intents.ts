/** The open intents of one stream: each gets exactly one terminal event, in this stream. */
import { GateError } from '../../errors.ts'
import type { Entry } from '../../types.ts'
import { isTerminal } from './item.ts'

export interface Intents {
  /** Throws INTERNAL when an entry ends or prepares an intent that is not open here; what it ends is ending from now on. */
  admit(entries: readonly Entry[]): void
  /** The entries will never be durable: what they would have ended is open again. */
  withdraw(entries: readonly Entry[]): void
  landed(entry: Entry, leaf: string): void
  /** Intents that nothing ends yet, by leaf. */
  open(): ReadonlyMap<string, Entry>
}

const needsIntent = (entry: Entry): boolean =>
  isTerminal(entry.type) || entry.type === 'call.prepared'

export const openIntents = (before: ReadonlyMap<string, Entry> = new Map()): Intents => {
  const open = new Map(before)
  const ending = new Map<string, Entry>()
  const parentOf = (entry: Entry): string => {
    const intent = open.get(entry.parent ?? '')
    if (entry.parent === undefined || intent === undefined || intent.callId !== entry.callId) {
      throw new GateError('INTERNAL', 'The log holds no open intent for this record.')
    }
    return entry.parent
  }
  const startEnding = (entry: Entry): void => {
    const parent = parentOf(entry)
    const intent = open.get(parent)
    if (intent === undefined || !isTerminal(entry.type)) return
    open.delete(parent)
    ending.set(parent, intent)
  }
  const withdraw = (entries: readonly Entry[]): void => {
    for (const { type, parent = '' } of entries) {
      const intent = ending.get(parent)
      if (intent === undefined || !isTerminal(type)) continue
      ending.delete(parent)
      open.set(parent, intent)
    }
  }
  return {
    admit(entries) {
      const admitted: Entry[] = []
      try {
        for (const entry of entries.filter(needsIntent)) {
          startEnding(entry)
          admitted.push(entry)
        }
      } catch (thrown) {
        withdraw(admitted)
        throw thrown
      }
    },
    withdraw,
    landed(entry, leaf) {
      if (entry.type === 'call.intent') open.set(leaf, entry)
      if (isTerminal(entry.type) && entry.parent !== undefined) ending.delete(entry.parent)
    },
    open: () => open,
  }
}
