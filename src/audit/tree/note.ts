/** Signed notes (c2sp.org/signed-note) with Ed25519 keys. A note's text counts only once a trusted key's signature holds. */
import {
  createPublicKey,
  hash,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto'

/** Why a note is refused that nobody trusted has signed. */
export const UNTRUSTED = 'no trusted key signed this note'

/** The bytes are no note, or no trusted key signed them. Its message is fit to show. */
export class NoteRefused extends Error {
  override readonly name = 'NoteRefused'
}

export interface NoteKey {
  readonly name: string
  /** Key ID: 8 hex digits. */
  readonly id: string
  /** 32 bytes, RFC 8032. */
  readonly publicKey: Buffer
}

export interface Signer extends NoteKey {
  sign(text: string): Buffer
}

const ED25519 = 1
const longestNote = 64 * 1024
const mostSignatures = 64
const nameForm = /^[^\s+\p{Z}]+$/u

const keyId = (name: string, publicKey: Buffer): string =>
  hash(
    'sha256',
    Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([ED25519]), publicKey]),
    'hex',
  ).slice(0, 8)

/** Throws NoteRefused when the name can't be a key's. */
export const noteKey = (name: string, publicKey: Buffer): NoteKey => {
  if (!nameForm.test(name)) throw new NoteRefused('a key name is empty or holds spaces or a plus')
  if (publicKey.length !== 32) throw new NoteRefused('an Ed25519 public key has 32 bytes')
  return { name, id: keyId(name, publicKey), publicKey }
}

const rawPublic = (key: KeyObject): Buffer =>
  Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')

/** `key`: an Ed25519 private key. */
export const signerOf = (name: string, key: KeyObject): Signer => ({
  ...noteKey(name, rawPublic(createPublicKey(key))),
  sign: (text) => signBytes(null, Buffer.from(text), key),
})

/** `name+id+base64(0x01 || key)`: one line, as in `notary.pub`. */
export const vkeyOf = ({ id, name, publicKey }: NoteKey): string =>
  `${name}+${id}+${Buffer.concat([Buffer.from([ED25519]), publicKey]).toString('base64')}`

/** Throws NoteRefused when it is none, or its id is not its key's. */
export const parseVkey = (text: string): NoteKey => {
  const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? []
  const bytes = Buffer.from(encoded ?? '', 'base64')
  if (name === undefined || bytes.toString('base64') !== encoded || bytes.length !== 33)
    throw new NoteRefused('this is no verifier key (name+id+base64)')
  if (bytes[0] !== ED25519) throw new NoteRefused('this verifier key is not of the kind Ed25519')
  const key = noteKey(name, bytes.subarray(1))
  if (key.id !== id) throw new NoteRefused('the id of this verifier key is not that of its key')
  return key
}

/** A file of verifier keys: each a line that ends in LF, which may be left out of the last; nothing else is white space. Throws NoteRefused. */
export const parseVkeys = (text: string): readonly NoteKey[] => {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines.map(parseVkey)
}

const holdsControl = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit < 0x20 && unit !== 0x0a) return true
  }
  return false
}

/** `text` ends in a newline and holds no other control character. Throws NoteRefused. */
export const signNote = (text: string, signers: readonly Signer[]): string => {
  if (!text.endsWith('\n') || holdsControl(text) || !text.isWellFormed())
    throw new NoteRefused('this text can not be signed as a note')
  const lines = signers.map((signer) => {
    const bytes = Buffer.concat([Buffer.from(signer.id, 'hex'), signer.sign(text)])
    return `\u2014 ${signer.name} ${bytes.toString('base64')}\n`
  })
  return `${text}\n${lines.join('')}`
}

interface Signature {
  readonly name: string
  readonly id: string
  readonly bytes: Buffer
}

const signatureOf = (line: string): Signature => {
  const [, name, encoded] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? []
  const bytes = Buffer.from(encoded ?? '', 'base64')
  // Only the one way to write these bytes: no two notes may say the same.
  const written = bytes.toString('base64') === encoded
  if (name === undefined || !nameForm.test(name) || !written || bytes.length < 5)
    throw new NoteRefused('a signature line of the note is malformed')
  return { name, id: bytes.toString('hex', 0, 4), bytes: bytes.subarray(4) }
}

/** Text and signatures as they stand; nothing is verified. Throws NoteRefused. */
const split = (
  note: string,
): { readonly text: string; readonly signatures: readonly Signature[] } => {
  if (note.length > longestNote) throw new NoteRefused('the note is too long')
  if (holdsControl(note) || !note.isWellFormed())
    throw new NoteRefused('the note holds characters that no note may hold')
  const end = note.lastIndexOf('\n\n')
  if (end < 0 || !note.endsWith('\n')) throw new NoteRefused('this is no signed note')
  const lines = note.slice(end + 2, -1).split('\n')
  if (lines.length > mostSignatures) throw new NoteRefused('the note has too many signatures')
  return { text: note.slice(0, end + 1), signatures: lines.map(signatureOf) }
}

const verifies = (text: string, { publicKey }: NoteKey, signature: Buffer): boolean => {
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: publicKey.toString('base64url') },
    format: 'jwk',
  })
  return signature.length === 64 && verifyBytes(null, Buffer.from(text), key, signature)
}

/** The text, and those of `trusted` that signed it: at least one. Throws NoteRefused, also when a known key's signature is false. */
export const openNote = (
  note: string,
  trusted: readonly NoteKey[],
): { readonly text: string; readonly by: readonly NoteKey[] } => {
  const { signatures, text } = split(note)
  const by: NoteKey[] = []
  for (const { bytes, id, name } of signatures) {
    const key = trusted.find((one) => one.name === name && one.id === id)
    if (key === undefined) continue
    if (!verifies(text, key, bytes)) throw new NoteRefused(`the signature of ${key.name} is false`)
    if (!by.includes(key)) by.push(key)
  }
  if (by.length === 0) throw new NoteRefused(UNTRUSTED)
  return { text, by }
}
