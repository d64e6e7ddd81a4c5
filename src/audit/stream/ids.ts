/** UUIDs of version 7 (RFC 9562 section 5.7): time first, so that index pages fill in order. */
import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(4096)
let used = pool.length

let last = 0
let counter = 0

// RFC 9562 section 6.2, method 1: twelve bits that count within a millisecond, so that a process's ids never go back.
const tick = (nowMs: number): void => {
  const now = Math.max(0, Math.floor(nowMs))
  if (now > last) {
    last = now
    counter = 0
  } else if (counter < 0xfff) counter += 1
  else {
    last += 1
    counter = 0
  }
}

/** 16 bytes; the first six are the milliseconds of `nowMs`, or of the last id where the clock went back by less than a second. */
export const uuidv7Bytes = (nowMs: number): Buffer => {
  if (used + 16 > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  // A clock that was set back is believed: ids in the future would lie in the wrong month for ever.
  if (last - nowMs > 1000) last = 0
  tick(nowMs)
  const bytes = Buffer.from(pool.subarray(used, used + 16))
  used += 16
  bytes.writeUIntBE(last, 0, 6)
  bytes.writeUInt16BE(0x7000 | counter, 6)
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes
}

export const uuidText = (bytes: Uint8Array): string => {
  const hex = Buffer.from(bytes).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

export const uuidBytes = (text: string): Buffer => Buffer.from(text.replaceAll('-', ''), 'hex')
