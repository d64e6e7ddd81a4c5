/**
 * Events and contents as nearly every line has them, read without writing each line anew to see that it is in its one
 * canonical form. What is not plainly so is left to the reader of any line: these never refuse.
 */
import { isAscii } from 'node:buffer'
import { fieldsOf } from '../checks/chain-check.ts'
import { PART_BYTES } from '../stream/seal.ts'
import type { EventLine, PayloadLine } from './line.ts'
import { DEEPEST } from './text.ts'

/** What stands before a header's own bytes. */
export const HEAD = Buffer.from('{"header":')
const eventTail = /,"idx":"(0|[1-9]\d{0,14})","kind":"event"}\n$/
/** The longest that such a tail can be. */
const EVENT_TAIL = 48

/** What stands before contents. */
const BYTES = Buffer.from('{"bytes":"')
const payloadTail =
  /","event_id":"([0-9a-f-]{36})","kind":"payload","part":(0|[1-9]\d{0,8}),"salt":"([A-Za-z0-9+/]{43}=)"}\n$/
const PAYLOAD_TAIL = 160

const ending = (line: Buffer, length: number): string =>
  line.toString('latin1', Math.max(0, line.length - length))
const startsAs = (line: Buffer, begin: Buffer): boolean =>
  line.length > begin.length && line.compare(begin, 0, begin.length, 0, begin.length) === 0

/**
 * Length of the canonical text of what was read from ASCII without a backslash; NaN where that is not plain to see. No
 * other such text of the same value is as short: white space, a member told twice and other ways to write a number
 * below 100 all take more. So a text of this length, its members in order, is the canonical one.
 */
const canonicalLength = (value: unknown, depth: number): number => {
  if (typeof value === 'string') return value.length + 2
  if (value === true) return 4
  if (value === false) return 5
  if (typeof value === 'number')
    return Number.isInteger(value) && value >= 0 && value < 100 ? (value < 10 ? 1 : 2) : Number.NaN
  if (typeof value !== 'object' || value === null || depth >= DEEPEST) return Number.NaN
  if (Array.isArray(value)) {
    let length = value.length === 0 ? 2 : value.length + 1
    for (const one of value) length += canonicalLength(one, depth + 1)
    return length
  }
  // JSON.parse makes plain objects.
  const members = value as Readonly<Record<string, unknown>>
  const keys = Object.keys(members)
  let length = keys.length === 0 ? 2 : 1
  let last: string | undefined
  for (const key of keys) {
    // Members that are numbers come first in an object, wherever the text had them.
    if ((last !== undefined && last >= key) || (key >= '0' && key < ':')) return Number.NaN
    last = key
    length += key.length + 4 + canonicalLength(members[key], depth + 1)
  }
  return length
}

/** `line` with its LF. */
export const plainEvent = (line: Buffer): EventLine | undefined => {
  if (!startsAs(line, HEAD)) return undefined
  const [tail, digits] = eventTail.exec(ending(line, EVENT_TAIL)) ?? []
  if (tail === undefined) return undefined
  const jcs = line.subarray(HEAD.length, -tail.length)
  if (!isAscii(jcs)) return undefined
  const text = jcs.toString('latin1')
  if (text.includes('\\')) return undefined
  let header: unknown
  try {
    header = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) return undefined
  if (canonicalLength(header, 1) !== text.length) return undefined
  return { kind: 'event', idx: Number(digits), header: fieldsOf(header), jcs }
}

/** `line` with its LF. */
export const plainPayload = (line: Buffer): PayloadLine | undefined => {
  if (!startsAs(line, BYTES)) return undefined
  const [tail, eventId, part, salt] = payloadTail.exec(ending(line, PAYLOAD_TAIL)) ?? []
  if (tail === undefined || eventId === undefined || salt === undefined) return undefined
  const text = line.toString('latin1', BYTES.length, line.length - tail.length)
  const bytes = Buffer.from(text, 'base64')
  const key = Buffer.from(salt, 'base64')
  if (bytes.length > PART_BYTES || key.length !== 32) return undefined
  // base64 is read leniently; only what it writes itself is taken.
  if (bytes.toString('base64') !== text || key.toString('base64') !== salt) return undefined
  return { kind: 'payload', eventId, part: Number(part), salt: key, bytes }
}
