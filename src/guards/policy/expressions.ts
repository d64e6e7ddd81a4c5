/** Reading a policy's JSON form (Cedar's EST): what it looks at, and whom it names. Unknown forms count as looking at everything. */
import type { Clause, Expr, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import { everything, type Looks } from './request.ts'

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const isContext = (value: unknown): boolean => isObject(value) && value.Var === 'context'

/** Attributes of the context that an expression looks at; `*` when it takes the context as a whole. */
const contextUses = (node: unknown, found: Set<string> = new Set()): ReadonlySet<string> => {
  if (Array.isArray(node)) for (const inner of node) contextUses(inner, found)
  else if (isObject(node)) {
    if (node.Var === 'context') found.add(everything)
    for (const [key, inner] of Object.entries(node)) {
      const attribute =
        (key === '.' || key === 'has') && isObject(inner) && isContext(inner.left)
          ? inner.attr
          : undefined
      const first: unknown = Array.isArray(attribute) ? attribute[0] : attribute
      if (typeof first === 'string') found.add(first)
      else contextUses(inner, found)
    }
  }
  return found
}

/** Whether the clauses look at `context.time`, as far as can be told. */
export const looksAtTime = (policy: PolicyJson): boolean => {
  const looks = contextUses(policy.conditions)
  return looks.has('time') || looks.has(everything)
}

const uses = (node: unknown, variable: 'principal' | 'resource'): boolean =>
  Array.isArray(node)
    ? node.some((inner) => uses(inner, variable))
    : isObject(node) &&
      (node.Var === variable || Object.values(node).some((inner) => uses(inner, variable)))

/** What policies look at, all together. */
export const looksOf = (policies: readonly PolicyJson[]): Looks => {
  const conditions = policies.map((policy) => policy.conditions)
  return {
    context: contextUses(conditions),
    principal: uses(conditions, 'principal'),
    resource: uses(conditions, 'resource'),
    groups: new Set(policies.flatMap((policy) => [...namedEntities(policy, 'Group')])),
  }
}

/** Ids of the entities of a type that a policy names anywhere. */
export const namedEntities = (policy: PolicyJson, type: string): ReadonlySet<string> => {
  const found = new Set<string>()
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(walk)
    else if (isObject(node)) {
      if (node.type === type && typeof node.id === 'string') found.add(node.id)
      Object.values(node).forEach(walk)
    }
  }
  walk([policy.principal, policy.action, policy.resource, policy.conditions])
  return found
}

const conjuncts = (expression: Expr): readonly Expr[] => {
  const both = '&&' in expression ? expression['&&'] : undefined
  return both === undefined || Array.isArray(both)
    ? [expression]
    : [...conjuncts(both.left), ...conjuncts(both.right)]
}

const foreseeable = (node: unknown): boolean => {
  const looks = contextUses(node)
  return [...looks].every((attribute) => attribute === 'effect')
}

/**
 * The policy as far as it can be judged before facts are known: what looks at them is left out of a permit, which can
 * only widen it. A forbid that looks at them may not hold: then undefined.
 */
export const foreseen = (policy: PolicyJson): PolicyJson | undefined => {
  if (policy.effect === 'forbid') return policy.conditions.every(foreseeable) ? policy : undefined
  const conditions = policy.conditions.flatMap((clause): readonly Clause[] => {
    if (clause.kind === 'unless') return foreseeable(clause.body) ? [clause] : []
    return conjuncts(clause.body)
      .filter(foreseeable)
      .map((body) => ({ kind: 'when', body }))
  })
  return { ...policy, conditions }
}
