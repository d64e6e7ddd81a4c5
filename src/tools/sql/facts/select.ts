import { bindCtes } from './ctes.ts'
import { flow, ordered, rowNamed, sortedBy, windowValue } from './expressions.ts'
import { fromItems } from './from.ts'
import { as, type Body, bodyOf, listOf, names, optional, textOf } from './node.ts'
import { outputName } from './output-names.ts'
import { inCondition, toldByTwin } from './predicates.ts'
import { deeper, isMasked, type Reading, tells } from './reading.ts'
import { newTable } from './relations.ts'
import { emptyScope, type OutColumn, type Scope, type Shape, whole } from './scope.ts'
import { conditionOf } from './subqueries.ts'
import { both, computed, plain, type Value } from './value.ts'

/** The columns of a query, and what decides which rows it has. */
export interface QueryShape extends Shape {
  readonly conditions: Value
}

/** Reads a SELECT, VALUES, TABLE or set operation. `outer`: the scope around it, whose names and CTEs it sees. */
export const selectShape = (r: Reading, select: Body, outer: Scope): QueryShape =>
  deeper(r, () => {
    r.seen.add(select)
    const into = optional(select, 'intoClause')
    if (into !== undefined) newTable(r, bodyOf(into, 'rel'))
    const ctes = bindCtes(r, optional(select, 'withClause'), outer)
    const around: Scope = { ...outer, ctes }
    const shape =
      textOf(select, 'op') === 'SETOP_NONE' || select.op === undefined
        ? listOf(select, 'valuesLists').length > 0
          ? valuesShape(r, select, around)
          : simpleShape(r, select, around)
        : setShape(r, select, around)
    for (const key of ['limitCount', 'limitOffset']) {
      const node = optional(select, key)
      if (node !== undefined) inCondition(r, flow(r, emptyScope(around, ctes), node))
    }
    return shape
  })

const valuesShape = (r: Reading, select: Body, around: Scope): QueryShape => {
  const rows = listOf(select, 'valuesLists').map((row) =>
    listOf(bodyOf(row, 'List'), 'items').map((n) => flow(r, emptyScope(around, around.ctes), n)),
  )
  const columns = (rows[0] ?? []).map((first, i) => ({
    name: `column${i + 1}`,
    value: rows
      .slice(1)
      .reduce((sum, row) => both(sum, row[i] ?? plain), { ...first, constants: 0 }),
  }))
  const shape = { columns, conditions: plain }
  sortOutput(r, select, shape, emptyScope(around, around.ctes))
  return shape
}

const setShape = (r: Reading, select: Body, around: Scope): QueryShape => {
  const left = selectShape(r, bodyOf(select, 'larg'), around)
  const right = selectShape(r, bodyOf(select, 'rarg'), around)
  const conditions = both(left.conditions, right.conditions)
  let shape: QueryShape
  if (left.open !== undefined || right.open !== undefined)
    shape = { columns: [], open: both(whole(left), whole(right)), conditions }
  else
    shape = {
      columns: left.columns.map((c, i) => ({
        ...c,
        value: both(c.value, right.columns[i]?.value ?? plain),
      })),
      conditions,
    }
  const distinct = select.all !== true || textOf(select, 'op') !== 'SETOP_UNION'
  if (distinct) checkDistinct(r, shape)
  sortOutput(r, select, shape, emptyScope(around, around.ctes))
  return shape
}

/** Rows that are equal fall together: how many remain tells of a computed value, not of a stored one. */
const checkDistinct = (r: Reading, shape: Shape): void => {
  const values = [...shape.columns.map((c) => c.value), ...(shape.open ? [shape.open] : [])]
  for (const value of values)
    if (isMasked(r, value) && (!value.stored || toldByTwin(r, [value])))
      tells(r, 'compared by DISTINCT or a set operation')
}

/** ORDER BY sees the output's names first, then the input's. */
const sortOutput = (r: Reading, select: Body, shape: Shape, scope: Scope): void => {
  const sorts = listOf(select, 'sortClause')
  if (sorts.length === 0) return
  sortOrGroup(r, sorts, shape, scope, true)
}

