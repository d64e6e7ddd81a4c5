import { flow } from './expressions.ts'
import { candidates, isSystemFunction } from './judge.ts'
import { as, type Body, bodyOf, listOf, names, partsOf, textOf, typed } from './node.ts'
import { inCondition } from './predicates.ts'
import { type Reading, refuse } from './reading.ts'
import type { OutColumn, Scope, Shape } from './scope.ts'
import { computed, plain, type Value } from './value.ts'

/** The body of a FROM item that makes rows itself, else undefined. */
export const rowFunctionOf = (node: Body): Body | undefined =>
  as(node, 'RangeFunction') ?? as(node, 'RangeTableFunc') ?? as(node, 'JsonTable')

/** A function's rows: `name` is what it is called without an alias. */
export interface FunctionShape extends Shape {
  readonly name: string
}

// Their columns are those of the row type that they are given.
const polymorphic = new Set(
  'json_populate_record json_populate_recordset jsonb_populate_record jsonb_populate_recordset'.split(
    ' ',
  ),
)

/** Columns of functions in FROM, of XMLTABLE and JSON_TABLE: all carry whatever goes in. */
export const functionShape = (
  r: Reading,
  node: Body,
  scope: Scope,
  alias: string,
): FunctionShape => {
  const range = as(node, 'RangeFunction')
  if (range !== undefined) return rowsFrom(r, range, scope, alias)
  const body = rowFunctionOf(node)
  if (body === undefined) throw refuse('This kind of FROM item is not known.')
  const value = {
    ...computed(
      partsOf(body).map((n) => flow(r, scope, n)),
      true,
    ),
    stored: false,
  }
  // How many rows come out tells of what went in.
  inCondition(r, value)
  return { name: 'xmltable', columns: tableColumns(body, value) }
}

const tableColumns = (body: Body, value: Value): readonly OutColumn[] =>
  listOf(body, 'columns').flatMap((c) => {
    const column = as(c, 'RangeTableFuncCol') ?? bodyOf(c, 'JsonTableColumn')
    if (textOf(column, 'coltype') === 'JTC_NESTED') return tableColumns(column, value)
    return [{ name: textOf(column, 'colname') || textOf(column, 'name'), value }]
  })

const rowsFrom = (r: Reading, range: Body, scope: Scope, alias: string): FunctionShape => {
  r.seen.add(range)
  const columns: OutColumn[] = []
  let open: Value | undefined
  let name = ''
  const items = listOf(range, 'functions')
  const only = items.length === 1
  for (const item of items) {
    const [call, defined] = listOf(bodyOf(item, 'List'), 'items')
    if (call === undefined) throw refuse('This kind of FROM item is not known.')
    const value = { ...flow(r, scope, call), stored: false, constants: 0 }
    // A function that is given nothing is read like a view: no more of its rows can be picked.
    if (listOf(as(call, 'FuncCall') ?? { args: [call] }, 'args').length > 0) inCondition(r, value)
    name ||= functionName(call)
    const definitions = [
      ...listOf(bodyOf(defined ?? {}, 'List'), 'items'),
      ...(only ? listOf(range, 'coldeflist') : []),
    ]
    const known =
      definitions.length > 0
        ? definitions.map((d) => textOf(bodyOf(d, 'ColumnDef'), 'colname'))
        : resultColumns(r, call, only ? alias : '')
    if (known === undefined) open = value
    else columns.push(...known.map((n) => ({ name: n, value })))
  }
  if (range.ordinality === true) columns.push({ name: 'ordinality', value: plain })
  return open === undefined
    ? { name, columns }
    : { name, columns: [], open: computed([...columns.map((c) => c.value), open], true) }
}

const functionName = (call: Body): string => {
  const function_ = as(call, 'FuncCall')
  if (function_ !== undefined) return names(listOf(function_, 'funcname')).at(-1) ?? ''
  const value = as(call, 'SQLValueFunction')
  return value === undefined
    ? (typed(call)?.[0] ?? '')
    : textOf(value, 'op')
        .replace(/^SVFOP_/, '')
        .toLowerCase()
}

/** Names of the columns that a call gives; undefined when only the server knows. One value: the alias, or its own name. */
const resultColumns = (r: Reading, call: Body, alias: string): readonly string[] | undefined => {
  const body = as(call, 'FuncCall')
  const scalar = [alias || functionName(call)]
  if (body === undefined) return scalar
  const parts = names(listOf(body, 'funcname'))
  const name = parts.at(-1) ?? ''
  const users = candidates(r, parts, listOf(body, 'args').length)
  const system = isSystemFunction(r, parts)
  if (users.length > (system ? 0 : 1)) return undefined
  if (!system) return users[0]?.outs ?? scalar
  if (name === 'unnest' && listOf(body, 'args').length > 1)
    return listOf(body, 'args').map(() => 'unnest')
  if (polymorphic.has(name)) return undefined
  const outs = r.names.catalogue.outs
  return Object.hasOwn(outs, name) ? (outs[name] ?? undefined) : scalar
}
