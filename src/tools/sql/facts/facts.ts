import { GateError } from '../../../errors.ts'
import type { BaseFacts, ColumnAction, ColumnSource, Effect, FactKind } from '../../../types.ts'
import type { Catalogue } from './catalogue.ts'
import { changeShape } from './change.ts'
import { checkChangesOnTop } from './ctes.ts'
import { type Names, namesOf } from './index-catalogue.ts'
import { judgeEverywhere } from './judge.ts'
import { as, type Body, optional, typed } from './node.ts'
import { parseOne, parserReady } from './parser.ts'
import { emptyFound, type Reading, raise, refuse, rulesOf, UnknownName } from './reading.ts'
import { emptyScope, type Shape } from './scope.ts'
import { selectShape } from './select.ts'
import { ddlKinds } from './statements.ts'
import { narrows, sweep } from './sweep.ts'
import { checkStatement, ddl, explained, explainShape, showShape } from './utility.ts'

export type SqlMode = 'query' | 'execute' | 'explain'

/** The part of a target that facts are judged by. */
export interface SqlRules {
  readonly columns: Readonly<Record<string, ColumnAction>>
  readonly denyTables: readonly string[]
}

export interface SqlFacts extends BaseFacts {
  readonly kinds: readonly string[]
  /** `schema.table`, sorted; also those behind views and functions. */
  readonly tables: readonly string[]
  readonly written: readonly string[]
  /** `schema.table.column`, referenced anywhere. */
  readonly columns: readonly string[]
  readonly functions: readonly string[]
  /** Each UPDATE, DELETE and MERGE, or else the query, has a WHERE (ON) that names a column. */
  readonly hasWhere: boolean
  readonly returnsRows: boolean
  /**
   * By output column: every stored column that it is computed from ([] for constants and count(*)), undefined where
   * that can't be told. Undefined as a whole when the number of columns can't be told. It is right only for a result
   * of exactly this many columns: at any other number, and when undefined, nothing is proven of any column.
   */
  readonly lineage: readonly (readonly ColumnSource[] | undefined)[] | undefined
  /** Names of the output columns, where they can be told; a result with others is not the one that lineage speaks of. */
  readonly outputs: readonly (string | undefined)[] | undefined
  /** What running it would be: `effect` itself, but of a plain EXPLAIN the effect of what is explained. */
  readonly inner: Effect
  /** Highest $n. */
  readonly params: number
}

/** Kinds of `policy`, for the schema of policies. */
export const sqlFactKinds: Readonly<Record<string, FactKind>> = {
  kinds: 'strings',
  tables: 'strings',
  written_tables: 'strings',
  columns: 'strings',
  masked_columns: 'strings',
  functions: 'strings',
  triggers: 'strings',
  has_where: 'boolean',
}

const readerOf = (names: Names, rules: SqlRules): Reading => ({
  names,
  rules: rulesOf(names, rules.columns, rules.denyTables),
  path: names.catalogue.searchPath,
  author: 'agent',
  found: emptyFound(),
  seen: new Set(),
  level: 0,
  depth: 0,
  steps: 0,
  at: 0,
})

interface Outcome {
  readonly shape: Shape
  readonly returnsRows: boolean
  readonly hasWhere: boolean
  readonly inner: Effect
}

const noShape: Shape = { columns: [] }

/** A query or DML: what can be explained. Undefined for anything else. */
const readPlannable = (r: Reading, statement: Body): Outcome | undefined => {
  const scope = emptyScope(undefined, undefined)
  const select = as(statement, 'SelectStmt')
  checkChangesOnTop(statement)
  const shape =
    select === undefined ? changeShape(r, statement, scope) : selectShape(r, select, scope)
  if (shape === undefined) return undefined
  sweep(r, statement)
  const into = select !== undefined && optional(select, 'intoClause') !== undefined
  const body = typed(statement)?.[1]
  const returnsRows =
    select === undefined
      ? body !== undefined && optional(body, 'returningClause') !== undefined
      : !into
  if (select !== undefined) r.found.kinds.add('select')
  const changes = ['update', 'delete', 'merge'].some((k) => r.found.kinds.has(k))
  const hasWhere = changes
    ? !r.found.unbounded
    : select !== undefined && narrows(optional(select, 'whereClause'))
  return { shape: returnsRows ? shape : noShape, returnsRows, hasWhere, inner: r.found.effect }
}

