import { definitionFacts } from './bodies.ts'
import type { Relation } from './catalogue.ts'
import { changeShape, looseValue } from './change.ts'
import { isSystem } from './index-catalogue.ts'
import { as, type Body, bodyOf, isBody, listOf, names, optional, textOf, typed } from './node.ts'
import { checkDenied, merge, type Reading, raise, refuse, tableName } from './reading.ts'
import { findRelation, newTable } from './relations.ts'
import { emptyScope, type Shape } from './scope.ts'
import { selectShape } from './select.ts'
import { checkSetting } from './settings.ts'
import {
  codeObjects,
  ddlKinds,
  ddlNodes,
  ddlObjects,
  refusedAlterations,
  refusedStatements,
} from './statements.ts'
import { sweep } from './sweep.ts'
import { columnKey, plain } from './value.ts'

/** Throws for a type of statement that is refused for everybody, with what to do instead. */
export const checkStatement = (type: string): void => {
  const refusal = refusedStatements[type]
  if (refusal === undefined) return
  throw refuse(`This statement is refused for everybody. ${refusal.why}`, refusal.instead)
}

const oneColumn: Shape = { columns: [{ name: undefined, value: plain }] }

/** SHOW of a setting that is no secret. */
export const showShape = (r: Reading, body: Body): Shape => {
  const name = textOf(body, 'name')
  if (name !== 'all') checkSetting(name)
  r.found.kinds.add('show')
  return name === 'all'
    ? { columns: [0, 1, 2].map(() => ({ name: undefined, value: plain })) }
    : oneColumn
}

/** EXPLAIN: `inner` is what it explains, `analyze` whether that runs. */
export const explained = (body: Body): { readonly inner: Body; readonly analyze: boolean } => {
  let analyze = false
  for (const node of listOf(body, 'options')) {
    const option = bodyOf(node, 'DefElem')
    if (textOf(option, 'defname') !== 'analyze') continue
    // As the server reads it, the last one counts; what is not plainly off is on.
    const arg = optional(option, 'arg')
    const text = arg === undefined ? 'true' : textOf(bodyOf(arg, 'String'), 'sval').toLowerCase()
    const number = arg === undefined ? undefined : bodyOf(arg, 'Integer')
    const off =
      text === 'false' ||
      text === 'off' ||
      (arg !== undefined && 'Integer' in arg && number?.ival === undefined)
    analyze = !off
  }
  return { inner: bodyOf(body, 'query'), analyze }
}
export const explainShape = oneColumn

/** A table that DDL names: with it the masked columns that it could rename or copy. */
const altered = (r: Reading, relation: Relation): void => {
  r.found.tables.add(tableName(relation))
  r.found.written.add(tableName(relation))
  for (const c of relation.columns) {
    const key = columnKey(relation.schema, relation.name, c.name)
    if (r.rules.masked.has(key)) r.found.columns.add(key)
  }
}

const systemSchema = /^pg_|^information_schema$/
const checkNoSystem = (schema: string | undefined): void => {
  if (schema !== undefined && systemSchema.test(schema))
    throw refuse('The system catalogue is changed by nobody here.')
}

/** A schema can't be dropped or renamed from under a denied table, or be the system's. */
const checkSchema = (r: Reading, schema: string): void => {
  checkNoSystem(schema)
  for (const table of r.rules.denied)
    if (table.startsWith(`${schema.toLowerCase()}.`))
      throw refuse(`The schema ${schema} holds a table that is denied on this target.`)
}

/** Names as DROP, COMMENT and others list them: any part may be a denied table, all but the last the system's schema. */
const checkNames = (r: Reading, parts: readonly string[]): void => {
  for (const part of parts.slice(0, -1)) checkNoSystem(part)
  for (let i = 0; i < parts.length; i++)
    for (const [schema, name] of [
      [undefined, parts[i]],
      [parts[i], parts[i + 1]],
    ]) {
      if (name === undefined) continue
      const relation = r.names.relation(r.path, schema, name)
      if (relation === undefined) continue
      if (isSystem(relation)) throw refuse('The system catalogue is changed by nobody here.')
      checkDenied(r, tableName(relation))
      altered(r, relation)
    }
}

/** Understands what stands inside DDL: queries with their scopes, tables by name, expressions loosely. */
const walkParts = (r: Reading, node: Body): void => {
  const wrapped = typed(node)
  const body = wrapped === undefined ? node : wrapped[1]
  const type = wrapped?.[0]
  if (type === 'SelectStmt') {
    selectShape(r, body, ruleScope)
    return
  }
  if (type !== undefined && changeTypes.has(type)) {
    changeShape(r, node, ruleScope)
    return
  }
  if (type === 'RangeVar' || (type === undefined && textOf(body, 'relname') !== '')) {
    range(r, body)
    return
  }
  if (type === 'List') checkNames(r, names(listOf(body, 'items')))
  if (type === 'AlterTableCmd' && refusedAlterations.has(textOf(body, 'subtype')))
    throw refuse(
      'This change of the table is refused for everybody.',
      'It changes rights or reaches servers.',
    )
  if (type !== undefined && expressionTypes.has(type)) {
    looseValue(r, node)
    return
  }
  for (const key in body) {
    const value = body[key]
    if (Array.isArray(value)) {
      for (const item of value) if (isBody(item)) walkParts(r, item)
    } else if (isBody(value)) walkParts(r, value)
  }
}

