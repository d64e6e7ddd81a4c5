/** uuidv7 (RFC 9562 section 5.7): sorts by time, 74 random bits; strictly increasing within a process by the 12-bit counter of section 6.2. */
import { randomBytes } from 'node:crypto'

let lastMs = 0
let counter = 0

export const uuidv7 = (nowMs: number = Date.now()): string => {
  // A clock that steps back must not make ids repeat or sort backwards.
  if (nowMs > lastMs) {
    lastMs = nowMs
    counter = randomBytes(2).readUInt16BE() & 0x7ff
  } else if (++counter > 0xfff) {
    lastMs += 1
    counter = 0
  }
  const bytes = randomBytes(16)
  bytes.writeUIntBE(lastMs, 0, 6)
  bytes.writeUInt16BE(0x7000 | counter, 6)
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8)
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
