/** Checks one stream's events in their order: bytes, chain, epochs, and that each intent ends exactly once. Pure. */

import type { EventType } from '../../types.ts'
import { GENESIS, leafHash, MAX_HEADER_BYTES } from '../stream/header.ts'
import { isTerminal } from '../stream/item.ts'

/** A header as read from hashed bytes: nothing of it is believed before it is looked at. */
export type Fields = Readonly<Record<string, unknown>>

export interface Finding {
  readonly stream: string
  /** Decimal; empty when it concerns the stream as a whole. */
  readonly seq: string
  readonly what: string
}

export interface CheckedEvent {
  readonly header: Fields
  /** Computed from the bytes: hex, and the 32 bytes themselves. */
  readonly leaf: string
  readonly hash: Buffer
}

export interface StreamCheck {
  /**
   * `seq` and `leaf` as stored beside the bytes, the leaf only where one is; `read`: the bytes as the caller has parsed
   * them already. Undefined when the bytes are no header.
   */
  event(seq: bigint, jcs: Buffer, leaf: Buffer | undefined, read?: Fields): CheckedEvent | undefined
  /** The stream's row, and whether nothing may be open any more. */
  end(row: { readonly seq: bigint; readonly head: Buffer; readonly closed: boolean }): void
  readonly open: number
  /** Events that refer to an intent before the part that was seen; always 0 for a stream that was seen from its first event. */
  readonly unseen: number
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '')
export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
export const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []

const parse = (jcs: Buffer): Fields | undefined => {
  try {
    const value: unknown = JSON.parse(jcs.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined
  } catch {
    return undefined
  }
}

const half = (leaf: string): string => Buffer.from(leaf.slice(0, 32), 'hex').toString('latin1')

/** `partial`: the stream's first events may lie before what is shown; what refers to them is counted, not reported. */
export const openStreamCheck = (
  stream: string,
  log: string,
  report: (finding: Finding) => void,
  partial = false,
): StreamCheck => {
  let prev: Buffer = GENESIS
  let prevHex = GENESIS.toString('hex')
  let expected = 1n
  let epoch = ''
  let closed = false
  let begun = !partial
  let unseen = 0
  // Every event of the stream is shown: what it refers to has to be there.
  let fromFirst = !partial
  /** Ends that were seen of a stream that is shown in part: the first half of the intent's leaf. */
  const ended = new Set<string>()
  /** Leaf of an open intent -> its call. */
  const open = new Map<string, string>()

  const place = (header: Fields, seq: bigint, say: (what: string) => void): void => {
    if (seq !== expected) say(`follows ${expected - 1n}: events between are missing`)
    if (text(header.seq) !== String(seq)) say('its header says another sequence number')
    if (text(header.stream) !== stream) say('its header says another stream')
    if (text(header.log) !== log) say('its header says another log')
    if (header.v !== 1) say('its header says another version of the format')
    if (seq === expected && text(header.prev) !== prevHex) {
      say('does not follow from the event before it')
    }
  }

  const epochs = (header: Fields, say: (what: string) => void): void => {
    const type = text(header.type)
    const first = expected === 1n
    if (first !== (type === 'stream.open'))
      say(first ? 'the stream does not begin with stream.open' : 'the stream opens twice')
    if (closed && type !== 'stream.takeover') say('comes after the stream was closed')
    const its = text(header.epoch)
    if (!first && its !== epoch && type !== 'stream.takeover')
      say('is of an epoch that no takeover began')
    if (!first && its === epoch && type === 'stream.takeover') say('is a takeover within one epoch')
    epoch = its
    closed = type === 'stream.close'
  }

  const ends = (header: Fields, leaf: string, say: (what: string) => void): void => {
    const type = text(header.type)
    if (type === 'call.intent') open.set(leaf, text(header.call_id))
    // Types are our own closed list; another one ends nothing.
    const terminal = isTerminal(type as EventType)
    if (!terminal && type !== 'call.prepared') return
    const parent = text(header.parent)
    const call = open.get(parent)
    const known = half(parent)
    if (call === undefined && !fromFirst && !ended.has(known)) unseen += 1
    else if (call === undefined) say(`${type} has no open intent in its stream`)
    else if (call !== text(header.call_id)) say(`${type} belongs to another call than its intent`)
    if (!terminal) return
    open.delete(parent)
    if (!fromFirst) ended.add(known)
  }

  return {
    event(seq, jcs, leaf, read) {
      const say = (what: string) => report({ stream, seq: String(seq), what })
      const computed = leafHash(jcs)
      const hex = computed.toString('hex')
      const header = read ?? parse(jcs)
      if (!begun && header !== undefined) {
        begun = true
        // The signed tree vouches for what came before.
        if (seq === 1n) fromFirst = true
        else {
          expected = seq
          prevHex = text(header.prev)
          prev = Buffer.from(prevHex, 'hex')
          if (header.type !== 'stream.takeover') epoch = text(header.epoch)
        }
      }
      if (leaf !== undefined && !computed.equals(leaf)) say('its bytes do not hash to its leaf')
      if (jcs.length > MAX_HEADER_BYTES) say('its header is longer than the format allows')
      if (header === undefined) say('its bytes are no header')
      else {
        place(header, seq, say)
        epochs(header, say)
        ends(header, hex, say)
      }
      prev = computed
      prevHex = hex
      expected = seq + 1n
      return header && { header, leaf: hex, hash: computed }
    },
    end(row) {
      const say = (what: string) => report({ stream, seq: '', what })
      if (row.seq !== expected - 1n || !row.head.equals(prev)) {
        say(`the stream stands at ${row.seq}, its events end at ${expected - 1n}`)
      }
      if (row.closed && !closed && expected > 1n) say('the stream is closed without stream.close')
      if (closed) {
        for (const call of open.values())
          say(`call ${call} was never ended, and the stream is closed`)
      }
    },
    get open() {
      return open.size
    },
    get unseen() {
      return unseen
    },
  }
}
