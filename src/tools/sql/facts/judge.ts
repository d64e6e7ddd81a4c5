import { GateError } from '../../../errors.ts'
import { bodyFacts, expressionFacts } from './bodies.ts'
import type { Relation, UserFunction, UserType } from './catalogue.ts'
import { functionHere } from './elsewhere.ts'
import type { Names } from './index-catalogue.ts'
import { nearest } from './nearest.ts'
import { merge, type Reading, raise, refuse, UnknownName } from './reading.ts'
import {
  harmlessOfExtensions,
  harmlessVolatile,
  pureExtensions,
  refusedOfExtensions,
  refusedStill,
  sequenceWriters,
  viewOnlyOfExtensions,
} from './reviewed.ts'
import { stillFunctions, volatileFunctions } from './system-names.ts'

type Verdict = 'read' | 'write' | 'refused' | 'unknown'

/** What a function that came with the server does, by its name. */
const systemVerdict = (name: string, args: number | undefined): Verdict => {
  if (sequenceWriters.has(name)) return 'write'
  // Three tsqueries; with two arguments the second is SQL.
  if (name === 'ts_rewrite') return args === 3 ? 'read' : 'refused'
  if (harmlessVolatile.has(name)) return 'read'
  if (volatileFunctions.has(name) || refusedStill.has(name)) return 'refused'
  return stillFunctions.has(name) ? 'read' : 'unknown'
}

const opaque = (what: string, why: string) =>
  refuse(
    `${what} ${why}, so nothing can vouch for what it does.`,
    'Use tables and built-in functions.',
  )

/** Verdicts on user functions hold for a catalogue's life. */
const verdicts = new WeakMap<Names, Map<string, GateError | undefined>>()

const judgeExtension = (r: Reading, f: UserFunction, extension: string): void => {
  const viewOnly = viewOnlyOfExtensions.has(f.name) && r.author === 'owner'
  const quiet = f.volatility !== 'v' || harmlessOfExtensions.has(f.name)
  if (viewOnly || (pureExtensions.has(extension) && quiet && !refusedOfExtensions.has(f.name)))
    return
  throw refuse(
    `${f.name} of the extension ${extension} may do more than compute on its arguments.`,
    'Use tables and built-in functions.',
  )
}

const judgeFunction = (r: Reading, f: UserFunction): void => {
  const what = `The function ${f.schema}.${f.name}`
  if (f.extension !== undefined) {
    judgeExtension(r, f, f.extension)
    return
  }
  if (f.kind === 'a' || f.kind === 'w') {
    for (const oid of f.uses ?? []) {
      const worker = r.names.functionByOid(oid)
      if (worker === undefined) throw opaque(what, 'uses code that is not known')
      judgeOnce(r, worker)
    }
    if (f.kind === 'a') return
  }
  if (f.kind !== 'f' || f.volatility === 'v') throw opaque(what, 'is volatile')
  if (f.fallbacks !== undefined) {
    const found = expressionFacts(r, f.fallbacks)
    if (found.effect !== 'read') throw opaque(what, 'changes data by a default of its arguments')
  }
  for (const oid of f.types ?? []) judgeTypeByOid(r, oid, new Set())
  if (r.author === 'policy') return
  // The constructor that CREATE TYPE .. AS RANGE makes has the type's name.
  if (f.language === 'internal' && r.names.types([], f.schema, f.name).length > 0) return
  if (f.language !== 'sql' || f.body === undefined || f.settings === true)
    throw opaque(what, `is written in ${f.language}`)
  const found = bodyFacts(r, f)
  if (found.effect !== 'read') throw opaque(what, 'changes data')
}

