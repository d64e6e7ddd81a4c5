import { flow } from './expressions.ts'
import { functionShape, rowFunctionOf } from './from-functions.ts'
import { as, type Body, bodyOf, listOf, names, optional, textOf } from './node.ts'
import { inCondition, toldByTwin } from './predicates.ts'
import { deeper, isMasked, type Reading, refuse, tells } from './reading.ts'
import { knownRelation, readable } from './relations.ts'
import {
  type Entry,
  emptyScope,
  type Item,
  inShape,
  type OutColumn,
  renamed,
  type Scope,
  type Shape,
} from './scope.ts'
import { selectShape } from './select.ts'
import { conditionOf } from './subqueries.ts'
import { both, computed, plain, type Value } from './value.ts'

/** Reads the items of a FROM list into the scope, in order; returns what decides which rows join. */
export const fromItems = (r: Reading, nodes: readonly Body[], scope: Scope): Value => {
  const conditions: Value[] = []
  for (const node of nodes) scope.items.push(fromItem(r, node, scope, conditions))
  return computed(conditions, true)
}

const aliasOf = (body: Body): readonly [string, readonly string[]] => {
  const alias = bodyOf(body, 'alias')
  return [textOf(alias, 'aliasname'), names(listOf(alias, 'colnames'))]
}

const single = (entry: Entry): Item => ({
  columns: entry.columns,
  entries: [entry],
  ...(entry.open === undefined ? {} : { open: entry.open }),
})

const entryOf = (alias: string, columns: readonly string[], shape: Shape): Entry => ({
  alias,
  ...renamed(shape, columns),
})

const fromItem = (r: Reading, node: Body, scope: Scope, conditions: Value[]): Item =>
  deeper(r, () => {
    const range = as(node, 'RangeVar')
    if (range !== undefined) return single(tableEntry(r, range, scope))
    const join = as(node, 'JoinExpr')
    if (join !== undefined) return joined(r, join, scope, conditions)
    const query = as(node, 'RangeSubselect')
    if (query !== undefined) return subquery(r, query, scope, conditions)
    const sample = as(node, 'RangeTableSample')
    if (sample !== undefined) {
      for (const arg of [...listOf(sample, 'args'), ...optionalList(sample, 'repeatable')])
        inCondition(r, flow(r, scope, arg))
      return fromItem(r, bodyOf(sample, 'relation'), scope, conditions)
    }
    const rows = rowFunctionOf(node)
    if (rows === undefined) throw refuse('This kind of FROM item is not known.')
    const [alias, columns] = aliasOf(rows)
    const shape = functionShape(r, node, scope, alias)
    return single(entryOf(alias || shape.name, columns, shape))
  })

const optionalList = (body: Body, key: string): readonly Body[] => {
  const value = optional(body, key)
  return value === undefined ? [] : [value]
}

/** A CTE, where the unqualified name is one, else a table of the catalogue. */
const tableEntry = (r: Reading, range: Body, scope: Scope): Entry => {
  const name = textOf(range, 'relname')
  const [alias, columns] = aliasOf(range)
  if (textOf(range, 'schemaname') === '')
    for (let cte = scope.ctes; cte !== undefined; cte = cte.next)
      if (cte.name === name) {
        r.seen.add(range)
        return entryOf(alias || name, columns, cte.shape())
      }
  const relation = knownRelation(r, range)
  const { columns: own, system } = readable(r, relation)
  const entry = { ...entryOf(alias || name, columns, { columns: own }), system }
  return alias === '' ? { ...entry, schema: relation.schema } : entry
}

/** A table that DML changes, under its alias. */
export const targetEntry = (range: Body, columns: readonly OutColumn[], schema: string): Entry => {
  const [alias, renames] = aliasOf(range)
  const entry = entryOf(alias || textOf(range, 'relname'), renames, { columns })
  return alias === '' ? { ...entry, schema } : entry
}

const subquery = (r: Reading, body: Body, scope: Scope, conditions: Value[]): Item => {
  r.seen.add(body)
  const select = as(bodyOf(body, 'subquery'), 'SelectStmt')
  if (select === undefined) throw refuse('A subquery here is not a query.')
  // Without LATERAL it sees what is around the whole query, not its neighbours.
  const around =
    body.lateral === true
      ? scope
      : { ...(scope.parent ?? emptyScope(undefined, undefined)), ctes: scope.ctes }
  const shape = selectShape(r, select, around)
  conditions.push(shape.conditions)
  const [alias, columns] = aliasOf(body)
  return single(entryOf(alias, columns, shape))
}

const joined = (r: Reading, body: Body, scope: Scope, conditions: Value[]): Item => {
  const left = fromItem(r, bodyOf(body, 'larg'), scope, conditions)
  scope.items.push(left)
  const right = fromItem(r, bodyOf(body, 'rarg'), scope, conditions)
  scope.items.pop()
  const shared =
    body.isNatural === true
      ? left.columns.flatMap((c) =>
          c.name !== undefined && right.columns.some((o) => o.name === c.name) ? [c.name] : [],
        )
      : names(listOf(body, 'usingClause'))
  const vague = [left, right].some(
    (item) => item.open !== undefined || item.columns.some((c) => c.name === undefined),
  )
  // Which columns fall together decides which output column is which.
  if (body.isNatural === true && vague)
    throw refuse(
      'NATURAL JOIN over columns that are not known can not be judged.',
      'Use JOIN .. ON.',
    )
  const merged = shared.map((name) => mergedColumn(r, name, left, right, conditions))
  const rest = (item: Item) =>
    item.columns.filter((c) => c.name === undefined || !shared.includes(c.name))
  const open =
    left.open === undefined
      ? right.open
      : right.open === undefined
        ? left.open
        : both(left.open, right.open)
  const columns = [...merged, ...rest(left), ...rest(right)]
  const entries = [...left.entries, ...right.entries]
  const using = optional(body, 'join_using_alias')
  if (using !== undefined) entries.push({ alias: textOf(using, 'aliasname'), columns: merged })
  const item: Item = { columns, entries, ...(open === undefined ? {} : { open }) }
  const quals = optional(body, 'quals')
  if (quals !== undefined) {
    const inner: Scope = { ...emptyScope(scope.parent, scope.ctes), items: [item] }
    conditions.push(conditionOf(r, inner, quals))
  }
  const [alias, renames] = aliasOf(body)
  return alias === '' ? item : single(entryOf(alias, renames, item))
}

const mergedColumn = (
  r: Reading,
  name: string,
  left: Item,
  right: Item,
  conditions: Value[],
): OutColumn => {
  const of = (item: Item): Value => inShape(item, name) ?? plain
  const value = both(of(left), of(right))
  if (isMasked(r, value) && (!value.stored || toldByTwin(r, [value])))
    tells(r, 'used in a condition')
  for (const key of value.from) r.found.columns.add(key)
  conditions.push(value)
  return { name, value }
}
