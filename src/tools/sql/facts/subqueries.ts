import { flow } from './expressions.ts'
import { as, type Body, bodyOf, listOf, names, optional, textOf } from './node.ts'
import { fairComparison, inCondition, toldByTwin } from './predicates.ts'
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
export const sublink = (r: Reading, scope: Scope, body: Body): Value => linked(r, scope, body).value

/** `shown`: what the subquery gives, without the conditions in it, which were judged where they stand. */
const linked = (r: Reading, scope: Scope, body: Body) => {
  r.seen.add(body)
  const shape = inner(r, scope, body)
  const test = optional(body, 'testexpr')
  const asked = test === undefined ? plain : flow(r, scope, test)
  const kind = textOf(body, 'subLinkType')
  const shown = computed([asked, whole(shape)], false)
  if (kind === 'EXISTS_SUBLINK')
    return { value: { ...shape.conditions, stored: false, total: false }, shown, kind }
  const [only] = shape.columns
  const bare = shape.columns.length === 1 && shape.open === undefined && test === undefined
  const stored = bare && only?.value.stored === true && shape.conditions.from.size === 0
  return { value: { ...computed([shown, shape.conditions], false), stored }, shown, kind }
}

/** `JSON_ARRAY(SELECT ..)`. */
export const arrayQuery = (r: Reading, scope: Scope, body: Body): Value => {
  const shape = selectShape(r, bodyOf(bodyOf(body, 'query'), 'SelectStmt'), scope)
  return computed([whole(shape), shape.conditions], false)
}

/** A side of a comparison in a condition: `judged` is what the comparison is judged by, `all` what decides it. */
const side = (r: Reading, scope: Scope, node: Body): { judged: Value; all: Value } => {
  const link = as(node, 'SubLink')
  if (link === undefined) {
    const value = flow(r, scope, node)
    return { judged: value, all: value }
  }
  const { value, shown, kind } = linked(r, scope, link)
  const rows = kind === 'EXPR_SUBLINK' || kind === 'ARRAY_SUBLINK'
  return { judged: rows && !isMasked(r, shown) ? shown : value, all: value }
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
  const l = side(r, scope, left)
  const v = side(r, scope, right)
  const masked = isMasked(r, both(l.judged, v.judged))
  if (masked && !fairComparison(r, comparison, l.judged, v.judged)) tells(r, 'used in a condition')
  return both(l.all, v.all)
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
    asked.stored &&
    shape.open === undefined &&
    shape.columns.every((c) => c.value.stored) &&
    !toldByTwin(r, [asked, rows])
  if (isMasked(r, both(asked, rows)) && !sameKind) tells(r, 'used in a condition')
  return all
}