const readStatement = (r: Reading, statement: Body): Outcome => {
  const [type, body] = typed(statement) ?? ['', statement]
  checkStatement(type)
  if (type === 'VariableShowStmt')
    return { shape: showShape(r, body), returnsRows: true, hasWhere: false, inner: 'read' }
  if (type === 'ExplainStmt') return readExplain(r, body)
  if (ddlKinds[type] !== undefined) {
    ddl(r, type, body)
    return { shape: noShape, returnsRows: false, hasWhere: false, inner: 'admin' }
  }
  const plannable = readPlannable(r, statement)
  if (plannable === undefined) throw refuse('This kind of statement is refused for everybody.')
  return plannable
}

const readExplain = (r: Reading, body: Body): Outcome => {
  const { inner, analyze } = explained(body)
  const type = typed(inner)?.[0] ?? ''
  if (!plannableTypes.has(type)) throw refuse('EXPLAIN takes a query, DML or CREATE TABLE AS here.')
  const result = readStatement(r, inner)
  if (!analyze) r.found.effect = 'read'
  r.found.kinds.add('explain')
  return { ...result, shape: explainShape, returnsRows: true }
}
const plannableTypes = new Set([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'CreateTableAsStmt',
])

const checkPlan = (type: string): void => {
  if (type === 'ExplainStmt')
    throw refuse('sql_explain takes the statement without EXPLAIN.', 'Leave EXPLAIN out.')
  checkStatement(type)
  if (!plannableTypes.has(type))
    throw refuse('This statement has no plan.', 'sql_explain takes queries and DML.')
}

/** What the tool is for, and which tool to take instead. */
const checkMode = (mode: SqlMode, effect: Effect): void => {
  if (mode === 'query' && effect !== 'read')
    throw refuse('sql_query only reads, and this statement changes something.', 'Use sql_execute.')
}

const dotted = (key: string): string => key.replaceAll('\0', '.')
const sorted = (set: Iterable<string>): readonly string[] => [...set].sort()

const lineageOf = (r: Reading, shape: Shape): SqlFacts['lineage'] => {
  if (shape.open !== undefined) return undefined
  return shape.columns.map(({ value }) => {
    if (value.unknown) return undefined
    const sources = new Map<string, ColumnSource>()
    const add = (s: ColumnSource) => sources.set(`${s.schema}\0${s.table}\0${s.column}`, s)
    for (const key of value.from) {
      const [schema = '', table = '', column = ''] = key.split('\0')
      add({ schema, table, column })
      const ruled = r.rules.masked.get(key)
      if (ruled !== undefined) add(ruled)
    }
    return [...sources.values()]
  })
}

const outputsOf = (shape: Shape): SqlFacts['outputs'] =>
  shape.open === undefined ? shape.columns.map((c) => c.name) : undefined

