/** The agent's input as the one request that can come of it: judged and sent from the same object. */
import { GateError } from '../../errors.ts'
import type { Effect, HttpTarget } from '../../types.ts'
import { agentHeaders } from './headers.ts'
import { injectedHeader } from './inject.ts'
import type { Input } from './inputs.ts'
import { joined, segmentsOf } from './path.ts'
import { type Route, reading, routeFor, routesOf } from './routes.ts'

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

/** Parameters by which frameworks let a request pass for one of another method. `_method[]` is read as `_method`. */
const overrides = /^[_x-]*(?:http)?[_-]*method(?:[_-]*override)?$/i
const isOverride = (key: string): boolean => {
  const base = key.trim().replace(/\[.*$/s, '')
  return overrides.test(base) && !/^method$/i.test(base)
}

const scalar = (value: unknown): string => {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return refuse('The values in query are texts, numbers, booleans, or lists of them.')
}

const queryOf = (written: string, given: Input['query']): URLSearchParams => {
  const params = new URLSearchParams(written)
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

const form = 'application/x-www-form-urlencoded'

const bodyOf = (
  method: string,
  given: unknown,
  headers: Readonly<Record<string, string>>,
): { readonly body: Buffer | undefined; readonly type: string | undefined } => {
  if (given === undefined || given === null) return { body: undefined, type: undefined }
  if (reading.has(method)) return refuse(`A ${method} request has no body.`)
  const type = headers['content-type']
  const essence = type?.split(';')[0]?.trim().toLowerCase() ?? ''
  const text = typeof given === 'string' ? given : JSON.stringify(given)
  if (
    typeof given !== 'string' &&
    type !== undefined &&
    !/^application\/([\w.+-]+\+)?json$/.test(essence)
  )
    return refuse('A body that is not a text is sent as JSON.', 'Leave content-type out.')
  if (essence === form)
    for (const key of new URLSearchParams(text).keys())
      if (isOverride(key)) return refuse('The body would change the method on some servers.')
  if (typeof given === 'object' && Object.keys(given).some(isOverride))
    return refuse('The body would change the method on some servers.')
  const body = Buffer.from(text, 'utf8')
  if (body.length > largestBody) return refuse(`A body has at most ${largestBody} bytes.`)
  return {
    body,
    type: type ?? (typeof given === 'string' ? 'text/plain; charset=utf-8' : 'application/json'),
  }
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
  const found = routeFor(target, method, segments)
  if (!found) return refuse('No route of this target takes that.', routesHint(target))
  const { route, effect } = found
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
