/** What a verified access token says of its bearer: groups, client, chain of actors, time of sign-in. */
import { z } from 'zod'

// As identity/caller.ts takes names: what no record can hold is refused with the token, not later.
const text = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u)
const longestClient = 512
const form = z.object({
  sub: text,
  client_id: text.optional(),
  azp: text.optional(),
  sid: text.optional(),
  jti: text.optional(),
  iat: z.number().optional(),
  auth_time: z.number().optional(),
  exp: z.number(),
  act: z.unknown().optional(),
})
const groupsForm = z.array(text).max(1000)
const deepestAct = 5

export interface Claims {
  readonly sub: string
  /** `client_id`, else `azp`, then each actor of `act` from the outermost: `client act:agent act:inner`. '' when there is none. */
  readonly client: string
  /** Somebody acts for the subject (RFC 8693 section 4.1). */
  readonly delegated: boolean
  readonly groups: readonly string[]
  readonly sid: string | undefined
  /** Seconds since 1970: `auth_time`, else `iat`. */
  readonly signedInAt: number | undefined
  readonly expiresAt: number
}

/** Undefined when a claim that we need has another form than its specification says (RFC 9068, RFC 8693 section 4.1). */
export const readClaims = (
  payload: Record<string, unknown>,
  groupsClaim: string,
): Claims | undefined => {
  const read = form.safeParse(payload)
  if (!read.success) return undefined
  const { sub, client_id, azp, sid, jti, iat, auth_time, exp, act } = read.data
  const actors = actorsOf(act)
  const groups = groupsOf(payload, groupsClaim)
  if (actors === undefined || groups === undefined) return undefined
  const client = [client_id ?? azp, ...actors.map((actor) => `act:${actor}`)]
    .flatMap((part) => part?.replaceAll(' ', '%20') ?? [])
    .join(' ')
  if (client.length > longestClient) return undefined
  return {
    sub,
    client,
    delegated: actors.length > 0,
    groups,
    sid: sid ?? jti,
    signedInAt: auth_time ?? iat,
    expiresAt: exp,
  }
}

const actForm = z.object({ sub: text, act: z.unknown().optional() })

const actorsOf = (act: unknown): string[] | undefined => {
  const actors: string[] = []
  for (let next = act; next !== undefined; ) {
    const read = actForm.safeParse(next)
    if (!read.success || actors.length === deepestAct) return undefined
    actors.push(read.data.sub)
    next = read.data.act
  }
  return actors
}

/** A claim by its whole name, else by a path of names (`realm_access.roles`); no such claim: no groups. */
const groupsOf = (
  payload: Record<string, unknown>,
  claim: string,
): readonly string[] | undefined => {
  const value = Object.hasOwn(payload, claim) ? payload[claim] : atPath(payload, claim.split('.'))
  if (value === undefined || value === null) return []
  const read = groupsForm.safeParse(typeof value === 'string' ? [value] : value)
  return read.success ? read.data : undefined
}

const atPath = (value: unknown, [first, ...rest]: readonly string[]): unknown => {
  if (first === undefined) return value
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, first)) return undefined
  return atPath(Reflect.get(value, first), rest)
}
