/** A held input: encrypted under a key of its own, which the vault's key wraps and which is destroyed when the approval ends. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import type { KeyWrap } from '../types.ts'
import { canonical } from './canonical.ts'

export interface Sealed {
  readonly input: Buffer
  readonly key: Buffer
}

/**
 * Everything of a request that people or the gateway decide by, as text (row.ts `decisive`): authenticated together with the
 * input, so that a row of which anything was changed, what approvers see included, can't be opened any more.
 */
export type Seen = string

/** What an approval is bound to; `reason` is no part of the input here. */
export interface Bound {
  readonly tool: string
  readonly target: string
  readonly targetIdentity: string
  readonly input: unknown
  readonly iss: string
  readonly sub: string
  readonly client: string
}

const withoutReason = (input: unknown): unknown => {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input
  const { reason: _reason, ...rest } = input as Record<string, unknown>
  return rest
}

/** HMAC-SHA256 under the sealed input's own key over RFC 8785 JSON: gone with the key, so that it can't be guessed afterwards. */
const digestOf = (key: Uint8Array, bound: Bound): Buffer =>
  createHmac('sha256', key)
    .update('digest\0')
    .update(canonical({ ...bound, input: withoutReason(bound.input) }))
    .digest()

const contextOf = (callId: string): string => `approval:${callId}`

export const seal = (
  callId: string,
  bound: Bound,
  seen: Seen,
  keys: KeyWrap,
): Sealed & { digest: Buffer } => {
  const key = randomBytes(32)
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(`${callId}\0${seen}`))
  const text = JSON.stringify(bound.input)
  const input = Buffer.concat([
    nonce,
    cipher.update(text, 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ])
  return { input, key: keys.wrap(key, contextOf(callId)), digest: digestOf(key, bound) }
}

/** The input, and the digest that it has for this caller, tool and target now. Throws when anything was changed. */
export const unseal = (
  callId: string,
  sealed: Sealed,
  bound: Omit<Bound, 'input'>,
  seen: Seen,
  keys: KeyWrap,
): { input: unknown; digest: Buffer } => {
  const key = keys.unwrap(sealed.key, contextOf(callId))
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.input.subarray(0, 12), {
    authTagLength: 16,
  })
  decipher.setAAD(Buffer.from(`${callId}\0${seen}`))
  decipher.setAuthTag(sealed.input.subarray(-16))
  const text = Buffer.concat([
    decipher.update(sealed.input.subarray(12, -16)),
    decipher.final(),
  ]).toString('utf8')
  const input: unknown = JSON.parse(text)
  return { input, digest: digestOf(key, { ...bound, input }) }
}
