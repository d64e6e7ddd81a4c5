/** uuidv7 (RFC 9562 section 5.7): sorts by time, 74 random bits; strictly increasing within a process by the 12-bit counter of section 6.2. */
import { randomFillSync } from 'node:crypto'

let lastMs = 0
let counter = 0

/** Random bytes are drawn for 256 ids at a time; each is used once. */
const pool = Buffer.alloc(256 * 16)
let used = pool.length

const random16 = (): Buffer => {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += 16
  return Buffer.from(pool.subarray(used - 16, used))
}

export const uuidv7 = (nowMs: number = Date.now()): string => {
  // A clock that steps back must not make ids repeat or sort backwards.
  if (nowMs > lastMs) {
    lastMs = nowMs
    counter = random16().readUInt16BE() & 0x7ff
  } else if (++counter > 0xfff) {
    lastMs += 1
    counter = 0
  }
  const bytes = random16()
  bytes.writeUIntBE(lastMs, 0, 6)
  bytes.writeUInt16BE(0x7000 | counter, 6)
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8)
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
