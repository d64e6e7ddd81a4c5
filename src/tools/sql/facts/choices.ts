import { flow } from './expressions.ts'
import { type Body, bodyOf, listOf, optional } from './node.ts'
import { fairEquality } from './predicates.ts'
import { isMasked, type Reading, tells } from './reading.ts'
import type { Scope } from './scope.ts'
import { conditionOf } from './subqueries.ts'
import { both, computed, type Value } from './value.ts'

/** CASE: what it asks is judged as in WHERE, with `CASE a WHEN b` as `a = b`. */
export const choice = (r: Reading, scope: Scope, body: Body): Value => {
  const arg = optional(body, 'arg')
  const asked = arg === undefined ? undefined : flow(r, scope, arg)
  const parts: Value[] = asked === undefined ? [] : [asked]
  for (const node of listOf(body, 'args')) {
    const when = bodyOf(node, 'CaseWhen')
    const test = bodyOf(when, 'expr')
    if (asked === undefined) parts.push(conditionOf(r, scope, test))
    else {
      const value = flow(r, scope, test)
      parts.push(value)
      if (isMasked(r, both(asked, value)) && !fairEquality(r, asked, value))
        tells(r, 'used in a condition')
    }
    parts.push(flow(r, scope, bodyOf(when, 'result')))
  }
  const otherwise = optional(body, 'defresult')
  if (otherwise !== undefined) parts.push(flow(r, scope, otherwise))
  return decided(r, parts)
}

/** A key that is NULL, or there already, is an error. */
export const keyValue = (r: Reading, scope: Scope, body: Body): Value => {
  const key = flow(r, scope, bodyOf(body, 'key'))
  if (isMasked(r, key)) tells(r, 'used as a key')
  return computed([key, flow(r, scope, bodyOf(body, 'value'))], true)
}

/** A condition on a masked value must not decide whether something that can fail is computed at all. */
export const decided = (r: Reading, parts: readonly Value[]): Value => {
  const all = computed(parts, true)
  if (isMasked(r, all) && !all.total) tells(r, 'used as the condition of a computation')
  return all
}
