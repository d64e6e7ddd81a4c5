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

/** Evaluates `policies` as one set. Never throws: what can't be evaluated is `failed`. */
export const evaluator = (policies: readonly Judged[]): Evaluate => {
  if (policies.length === 0) return () => ({ kind: 'decided', allowed: false, holding: [] })
  engines += 1
  const prefix = `countersign-${engines}`
  const groups = named(policies, 'Group')
  const users = named(policies, 'User')
  // One more than are kept: when one is parsed, the oldest is given up after it.
  const free = Array.from({ length: mostSlices + 1 }, (_, at) => `${prefix}-${at}`)
  const slices = lru<Slice>(mostSlices, Number.POSITIVE_INFINITY, ({ name }) => {
    free.push(name)
  })

  const slice = (request: PolicyRequest): Slice | undefined => {
    const user = userId(request.principal)
    const mine = request.principal.groups.filter((group) => groups.has(group))
    const key = JSON.stringify([
      request.action,
      request.resource.name,
      users.has(user) ? user : '',
      ...mine,
    ])
    const found = slices.get(key)
    if (found !== undefined) return found
    const fitting = policies.filter((policy) => canMatch(policy.json, request, user, mine))
    const name = free.pop()
    if (name === undefined) return undefined
    const texts = fitting.map(({ id, text, json }): [string, CedarPolicy] => [id, text ?? json])
    const parsed = preparsePolicySet(name, { staticPolicies: Object.fromEntries(texts) })
    if (parsed.type === 'failure') {
      free.push(name)
      return undefined
    }
    const fresh = { name, looks: looksOf(fitting.map(({ json }) => json)) }
    slices.set(key, fresh)
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
