/** What waits in the sequencer's queue: the entries of one `append()`. */
import type { Claim, Entry, EventType, Receipt } from '../../types.ts'
import type { Prepared } from './prepare.ts'

const terminals: ReadonlySet<EventType> = new Set(['call.result', 'call.error', 'call.unknown'])

/** Types that end an intent; each intent has exactly one. */
export const isTerminal = (type: EventType): boolean => terminals.has(type)

export interface Item {
  readonly prepared: readonly Prepared[]
  readonly claim?: Claim
  readonly size: number
  /** Undefined once its caller was told that the log is unavailable, and for the log's own events. */
  caller: { resolve(receipts: readonly Receipt[]): void; reject(error: Error): void } | undefined
}

export const entriesOf = (item: Item): readonly Entry[] => item.prepared.map(({ entry }) => entry)

/** What happened stays true when its caller is gone; what was only meant to happen does not. */
export const outlivesCaller = (item: Item): boolean =>
  item.claim === undefined && !item.prepared.some(({ entry }) => entry.type === 'call.intent')

export const settle = (item: Item, receipts: readonly Receipt[]): void => {
  item.caller?.resolve(receipts)
  item.caller = undefined
}

export const fail = (item: Item, error: Error): void => {
  item.caller?.reject(error)
  item.caller = undefined
}
