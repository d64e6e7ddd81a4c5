/** Cedar itself: which of some policies hold for a request. Only the policies whose scope can match are put to it. */
import {
  type Policy as CedarPolicy,
  getCedarVersion,
  type PolicyJson,
  preparsePolicySet,
  statefulIsAuthorized,
} from '@cedar-policy/cedar-wasm/nodejs'
import { looksOf, namedEntities } from './expressions.ts'
import { lru } from './lru.ts'
import { cedarCall, type Looks, type PolicyRequest, userId } from './request.ts'

export const engineName = `cedar-wasm ${getCedarVersion()}`

export interface Judged {
  readonly id: string
  readonly json: PolicyJson
  readonly text?: string
}

/** `holding` are the ids that decided: the permits of an allow, the forbids of a deny, none of a deny by default. */
type Evaluation =
  | { readonly kind: 'decided'; readonly allowed: boolean; readonly holding: readonly string[] }
  | { readonly kind: 'failed'; readonly erring: readonly string[] }

export type Evaluate = (request: PolicyRequest) => Evaluation

/** The policies that can match, parsed under a name. */
interface Slice {
  readonly name: string
  readonly looks: Looks
}

// Cedar keeps parsed sets by name, for ever: names are given again, so that the memory stays bounded.
let engines = 0
const mostSlices = 256
// About 4 KiB each in Cedar's memory, which a slice may hold all of.
const mostParsed = 50_000
const mostKeys = 4096

/** Evaluates `policies` as one set. Never throws: what can't be evaluated is `failed`. */
export const evaluator = (policies: readonly Judged[]): Evaluate => {
  if (policies.length === 0) return () => ({ kind: 'decided', allowed: false, holding: [] })
  engines += 1
  const prefix = `countersign-${engines}`
  const groups = named(policies, 'Group')
  const users = named(policies, 'User')
  const most = Math.max(8, Math.min(mostSlices, Math.floor(mostParsed / policies.length)))
  // One more than are kept: when one is parsed, the oldest is given up after it.
  const free = Array.from({ length: most + 1 }, (_, at) => `${prefix}-${at}`)
  const slices = lru<Slice>(most, Number.POSITIVE_INFINITY, ({ name }) => {
    free.push(name)
  })
  /** Who, what and where -> the places of the policies that can match. Many share a slice. */
  const matching = lru<string>(mostKeys)

  const slice = (request: PolicyRequest): Slice | undefined => {
    const user = userId(request.principal)
    const mine = request.principal.groups.filter((group) => groups.has(group))
    const key = JSON.stringify([
      request.action,
      request.resource.name,
      users.has(user) ? user : '',
      ...mine,
    ])
    const places = matching.get(key) ?? placesOf(request, user, mine)
    matching.set(key, places)
    return slices.get(places) ?? parse(places)
  }

  const placesOf = (request: PolicyRequest, user: string, mine: readonly string[]): string =>
    policies.flatMap(({ json }, at) => (canMatch(json, request, user, mine) ? [at] : [])).join(' ')

  const parse = (places: string): Slice | undefined => {
    const fitting = (places.match(/\d+/g) ?? []).flatMap((at) => policies[Number(at)] ?? [])
    const name = free.pop()
    if (name === undefined) return undefined
    const texts = fitting.map(({ id, text, json }): [string, CedarPolicy] => [id, text ?? json])
    const parsed = preparsePolicySet(name, { staticPolicies: Object.fromEntries(texts) })
    if (parsed.type === 'failure') {
      free.push(name)
      return undefined
    }
    const fresh = { name, looks: looksOf(fitting.map(({ json }) => json)) }
    slices.set(places, fresh)
    return fresh
  }

  return (request) => {
    try {
      const asked = slice(request)
      if (asked === undefined) return { kind: 'failed', erring: [] }
      const answer = statefulIsAuthorized({
        ...cedarCall(request, asked.looks),
        preparsedPolicySetId: asked.name,
      })
      if (answer.type === 'failure') return { kind: 'failed', erring: [] }
      const { decision, diagnostics } = answer.response
      // Cedar skips a policy that errs, a forbid too: any error must be a denial.
      if (diagnostics.errors.length > 0)
        return { kind: 'failed', erring: diagnostics.errors.map(({ policyId }) => policyId).sort() }
      return {
        kind: 'decided',
        allowed: decision === 'allow',
        holding: [...diagnostics.reason].sort(),
      }
    } catch {
      return { kind: 'failed', erring: [] }
    }
  }
}

const named = (policies: readonly Judged[], type: string): ReadonlySet<string> =>
  new Set(policies.flatMap(({ json }) => [...namedEntities(json, type)]))

/** Whether the scope of a policy can match; true for every form that is not understood. */
const canMatch = (
  { principal, action, resource }: PolicyJson,
  request: PolicyRequest,
  user: string,
  groups: readonly string[],
): boolean =>
  fits(principal, (type, id) =>
    type === 'User' ? id === user : type !== 'Group' || groups.includes(id),
  ) &&
  fits(action, (type, id) => type !== 'Action' || id === request.action) &&
  fits(resource, (type, id) => type !== 'Target' || id === request.resource.name)

const fits = (
  constraint: PolicyJson['principal'] | PolicyJson['action'] | PolicyJson['resource'],
  is: (type: string, id: string) => boolean,
): boolean => {
  if (constraint.op !== '==' && constraint.op !== 'in') return true
  const listed =
    'entities' in constraint
      ? constraint.entities
      : 'entity' in constraint
        ? [constraint.entity]
        : undefined
  return (
    listed === undefined ||
    listed.some((entity) => {
      const { type, id } = '__entity' in entity ? entity.__entity : entity
      return is(type, id)
    })
  )
}
