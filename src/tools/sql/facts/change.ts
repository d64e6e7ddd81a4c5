import type { Relation } from './catalogue.ts'
import { bindCtes } from './ctes.ts'
import { flow } from './expressions.ts'
import { fromItems, targetEntry } from './from.ts'
import { isSystem } from './index-catalogue.ts'
import { judgeCasts } from './judge.ts'
import { as, type Body, bodyOf, listOf, optional, textOf } from './node.ts'
import { deeper, type Reading, refuse, tableName } from './reading.ts'
import { knownRelation, type Readable, readable } from './relations.ts'
import { type Entry, emptyScope, type Scope } from './scope.ts'
import { type QueryShape, selectShape, targets } from './select.ts'
import { conditionOf } from './subqueries.ts'
import { columnKey, computed, type Value } from './value.ts'

/** Reads INSERT, UPDATE, DELETE and MERGE; the shape is that of RETURNING. Undefined for any other statement. */
export const changeShape = (r: Reading, statement: Body, outer: Scope): QueryShape | undefined =>
  deeper(r, () => {
    const insert = as(statement, 'InsertStmt')
    if (insert !== undefined) return insertShape(r, insert, outer)
    const update = as(statement, 'UpdateStmt')
    if (update !== undefined) return updateShape(r, update, outer, 'fromClause')
    const deletion = as(statement, 'DeleteStmt')
    if (deletion !== undefined) return updateShape(r, deletion, outer, 'usingClause')
    const merge = as(statement, 'MergeStmt')
    return merge === undefined ? undefined : mergeShape(r, merge, outer)
  })

interface Target extends Readable {
  readonly relation: Relation
  readonly entry: Entry
}

/** The table that is changed: what may not be changed at all is refused here. */
const targetOf = (r: Reading, range: Body): Target => {
  const relation = knownRelation(r, range)
  const name = tableName(relation)
  if (isSystem(relation)) throw refuse('The system catalogue is changed by nobody here.')
  if (relation.kind === 'm' || relation.kind === 'S')
    throw refuse(`${name} can not be changed like a table.`)
  if (relation.rules === true)
    throw refuse(`${name} has rewrite rules, so nothing can vouch for what the change does.`)
  judgeCasts(r, relation, ['i', 'a'])
  const before = new Set(r.found.tables)
  const { columns, system } = readable(r, relation)
  // A change to a view goes to the tables behind it.
  r.found.written.add(name)
  if (relation.kind === 'v')
    for (const table of r.found.tables) if (!before.has(table)) r.found.written.add(table)
  for (const table of r.names.family(relation))
    for (const trigger of table.triggers ?? []) r.found.triggers.add(trigger)
  return {
    relation,
    entry: { ...targetEntry(range, columns, relation.schema), system },
    columns,
    system,
  }
}

const touch = (r: Reading, target: Target, list: readonly Body[]): void => {
  for (const node of list) {
    const column = textOf(bodyOf(node, 'ResTarget'), 'name')
    if (column !== '')
      r.found.columns.add(columnKey(target.relation.schema, target.relation.name, column))
  }
}

const itemOf = (entry: Entry) => ({ columns: entry.columns, entries: [entry] })

/** RETURNING: the table, the tables joined to it, and the rows as they were and are. */
const returning = (r: Reading, body: Body, target: Target, scope: Scope): QueryShape => {
  const clause = bodyOf(body, 'returningClause')
  const named = (fallback: string, kind: string) => {
    const option = listOf(clause, 'options')
      .map((o) => bodyOf(o, 'ReturningOption'))
      .find((o) => textOf(o, 'option') === kind)
    return { ...target.entry, alias: option === undefined ? fallback : textOf(option, 'value') }
  }
  const hidden = [
    ...scope.hidden,
    named('old', 'RETURNING_OPTION_OLD'),
    named('new', 'RETURNING_OPTION_NEW'),
  ]
  const shape = targets(r, listOf(clause, 'exprs'), { ...scope, hidden })
  return { ...shape, conditions: computed([], true) }
}

const insertShape = (r: Reading, body: Body, outer: Scope): QueryShape => {
  const ctes = bindCtes(r, optional(body, 'withClause'), outer)
  const around: Scope = { ...outer, ctes }
  const target = targetOf(r, bodyOf(body, 'relation'))
  touch(r, target, listOf(body, 'cols'))
  const scope: Scope = { ...emptyScope(around, ctes), items: [itemOf(target.entry)] }
  for (const column of listOf(body, 'cols'))
    for (const step of listOf(bodyOf(column, 'ResTarget'), 'indirection')) flow(r, scope, step)
  const select = as(optional(body, 'selectStmt'), 'SelectStmt')
  if (select !== undefined) selectShape(r, select, around)
  const conflict = optional(body, 'onConflictClause')
  if (conflict !== undefined) {
    const infer = bodyOf(conflict, 'infer')
    for (const element of listOf(infer, 'indexElems')) {
      const expression = optional(bodyOf(element, 'IndexElem'), 'expr')
      if (expression !== undefined) flow(r, scope, expression)
    }
    conditionOf(r, scope, optional(infer, 'whereClause'))
    const excluded = { ...target.entry, alias: 'excluded' }
    const updating = { ...scope, hidden: [excluded] }
    assign(r, target, listOf(conflict, 'targetList'), updating)
    conditionOf(r, updating, optional(conflict, 'whereClause'))
  }
  return returning(r, body, target, scope)
}

const assign = (r: Reading, target: Target, list: readonly Body[], scope: Scope): void => {
  touch(r, target, list)
  for (const node of list) {
    const item = bodyOf(node, 'ResTarget')
    for (const step of listOf(item, 'indirection')) flow(r, scope, step)
    const value = optional(item, 'val')
    if (value !== undefined) flow(r, scope, value)
  }
}

const updateShape = (r: Reading, body: Body, outer: Scope, from: string): QueryShape => {
  const ctes = bindCtes(r, optional(body, 'withClause'), outer)
  const around: Scope = { ...outer, ctes }
  const target = targetOf(r, bodyOf(body, 'relation'))
  const scope: Scope = { ...emptyScope(around, ctes), items: [itemOf(target.entry)] }
  fromItems(r, listOf(body, from), scope)
  assign(r, target, listOf(body, 'targetList'), scope)
  conditionOf(r, scope, optional(body, 'whereClause'))
  return returning(r, body, target, scope)
}

const mergeShape = (r: Reading, body: Body, outer: Scope): QueryShape => {
  const ctes = bindCtes(r, optional(body, 'withClause'), outer)
  const around: Scope = { ...outer, ctes }
  const scope = emptyScope(around, ctes)
  fromItems(r, [bodyOf(body, 'sourceRelation')], scope)
  const target = targetOf(r, bodyOf(body, 'relation'))
  scope.items.push(itemOf(target.entry))
  conditionOf(r, scope, optional(body, 'joinCondition'))
  for (const node of listOf(body, 'mergeWhenClauses')) {
    const clause = bodyOf(node, 'MergeWhenClause')
    conditionOf(r, scope, optional(clause, 'condition'))
    assign(r, target, listOf(clause, 'targetList'), scope)
    for (const value of listOf(clause, 'values')) flow(r, scope, value)
  }
  return returning(r, body, target, scope)
}

/** What decides an expression outside any query, as in DDL: names there are the table's own. */
export const looseValue = (r: Reading, node: Body): Value =>
  flow({ ...r, author: 'owner' }, emptyScope(undefined, undefined), node)