const sortOrGroup = (
  r: Reading,
  nodes: readonly Body[],
  shape: Shape,
  scope: Scope,
  outputOnly: boolean,
): void => {
  const output: Scope = {
    ...emptyScope(scope.parent, scope.ctes),
    items: [
      ...scope.items,
      { columns: shape.columns, entries: [], ...(shape.open ? { open: shape.open } : {}) },
    ],
    hidden: scope.hidden,
    windows: scope.windows,
  }
  for (const node of nodes) {
    const sort = as(node, 'SortBy')
    const key = sort === undefined ? node : bodyOf(sort, 'node')
    const set = as(key, 'GroupingSet')
    if (set !== undefined) {
      sortOrGroup(r, listOf(set, 'content'), shape, scope, outputOnly)
      continue
    }
    const items = as(key, 'RowExpr') ?? as(key, 'List')
    if (items !== undefined && sort === undefined) {
      sortOrGroup(
        r,
        [...listOf(items, 'args'), ...listOf(items, 'items')],
        shape,
        scope,
        outputOnly,
      )
      continue
    }
    const position = optional(bodyOf(key, 'A_Const'), 'ival')?.ival
    if (typeof position === 'number') {
      const column = shape.columns[position - 1]
      if (column !== undefined) sortedBy(r, column.value)
      continue
    }
    const single = as(key, 'ColumnRef')
    const inOutput = single === undefined ? undefined : names(listOf(single, 'fields'))
    const named = inOutput?.length === 1 && shape.columns.some((c) => c.name === inOutput[0])
    ordered(r, named || outputOnly ? output : scope, [key])
  }
}

const simpleShape = (r: Reading, select: Body, around: Scope): QueryShape => {
  const scope = emptyScope(around, around.ctes)
  const joins = fromItems(r, listOf(select, 'fromClause'), scope)
  const where = conditionOf(r, scope, optional(select, 'whereClause'))
  for (const window of listOf(select, 'windowClause'))
    windowValue(r, scope, bodyOf(window, 'WindowDef'))
  const shape = targets(r, listOf(select, 'targetList'), scope)
  sortOrGroup(r, listOf(select, 'groupClause'), shape, scope, false)
  const having = conditionOf(r, scope, optional(select, 'havingClause'))
  const distinct = listOf(select, 'distinctClause')
  const on = distinct.filter((d) => Object.keys(d).length > 0)
  if (on.length > 0) sortOrGroup(r, on, shape, scope, true)
  else if (distinct.length > 0) checkDistinct(r, shape)
  sortOutput(r, select, shape, scope)
  return { ...shape, conditions: computed([joins, where, having], true) }
}

/** The output columns of a target list or RETURNING. */
export const targets = (r: Reading, list: readonly Body[], scope: Scope): Shape => {
  const columns: OutColumn[] = []
  let open: Value | undefined
  const take = (shape: Shape) => {
    for (const c of shape.columns) {
      const value = whole({ columns: [c] })
      for (const key of value.from) r.found.columns.add(key)
      columns.push({ name: c.name, value: { ...value, stored: c.value.stored } })
    }
    if (shape.open !== undefined) open = open === undefined ? shape.open : both(open, shape.open)
  }
  for (const node of list) {
    const target = bodyOf(node, 'ResTarget')
    const val = bodyOf(target, 'val')
    const star = starShapes(r, val, scope)
    if (star !== undefined) {
      for (const shape of star) take(shape)
      continue
    }
    const value = flow(r, scope, val)
    const given = textOf(target, 'name')
    columns.push({
      name: given === '' ? outputName(val) : given,
      value: { ...value, constants: 0 },
    })
  }
  return open === undefined
    ? { columns }
    : { columns: [], open: computed([...columns.map((c) => c.value), open], true) }
}

/** The shapes that `*`, `t.*` and `(t).*` stand for; undefined when it is none of these. */
const starShapes = (r: Reading, val: Body, scope: Scope): readonly Shape[] | undefined => {
  const column = as(val, 'ColumnRef')
  if (column !== undefined) {
    const parts = names(listOf(column, 'fields'))
    if (parts.at(-1) !== '*') return undefined
    r.seen.add(column)
    if (parts.length === 1) return scope.items
    const value = rowNamed(r, scope, val)
    return value === undefined ? [{ columns: [], open: flow(r, scope, val) }] : [value]
  }
  const steps = as(val, 'A_Indirection')
  if (steps === undefined || as(listOf(steps, 'indirection').at(-1), 'A_Star') === undefined)
    return undefined
  const arg = bodyOf(steps, 'arg')
  const row = listOf(steps, 'indirection').length === 1 ? rowNamed(r, scope, arg) : undefined
  return [row ?? { columns: [], open: flow(r, scope, val) }]
}
