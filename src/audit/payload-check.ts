/** Checks stored payload parts against what the headers commit to. */
import { type Fields, type Finding, text } from './chain-check.ts'
import { epochKey } from './keys.ts'
import { matches, openPart } from './seal.ts'

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

export interface Committed {
  readonly header: Fields
  readonly parts: readonly {
    readonly part: number
    readonly commit: string
    readonly len: number
  }[]
}

/** What a header commits to; undefined when it commits to nothing. */
export const committedBy = (header: Fields): Committed | undefined => {
  if (!Array.isArray(header.payload)) return undefined
  const parts = header.payload.map((one: Fields) => ({
    part: typeof one?.part === 'number' ? one.part : -1,
    commit: text(one?.commit),
    len: Number(text(one?.len)) || 0,
  }))
  return { header, parts }
}

type KeyOf = (keyId: string) => Promise<Buffer | undefined>

/** `rows` are those of this event; `opened` gets the parts that are what the header commits to. */
export const checkPayload = async (
  { header, parts }: Committed,
  rows: readonly PayloadRow[],
  keyOf: KeyOf | undefined,
  counts: PayloadCounts,
  report: (finding: Finding) => void,
  opened?: (part: number, bytes: Buffer) => void,
): Promise<void> => {
  const say = (what: string) => report({ stream: text(header.stream), seq: text(header.seq), what })
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