const changeTypes = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'])
const expressionTypes = new Set(
  `ColumnRef A_Expr BoolExpr NullTest BooleanTest CaseExpr CoalesceExpr MinMaxExpr SubLink FuncCall TypeCast
  A_Indirection A_ArrayExpr RowExpr CollateClause`.split(/\s+/),
)
// The actions of a rule and the condition of a trigger see the old and the new row.
const rows = ['old', 'new'].map((alias) => ({ alias, columns: [], open: plain }))
const ruleScope = { ...emptyScope(undefined, undefined), hidden: rows }

const range = (r: Reading, body: Body): void => {
  const relation = findRelation(r, body)
  if (relation === undefined) {
    newTable(r, body)
    return
  }
  if (isSystem(relation)) throw refuse('The system catalogue is changed by nobody here.')
  checkDenied(r, tableName(relation))
  altered(r, relation)
}

/** DDL: `admin`, whatever it does. Throws for kinds and objects that are refused for everybody. */
export const ddl = (r: Reading, type: string, body: Body): void => {
  raise(r.found, 'admin')
  r.found.kinds.add(ddlKinds[type] ?? 'ddl')
  const object =
    textOf(body, 'removeType') ||
    textOf(body, 'renameType') ||
    textOf(body, 'objtype') ||
    textOf(body, 'objectType')
  if (object !== '' && !ddlObjects.has(object))
    throw refuse(
      'Objects of this kind are changed by nobody here.',
      'Tables, views, indexes, sequences, types and schemas can be.',
    )
  if ((type === 'RenameStmt' || type === 'AlterObjectSchemaStmt') && codeObjects.has(object))
    throw refuse(
      'Functions and operators are renamed and moved by nobody here.',
      'Under another name one could stand in for another.',
    )
  checkNoSystem(textOf(body, 'newschema'))
  if (type === 'DropStmt' && object !== '')
    r.found.kinds.add(`drop_${object.slice('OBJECT_'.length).toLowerCase()}`)
  if (
    type === 'CreateSchemaStmt' &&
    (listOf(body, 'schemaElts').length > 0 || optional(body, 'authrole') !== undefined)
  )
    throw refuse('CREATE SCHEMA stands alone here.', 'Create what goes into it by further calls.')
  if (type === 'VacuumStmt' && body.is_vacuumcmd === true)
    throw refuse('VACUUM can not run inside a transaction.', 'ANALYZE can.')
  if (type === 'CreateTableAsStmt' && as(optional(body, 'query'), 'ExecuteStmt') !== undefined)
    throw refuse('Prepared statements are refused.')
  if (object === 'OBJECT_SCHEMA') {
    checkSchema(r, textOf(body, 'subname'))
    checkNoSystem(textOf(body, 'newname'))
    for (const item of listOf(body, 'objects'))
      for (const schema of names([item])) checkSchema(r, schema)
  }
  if (type === 'CreateSchemaStmt') checkNoSystem(textOf(body, 'schemaname'))
  for (const key of namesOfNew) checkNames(r, names(listOf(body, key)))
  if (type === 'RefreshMatViewStmt') refreshed(r, bodyOf(body, 'relation'))
  for (const item of [...listOf(body, 'objects')]) checkNames(r, objectNames(item))
  const object_ = optional(body, 'object')
  if (object_ !== undefined) checkNames(r, objectNames(object_))
  walkParts(r, body)
  sweep(r, { [type]: body }, ddlNodes)
}

// Lists of names, of types, domains and statistics that are made or altered.
const namesOfNew = ['typeName', 'domainname', 'defnames']

const objectNames = (node: Body): readonly string[] => {
  const code = as(node, 'ObjectWithArgs')
  if (code !== undefined) return names(listOf(code, 'objname'))
  const list = as(node, 'List')
  if (list !== undefined) return names(listOf(list, 'items'))
  const type = as(node, 'TypeName')
  return type === undefined ? names([node]) : names(listOf(type, 'names'))
}

/** REFRESH runs the query of the matview: as a view's it must be one that may run. */
const refreshed = (r: Reading, body: Body): void => {
  const relation = findRelation(r, body)
  if (relation?.definition !== undefined)
    merge(
      r,
      definitionFacts(r, { ...relation, kind: 'v' }).found,
      `The view ${tableName(relation)}`,
    )
}
