/** Which route of the target a request takes, and the effect that goes with it. What fits none is refused. */
import type { Effect, HttpRoute, HttpTarget } from '../../types.ts'
import type { Segment } from './path.ts'

export interface Route {
  readonly method: string
  /** As in the configuration. */
  readonly path: string
  readonly effect: Effect
  readonly query: readonly string[] | undefined
  readonly headers: readonly string[]
  readonly parts: readonly string[]
}

export const rank: Readonly<Record<Effect, number>> = { read: 0, write: 1, admin: 2 }
export const reading = new Set(['GET', 'HEAD', 'OPTIONS'])

const routeOf = ({ method, path, effect, query, headers }: HttpRoute): Route => ({
  method,
  path,
  effect: effect ?? (reading.has(method) ? 'read' : 'write'),
  query,
  headers: (headers ?? []).map((name) => name.toLowerCase()),
  parts: path.slice(1).split('/').map(plain),
})
const plain = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

const known = new WeakMap<HttpTarget, readonly Route[]>()
export const routesOf = (target: HttpTarget): readonly Route[] => {
  const have = known.get(target)
  if (have) return have
  const made = target.routes.map(routeOf)
  known.set(target, made)
  return made
}

/** `*` is one segment, `**` at the end any number of them. */
const fits = (parts: readonly string[], names: readonly string[]): boolean => {
  const open = parts.at(-1) === '**'
  const fixed = open ? parts.slice(0, -1) : parts
  if (open ? names.length < fixed.length : names.length !== fixed.length) return false
  return fixed.every((part, at) => (part === '*' ? names[at] !== '' : part === names[at]))
}

/** Segment by segment a name goes before `*`, and `*` before `**`. */
const weight = (part: string | undefined): number =>
  part === undefined || part === '**' ? 0 : part === '*' ? 1 : 2
const closer = (one: Route, other: Route): number => {
  const most = Math.max(one.parts.length, other.parts.length)
  for (let at = 0; at < most; at += 1) {
    const difference = weight(other.parts[at]) - weight(one.parts[at])
    if (difference !== 0) return difference
  }
  return rank[other.effect] - rank[one.effect]
}
const closest = (routes: readonly Route[]): Route | undefined => [...routes].sort(closer)[0]

/**
 * The closest route, with its effect; undefined when none fits. Many servers take no notice of case, of a last slash,
 * of dots and blanks at a name's end: where that leads to a route of higher effect, the higher one counts.
 */
export const routeFor = (
  target: HttpTarget,
  method: string,
  segments: readonly Segment[],
): { readonly route: Route; readonly effect: Effect } | undefined => {
  const routes = routesOf(target).filter((route) => route.method === method)
  const names = segments.map(({ read }) => read)
  const route = closest(routes.filter(({ parts }) => fits(parts, names)))
  if (!route) return undefined
  const loosely = loose(names)
  const also = closest(routes.filter(({ parts }) => fits(loose(parts), loosely)))
  const effect = also && rank[also.effect] > rank[route.effect] ? also.effect : route.effect
  return { route, effect }
}

const loose = (parts: readonly string[]): readonly string[] =>
  (parts.at(-1) === '' ? parts.slice(0, -1) : parts).map((part) =>
    // Up and down again: some letters (long s, dotless i) meet their plain ones in one direction only.
    part
      .normalize('NFKC')
      .toUpperCase()
      .toLowerCase()
      .replace(/[.\s]+$/, ''),
  )
