import { callValue } from './calls.ts'
import { choice, decided, keyValue } from './choices.ts'
import { candidates, isSystemFunction, judgeCall } from './judge.ts'
import { as, type Body, bodyOf, listOf, names, optional, partsOf, textOf, typed } from './node.ts'
import { alongPath } from './paths.ts'
import { compare } from './predicates.ts'
import { deeper, isMasked, type Reading, refuse, standing, tells } from './reading.ts'
import {
  entryNamed,
  ofEntry,
  type Scope,
  type Shape,
  unknownColumn,
  unqualified,
  whole,
} from './scope.ts'
import { arrayQuery, sublink } from './subqueries.ts'
import { both, computed, constant, nullTest, plain, type Value } from './value.ts'

/** The columns that decide an expression. Throws on what it does not know; notes what would tell a masked value. */
export const flow = (r: Reading, scope: Scope, node: Body): Value =>
  deeper(r, () => {
    const wrapped = typed(node)
    if (wrapped === undefined) return container(r, scope, node, true)
    const [type, body] = wrapped
    switch (type) {
      case 'A_Const':
      case 'ParamRef':
        return constant
      case 'String':
      case 'SetToDefault':
      case 'SQLValueFunction':
      case 'MergeSupportFunc':
      case 'TypeName':
      case 'JsonFormat':
      case 'JsonReturning':
        return plain
      case 'ColumnRef':
        return columnReference(r, scope, body)
      case 'TypeCast':
        return cast(r, scope, body)
      case 'CollateClause':
        return flow(r, scope, bodyOf(body, 'arg'))
      case 'FuncCall':
        return callValue(r, scope, body)
      case 'A_Indirection':
        return indirection(r, scope, body)
      case 'SubLink':
        return sublink(r, scope, body)
      case 'JsonArrayQueryConstructor':
        return arrayQuery(r, scope, body)
      case 'A_Expr':
        return operation(r, scope, body)
      case 'CaseExpr':
        return choice(r, scope, body)
      case 'NullTest':
        return nullTest(flow(r, scope, bodyOf(body, 'arg')))
      case 'JsonFuncExpr':
        return alongPath(container(r, scope, body, false), body.pathspec)
      case 'JsonKeyValue':
        return keyValue(r, scope, body)
      case 'JsonObjectAgg': {
        const { arg, ...rest } = body
        return both(keyValue(r, scope, bodyOf({ arg }, 'arg')), container(r, scope, rest, true))
      }
      case 'BoolExpr':
      case 'CoalesceExpr':
        return decided(r, values(r, scope, partsOf(body)))
      case 'List':
      case 'A_ArrayExpr':
        return listed(r, scope, body)
      default:
        return container(r, scope, body, totalContainers.has(type))
    }
  })

const totalContainers = new Set(
  `BooleanTest CaseWhen RowExpr MinMaxExpr NamedArgExpr SortBy GroupingFunc ResTarget JsonObjectConstructor
  JsonArrayConstructor JsonValueExpr JsonObjectAgg JsonArrayAgg JsonAggConstructor JsonIsPredicate JsonOutput
  MultiAssignRef`.split(/\s+/),
)

export const values = (r: Reading, scope: Scope, nodes: readonly Body[]): readonly Value[] =>
  nodes.map((n) => flow(r, scope, n))

const container = (r: Reading, scope: Scope, body: Body, total: boolean): Value => {
  const all = computed(values(r, scope, partsOf(body)), total)
  if (!total && isMasked(r, all)) tells(r, 'part of a computation')
  return all
}

const listed = (r: Reading, scope: Scope, body: Body): Value => {
  const items = values(r, scope, partsOf(body))
  const constants = items.every((v) => v.constants > 0)
    ? items.reduce((sum, v) => sum + v.constants, 0)
    : 0
  return { ...computed(items, true), constants }
}

const textTypes = new Set(['text', 'varchar', 'bpchar', 'name', 'citext'])

const cast = (r: Reading, scope: Scope, body: Body): Value => {
  const arg = bodyOf(body, 'arg')
  const value = flow(r, scope, arg)
  const type = bodyOf(body, 'typeName')
  const parts = names(listOf(type, 'names'))
  const name = parts.at(-1) ?? ''
  // A cast to a number fails on some values and not on others.
  const total = textTypes.has(name) && listOf(type, 'arrayBounds').length === 0
  if (value.constants > 0) {
    // A literal is taken as its type before anything runs; what is cast again, or to a domain, may fail in the run.
    const literal = as(arg, 'A_Const') ?? as(arg, 'ParamRef')
    const own = r.names.types(r.path, parts.at(-2), name).length > 0
    return { ...value, total: value.total && (total || (literal !== undefined && !own)) }
  }
  if (!total && isMasked(r, value)) tells(r, 'cast to another type')
  return { ...value, stored: value.stored && total, total: value.total && total }
}

/** `a.b` where `a` has no column `b` is the call `b(a)`. */
const attributeCall = (r: Reading, row: Value, name: string): Value | undefined => {
  if (!isSystemFunction(r, [name]) && candidates(r, [name], 1).length === 0) return undefined
  judgeCall(r, [name], 1)
  return { ...row, stored: false, total: false }
}

