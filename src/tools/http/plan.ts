/** The agent's input as the one request that can come of it: judged and sent from the same object. */
import { GateError } from '../../errors.ts'
import type { Effect, HttpTarget } from '../../types.ts'
import { agentHeaders } from './headers.ts'
import { injectedHeader } from './inject.ts'
import type { Input } from './inputs.ts'
import { holdsOverride, isOverride } from './overrides.ts'
import { apartOf, joined, type Segment, segmentsOf } from './path.ts'
import { type Route, rank, reading, routeFor, routesOf } from './routes.ts'

export interface Plan {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
  readonly route: Route
  readonly effect: Effect
  readonly queryKeys: readonly string[]
}

const methods = new Set(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'])
const mostQuery = 100
const longestUrl = 8_000
const largestBody = 512 * 1024

const refuse = (message: string, hint?: string): never => {
  throw new GateError('INPUT_REFUSED', message, {
    retry: false,
    ...(hint === undefined ? {} : { hint }),
  })
}

const scalar = (value: unknown): string => {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return refuse(
    'The values in query are texts, numbers, booleans, or lists of them.',
    'Write a nested one as its own key: {"filter[status]": "open"}.',
  )
}

const queryOf = (written: string, given: Input['query']): URLSearchParams => {
  const params = new URLSearchParams(written)
  // A replacement character would be sent in the place of what was written.
  if ([...params].flat().join('').includes('\ufffd') && !/%EF%BF%BD|\ufffd/i.test(written))
    refuse('The query in path holds escapes that are no UTF-8.', 'Use query instead.')
  for (const [key, value] of Object.entries(given ?? {})) {
    if (value === null || value === undefined) continue
    for (const one of Array.isArray(value) ? value : [value]) params.append(key, scalar(one))
  }
  if (params.size > mostQuery) refuse(`At most ${mostQuery} query parameters are taken.`)
  for (const [key, value] of params)
    if (/[\u0000-\u001f\u007f]/.test(key) || /[\u0000\r\n]/.test(value))
      refuse('The query holds control characters.')
  return params
}

const checkQuery = (keys: readonly string[], allowed: readonly string[] | undefined): void => {
  for (const key of keys) {
    if (isOverride(key)) refuse('The query would change the method on some servers.')
    if (allowed && !allowed.includes(key))
      refuse(
        'The query has a key that this route does not take.',
        allowed.length > 0 ? `It takes: ${allowed.slice(0, 30).join(', ')}.` : 'It takes none.',
      )
  }
}

// Readers that stop at a comma or a blank would take more types for a form than it says.
const typeForm =
  /^([\w.+-]+\/[\w.+-]+)(?:[ \t]*;[ \t]*[\w.+-]+=(?:[^\s;,"]+|"[^"\\]*"))*[ \t]*;?[ \t]*$/
const asciiOnly = /^[\t\n\r\x20-\x7e]*$/

/** The media type in lower case. Refuses what could be read as another, and a charset that the body does not have. */
const essenceOf = (type: string | undefined, text: string): string => {
  if (type === undefined) return ''
  const essence = typeForm.exec(type)?.[1]?.toLowerCase()
  if (essence === undefined)
    return refuse(
      'The content-type is no media type.',
      'Write it as application/json; charset=utf-8.',
    )
  const charset = /;[ \t]*charset="?([^\s;"]+)/i.exec(type)?.[1]?.toLowerCase() ?? 'utf-8'
  const fits =
    /^utf-?8$/.test(charset) ||
    (/^(?:us-)?ascii$|^iso-8859-1$|^windows-1252$/.test(charset) && asciiOnly.test(text))
  return fits ? essence : refuse('A body is sent as UTF-8.', 'Leave the charset out.')
}

const bodyOf = (
  method: string,
  given: unknown,
  headers: Readonly<Record<string, string>>,
): { readonly body: Buffer | undefined; readonly type: string | undefined } => {
  if (given === undefined || given === null) return { body: undefined, type: undefined }
  if (reading.has(method)) return refuse(`A ${method} request has no body.`)
  const type = headers['content-type']
  const text = typeof given === 'string' ? given : JSON.stringify(given)
  const essence = essenceOf(type, text)
  if (
    typeof given !== 'string' &&
    type !== undefined &&
    !/^application\/([\w.+-]+\+)?json$/.test(essence)
  )
    return refuse('A body that is not a text is sent as JSON.', 'Leave content-type out.')
  if (holdsOverride(typeof given === 'string' ? essence : 'application/json', text))
    return refuse('The body would change the method on some servers.')
  const body = Buffer.from(text, 'utf8')
  if (body.length > largestBody) return refuse(`A body has at most ${largestBody} bytes.`)
  return {
    body,
    type: type ?? (typeof given === 'string' ? 'text/plain; charset=utf-8' : 'application/json'),
  }
}

/**
 * The route, whichever way a server reads an escaped slash: as part of a name or as the end of one. Both have to lead to
 * the same route, which only ** does; the higher effect counts.
 */
const foundFor = (
  target: HttpTarget,
  method: string,
  segments: readonly Segment[],
): { readonly route: Route; readonly effect: Effect } => {
  const found = routeFor(target, method, segments)
  if (!found) return refuse('No route of this target takes that.', routesHint(target))
  // A slash that the route itself has escaped was meant.
  const open = segments.filter(
    ({ read }, at) => read.includes('/') && found.route.parts[at] !== read,
  )
  if (open.length === 0) return found
  const apart = routeFor(target, method, apartOf(segments))
  if (apart?.route !== found.route)
    return refuse(
      'The path holds an escaped slash, which some servers read as a plain one.',
      'It is taken only where a route ends in /**.',
    )
  return rank[apart.effect] > rank[found.effect] ? apart : found
}

/** Throws INPUT_REFUSED on what is not clearly one request to one of the target's routes. */
export const planOf = (given: Input, target: HttpTarget): Plan => {
  const method = given.method.toUpperCase()
  if (!methods.has(method))
    refuse('There is no such method here.', `There is: ${[...methods].join(', ')}.`)
  const mark = given.path.indexOf('?')
  const segments = segmentsOf(mark < 0 ? given.path : given.path.slice(0, mark))
  const written = mark < 0 ? '' : given.path.slice(mark + 1)
  if (/[\u0000-\u0020\u007f#\\]/.test(written))
    refuse('The query in path holds characters that no URL has.', 'Use query instead.')
  const { route, effect } = foundFor(target, method, segments)
  const params = queryOf(written, given.query)
  const queryKeys = [...new Set(params.keys())].sort()
  checkQuery(queryKeys, route.query)
  const headers = agentHeaders(given.headers ?? {}, route.headers, injectedHeader(target))
  const { body, type } = bodyOf(method, given.body, headers)
  return {
    method,
    url: urlOf(target, joined(segments), params),
    headers: {
      accept: '*/*',
      ...headers,
      ...(type === undefined ? {} : { 'content-type': type }),
    },
    body,
    route,
    effect,
    queryKeys,
  }
}

const bases = new WeakMap<HttpTarget, URL>()
const baseOf = (target: HttpTarget): URL => {
  const base = bases.get(target) ?? new URL(target.baseUrl)
  bases.set(target, base)
  return base
}

/** The base URL with the path below it. Throws INPUT_REFUSED when the URL's own parser reads anything else. */
const urlOf = (target: HttpTarget, path: string, params: URLSearchParams): URL => {
  const base = baseOf(target)
  const below = base.pathname.replace(/\/+$/, '')
  // A space as %20, since not every server reads + as one; a + itself is escaped already.
  const search = params.size === 0 ? '' : `?${params.toString().replaceAll('+', '%20')}`
  const text = `${base.origin}${below}${path}${search}`
  if (text.length > longestUrl) refuse(`The URL has more than ${longestUrl} characters.`)
  const url = new URL(text)
  const same =
    url.origin === base.origin &&
    url.pathname === `${below}${path}` &&
    url.hash === '' &&
    url.username + url.password === ''
  return same && url.href === text ? url : refuse('The path can be read in more than one way.')
}

const routesHint = (target: HttpTarget): string => {
  const routes = routesOf(target).map(({ method, path }) => `${method} ${path}`)
  return `It takes: ${routes.slice(0, 15).join(', ')}${routes.length > 15 ? ', ...' : ''}.`
}
