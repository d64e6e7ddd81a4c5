/** Before a call is read: could any policy ever let it through? Never says no to what a policy would permit. */
import type { Effect } from '../../types.ts'
import type { Policy } from './compile.ts'
import { evaluator, type Judged } from './engine.ts'
import { foreseen } from './expressions.ts'
import type { PolicyRequest } from './request.ts'

/** What could come of an effect: `allow`, `hold`, or undefined when no permit could ever hold; and the ids that say so. */
export interface Foreseen {
  readonly mode: 'allow' | 'hold' | undefined
  readonly rules: readonly string[]
}

/**
 * Each permit without what looks at facts (which only widens it), against the forbids that look at none and ask nobody.
 * `request` is one without facts.
 */
export const foresight = (
  policies: readonly Policy[],
): ((request: Omit<PolicyRequest, 'context' | 'time'>, effect: Effect) => Foreseen) => {
  const active = policies.filter(({ shadow }) => !shadow)
  const wide = (chosen: readonly Policy[]): readonly Judged[] =>
    chosen.flatMap(({ id, json }) => {
      const seen = foreseen(json)
      return seen === undefined ? [] : [{ id, json: seen }]
    })
  const asks = ({ effect, need }: Policy): boolean => effect === 'forbid' && need !== undefined
  const needs = new Map(active.map(({ id, need }) => [id, need]))
  const final = evaluator(wide(active.filter((policy) => !asks(policy))))
  const asking = evaluator(wide(active))
  return (request, effect) => {
    const asked = { ...request, context: { effect } }
    const found = final(asked)
    // What can't be told before the facts are known may be.
    if (found.kind === 'failed') return { mode: 'allow', rules: found.erring }
    if (!found.allowed) return { mode: undefined, rules: found.holding }
    const held = asking(asked)
    const forbids = held.kind === 'decided' && !held.allowed ? held.holding : []
    const plain = found.holding.some((id) => needs.get(id) === undefined)
    return {
      mode: plain && forbids.length === 0 ? 'allow' : 'hold',
      rules: [...found.holding, ...forbids].sort(),
    }
  }
}
