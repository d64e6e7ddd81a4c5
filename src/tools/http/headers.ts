/** Which headers of the agent's go to the target, and which of the target's come back. */
import { GateError } from '../../errors.ts'

/** Asked for by any client, changing nothing but the form of the answer or guarding against a lost update. */
const usual = new Set([
  'accept',
  'accept-language',
  'cache-control',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'prefer',
  'range',
  'x-correlation-id',
  'x-request-id',
])

/** Never the agent's, whatever a route says: framing, identity, and what proxies and frameworks act upon. */
const never =
  /^(?:authorization|authentication|proxy-.*|cookie2?|set-cookie2?|host|connection|keep-alive|te|trailers?|transfer-encoding|content-length|content-encoding|accept-encoding|upgrade|expect|http2-settings|forwarded|via|x-forwarded.*|x-original-.*|x-rewrite-.*|x-override-.*|x-http-.*|x-(?:http-)?method.*|x-real-ip|x-client-ip|x-remote-.*|x-cluster-client-ip|x-envoy-.*|x-accel-.*|x-sendfile.*|true-client-ip|cf-.*|client-ip|x-host|x-proxy-.*|front-end-https|:.*)$/

const tokenForm = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/
const valueForm = /^[\x20-\x7e\t]{0,2000}$/
const mostHeaders = 32

const refuse = (message: string, hint?: string): never => {
  throw new GateError('INPUT_REFUSED', message, {
    retry: false,
    ...(hint === undefined ? {} : { hint }),
  })
}

/** The agent's headers, names in lower case. `allowed`: what the route takes beyond the usual; `injected`: the header that we fill. */
export const agentHeaders = (
  given: Readonly<Record<string, string>>,
  allowed: readonly string[],
  injected: string | undefined,
): Readonly<Record<string, string>> => {
  const entries = Object.entries(given)
  if (entries.length > mostHeaders) refuse(`At most ${mostHeaders} headers are taken.`)
  const taken = new Map<string, string>()
  for (const [name, value] of entries) {
    if (!tokenForm.test(name)) refuse('The name of a header is not one.')
    if (!valueForm.test(value))
      refuse(`The value of the header ${name} holds line breaks or other than plain characters.`)
    const lower = name.toLowerCase()
    // Servers that hand headers on as variables take _ and - for the same.
    const dashed = lower.replaceAll('_', '-')
    if (never.test(dashed) || dashed === injected?.toLowerCase().replaceAll('_', '-'))
      refuse(
        `The header ${name} is not the agent's to send.`,
        'Credentials, framing and routing are the gateway’s.',
      )
    if (!usual.has(lower) && !allowed.includes(lower))
      refuse(
        `The header ${name} is not among those that this route takes.`,
        `It takes: ${[...usual, ...allowed].join(', ')}.`,
      )
    if (taken.has(lower)) refuse(`The header ${name} is given twice.`)
    taken.set(lower, value.trim())
  }
  return Object.fromEntries(taken)
}

const shown = new Set([
  'accept-ranges',
  'allow',
  'cache-control',
  'content-disposition',
  'content-language',
  'content-range',
  'date',
  'deprecation',
  'etag',
  'expires',
  'last-modified',
  'link',
  'retry-after',
  'sunset',
  'vary',
  'warning',
  'x-correlation-id',
  'x-next-page',
  'x-page',
  'x-per-page',
  'x-request-id',
  'x-total',
  'x-total-count',
  'x-total-pages',
])
const limitForm = /^(?:x-)?ratelimit-[a-z-]{1,40}$/
const longest = 4000

/** Not cut: the end of what is left could be the middle of a credential, which nobody would know again. */
export const bounded = (value: string): string =>
  value.length <= longest ? value : `[withheld: ${value.length} characters]`

/** What an agent may see of the answer's headers; never a cookie, never a challenge. `location` is shown apart. */
export const answerHeaders = (
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      (shown.has(name) || limitForm.test(name)) && typeof value === 'string'
        ? [[name, bounded(value)]]
        : [],
    ),
  )

// What redirects carry to sign somebody in.
const telling =
  /token|secret|passw|pwd|^key$|api.?key|^code$|^state$|^nonce$|sig|auth|session|ticket|credential|assertion|saml|jwt|^otp$/i

/** Where a redirect leads, without user, fragment and what may be a credential; undefined when it is no URL. */
export const locationOf = (location: string, from: URL): URL | undefined => {
  if (!URL.canParse(location, from.href)) return undefined
  const url = new URL(location, from)
  url.username = ''
  url.password = ''
  url.hash = ''
  for (const key of new Set(url.searchParams.keys()))
    if (telling.test(key)) url.searchParams.set(key, 'masked')
  return url
}
