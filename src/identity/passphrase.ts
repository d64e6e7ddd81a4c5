/**
 * Passphrases of local approvers: `scrypt:N:r:p:salt:hash`, salt and hash in base64url (RFC 7914). The hash is the public
 * half of the Ed25519 key whose seed scrypt gives: so an answer can be signed by who knows the passphrase, and checked
 * later by the configuration alone. Nothing that lies in the state or configuration folder can make such a signature.
 */
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  scrypt,
  timingSafeEqual,
  verify,
} from 'node:crypto'

// 128 MiB and about half a second a try on one core: dear for a guesser, bearable for a person.
const cost = { N: 2 ** 17, r: 8, p: 1 }
const saltBytes = 16
/** Of an Ed25519 seed, and of its public key. */
const seedBytes = 32

/** Shortest passphrase that `hashPassphrase` takes. */
export const shortest = 12
const longest = 1024

const form =
  /^scrypt:(?<N>\d{4,7}):(?<r>\d{1,2}):(?<p>\d{1,2}):(?<salt>[A-Za-z0-9_-]{22,86}):(?<hash>[A-Za-z0-9_-]{43})$/

interface Parsed {
  readonly N: number
  readonly r: number
  readonly p: number
  readonly salt: Buffer
  readonly hash: Buffer
}

const parse = (encoded: string): Parsed | undefined => {
  const found = form.exec(encoded)?.groups
  if (found === undefined) return undefined
  const { N, r, p, salt, hash } = found
  const parsed = {
    N: Number(N),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt ?? '', 'base64url'),
    hash: Buffer.from(hash ?? '', 'base64url'),
  }
  const powerOfTwo = Number.isInteger(Math.log2(parsed.N))
  const strong = parsed.N * parsed.r >= 2 ** 17 && parsed.p >= 1
  // A configuration must not be able to make one try cost gigabytes.
  const bounded = parsed.N * parsed.r <= 2 ** 23 && parsed.p <= 4
  return powerOfTwo && strong && bounded ? parsed : undefined
}

/** Whether a configuration's `passphrase` is a hash that we verify: well-formed, N*r at least 2^17, within our bounds. */
export const isPassphraseHash = (encoded: string): boolean => parse(encoded) !== undefined

const derive = (
  passphrase: string,
  salt: Buffer,
  { N, r, p }: { N: number; r: number; p: number },
  length: number,
): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    // NFKC, so that the same passphrase typed on another keyboard or terminal is the same (RFC 8265 section 4.2 uses NFC; we fold widths too).
    scrypt(
      passphrase.normalize('NFKC'),
      salt,
      length,
      { N, r, p, maxmem: 256 * N * r },
      (error, key) => (error ? reject(error) : resolve(key)),
    ),
  )

/** The form for the configuration. Throws RangeError when it is shorter than 12 or longer than 1,024 characters. */
export const hashPassphrase = async (passphrase: string): Promise<string> => {
  if (passphrase.length < shortest || passphrase.length > longest)
    throw new RangeError(`A passphrase has ${shortest} to ${longest} characters.`)
  const salt = randomBytes(saltBytes)
  const { publicBytes } = keyOf(await derive(passphrase, salt, cost, seedBytes))
  return `scrypt:${cost.N}:${cost.r}:${cost.p}:${salt.toString('base64url')}:${publicBytes.toString('base64url')}`
}

/** The approver's signing key, or undefined for a wrong passphrase, a form that is none of ours, or one too long. */
export const passphraseKey = async (
  passphrase: string,
  encoded: string,
): Promise<KeyObject | undefined> => {
  const parsed = parse(encoded)
  if (parsed === undefined || passphrase.length > longest) return undefined
  const { key, publicBytes } = keyOf(await derive(passphrase, parsed.salt, parsed, seedBytes))
  return timingSafeEqual(publicBytes, parsed.hash) ? key : undefined
}

export const isPassphrase = async (passphrase: string, encoded: string): Promise<boolean> =>
  (await passphraseKey(passphrase, encoded)) !== undefined

/** Whether whoever knows the passphrase behind `encoded` signed this text. */
export const signedBy = (encoded: string, text: string, signature: Uint8Array): boolean => {
  const parsed = parse(encoded)
  if (parsed === undefined) return false
  try {
    const key = createPublicKey({
      key: Buffer.concat([spkiPrefix, parsed.hash]),
      format: 'der',
      type: 'spki',
    })
    return verify(null, Buffer.from(text), key, signature)
  } catch {
    return false
  }
}

// DER of RFC 8410 around the 32 bytes of a seed, and of a public key.
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')

const keyOf = (seed: Buffer): { key: KeyObject; publicBytes: Buffer } => {
  const key = createPrivateKey({
    key: Buffer.concat([pkcs8Prefix, seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return { key, publicBytes: der.subarray(-seedBytes) }
}
