/** One payload part: compressed, salted, encrypted; committed to by an HMAC whose salt lives inside the ciphertext. */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  randomBytes,
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

/** HMAC-SHA256(salt, masked bytes) in hex: with the salt erased, the text can't be guessed from it. */
const commitment = (salt: Uint8Array, bytes: Uint8Array): string =>
  createHmac('sha256', salt).update(bytes).digest('hex')

/** Binds a ciphertext to its place: event id and part number. */
const place = (eventId: string, part: number): Buffer => {
  const aad = Buffer.allocUnsafe(20)
  uuidBytes(eventId).copy(aad)
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

/** Seals up to 64 KiB of masked bytes and says what the header commits to. */
export const sealPart = (
  key: Buffer,
  nonce: Buffer,
  eventId: string,
  part: number,
  bytes: Uint8Array,
): { readonly sealed: SealedPart; readonly commit: string } => {
  const salt = randomBytes(SALT)
  const packed = bytes.length >= COMPRESS_FROM ? deflateRawSync(bytes, { level: 1 }) : bytes
  const flag = Buffer.of(packed === bytes ? 0 : 1)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(place(eventId, part))
  const body = [cipher.update(salt), cipher.update(flag), cipher.update(packed), cipher.final()]
  const ciphertext = Buffer.concat([...body, cipher.getAuthTag()])
  return { sealed: { part, nonce, ciphertext }, commit: commitment(salt, bytes) }
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
    .setAAD(place(eventId, part))
    .setAuthTag(ciphertext.subarray(end))
  const plain = Buffer.concat([decipher.update(ciphertext.subarray(0, end)), decipher.final()])
  const body = plain.subarray(SALT + 1)
  const bytes = plain[SALT] === 1 ? inflateRawSync(body, { maxOutputLength: PART_BYTES }) : body
  return { salt: plain.subarray(0, SALT), bytes }
}

/** Whether opened bytes are those that the header committed to. */
export const matches = ({ salt, bytes }: OpenedPart, commit: string): boolean => {
  const want = Buffer.from(commit, 'hex')
  const got = createHmac('sha256', salt).update(bytes).digest()
  return want.length === got.length && timingSafeEqual(want, got)
}