const judgeOnce = (r: Reading, f: UserFunction): void => {
  let known = verdicts.get(r.names)
  if (known === undefined) {
    known = new Map()
    verdicts.set(r.names, known)
  }
  // In a view or a policy more may be called than by the agent, so they don't share verdicts.
  const key = `${r.author} ${f.oid}`
  if (!known.has(key)) {
    // Types lead to casts and casts to functions of the same types: what is being judged is taken as fine on the way round.
    const before = known.size
    known.set(key, undefined)
    try {
      judgeFunction(r, f)
    } catch (e) {
      if (!(e instanceof GateError)) throw e
      // Whoever was found fine on the way may have relied on this one.
      for (const other of [...known.keys()].slice(before))
        if (known.get(other) === undefined) known.delete(other)
      known.set(key, e)
    }
  }
  const refusal = known.get(key)
  if (refusal !== undefined) throw refusal
}

/**
 * An extension's operator, cast, or further form of a built-in function (`length` of its own type): it stands in every
 * statement's way that uses the name, for whatever types, so that what its author calls immutable or stable is taken as that.
 */
const everyday = (f: UserFunction): boolean => f.extension !== undefined && f.volatility !== 'v'

/** Judges a user function and takes over what its body reads. */
const vouch = (r: Reading, f: UserFunction): void => {
  judgeOnce(r, f)
  if (f.kind === 'f' && f.body !== undefined && f.extension === undefined && r.author !== 'policy')
    merge(r, bodyFacts(r, f), `The function ${f.schema}.${f.name}`)
}

const takes = (f: UserFunction, args: number | undefined): boolean =>
  args === undefined || f.variadic || (args <= f.args && args >= f.args - f.defaults)

const hiddenAs = (parts: readonly string[]): readonly [string | undefined, string] => {
  const name = parts.at(-1) ?? ''
  return [parts.length > 1 ? parts.at(-2) : undefined, name]
}

/** The user functions that a call may reach, by the session's search path. */
export const candidates = (
  r: Reading,
  parts: readonly string[],
  args: number | undefined,
): readonly UserFunction[] => {
  const [schema, name] = hiddenAs(parts)
  return r.names.functions(r.path, schema, name).filter((f) => takes(f, args))
}

export const isSystemFunction = (r: Reading, parts: readonly string[]): boolean => {
  const [schema, name] = hiddenAs(parts)
  const inCatalogue = schema === undefined ? r.path.includes('pg_catalog') : schema === 'pg_catalog'
  return inCatalogue && systemVerdict(name, undefined) !== 'unknown'
}

/**
 * Judges a call: every function that the name may reach must be one that changes nothing (or, as nextval, changes what
 * is counted as a write). `args` undefined: any number. Throws INPUT_REFUSED, or UnknownName when nothing has the name.
 */
export const judgeCall = (r: Reading, parts: readonly string[], args: number | undefined): void => {
  if (r.author === 'stored') return
  const [schema, name] = hiddenAs(parts)
  r.found.functions.add(
    schema === undefined || schema === 'pg_catalog' ? name : `${schema}.${name}`,
  )
  const users = candidates(r, parts, args)
  const builtIn = isSystemFunction(r, parts)
  for (const f of users) if (!builtIn || !everyday(f)) vouch(r, f)
  if (schema === 'information_schema' && name.startsWith('_pg_')) return
  const verdict = builtIn ? systemVerdict(name, args) : 'unknown'
  if (verdict === 'write') raise(r.found, 'write')
  else if (verdict === 'refused')
    throw refuse(
      `${name} is refused for everybody: it can change, wait for or read things outside the tables.`,
      'Use tables and functions that compute.',
    )
  else if (verdict === 'unknown' && users.length === 0) throw unknownFunction(r, schema, name)
}