const factsOf = (r: Reading, mode: SqlMode, outcome: Outcome, given: number): SqlFacts => {
  const { found } = r
  if (found.params !== given)
    throw refuse(
      `The statement uses ${found.params} parameters, and ${given} were given.`,
      'Number them $1, $2 and so on, and give one value for each in params.',
    )
  checkMode(mode, found.effect)
  if (mode === 'explain') raise(found, outcome.inner)
  const inner = mode === 'explain' ? found.effect : outcome.inner
  const effect = mode === 'explain' ? 'read' : found.effect
  if (effect === 'read' && found.oracle !== undefined)
    throw refuse(
      `A masked column is ${found.oracle}, which could tell its values.`,
      'A masked column can be selected, grouped or sorted by, tested for NULL, and compared by = with another column (of numbers or dates: a masked one) or with a few literals.',
    )
  const columns = sorted([...found.columns].map(dotted))
  const masked = sorted([...found.columns].filter((c) => r.rules.masked.has(c)).map(dotted))
  const policy = {
    kinds: sorted(found.kinds),
    tables: sorted(found.tables),
    written_tables: sorted(found.written),
    columns,
    masked_columns: masked,
    functions: sorted(found.functions),
    triggers: sorted(found.triggers),
    has_where: outcome.hasWhere,
  }
  return {
    effect,
    inner,
    kinds: policy.kinds,
    tables: policy.tables,
    written: policy.written_tables,
    columns,
    functions: policy.functions,
    hasWhere: outcome.hasWhere,
    returnsRows: mode === 'explain' || outcome.returnsRows,
    lineage: mode === 'explain' ? [[]] : lineageOf(r, outcome.shape),
    outputs: mode === 'explain' ? [undefined] : outputsOf(outcome.shape),
    params: found.params,
    policy,
    names: policy,
  }
}

const read = (
  sql: string,
  params: number,
  catalogue: Catalogue,
  mode: SqlMode,
  rules: SqlRules,
): SqlFacts => {
  const statement = parseOne(sql)
  if (mode === 'explain') checkPlan(typed(statement)?.[0] ?? '')
  const r = readerOf(namesOf(catalogue), rules)
  try {
    judgeEverywhere(r)
    return factsOf(r, mode, readStatement(r, statement), params)
  } catch (e) {
    throw e instanceof UnknownName ? placed(e, sql, r.at) : e
  }
}

/** With the position in characters, from 1, of a byte offset. */
const placed = (e: UnknownName, sql: string, at: number): UnknownName => {
  const before = Buffer.from(sql).subarray(0, at).toString()
  return new UnknownName(e.message, { ...e.teaching, position: [...before].length + 1 })
}

const maxCached = 500
const maxCachedLength = 4_000
const cache = new Map<string, SqlFacts>()

/**
 * Reads one statement of PostgreSQL against the target's catalogue: what it does, to what, and where its output comes
 * from. What can't be told is refused. `look(true)` is asked when a name is unknown, since it may be new.
 *
 * `params` is the number of values given. Throws INPUT_REFUSED (with the tool to use instead, where there is one) and
 * SYNTAX_ERROR (position in characters from 1, nearest name).
 */
export const sqlFacts = async (
  sql: string,
  params: number,
  look: (fresh?: boolean) => Promise<Catalogue>,
  mode: SqlMode,
  rules: SqlRules,
): Promise<SqlFacts> => {
  await parserReady()
  const catalogue = await look()
  const key = JSON.stringify([
    sql,
    params,
    mode,
    catalogue.version,
    rules.columns,
    rules.denyTables,
  ])
  const there = cache.get(key)
  if (there !== undefined) {
    cache.delete(key)
    cache.set(key, there)
    return there
  }
  let facts: SqlFacts
  try {
    facts = read(sql, params, catalogue, mode, rules)
  } catch (e) {
    if (!(e instanceof UnknownName)) throw guarded(e)
    const fresh = await look(true)
    if (fresh.version === catalogue.version) throw e
    return await sqlFacts(sql, params, async () => fresh, mode, rules)
  }
  if (sql.length <= maxCachedLength) {
    cache.set(key, facts)
    if (cache.size > maxCached) cache.delete(cache.keys().next().value ?? '')
  }
  return facts
}

/** Anything but a refusal of ours is a failure of this reading: the statement is refused, the cause kept for the operator. */
const guarded = (e: unknown): GateError =>
  e instanceof GateError
    ? e
    : new GateError('INPUT_REFUSED', 'The gateway can not judge this statement.', { cause: e })
