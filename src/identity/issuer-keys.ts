/** The signing keys of one OpenID issuer: found by discovery, cached, asked again for an unknown key at a bounded rate. */
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { z } from 'zod'

/** The issuer's keys can't be had now; a bearer of that issuer can't be told from a forger. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable'
}

export interface KeyTimes {
  /** Age at which keys are fetched again. */
  readonly freshMs: number
  /** Age at which keys are no longer believed when fetching fails: then everybody is refused. */
  readonly staleMs: number
  /** Shortest time between two fetches, whatever asks for them. */
  readonly pauseMs: number
  readonly timeoutMs: number
}
const keyTimes: KeyTimes = {
  freshMs: 10 * 60_000,
  staleMs: 60 * 60_000,
  pauseMs: 15_000,
  timeoutMs: 5_000,
}

export interface IssuerKeys {
  /** The keys to verify with; `kid` is the token's, so that one which is not there makes us look again (once a pause). Throws KeysUnavailable. */
  keys(kid: string | undefined): Promise<JWTVerifyGetKey>
  /** Changes whenever other keys were fetched; for caches of verified tokens. */
  generation(): number
}

const mostBytes = 512 * 1024
const metadataForm = z.object({ issuer: z.string(), jwks_uri: z.url() })
const keysForm = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().max(512).optional() })).max(200),
})

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/** https, or http to this machine; no credentials in it. */
export const isTrustworthyUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopback.has(url.hostname))
}

interface Cached {
  readonly set: JWTVerifyGetKey
  readonly kids: ReadonlySet<string>
  readonly text: string
  readonly at: number
}

/** `fetcher` and `now` (monotonic ms) are parameters for tests. */
export const issuerKeys = (
  issuer: string,
  options: {
    /** Left out: found by discovery. */
    readonly jwksUri?: string | undefined
    readonly times?: Partial<KeyTimes> | undefined
    readonly fetcher?: typeof fetch | undefined
    readonly now?: (() => number) | undefined
  } = {},
): IssuerKeys => {
  const times = { ...keyTimes, ...options.times }
  const now = options.now ?? (() => performance.now())
  const fetcher = options.fetcher ?? fetch
  let cached: Cached | undefined
  let generation = 0
  let triedAt = Number.NEGATIVE_INFINITY
  let fetching: Promise<void> | undefined

  const getJson = async (url: string): Promise<unknown> => {
    if (!isTrustworthyUrl(url)) throw new KeysUnavailable('an address without TLS')
    // A redirect could lead to somebody else's keys.
    const response = await fetcher(url, {
      redirect: 'error',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(times.timeoutMs),
    })
    if (!response.ok) throw new KeysUnavailable(`status ${response.status}`)
    return JSON.parse(await boundedText(response))
  }

  // OpenID Connect Discovery 1.0 section 4: appended to the issuer, whose value must come back unchanged (4.3).
  const discover = async (): Promise<string> => {
    const found = metadataForm.parse(
      await getJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`),
    )
    if (found.issuer !== issuer) throw new KeysUnavailable('discovery names another issuer')
    return found.jwks_uri
  }

  const refresh = async (): Promise<void> => {
    const { keys } = keysForm.parse(await getJson(options.jwksUri ?? (await discover())))
    // Only public signing keys: a symmetric one would let whoever holds it sign.
    const usable = keys.filter(({ kty, use }) => kty !== 'oct' && (use ?? 'sig') === 'sig')
    const text = JSON.stringify(usable)
    if (text !== cached?.text) generation += 1
    cached = {
      set: createLocalJWKSet({ keys: usable } as JSONWebKeySet), // zod has checked what jose's type asks for
      kids: new Set(usable.flatMap(({ kid }) => (kid === undefined ? [] : [kid]))),
      text,
      at: now(),
    }
  }

  const tryRefresh = (): Promise<void> => {
    if (fetching !== undefined) return fetching
    if (now() - triedAt < times.pauseMs) return Promise.resolve()
    triedAt = now()
    fetching = refresh()
      .catch(() => undefined)
      .finally(() => {
        fetching = undefined
      })
    return fetching
  }

  return {
    generation: () => generation,
    keys: async (kid) => {
      const unknown = kid !== undefined && !(cached?.kids.has(kid) ?? false)
      const age = cached === undefined ? Number.POSITIVE_INFINITY : now() - cached.at
      const refreshed = unknown || age > times.freshMs ? tryRefresh() : undefined
      // Keys that may still be believed serve on while others are fetched: a slow issuer slows nobody that it knows.
      if (unknown || age > times.staleMs) await refreshed
      if (cached === undefined || now() - cached.at > times.staleMs)
        throw new KeysUnavailable('no keys that may still be believed')
      return cached.set
    },
  }
}

const boundedText = async (response: Response): Promise<string> => {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.byteLength
    if (bytes > mostBytes) throw new KeysUnavailable('an answer that is too long')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
