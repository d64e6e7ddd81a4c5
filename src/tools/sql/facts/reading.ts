import { GateError, type Teaching } from '../../../errors.ts'
import type { ColumnAction, ColumnSource, Effect } from '../../../types.ts'
import type { Relation } from './catalogue.ts'
import type { Names } from './index-catalogue.ts'
import { columnKey, type Value } from './value.ts'

/** What a walk over a statement has found. */
export interface Found {
  effect: Effect
  readonly kinds: Set<string>
  /** `schema.table`, also those behind views and functions. */
  readonly tables: Set<string>
  readonly written: Set<string>
  /** Column keys referenced anywhere. */
  readonly columns: Set<string>
  readonly functions: Set<string>
  readonly triggers: Set<string>
  /** Of reads: a use of a masked column that would tell its value. */
  oracle: string | undefined
  /** Literals that masked columns are compared with. */
  guesses: number
  params: number
  /** An UPDATE, DELETE or MERGE has no WHERE (ON) that names a column. */
  unbounded: boolean
}

/** The admin's column rules and denied tables, spread over inheritance and partitions. */
export interface Rules {
  /** Column key -> the column that the rule names. */
  readonly masked: ReadonlyMap<string, ColumnSource>
  /** `schema.table` */
  readonly denied: ReadonlySet<string>
}

export interface Reading {
  readonly names: Names
  readonly rules: Rules
  readonly path: readonly string[]
  /**
   * `agent`: the statement itself. `owner`: what the database's owner wrote (views, function bodies): names may be
   * its own variables, masked columns are its own business. `policy`: the owner's row security, which may call functions
   * in any language that are not volatile. `stored`: the query behind stored rows, which doesn't run.
   */
  readonly author: 'agent' | 'owner' | 'policy' | 'stored'
  readonly found: Found
  /** Nodes that were understood in their place; what the sweep meets and this lacks is refused. */
  readonly seen: Set<object>
  /** Nesting of views, functions and policies. */
  readonly level: number
  depth: number
  steps: number
  /** Byte offset of the name that was last looked up, for errors. */
  at: number
}

export const emptyFound = (): Found => ({
  effect: 'read',
  kinds: new Set(),
  tables: new Set(),
  written: new Set(),
  columns: new Set(),
  functions: new Set(),
  triggers: new Set(),
  oracle: undefined,
  guesses: 0,
  params: 0,
  unbounded: false,
})

export const noRules: Rules = { masked: new Map(), denied: new Set() }

export const refuse = (message: string, hint?: string): GateError =>
  new GateError('INPUT_REFUSED', message, hint === undefined ? {} : { hint })

/** A name that the catalogue doesn't know: worth a look at a fresh catalogue before it is told. */
export class UnknownName extends GateError {
  constructor(message: string, teaching: Teaching) {
    super('SYNTAX_ERROR', message, teaching)
  }
}

const rank: Readonly<Record<Effect, number>> = { read: 0, write: 1, admin: 2 }
export const raise = (found: Found, effect: Effect): void => {
  if (rank[effect] > rank[found.effect]) found.effect = effect
}

/** Remembers where a node stands. */
export const standing = (r: Reading, body: { readonly location?: unknown }): void => {
  if (typeof body.location === 'number') r.at = body.location
}

export const tableName = (r: Pick<Relation, 'schema' | 'name'>): string => `${r.schema}.${r.name}`

const maxDepth = 600
// Recursive queries are read until nothing new flows, nested ones once more for each of those rounds.
const maxSteps = 300_000
/** Runs one level deeper; refuses before the stack ends. */
export const deeper = <T>(r: Reading, run: () => T): T => {
  if (r.depth >= maxDepth || r.steps++ > maxSteps)
    throw refuse('The statement is nested too deeply.', 'Use a CTE, or fewer operators in a row.')
  r.depth++
  try {
    return run()
  } finally {
    r.depth--
  }
}

export const isMasked = (r: Reading, v: Value): boolean => {
  if (r.rules.masked.size === 0) return false
  if (v.unknown) return true
  for (const key of v.from) if (r.rules.masked.has(key) && !v.tested.has(key)) return true
  return false
}

/** Notes a use of a masked column that would tell its value; it is refused if the statement turns out to be a read. */
export const tells = (r: Reading, how: string): void => {
  r.found.oracle ??= how
}

/** Throws when a table may not be touched by anybody. */
export const checkDenied = (r: Reading, table: string, through?: string): void => {
  if (!r.rules.denied.has(table)) return
  throw refuse(
    through === undefined
      ? `The table ${table} is denied on this target.`
      : `${through} reads a table that is denied on this target.`,
    'No statement may read or change it.',
  )
}

/** Takes over what a definition was found to do. */
export const merge = (r: Reading, found: Found, through: string): void => {
  raise(r.found, found.effect)
  for (const t of found.tables) {
    checkDenied(r, t, through)
    r.found.tables.add(t)
  }
  for (const c of found.columns) r.found.columns.add(c)
  for (const f of found.functions) r.found.functions.add(f)
}

const split = (name: string): readonly string[] => name.toLowerCase().split('.')

const spread = new WeakMap<Names, Map<string, Rules>>()

/** Rules as the configuration words them (schema `public` unless told), for one catalogue. */
export const rulesOf = (
  names: Names,
  columns: Readonly<Record<string, ColumnAction>>,
  denyTables: readonly string[],
): Rules => {
  const known = spread.get(names) ?? new Map<string, Rules>()
  spread.set(names, known)
  const key = JSON.stringify([columns, denyTables])
  const rules = known.get(key) ?? spreadRules(names, columns, denyTables)
  known.set(key, rules)
  return rules
}

const spreadRules = (
  names: Names,
  columns: Readonly<Record<string, ColumnAction>>,
  denyTables: readonly string[],
): Rules => {
  const masked = new Map<string, ColumnSource>()
  const denied = new Set<string>()
  const families = (schema: string, table: string) =>
    names.catalogue.relations
      .filter((r) => r.name.toLowerCase() === table && r.schema.toLowerCase() === schema)
      .flatMap((r) => names.family(r).map((member) => ({ ruled: r, member })))
  for (const [name, action] of Object.entries(columns)) {
    if (action === 'pass') continue
    const parts = split(name)
    const [schema, table, column] = parts.length === 2 ? ['public', ...parts] : parts
    if (schema === undefined || table === undefined || column === undefined) continue
    for (const { ruled, member } of families(schema, table))
      for (const c of member.columns)
        if (c.name.toLowerCase() === column)
          masked.set(columnKey(member.schema, member.name, c.name), {
            schema: ruled.schema,
            table: ruled.name,
            column: c.name,
          })
  }
  for (const name of denyTables) {
    const parts = split(name)
    const [schema, table] = parts.length === 1 ? ['public', ...parts] : parts
    if (schema === undefined || table === undefined) continue
    denied.add(`${schema}.${table}`)
    for (const { member } of families(schema, table)) denied.add(tableName(member))
  }
  return { masked, denied }
}
