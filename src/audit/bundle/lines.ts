/** The lines of a bundle, each one JCS object and LF; read strictly, so that no two texts mean the same. */

import { type Fields, fieldsOf } from '../checks/chain-check.ts'
import { PART_BYTES } from '../stream/seal.ts'
import type { BundleLine, Line } from './line.ts'
import { HEAD, plainEvent, plainPayload } from './plain.ts'
import { canonicalText, NotCanonical } from './text.ts'

/** Bytes of a line, its LF included. */
export const MOST_LINE = 1024 * 1024

/** The bytes are no line of a bundle. Its message says what is wrong, without what they hold. */
export class LineRefused extends Error {
  override readonly name = 'LineRefused'
}

const refuse = (what: string): never => {
  throw new LineRefused(what)
}

const textIn = (value: Fields, key: string): string => {
  const found = value[key]
  return typeof found === 'string' ? found : refuse(`has no ${key}`)
}
const countIn = (value: Fields, key: string): number => {
  const found = textIn(value, key)
  return /^(0|[1-9]\d{0,14})$/.test(found) ? Number(found) : refuse(`has a ${key} that is no count`)
}
const bytesIn = (value: Fields, key: string): Buffer => {
  const found = textIn(value, key)
  const bytes = Buffer.from(found, 'base64')
  return bytes.toString('base64') === found ? bytes : refuse(`has ${key} that are no base64`)
}
const hex32 = /^[0-9a-f]{64}$/
const hashesIn = (value: Fields, key: string): readonly Buffer[] => {
  const found = value[key]
  if (!Array.isArray(found) || found.length > 64) return refuse(`has no ${key}`)
  return found.map((one: unknown) =>
    typeof one === 'string' && hex32.test(one)
      ? Buffer.from(one, 'hex')
      : refuse(`has a ${key} that holds no hashes`),
  )
}
const oneOf = <T extends string>(value: Fields, key: string, of: readonly T[]): T =>
  of.find((one) => one === value[key]) ?? refuse(`has an unknown ${key}`)

const only = (value: Fields, keys: readonly string[]): void => {
  const given = Object.keys(value)
  if (given.length !== keys.length || given.some((key) => !keys.includes(key)))
    refuse('has other members than its kind')
}

const bundle = (value: Fields): BundleLine => {
  if (value.v !== 1) refuse('is of another version of the format')
  const from = countIn(value, 'from')
  only(value, [
    'from',
    'kind',
    'log',
    'notary',
    'payloads',
    ...(from > 0 ? ['range'] : []),
    'to',
    'v',
  ])
  return {
    kind: 'bundle',
    log: textIn(value, 'log'),
    from,
    to: countIn(value, 'to'),
    payloads: oneOf(value, 'payloads', ['clear', 'none']),
    notary: oneOf(value, 'notary', ['own', 'apart']),
    range: from > 0 ? hashesIn(value, 'range') : [],
  }
}

const headerIn = (value: Fields): Fields =>
  typeof value.header === 'object' && value.header !== null && !Array.isArray(value.header)
    ? fieldsOf(value.header)
    : refuse('has no header')

const parsers: Readonly<Record<Line['kind'], (value: Fields, line: Buffer) => Line>> = {
  bundle,
  key(value) {
    only(value, ['id', 'kind', 'public'])
    return { kind: 'key', id: textIn(value, 'id'), public: textIn(value, 'public') }
  },
  policy(value) {
    only(value, ['engine', 'kind', 'schema', 'schema_text', 'set', 'text'])
    return {
      kind: 'policy',
      set: textIn(value, 'set'),
      schema: textIn(value, 'schema'),
      engine: textIn(value, 'engine'),
      text: textIn(value, 'text'),
      schemaText: textIn(value, 'schema_text'),
    }
  },
  event(value, line) {
    only(value, ['header', 'idx', 'kind'])
    const header = headerIn(value)
    const idx = countIn(value, 'idx')
    const tail = `,"idx":"${idx}","kind":"event"}\n`
    return { kind: 'event', idx, header, jcs: line.subarray(HEAD.length, -tail.length) }
  },
  payload(value) {
    only(value, ['bytes', 'event_id', 'kind', 'part', 'salt'])
    const { part } = value
    const bytes = bytesIn(value, 'bytes')
    const salt = bytesIn(value, 'salt')
    if (typeof part !== 'number' || part < 0) return refuse('has no part')
    if (bytes.length > PART_BYTES) refuse('holds more than a part may')
    if (salt.length !== 32) refuse('has no salt of 32 bytes')
    return { kind: 'payload', eventId: textIn(value, 'event_id'), part, salt, bytes }
  },
  checkpoint(value) {
    only(value, ['kind', 'note'])
    return { kind: 'checkpoint', note: textIn(value, 'note') }
  },
  anchor(value) {
    only(value, ['kind', 'note'])
    return { kind: 'anchor', note: textIn(value, 'note') }
  },
  end(value) {
    only(value, ['events', 'kind', 'sha256'])
    return { kind: 'end', events: countIn(value, 'events'), sha256: textIn(value, 'sha256') }
  },
  receipt(value, line) {
    only(value, ['header', 'idx', 'kind', 'leaf', 'note', 'proof', 'v'])
    if (value.v !== 1) refuse('is of another version of the format')
    const header = headerIn(value)
    const [leaf] = hashesIn({ leaf: [value.leaf] }, 'leaf')
    const text = canonicalText(header)
    return {
      kind: 'receipt',
      idx: countIn(value, 'idx'),
      header,
      jcs: line.subarray(HEAD.length, HEAD.length + Buffer.byteLength(text)),
      leaf: leaf ?? refuse('has no leaf'),
      proof: hashesIn(value, 'proof'),
      note: textIn(value, 'note'),
    }
  },
}

/** `line` with its LF. Throws LineRefused. */
export const parseLine = (line: Buffer): Line => {
  const found = plainEvent(line) ?? plainPayload(line)
  if (found !== undefined) return found
  const text = line.toString('utf8', 0, line.length - 1)
  let value: unknown
  let canonical: string
  try {
    value = JSON.parse(text)
    canonical = canonicalText(value)
  } catch (thrown) {
    return refuse(thrown instanceof NotCanonical ? thrown.message : 'is no JSON')
  }
  if (canonical !== text || (text.includes('\ufffd') && !sameBytes(text, line)))
    return refuse('is not in its one canonical form')
  const fields = fieldsOf(value)
  const kind = fields.kind
  if (typeof kind !== 'string' || !Object.hasOwn(parsers, kind))
    return refuse('is of no known kind')
  // One of the table's own keys.
  return parsers[kind as Line['kind']](fields, line)
}

// Bytes that are no UTF-8 are read as U+FFFD; only then can equal texts come of different bytes.
const sameBytes = (text: string, line: Buffer): boolean =>
  Buffer.from(text).equals(line.subarray(0, -1))

/** The line of an object, with its LF. Throws NotCanonical, and RangeError when it is longer than a line may be. */
export const lineText = (value: Readonly<Record<string, unknown>>): string => {
  const text = `${canonicalText(value)}\n`
  if (Buffer.byteLength(text) > MOST_LINE)
    throw new RangeError(`a line of kind ${String(value.kind)} would be longer than 1 MiB`)
  return text
}

export const eventLine = (idx: number, jcs: Buffer): Buffer =>
  Buffer.concat([HEAD, jcs, Buffer.from(`,"idx":"${idx}","kind":"event"}\n`)])
