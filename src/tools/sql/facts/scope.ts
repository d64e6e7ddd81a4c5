import { nearest } from './nearest.ts'
import { type Reading, refuse, UnknownName } from './reading.ts'
import { both, computed, untold, type Value } from './value.ts'

export interface OutColumn {
  /** Undefined: a name that only the server knows; it answers to any name that nothing else has. */
  readonly name: string | undefined
  readonly value: Value
  /** May not be read by anybody: the table's name. */
  readonly refused?: string
}

/** The columns of a query or a FROM item; `open` when there are more, of unknown number, all of this value. */
export interface Shape {
  readonly columns: readonly OutColumn[]
  readonly open?: Value
}

/** What a qualified name may begin with. */
export interface Entry extends Shape {
  readonly alias: string
  /** Schema of a table that is not renamed. */
  readonly schema?: string
  /** System columns (`ctid` ...) of a table. */
  readonly system?: (name: string) => Value | undefined
}

/** One item of a FROM list: what unqualified names and `*` see, and the entries that qualified names see. */
export interface Item extends Shape {
  readonly entries: readonly Entry[]
}

export interface Cte {
  readonly name: string
  readonly shape: () => Shape
  readonly next: Cte | undefined
}

export interface Scope {
  readonly items: Item[]
  /** Seen by qualified names only: `old`, `new`, `excluded`. */
  readonly hidden: readonly Entry[]
  readonly parent: Scope | undefined
  readonly ctes: Cte | undefined
  /** Names of the query's windows that a masked column orders. */
  readonly windows: Set<string>
}

export const emptyScope = (parent: Scope | undefined, ctes: Cte | undefined): Scope => ({
  items: [],
  hidden: [],
  parent,
  ctes,
  windows: new Set(),
})

const read = (column: OutColumn): Value => {
  if (column.refused !== undefined)
    throw refuse(
      `The column ${column.name ?? '?'} of ${column.refused} is not for anybody here.`,
      'Name the other columns that you need.',
    )
  return column.value
}

/** Every column of a shape flowing together: what a reference to the whole row carries. */
export const whole = (shape: Shape): Value =>
  computed([...shape.columns.map(read), ...(shape.open === undefined ? [] : [shape.open])], true)

/** The value of a column by name. Throws when nobody may read it. */
export const inShape = (shape: Shape, name: string): Value | undefined => {
  let found: Value | undefined
  for (const column of shape.columns) {
    if (column.name !== name) continue
    const value = read(column)
    found = found === undefined ? value : both(found, value)
  }
  if (found !== undefined) return found
  const nameless = shape.columns.filter((c) => c.name === undefined).map(read)
  if (shape.open === undefined && nameless.length === 0) return undefined
  return computed([...nameless, ...(shape.open === undefined ? [] : [shape.open])], true)
}

const named = (shape: Shape, name: string): boolean => shape.columns.some((c) => c.name === name)

const entriesOf = (scope: Scope): readonly Entry[] =>
  scope.hidden.length === 0 && scope.items.length === 1
    ? (scope.items[0]?.entries ?? [])
    : [...scope.items.flatMap((i) => i.entries), ...scope.hidden]

/** The entry that a qualifier means; inner scopes first. */
export const entryNamed = (
  scope: Scope | undefined,
  alias: string,
  schema?: string,
): Entry | undefined => {
  for (let s = scope; s !== undefined; s = s.parent)
    for (const entry of entriesOf(s))
      if (entry.alias === alias && (schema === undefined || entry.schema === schema)) return entry
  return undefined
}

/** An unqualified name: a column of the innermost scope that has it. Scopes of unknown columns may have it too: then both flow. */
export const unqualified = (scope: Scope | undefined, name: string): Value | undefined => {
  let maybe: Value | undefined
  for (let s = scope; s !== undefined; s = s.parent) {
    let sure: Value | undefined
    for (const item of s.items) {
      const value = inShape(item, name)
      if (value === undefined) continue
      if (named(item, name)) sure = sure === undefined ? value : both(sure, value)
      else maybe = maybe === undefined ? value : both(maybe, value)
    }
    sure ??= systemColumn(s, name)
    if (sure !== undefined) return maybe === undefined ? sure : both(sure, maybe)
  }
  return maybe
}

const systemColumn = (scope: Scope, name: string): Value | undefined => {
  for (const entry of entriesOf(scope)) {
    const value = entry.system?.(name)
    if (value !== undefined) return value
  }
  return undefined
}

export const ofEntry = (entry: Entry, name: string): Value | undefined =>
  inShape(entry, name) ?? entry.system?.(name)

/** An alias with column names over a shape: `t(a, b)`. Over columns of unknown number no position is sure. */
export const renamed = (shape: Shape, columns: readonly string[]): Shape => {
  if (columns.length === 0) return shape
  if (shape.open !== undefined) return { columns: [], open: whole(shape) }
  return {
    columns: shape.columns.map((c, i) => {
      const name = columns[i]
      return name === undefined ? c : { ...c, name }
    }),
  }
}

/** The error for a column that is nowhere, with the nearest name in sight. */
export const unknownColumn = (
  r: Reading,
  scope: Scope | undefined,
  name: string,
  entry?: Entry,
) => {
  if (r.author !== 'agent') return untold
  const candidates = new Set<string>()
  if (entry !== undefined) for (const c of entry.columns) candidates.add(c.name ?? '')
  else
    for (let s = scope; s !== undefined; s = s.parent)
      for (const item of s.items) for (const c of item.columns) candidates.add(c.name ?? '')
  candidates.delete('')
  const near = nearest(name, candidates)
  throw new UnknownName(`There is no column ${name} here.`, {
    hint:
      near === undefined
        ? 'sql_schema lists the columns of a table; string constants take single quotes.'
        : `Did you mean ${near}?`,
  })
}
