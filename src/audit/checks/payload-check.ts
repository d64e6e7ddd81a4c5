/** Checks stored payload parts against what the headers commit to. */

import { epochKey } from '../stream/keys.ts'
import { matches, openPart } from '../stream/seal.ts'
import { type Fields, type Finding, fieldsOf, text } from './chain-check.ts'

export interface PayloadRow {
  /** Hex without dashes. */
  readonly eventId: string
  readonly part: number
  readonly keyId: string
  readonly nonce: Buffer | null
  readonly ciphertext: Buffer | null
  /** The row names a retention.erase event that the log has. */
  readonly erased: boolean
}

export interface PayloadCounts {
  checked: number
  erased: number
  /** Rows whose data key is not there, or was not asked for. */
  sealed: number
}

export const MALFORMED = 'its payload parts are malformed or named twice'

export interface Committed {
  readonly header: Fields
  /** Every part is named once, in the record's form. */
  readonly sound: boolean
  readonly parts: readonly {
    readonly part: number
    readonly commit: string
    readonly len: number
  }[]
}

const hex32 = /^[0-9a-f]{64}$/
const count = /^(0|[1-9]\d{0,8})$/

/** What a header commits to; undefined when it commits to nothing. */
export const committedBy = (header: Fields): Committed | undefined => {
  if (header.payload === undefined) return undefined
  if (!Array.isArray(header.payload)) return { header, parts: [], sound: false }
  let sound = true
  const numbers = new Set<number>()
  const parts = header.payload.map((given: unknown) => {
    const one = fieldsOf(given)
    const part = typeof one.part === 'number' ? one.part : -1
    const commit = text(one.commit)
    const len = text(one.len)
    if (part < 0 || numbers.has(part) || !hex32.test(commit) || !count.test(len)) sound = false
    numbers.add(part)
    return { part, commit, len: Number(len) || 0 }
  })
  return { header, parts, sound }
}

type KeyOf = (keyId: string) => Promise<Buffer | undefined>

/** `rows` are those of this event; `opened` gets the parts that are what the header commits to. */
export const checkPayload = async (
  { header, parts, sound }: Committed,
  rows: readonly PayloadRow[],
  keyOf: KeyOf | undefined,
  counts: PayloadCounts,
  report: (finding: Finding) => void,
  opened?: (part: number, bytes: Buffer) => void,
): Promise<void> => {
  const say = (what: string) => report({ stream: text(header.stream), seq: text(header.seq), what })
  if (!sound) say(MALFORMED)
  const place = { log: text(header.log), stream: text(header.stream), epoch: text(header.epoch) }
  for (const { commit, part } of parts) {
    const row = rows.find((one) => one.part === part)
    if (row === undefined) say(`payload part ${part} is missing`)
    else if (row.nonce === null || row.ciphertext === null) {
      if (row.erased) counts.erased += 1
      else say(`payload part ${part} was emptied without a retention.erase event`)
    } else {
      const month = keyOf && (await keyOf(row.keyId))
      if (month === undefined) {
        counts.sealed += 1
        continue
      }
      counts.checked += 1
      try {
        const sealed = { part, nonce: row.nonce, ciphertext: row.ciphertext }
        const found = openPart(epochKey(month, place), text(header.event_id), sealed)
        if (matches(found, commit)) opened?.(part, found.bytes)
        else say(`payload part ${part} is not what the header commits to`)
      } catch {
        say(`payload part ${part} can not be opened: it was changed`)
      }
    }
  }
  for (const { part } of rows) {
    if (!parts.some((one) => one.part === part))
      say(`payload part ${part} is not one that the header commits to`)
  }
}
