/** How policies combine: plain permits allow, approvers hold, forbids deny, whatever errs denies. DESIGN section 6. */
import type { MaskProfile, Need } from '../../types.ts'
import type { Policy } from './compile.ts'
import { type Evaluate, evaluator } from './engine.ts'
import type { PolicyRequest } from './request.ts'

/** `because` tells the denials apart: nothing permits, something forbids, something could not be evaluated. */
export type Decision =
  | { readonly kind: 'allow'; readonly rules: readonly string[]; readonly masking: MaskProfile }
  | {
      readonly kind: 'hold'
      readonly rules: readonly string[]
      readonly masking: MaskProfile
      readonly needs: readonly Need[]
    }
  | {
      readonly kind: 'deny'
      readonly rules: readonly string[]
      readonly because: 'silence' | 'forbid' | 'failure'
    }

export interface Decider {
  decide(request: PolicyRequest): Decision
  /** Ids of the shadow policies that hold; `ID:error` for those that err. They decide nothing. */
  shadow(request: PolicyRequest): readonly string[]
}

/** Pure: the same request gets the same decision. Never throws. */
export const decider = (policies: readonly Policy[]): Decider => {
  const active = policies.filter(({ shadow }) => !shadow)
  const byId = new Map(active.map((policy) => [policy.id, policy]))
  const all = evaluator(active)
  const withoutHolds = evaluator(
    active.filter(({ effect, need }) => effect === 'permit' || need === undefined),
  )
  const shadows = (['permit', 'forbid'] as const).map((effect) =>
    evaluator(policies.filter((policy) => policy.shadow && policy.effect === effect)),
  )

  const named = (ids: readonly string[]): readonly Policy[] =>
    ids.flatMap((id) => byId.get(id) ?? [])

  const decide = (request: PolicyRequest): Decision => {
    const first = all(request)
    if (first.kind === 'failed') return failure(first.erring)
    if (first.allowed) return permitted(named(first.holding), [])
    const forbids = named(first.holding)
    const final = forbids.filter(({ need }) => need === undefined)
    if (final.length > 0) return { kind: 'deny', rules: ids(final), because: 'forbid' }
    if (forbids.length > 0) {
      const second = withoutHolds(request)
      if (second.kind === 'failed') return failure(second.erring)
      if (second.allowed) return permitted(named(second.holding), forbids)
    }
    return { kind: 'deny', rules: [], because: 'silence' }
  }

  return { decide, shadow: (request) => shadows.flatMap((evaluate) => shadowed(evaluate, request)) }
}

const ids = (policies: readonly Policy[]): readonly string[] => policies.map(({ id }) => id).sort()

const failure = (erring: readonly string[]): Decision => ({
  kind: 'deny',
  rules: erring,
  because: 'failure',
})

/** `permits` hold; `forbids` are those with approvers, which ask for theirs whatever permits. */
const permitted = (permits: readonly Policy[], forbids: readonly Policy[]): Decision => {
  const plain = permits.some(({ need }) => need === undefined)
  const asking = [...forbids, ...(plain ? [] : permits)]
  const needs = asking.flatMap(({ need }) => need ?? [])
  const rules = ids([...permits, ...forbids])
  const masking = [...new Set([...permits, ...forbids].flatMap(({ masks }) => masks))].sort()
  if (needs.length > 0) return { kind: 'hold', rules, masking, needs }
  // An allow without a permit, or a hold that asks nobody, would be an allow by accident.
  return plain && forbids.length === 0
    ? { kind: 'allow', rules, masking }
    : { kind: 'deny', rules: [], because: 'failure' }
}

const shadowed = (evaluate: Evaluate, request: PolicyRequest): readonly string[] => {
  const result = evaluate(request)
  return result.kind === 'decided' ? result.holding : result.erring.map((id) => `${id}:error`)
}
