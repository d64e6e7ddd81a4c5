import { definitionFacts, generatedFacts } from './bodies.ts'
import type { Relation } from './catalogue.ts'
import { isSystem } from './index-catalogue.ts'
import { judgeRelation } from './judge.ts'
import { nearest } from './nearest.ts'
import { type Body, textOf } from './node.ts'
import {
  checkDenied,
  merge,
  type Reading,
  refuse,
  standing,
  tableName,
  UnknownName,
} from './reading.ts'
import { refusedColumns, refusedRelations } from './reviewed.ts'
import type { OutColumn } from './scope.ts'
import { systemRelations } from './system-names.ts'
import { columnKey, computed, plain, storedColumn, untold, type Value } from './value.ts'

/** Schema and name of a table as written; a database's name must be this one's. */
const written = (r: Reading, range: Body): readonly [string | undefined, string] => {
  r.seen.add(range)
  standing(r, range)
  const database = textOf(range, 'catalogname')
  if (database !== '' && database !== r.names.catalogue.database)
    throw refuse('Another database can not be read from here.')
  const schema = textOf(range, 'schemaname')
  if (/^pg_(toast|temp)/.test(schema))
    throw refuse(`The schema ${schema} is not for anybody here.`, 'Read the tables themselves.')
  return [schema === '' ? undefined : schema, textOf(range, 'relname')]
}

/** The table that a RangeVar means, if there is one. */
export const findRelation = (r: Reading, range: Body): Relation | undefined => {
  const [schema, name] = written(r, range)
  return r.names.relation(r.path, schema, name)
}

/** A table that a statement makes; its name is a fact. */
export const newTable = (r: Reading, range: Body): void => {
  const [schema, name] = written(r, range)
  const path = r.path.filter((s) => s !== 'pg_catalog')
  const table = `${schema ?? path[0] ?? 'public'}.${name}`
  checkDenied(r, table)
  if (schema === 'pg_catalog' || schema === 'information_schema')
    throw refuse('The system catalogue is changed by nobody here.')
  r.found.tables.add(table)
  r.found.written.add(table)
}

export const knownRelation = (r: Reading, range: Body): Relation => {
  const relation = findRelation(r, range)
  if (relation !== undefined) return relation
  const [schema, name] = written(r, range)
  checkDenied(r, `${schema ?? 'public'}.${name}`)
  const visible = r.names.catalogue.relations.filter(
    (t) =>
      (schema === undefined
        ? r.path.includes(t.schema) && t.schema !== 'pg_catalog'
        : t.schema === schema) && !r.rules.denied.has(tableName(t)),
  )
  const near = nearest(
    name,
    visible.map((t) => t.name),
  )
  throw new UnknownName(
    `There is no table or view ${schema === undefined ? '' : `${schema}.`}${name} that can be seen here.`,
    {
      hint: near === undefined ? 'sql_schema lists the tables.' : `Did you mean ${near}?`,
    },
  )
}

const systemColumns = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid', 'oid'])

/** Columns of a table or view as a statement sees them, every rule about reading it applied. */
export interface Readable {
  readonly columns: readonly OutColumn[]
  readonly system: (name: string) => Value | undefined
}

export const readable = (r: Reading, relation: Relation): Readable => {
  const name = tableName(relation)
  checkDenied(r, name)
  if (isSystem(relation) && (!systemRelations.has(name) || refusedRelations.has(name)))
    throw refuse(`${name} is not for anybody here.`, 'It holds secrets or values of other tables.')
  r.found.tables.add(name)
  judgeRelation(r, relation)
  const columns =
    relation.definition === undefined ? storedColumns(r, relation) : definedColumns(r, relation)
  return {
    columns,
    system: (column) =>
      systemColumns.has(column) && relation.kind !== 'v'
        ? storedColumn(columnKey(relation.schema, relation.name, column))
        : undefined,
  }
}

const refusedIn = (relation: Relation): ReadonlySet<string> | undefined =>
  isSystem(relation)
    ? refusedColumns[tableName(relation)]
    : relation.extension === undefined
      ? undefined
      : refusedColumns[relation.name]

const storedColumns = (r: Reading, relation: Relation): readonly OutColumn[] => {
  const refused = refusedIn(relation)
  return relation.columns.map((c) => {
    const own = storedColumn(columnKey(relation.schema, relation.name, c.name))
    const value =
      c.generated === undefined
        ? own
        : { ...computed([own, generatedValue(r, relation, c.generated)], true) }
    return refused?.has(c.name) === true
      ? { name: c.name, value, refused: tableName(relation) }
      : { name: c.name, value }
  })
}

/** A generated column carries what it is generated from. */
const generatedValue = (r: Reading, relation: Relation, text: string): Value => ({
  ...plain,
  from: generatedFacts(r, relation, text),
})

const definedColumns = (r: Reading, view: Relation): readonly OutColumn[] => {
  const definition = definitionFacts(r, view)
  merge(r, definition.found, `The view ${tableName(view)}`)
  const refused = refusedIn(view)
  const from = definition.columns
  return view.columns.map((c, i) => {
    const value =
      from === undefined || from.length !== view.columns.length
        ? untold
        : (from[i]?.value ?? untold)
    return refused?.has(c.name) === true
      ? { name: c.name, value, refused: tableName(view) }
      : { name: c.name, value }
  })
}
