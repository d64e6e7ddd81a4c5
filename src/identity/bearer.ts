/** Bearer tokens: an OAuth 2.1 resource server's checks (RFC 9068, RFC 8725), by OpenID discovery. Tokens are neither kept nor passed on. */
import { createHash } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import { type Claims, readClaims } from './claims.ts'
import { type IssuerKeys, issuerKeys, KeysUnavailable, type KeyTimes } from './issuer-keys.ts'
import type { RefusalKind } from './refusals.ts'

export interface Issuer {
  /** Exactly as in the token's `iss`. */
  readonly issuer: string
  readonly groupsClaim: string
  /** Values of `aud` that are us; left out: the verifier's own. */
  readonly audience?: string | undefined
  readonly jwksUri?: string | undefined
  /** Narrows the algorithms that are taken. */
  readonly algorithms?: readonly string[] | undefined
}

/** Who a token speaks for. */
export interface Bearer extends Claims {
  readonly iss: string
}

/** A token that proves nobody; `kind` is for counting, and nothing of the token is in it. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused'
  readonly kind: RefusalKind
  constructor(kind: RefusalKind) {
    super(kind)
    this.kind = kind
  }
}

export interface BearerVerifier {
  /** Throws TokenRefused. */
  verify(token: string): Promise<Bearer>
}

// Asymmetric only: with HS*, whoever knows our public key could sign (RFC 8725 section 3.1).
const algorithms = [
  'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512',
  'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519',
] // biome-ignore format: a table
const skewSeconds = 30
const longestToken = 16 * 1024
const cacheMs = 30_000
const cacheMost = 5_000

/**
 * `audience` is what `aud` must hold (publicUrl + `/mcp`) where the issuer names none of its own. A verified token is
 * remembered by its hash for 30 s at most, never past its expiry or a change of the issuer's keys.
 */
export const bearerVerifier = (options: {
  readonly issuers: readonly Issuer[]
  readonly audience?: string
  readonly times?: Partial<KeyTimes>
  readonly fetcher?: typeof fetch
  /** Monotonic ms, and the wall clock; for tests. */
  readonly now?: () => number
  readonly today?: () => Date
}): BearerVerifier => {
  const now = options.now ?? (() => performance.now())
  const today = options.today ?? (() => new Date())
  const known = new Map(
    options.issuers.map((issuer) => [
      issuer.issuer,
      { issuer, keys: issuerKeys(issuer.issuer, { ...options, jwksUri: issuer.jwksUri }) },
    ]),
  )
  const remembered = new Map<
    string,
    { bearer: Bearer; until: number; keys: IssuerKeys; generation: number }
  >()

  const recall = (hash: string): Bearer | undefined => {
    const found = remembered.get(hash)
    if (found === undefined) return undefined
    const expired = found.bearer.expiresAt + skewSeconds <= today().getTime() / 1000
    if (!expired && now() < found.until && found.generation === found.keys.generation())
      return found.bearer
    remembered.delete(hash)
    return undefined
  }

  return {
    verify: async (token) => {
      if (token.length > longestToken) throw new TokenRefused('malformed')
      const hash = createHash('sha256').update(token).digest('base64')
      const before = recall(hash)
      if (before !== undefined) return before
      const { kid, iss, alg } = outside(token)
      const entry = known.get(iss)
      if (entry === undefined) throw new TokenRefused('issuer')
      const { issuer, keys } = entry
      if (!(issuer.algorithms ?? algorithms).includes(alg)) throw new TokenRefused('algorithm')
      // Without a value to compare, jose would not look at the audience at all.
      const audience = issuer.audience ?? options.audience
      if (audience === undefined || audience === '') throw new TokenRefused('audience')
      const payload = await verified(token, {
        keys,
        kid,
        issuer: iss,
        audience,
        at: today(),
      })
      refuseOtherTokens(payload)
      const claims = readClaims(payload, issuer.groupsClaim)
      if (claims === undefined) throw new TokenRefused('claims')
      const bearer = { ...claims, iss }
      // Oldest first out: a Map keeps the order of insertion.
      const [oldest] = remembered.keys()
      if (remembered.size >= cacheMost && oldest !== undefined) remembered.delete(oldest)
      remembered.set(hash, { bearer, until: now() + cacheMs, keys, generation: keys.generation() })
      return bearer
    },
  }
}

// RFC 9068 section 2.1; plain `JWT` or none is what many issuers send. Anything else (logout, DPoP, event) is another kind of token.
const types = new Set(['at+jwt', 'application/at+jwt', 'jwt'])

/** Header and issuer before any signature is believed: only to choose whose keys to ask. */
const outside = (token: string): { kid: string | undefined; iss: string; alg: string } => {
  try {
    const { alg, kid, typ } = decodeProtectedHeader(token)
    const { iss } = decodeJwt(token)
    if (alg === undefined || !algorithms.includes(alg)) throw new TokenRefused('algorithm')
    if (typ !== undefined && !types.has(typ.toLowerCase()))
      throw new TokenRefused('not-an-access-token')
    if (typeof iss !== 'string') throw new TokenRefused('issuer')
    return { kid, iss, alg }
  } catch (error) {
    throw error instanceof TokenRefused ? error : new TokenRefused('malformed')
  }
}

const verified = async (
  token: string,
  by: { keys: IssuerKeys; kid: string | undefined; issuer: string; audience: string; at: Date },
): Promise<JWTPayload> => {
  try {
    const { payload } = await jwtVerify(token, await by.keys.keys(by.kid), {
      issuer: by.issuer,
      audience: by.audience,
      algorithms,
      clockTolerance: skewSeconds,
      requiredClaims: ['exp', 'sub'],
      currentDate: by.at,
    })
    return payload
  } catch (error) {
    throw new TokenRefused(kindOf(error))
  }
}

const kindOf = (error: unknown): RefusalKind => {
  if (error instanceof KeysUnavailable) return 'keys-unavailable'
  if (error instanceof errors.JWTExpired) return 'expired'
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return 'audience'
    if (error.claim === 'nbf') return 'not-yet-valid'
    return error.claim === 'iss' ? 'issuer' : 'claims'
  }
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return 'key'
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature'
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm'
  return 'malformed'
}

/**
 * An ID token says who signed in, not that its bearer may act here (OpenID Connect Core section 2: `nonce`, `at_hash`, `c_hash`;
 * Keycloak also says `typ: ID`). A token bound to a key (RFC 9449, RFC 8705: `cnf`) shown without the proof may be stolen.
 */
const refuseOtherTokens = (payload: JWTPayload): void => {
  const { typ } = payload
  const other =
    'nonce' in payload ||
    'at_hash' in payload ||
    'c_hash' in payload ||
    'cnf' in payload ||
    'events' in payload ||
    (typeof typ === 'string' && typ.toLowerCase() !== 'bearer')
  if (other) throw new TokenRefused('not-an-access-token')
}
