import { GateError } from '../../../errors.ts'
import type { Relation, UserFunction } from './catalogue.ts'
import type { Names } from './index-catalogue.ts'
import { as, type Body, bodyOf } from './node.ts'
import { parseText } from './parser.ts'
import { emptyFound, type Found, noRules, type Reading, refuse } from './reading.ts'
import { emptyScope, type OutColumn } from './scope.ts'
import { selectShape } from './select.ts'
import { sweep } from './sweep.ts'
import { columnKey, storedColumn } from './value.ts'

// What the database's owner wrote: read once a catalogue, without the rules of a target, which are put to the result.

const maxLevel = 16

type Outcome<T> = { readonly value: T } | { readonly error: GateError }
const outcomes = new WeakMap<Names, Map<string, Outcome<unknown>>>()

/** Computed once for a catalogue, refusals too. */
const once = <T>(r: Reading, key: string, compute: () => T): T => {
  let known = outcomes.get(r.names)
  if (known === undefined) {
    known = new Map()
    outcomes.set(r.names, known)
  }
  let outcome = known.get(key)
  if (outcome === undefined) {
    if (r.level >= maxLevel) throw refuse('Views or functions are nested too deeply here.')
    try {
      outcome = { value: compute() }
    } catch (e) {
      if (!(e instanceof GateError)) throw e
      outcome = { error: e }
    }
    known.set(key, outcome)
  }
  if ('error' in outcome) throw outcome.error
  // The key's prefix says which of the three computations below made it.
  return outcome.value as T
}

const reader = (r: Reading, author: Reading['author'], path: readonly string[]): Reading => ({
  names: r.names,
  rules: noRules,
  path,
  author,
  found: emptyFound(),
  seen: new Set(),
  level: r.level + 1,
  depth: 0,
  steps: 0,
  at: 0,
})

const readQuery = (r: Reading, statement: Body): readonly OutColumn[] | undefined => {
  const select = as(statement, 'SelectStmt')
  if (select === undefined) throw refuse('A function or view here does more than read.')
  const shape = selectShape(r, select, emptyScope(undefined, undefined))
  sweep(r, statement)
  return shape.open === undefined ? shape.columns : undefined
}

const printed = ['pg_catalog']

const bodyPath = (r: Reading, f: UserFunction): readonly string[] => {
  if (f.path === undefined) return r.names.catalogue.searchPath
  const path = f.path
    .split(',')
    .map((s) => s.trim().replace(/^"(.*)"$/, '$1'))
    .filter((s) => s !== '' && s !== '$user' && !s.startsWith('pg_temp'))
  return path.includes('pg_catalog') ? path : ['pg_catalog', ...path]
}

/** What a SQL function's body reads. Throws when it does more, or can't be read. */
export const bodyFacts = (r: Reading, f: UserFunction): Found =>
  once(r, `function ${f.oid}`, () => {
    const body = (f.body ?? '').trim()
    const atomic = /^begin\s+atomic\b([\s\S]*)\bend$/i.exec(body)?.[1]
    const returned = /^return\b([\s\S]*)$/i.exec(body)?.[1]
    const text = atomic ?? (returned === undefined ? body : `select ${returned}`)
    const inner = reader(r, 'owner', text === body ? bodyPath(r, f) : printed)
    for (const statement of parseText(text)) readQuery(inner, statement)
    return inner.found
  })

/** What an expression of the owner's (a check, a policy, a generated column) calls and reads. */
export const expressionFacts = (
  r: Reading,
  text: string,
  author: 'owner' | 'policy' = 'owner',
): Found =>
  once(r, `${author} expression ${text}`, () => {
    const inner = reader(r, author, printed)
    for (const statement of parseText(`select (${text})`)) readQuery(inner, statement)
    return inner.found
  })

/** Keys of the columns that a generated column's expression reads. */
export const generatedFacts = (r: Reading, table: Relation, text: string): ReadonlySet<string> =>
  once(r, `generated ${table.oid} ${text}`, () => {
    const own = (name: string) => storedColumn(columnKey(table.schema, table.name, name))
    const columns = table.columns.map((c) => ({ name: c.name, value: own(c.name) }))
    const entry = { alias: table.name, columns }
    const inner = reader(r, 'stored', printed)
    for (const statement of parseText(`select (${text})`)) {
      const scope = { ...emptyScope(undefined, undefined), items: [{ columns, entries: [entry] }] }
      selectShape(inner, bodyOf(statement, 'SelectStmt'), scope)
    }
    return inner.found.columns
  })

export interface Definition {
  /** Undefined when the columns of the query can't be told. */
  readonly columns: readonly OutColumn[] | undefined
  readonly found: Found
}

/** What the query behind a view or matview reads, and where its columns come from. */
export const definitionFacts = (r: Reading, view: Relation): Definition =>
  once(r, `view ${view.kind} ${view.oid}`, () => {
    const inner = reader(r, view.kind === 'm' ? 'stored' : 'owner', printed)
    const [statement] = parseText(view.definition ?? '')
    if (statement === undefined)
      throw refuse(`The definition of ${view.schema}.${view.name} can't be read.`)
    return { columns: readQuery(inner, statement), found: inner.found }
  })