const columnReference = (r: Reading, scope: Scope, body: Body): Value => {
  r.seen.add(body)
  standing(r, body)
  const parts = names(listOf(body, 'fields'))
  const value = resolve(r, scope, parts)
  for (const key of value.from) r.found.columns.add(key)
  return value
}

const resolve = (r: Reading, scope: Scope, parts: readonly string[]): Value => {
  const [first = ''] = parts
  if (parts.length === 1) {
    if (first === '*')
      return computed(
        scope.items.map((i) => whole(i)),
        true,
      )
    const value = unqualified(scope, first)
    if (value !== undefined) return value
    const entry = entryNamed(scope, first)
    return entry === undefined ? unknownColumn(r, scope, first) : whole(entry)
  }
  const name = parts.at(-1) ?? ''
  const qualifiers = parts.slice(0, -1)
  if (qualifiers.length > 3) throw refuse('This name has too many parts.')
  if (qualifiers.length === 3 && first !== r.names.catalogue.database)
    throw refuse('Another database can not be read from here.')
  const entry = entryNamed(scope, qualifiers.at(-1) ?? '', qualifiers.at(-2))
  if (entry === undefined) return unknownColumn(r, scope, parts.join('.'))
  if (name === '*') return whole(entry)
  const value = ofEntry(entry, name)
  if (value !== undefined) return value
  return attributeCall(r, whole(entry), name) ?? unknownColumn(r, scope, name, entry)
}

const indirection = (r: Reading, scope: Scope, body: Body): Value => {
  const arg = bodyOf(body, 'arg')
  const steps = listOf(body, 'indirection')
  let value = flow(r, scope, arg)
  let shape = rowNamed(r, scope, arg)
  for (const step of steps) {
    const field = as(step, 'String')
    if (field === undefined) {
      const inner = flow(r, scope, step)
      value = alongPath({ ...both(value, inner), stored: false }, bodyOf(step, 'A_Indices').uidx)
      shape = undefined
      continue
    }
    const name = textOf(field, 'sval')
    const column = shape === undefined ? undefined : ofEntry({ alias: '', ...shape }, name)
    if (column !== undefined) value = column
    else value = attributeCall(r, value, name) ?? { ...value, stored: false }
    shape = undefined
  }
  return value
}

/** The row that `(t)` in `(t).a` stands for, when it is a table or query of the FROM list and not a column. */
export const rowNamed = (r: Reading, scope: Scope, node: Body): Shape | undefined => {
  const column = as(node, 'ColumnRef')
  if (column === undefined) return undefined
  r.seen.add(column)
  const parts = names(listOf(column, 'fields')).filter(
    (p, i, all) => p !== '*' || i < all.length - 1,
  )
  const [only = ''] = parts
  if (parts.length === 1)
    return unqualified(scope, only) === undefined ? entryNamed(scope, only) : undefined
  return parts.length === 2 ? entryNamed(scope, parts[1] ?? '', only) : undefined
}

/** A masked column's order tells no value; that of something computed from it does, and so does its place among values that can be read. */
export const sortedBy = (r: Reading, value: Value): void => {
  if (!isMasked(r, value)) return
  if (!value.stored) tells(r, 'sorted or grouped by a computation')
  for (const key of value.from)
    if (!r.rules.masked.has(key)) tells(r, 'sorted or grouped together with other columns')
}

/** GROUP BY, PARTITION BY, ORDER BY: all that decides them. */
export const ordered = (r: Reading, scope: Scope, nodes: readonly Body[]): Value => {
  const all = nodes.map((node) => {
    const value = flow(
      r,
      scope,
      as(node, 'SortBy') === undefined ? node : bodyOf(bodyOf(node, 'SortBy'), 'node'),
    )
    sortedBy(r, value)
    return value
  })
  return computed(all, true)
}

const rangeFrame = 0x2

/**
 * What decides a window. How rows fall together and in which order is open of masked columns, so that the window's
 * functions tell no more; but a frame from a value less ten to that value would tell how far values are apart.
 */
export const windowValue = (r: Reading, scope: Scope, window: Body): Value => {
  const order = ordered(r, scope, listOf(window, 'orderClause'))
  const groups = both(ordered(r, scope, listOf(window, 'partitionClause')), order)
  const base = textOf(window, 'refname')
  const masked = isMasked(r, order) || (base !== '' && scope.windows.has(base))
  if (masked) scope.windows.add(textOf(window, 'name'))
  const offsets = ['startOffset', 'endOffset']
    .map((k) => optional(window, k))
    .filter((n) => n !== undefined)
  const frame = computed(values(r, scope, offsets), true)
  const apart = offsets.length > 0 && (Number(window.frameOptions) & rangeFrame) !== 0
  if (isMasked(r, frame) || (masked && apart)) tells(r, 'used in a window frame')
  return both({ ...groups, tested: groups.from }, frame)
}

const operation = (r: Reading, scope: Scope, body: Body): Value => {
  const left = optional(body, 'lexpr')
  const right = optional(body, 'rexpr')
  const l = left === undefined ? plain : flow(r, scope, left)
  const v = right === undefined ? plain : flow(r, scope, right)
  return compare(r, body, l, v)
}
