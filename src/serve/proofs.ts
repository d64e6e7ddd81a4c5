/** Proofs of answers: a passphrase's signature for local approvers, a MAC under the vault's key for people whom an issuer signed in. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Proofs } from '../approvals/ports.ts'
import { GateError } from '../errors.ts'
import { type Approver, approverSignature } from '../identity/approvers.ts'
import { localIssuer } from '../identity/local.ts'
import { signedBy } from '../identity/passphrase.ts'

/**
 * `issuers`: of `identity.issuers`. Answers of others are no answers: with the vault's key, which an agent's shell on the same
 * machine may read, anybody could be made up.
 */
export const openProofs = (
  approvers: readonly Approver[],
  issuers: readonly string[],
  key: Uint8Array,
): Proofs => {
  const known = new Map(approvers.map((approver) => [approver.subject, approver]))
  const mac = (statement: string): Buffer => createHmac('sha256', key).update(statement).digest()
  return {
    sign: (by, statement) => {
      const signature = approverSignature(by, statement)
      if (signature) return `ed25519:${signature.toString('base64url')}`
      if (by.auth === 'oidc' || by.auth === 'saml')
        return `hmac:${mac(statement).toString('base64url')}`
      throw new GateError('NOT_ALLOWED', "This sign-in can't answer for a person.")
    },
    verify: (by, statement, proof) => {
      const [kind, value = ''] = proof.split(':', 2)
      const bytes = Buffer.from(value, 'base64url')
      if (kind === 'ed25519') {
        const approver = by.iss === localIssuer ? known.get(by.sub) : undefined
        return approver !== undefined && signedBy(approver.passphrase, statement, bytes)
      }
      // Nobody local is taken by a MAC: its key lies on the same disk as the agent's shell.
      if (kind !== 'hmac' || by.iss === localIssuer || !issuers.includes(by.iss)) return false
      const expected = mac(statement)
      return bytes.length === expected.length && timingSafeEqual(bytes, expected)
    },
  }
}
