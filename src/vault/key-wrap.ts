/** Wraps data keys and secrets under the vault's key: AES-256-GCM, a key of its own for each context (HKDF-SHA256, RFC 5869). */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { GateError } from '../errors.ts'
import type { KeyWrap } from '../types.ts'

const version = 1
const nonceBytes = 12
const tagBytes = 16
/** Less than this can be guessed. */
const leastKeyBytes = 32

/** The key's bytes from what a file or variable holds: hex or base64 of at least 32 bytes, else the text itself, of at least 32 characters. Throws CONFIG_INVALID. */
export const keyBytes = (text: string, where: string): Buffer => {
  const trimmed = text.trim()
  if (
    /^[0-9a-f]+$/i.test(trimmed) &&
    trimmed.length % 2 === 0 &&
    trimmed.length >= leastKeyBytes * 2
  )
    return Buffer.from(trimmed, 'hex')
  if (/^[A-Za-z0-9+/_-]{43,}={0,2}$/.test(trimmed)) return Buffer.from(trimmed, 'base64')
  const raw = Buffer.from(trimmed)
  if (raw.length >= leastKeyBytes) return raw
  throw new GateError(
    'CONFIG_INVALID',
    `The key in ${where} is too short: at least 32 random bytes as hex or base64 are needed.`,
  )
}

const derive = (key: Uint8Array, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, 'countersign', purpose, 32))

/** A key for one purpose, from the vault's key: for MACs that must be the same on all gateways of a store. */
export const subKey = (key: Uint8Array, purpose: string): Buffer => derive(key, `mac:${purpose}`)

/** Wrapped form: version, nonce, tag, ciphertext. The context is authenticated, and has a key of its own. */
export const openKeyWrap = (key: Uint8Array): KeyWrap => {
  const keyId = createHmac('sha256', derive(key, 'id')).update('key id').digest('hex').slice(0, 16)
  const keys = new Map<string, Buffer>()
  const keyFor = (context: string): Buffer => {
    // Contexts that name one thing each (an approval, a secret) share the key of their kind and differ in what is authenticated.
    const kind = context.split(':', 1)[0] ?? ''
    const have = keys.get(kind)
    if (have) return have
    const made = derive(key, `wrap:${kind}`)
    keys.set(kind, made)
    return made
  }
  return {
    keyId,
    wrap: (plain, context) => {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', keyFor(context), nonce)
      cipher.setAAD(Buffer.from(`${keyId}\0${context}`))
      const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
      return Buffer.concat([Buffer.from([version]), nonce, cipher.getAuthTag(), sealed])
    },
    unwrap: (wrapped, context) => {
      const bytes = Buffer.from(wrapped)
      if (bytes.length < 1 + nonceBytes + tagBytes || bytes[0] !== version)
        throw new Error('not wrapped by this version')
      const nonce = bytes.subarray(1, 1 + nonceBytes)
      const tag = bytes.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes)
      const decipher = createDecipheriv('aes-256-gcm', keyFor(context), nonce, {
        authTagLength: tagBytes,
      })
      decipher.setAAD(Buffer.from(`${keyId}\0${context}`))
      decipher.setAuthTag(tag)
      try {
        return Buffer.concat([
          decipher.update(bytes.subarray(1 + nonceBytes + tagBytes)),
          decipher.final(),
        ])
      } catch (cause) {
        throw new GateError(
          'CONFIG_INVALID',
          "What the store holds can't be opened with this vault.key under this log.name.",
          { cause, hint: 'Put back the key and the name that the store was made with.' },
        )
      }
    },
  }
}
