import { flow } from './expressions.ts'
import { as, type Body, bodyOf, listOf, names, optional, textOf } from './node.ts'
import { fairComparison, inCondition } from './predicates.ts'
import { isMasked, type Reading, refuse, tells } from './reading.ts'
import { type Scope, whole } from './scope.ts'
import { selectShape } from './select.ts'
import { both, computed, nullTest, plain, type Value } from './value.ts'

const inner = (r: Reading, scope: Scope, body: Body) => {
  const select = as(bodyOf(body, 'subselect'), 'SelectStmt')
  if (select === undefined) throw refuse('A subquery here is not a query.')
  return selectShape(r, select, scope)
}

/** A subquery in an expression carries its columns and what decides which rows it has. */
export const sublink = (r: Reading, scope: Scope, body: Body): Value => {
  r.seen.add(body)
  const shape = inner(r, scope, body)
  const test = optional(body, 'testexpr')
  const asked = test === undefined ? plain : flow(r, scope, test)
  if (textOf(body, 'subLinkType') === 'EXISTS_SUBLINK')
    return { ...shape.conditions, stored: false, total: false }
  const [only] = shape.columns
  const bare = shape.columns.length === 1 && shape.open === undefined && test === undefined
  const stored = bare && only?.value.stored === true && shape.conditions.from.size === 0
  return { ...computed([asked, whole(shape), shape.conditions], false), stored }
}

/** A condition: WHERE, HAVING, ON. Returns what decides it. */
export const conditionOf = (r: Reading, scope: Scope, node: Body | undefined): Value => {
  if (node === undefined) return plain
  const logic = as(node, 'BoolExpr')
  if (logic !== undefined)
    return computed(
      listOf(logic, 'args').map((n) => conditionOf(r, scope, n)),
      true,
    )
  const test = as(node, 'NullTest')
  if (test !== undefined) {
    const value = flow(r, scope, bodyOf(test, 'arg'))
    if (!value.stored) inCondition(r, value)
    return nullTest(value)
  }
  const link = as(node, 'SubLink')
  if (link !== undefined) return linkCondition(r, scope, link)
  const comparison = as(node, 'A_Expr')
  const left = comparison === undefined ? undefined : optional(comparison, 'lexpr')
  const right = comparison === undefined ? undefined : optional(comparison, 'rexpr')
  if (comparison === undefined || left === undefined || right === undefined) {
    const value = flow(r, scope, node)
    inCondition(r, value)
    return value
  }
  const l = flow(r, scope, left)
  const v = flow(r, scope, right)
  const all = both(l, v)
  if (isMasked(r, all) && !fairComparison(r, comparison, l, v)) tells(r, 'used in a condition')
  return all
}

const linkCondition = (r: Reading, scope: Scope, body: Body): Value => {
  const kind = textOf(body, 'subLinkType')
  // What is inside judged its own conditions; that rows exist tells no more than those allow.
  if (kind === 'EXISTS_SUBLINK') return sublink(r, scope, body)
  const operator = names(listOf(body, 'operName'))
  const test = optional(body, 'testexpr')
  if (test === undefined || (operator.length > 0 && operator[0] !== '=')) {
    const value = sublink(r, scope, body)
    inCondition(r, value)
    return value
  }
  r.seen.add(body)
  const shape = inner(r, scope, body)
  const asked = flow(r, scope, test)
  const rows = whole(shape)
  const all = computed([asked, rows, shape.conditions], true)
  const sameKind =
    asked.stored && shape.open === undefined && shape.columns.every((c) => c.value.stored)
  if (isMasked(r, both(asked, rows)) && !sameKind) tells(r, 'used in a condition')
  return all
}
