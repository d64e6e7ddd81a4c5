/** One payload part: compressed, salted, encrypted; committed to by an HMAC whose salt lives inside the ciphertext. */
import {
  createCipheriv,
  createDecipheriv,
  hash,
  randomFillSync,
  timingSafeEqual,
} from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { uuidBytes } from './ids.ts'

/** Masked bytes in one part. */
export const PART_BYTES = 65_536
const SALT = 32
const TAG = 16
// zlib sets up a window a call; below this size it costs more than it saves.
const COMPRESS_FROM = 512

// RFC 2104 by two one-shot hashes: a keyed object for each part costs more than hashing it. Kept and overwritten
// from part to part; `createHmac` judges it in the tests.
const BLOCK = 64
const inner = Buffer.alloc(BLOCK + PART_BYTES)
const outer = Buffer.alloc(BLOCK + 32)

/** Hex of HMAC-SHA256(salt of 32 bytes, up to 64 KiB of masked bytes): with the salt erased, the text can't be guessed from it. */
const commitment = (salt: Uint8Array, bytes: Uint8Array): string => {
  for (let at = 0; at < SALT; at++) {
    const byte = salt[at] ?? 0
    inner[at] = byte ^ 0x36
    outer[at] = byte ^ 0x5c
  }
  inner.fill(0x36, SALT, BLOCK)
  outer.fill(0x5c, SALT, BLOCK)
  inner.set(bytes, BLOCK)
  // A digest as text and back is half the price of a new buffer.
  outer.write(hash('sha256', inner.subarray(0, BLOCK + bytes.length), 'binary'), BLOCK, 'binary')
  return hash('sha256', outer, 'hex')
}

// Asking the system for 32 bytes costs what sealing costs, so they are fetched many at a time. What is given out is
// overwritten: a salt must not be found anywhere once its ciphertext is erased.
const salts = Buffer.alloc(256 * SALT)
let given = salts.length

const freshSalt = (): Buffer => {
  if (given === salts.length) {
    randomFillSync(salts)
    given = 0
  }
  const salt = Buffer.from(salts.subarray(given, given + SALT))
  salts.fill(0, given, given + SALT)
  given += SALT
  return salt
}

/** Binds a ciphertext to its place: event id and part number. */
const place = (eventId: Uint8Array, part: number): Buffer => {
  const aad = Buffer.allocUnsafe(20)
  aad.set(eventId)
  aad.writeUInt32BE(part, 16)
  return aad
}

export interface SealedPart {
  readonly part: number
  readonly nonce: Buffer
  /** AES-256-GCM of salt (32) | 0 plain or 1 raw deflate | body, then the tag (16). */
  readonly ciphertext: Buffer
}

export interface OpenedPart {
  readonly salt: Buffer
  readonly bytes: Buffer
}

/** Nonces count up under a key that belongs to one epoch of one process, so none comes twice. */
export const nonceCounter = (): (() => Buffer) => {
  let count = 0n
  return () => {
    count += 1n
    const nonce = Buffer.alloc(12)
    nonce.writeBigUInt64BE(count, 4)
    return nonce
  }
}

/** Seals up to 64 KiB of masked bytes and says, in hex, what the header commits to. */
export const sealPart = (
  key: Buffer,
  nonce: Buffer,
  eventId: Uint8Array,
  part: number,
  bytes: Uint8Array,
): { readonly sealed: SealedPart; readonly commit: string } => {
  const salt = freshSalt()
  const packed = bytes.length >= COMPRESS_FROM ? deflateRawSync(bytes, { level: 1 }) : bytes
  const plain = Buffer.allocUnsafe(SALT + 1 + packed.length)
  plain.set(salt)
  plain[SALT] = packed === bytes ? 0 : 1
  plain.set(packed, SALT + 1)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(place(eventId, part))
  // GCM gives as many bytes as it takes, so nothing is left for `final`.
  const body = cipher.update(plain)
  cipher.final()
  const ciphertext = Buffer.allocUnsafe(body.length + TAG)
  ciphertext.set(body)
  ciphertext.set(cipher.getAuthTag(), body.length)
  return {
    sealed: { part, nonce, ciphertext },
    commit: commitment(salt, bytes),
  }
}

/** Throws when key, place or bytes are not those that were sealed. Never gives more than 64 KiB. */
export const openPart = (
  key: Buffer,
  eventId: string,
  { part, nonce, ciphertext }: SealedPart,
): OpenedPart => {
  if (ciphertext.length < SALT + 1 + TAG) throw new Error('payload part is too short')
  const end = ciphertext.length - TAG
  const decipher = createDecipheriv('aes-256-gcm', key, nonce)
    .setAAD(place(uuidBytes(eventId), part))
    .setAuthTag(ciphertext.subarray(end))
  const plain = Buffer.concat([decipher.update(ciphertext.subarray(0, end)), decipher.final()])
  const body = plain.subarray(SALT + 1)
  const bytes = plain[SALT] === 1 ? inflateRawSync(body, { maxOutputLength: PART_BYTES }) : body
  return { salt: plain.subarray(0, SALT), bytes }
}

/** Whether opened bytes are those that the header committed to. */
export const matches = ({ salt, bytes }: OpenedPart, commit: string): boolean => {
  if (salt.length !== SALT || bytes.length > PART_BYTES) return false
  const want = Buffer.from(commit, 'hex')
  const got = Buffer.from(commitment(salt, bytes), 'hex')
  return want.length === got.length && timingSafeEqual(want, got)
}
