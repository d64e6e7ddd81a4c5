/** From an entry to what can be committed: an id, sealed parts, and the commitments that the header will hold. */
import { GateError } from '../../errors.ts'
import type { Entry } from '../../types.ts'
import type { Commitment, Draft } from './header.ts'
import { uuidText, uuidv7Bytes } from './ids.ts'
import { PART_BYTES, type SealedPart, sealPart } from './seal.ts'

/** Commitments of more parts than this would not leave room in the header. 15 MiB of masked bytes. */
const MAX_PARTS = 240

/** The key of one epoch of one stream for the month that it is. */
export interface Sealer {
  readonly keyId: string
  readonly key: Buffer
  nonce(): Buffer
}

/** Ready to be committed, and the same in every try. */
export interface Prepared extends Draft {
  /** The event's id as it is stored. */
  readonly id: Buffer
  readonly parts: readonly SealedPart[]
  readonly keyId: string
  /** Bytes that it keeps in memory. */
  readonly size: number
}

const HEADER_GUESS = 1024

const bytesOf = (bytes: Uint8Array | string): Uint8Array =>
  typeof bytes === 'string' ? Buffer.from(bytes) : bytes

/** Bytes of payload that the entry brings, before compression. */
export const weight = (entry: Entry): number =>
  (entry.parts ?? []).reduce((sum, { bytes }) => sum + bytes.length, HEADER_GUESS)

/** Splits at 64 KiB, seals, commits to. Throws OUTPUT_WITHHELD when the parts are too many for one event. */
export const prepare = (entry: Entry, sealer: Sealer, nowMs: number): Prepared => {
  const id = uuidv7Bytes(nowMs)
  const eventId = uuidText(id)
  const commitments: Commitment[] = []
  const parts: SealedPart[] = []
  let size = HEADER_GUESS
  for (const { kind, bytes } of entry.parts ?? []) {
    const whole = bytesOf(bytes)
    for (let at = 0; at < whole.length || at === 0; at += PART_BYTES) {
      const piece = whole.subarray(at, at + PART_BYTES)
      const part = parts.length
      if (part >= MAX_PARTS) {
        throw new GateError(
          'OUTPUT_WITHHELD',
          'The output is larger than one record of the log holds.',
          {
            hint: 'Ask for less: fewer rows, fewer columns, a narrower range.',
          },
        )
      }
      const { sealed, commit } = sealPart(sealer.key, sealer.nonce(), id, part, piece)
      parts.push(sealed)
      commitments.push({ part, kind, commit, len: piece.length })
      size += sealed.ciphertext.length
    }
  }
  return { entry, id, eventId, commitments, parts, keyId: sealer.keyId, size }
}