const unknownFunction = (r: Reading, schema: string | undefined, name: string): GateError => {
  if (r.names.functions(r.path, schema, name).length > 0)
    return new UnknownName(`No function ${name} takes this number of arguments.`, {})
  const here = functionHere(name)
  if (here !== undefined)
    return new UnknownName(`There is no function ${name} in PostgreSQL.`, { hint: `Use ${here}.` })
  const known = [...stillFunctions, ...harmlessVolatile].filter((n) => !n.startsWith('pg_stat_get'))
  const near = nearest(name, [
    ...known,
    ...r.names.catalogue.functions.filter((f) => f.volatility !== 'v').map((f) => f.name),
  ])
  return new UnknownName(`There is no function ${name} that the gateway knows.`, {
    hint:
      near === undefined
        ? 'Built-in functions of PostgreSQL 14 to 18 are known.'
        : `Did you mean ${near}?`,
  })
}

/** Judges the functions behind an operator that did not come with the server. */
export const judgeOperator = (r: Reading, parts: readonly string[]): void => {
  if (r.author === 'stored') return
  const [schema, name] = hiddenAs(parts)
  for (const operator of r.names.operators(r.path, schema, name)) {
    const f = r.names.functionByOid(operator.function)
    if (f !== undefined && !everyday(f)) vouch(r, f)
  }
}

const judgeCast = (r: Reading, oid: number): void => {
  const f = r.names.functionByOid(oid)
  if (f !== undefined && !everyday(f)) vouch(r, f)
}

/** Judges what a named type brings: a domain's checks, and the casts to and from it. */
export const judgeType = (r: Reading, parts: readonly string[]): void => {
  if (r.author === 'stored') return
  const [schema, name] = hiddenAs(parts)
  for (const type of r.names.types(r.path, schema, name)) judgeUserType(r, type)
  // A row type brings the types of its columns.
  for (const column of r.names.relation(r.path, schema, name)?.columns ?? [])
    judgeTypeByOid(r, column.type, new Set())
  // Casts from a user's type to a built-in one are found by the built-in type being named.
  for (const cast of r.names.casts)
    if (r.names.typeByOid(cast.target) === undefined) judgeCast(r, cast.function)
}

const judgeTypeByOid = (r: Reading, oid: number, seen: Set<number>): void => {
  const type = r.names.typeByOid(oid)
  if (type !== undefined) judgeUserType(r, type, seen)
}

const judgeUserType = (r: Reading, type: UserType, seen = new Set<number>()): void => {
  if (seen.has(type.oid)) return
  seen.add(type.oid)
  for (const part of type.parts ?? []) judgeTypeByOid(r, part, seen)
  for (const check of type.checks)
    merge(r, expressionFacts(r, check), `The domain ${type.schema}.${type.name}`)
  for (const cast of r.names.casts)
    if (cast.source === type.oid || cast.target === type.oid) judgeCast(r, cast.function)
}

/**
 * Judges what comes with a table unasked: row security (the owner's functions may be in any language there, but not
 * volatile) and the casts that values of its columns' types may go through.
 */
export const judgeRelation = (r: Reading, relation: Relation): void => {
  if (r.author === 'stored') return
  for (const policy of relation.policies ?? [])
    merge(
      r,
      expressionFacts(r, policy, 'policy'),
      `Row security of ${relation.schema}.${relation.name}`,
    )
  judgeCasts(r, relation, ['i'])
}

/** Judges the casts of a table's own types that may be added unasked: anywhere (`i`), or when it is written to (`a`). */
export const judgeCasts = (r: Reading, relation: Relation, contexts: readonly string[]): void => {
  const own = (type: number) =>
    r.names.typeByOid(type) !== undefined && relation.columns.some((c) => c.type === type)
  for (const cast of r.names.casts)
    if (contexts.includes(cast.context) && (own(cast.source) || own(cast.target)))
      judgeCast(r, cast.function)
}

/** Casts that PostgreSQL may add between built-in types anywhere: every statement must live with them. */
export const judgeEverywhere = (r: Reading): void => {
  for (const cast of r.names.casts)
    if (
      cast.context === 'i' &&
      r.names.typeByOid(cast.source) === undefined &&
      r.names.typeByOid(cast.target) === undefined
    )
      judgeCast(r, cast.function)
}
