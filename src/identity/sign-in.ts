/** The sign-in of an HTTP request: a bearer token of an issuer, or on loopback the local token. */
import { createHmac } from 'node:crypto'
import type { Caller, Fields } from '../types.ts'
import { type Bearer, type BearerVerifier, TokenRefused } from './bearer.ts'
import { identified } from './caller.ts'
import { type LocalPrincipal, localCaller, localIssuer, sameSecret } from './local.ts'
import type { RefusalKind } from './refusals.ts'

export type Proof =
  | { readonly kind: 'bearer'; readonly bearer: Bearer }
  | { readonly kind: 'local'; readonly principal: LocalPrincipal }

/** `authorization` is the header's value; `loopback` says that the request came from this machine, directly. Throws TokenRefused. */
export type SignIn = (authorization: string | undefined, loopback: boolean) => Promise<Proof>

const bearerForm = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i

/** Leave `local` out when the configuration names no local principal, or publicUrl is not loopback. */
export const signIn =
  (by: {
    readonly bearer: BearerVerifier | undefined
    readonly local: { readonly principal: LocalPrincipal; readonly token: string } | undefined
    readonly refused?: (kind: RefusalKind) => void
  }): SignIn =>
  async (authorization, loopback) => {
    try {
      if (authorization === undefined || authorization === '') throw new TokenRefused('no-token')
      const token = bearerForm.exec(authorization)?.[1]
      if (token === undefined) throw new TokenRefused('malformed')
      if (token.startsWith('cslocal_')) {
        if (by.local === undefined || !loopback || !sameSecret(token, by.local.token))
          throw new TokenRefused('local-token')
        return { kind: 'local', principal: by.local.principal }
      }
      if (by.bearer === undefined) throw new TokenRefused('issuer')
      return { kind: 'bearer', bearer: await by.bearer.verify(token) }
    } catch (error) {
      const refused = error instanceof TokenRefused ? error : new TokenRefused('malformed')
      by.refused?.(refused.kind)
      throw refused
    }
  }

/**
 * The caller that a proof stands for. The session id is a keyed hash of who and of what the client calls its session: stable,
 * no secret, and without a character that the client chose. Throws NOT_IDENTIFIED.
 */
export const callerOf = (
  proof: Proof,
  at: {
    readonly via: 'http' | 'cli'
    /** 32 bytes; the same on all gateways of a store keeps ids the same. */
    readonly sessionKey: Uint8Array
    readonly clientSession: string
    readonly origin: Fields
  },
): Caller => {
  const session = (...who: readonly string[]): string =>
    createHmac('sha256', at.sessionKey)
      .update(JSON.stringify([...who, at.clientSession]))
      .digest('hex')
      .slice(0, 32)
  if (proof.kind === 'local') {
    const { principal } = proof
    return localCaller(principal, {
      via: 'http',
      session: session(localIssuer, principal.subject),
      origin: at.origin,
    })
  }
  const { iss, sub, client, groups, sid } = proof.bearer
  return identified({
    iss,
    sub,
    client,
    groups,
    via: at.via,
    auth: 'oidc',
    session: session(iss, sub, client, sid ?? ''),
    origin: at.origin,
  })
}

/** By how much an issuer's clock may be ahead. */
const skewSeconds = 30

/**
 * A person who answers, pauses or looks, by a token of an issuer: signed in at most `maxAgeSeconds` ago. The local token is no
 * such proof, nor is a token by which somebody acts for her, or one of a machine for itself (RFC 9068 section 2.2: its subject
 * is the client). Throws TokenRefused.
 */
export const freshBearer = async (
  verifier: BearerVerifier,
  token: string,
  options: { readonly maxAgeSeconds?: number; readonly today?: () => Date } = {},
): Promise<Bearer> => {
  const bearer = await verifier.verify(token)
  const now = (options.today?.() ?? new Date()).getTime() / 1000
  const { client, delegated, signedInAt, sub } = bearer
  if (delegated || sub.replaceAll(' ', '%20') === client) throw new TokenRefused('not-a-person')
  const age = signedInAt === undefined ? Number.POSITIVE_INFINITY : now - signedInAt
  if (age > (options.maxAgeSeconds ?? 900) || age < -skewSeconds) throw new TokenRefused('expired')
  return bearer
}
