/** What the four tools have in common: facts by the target's own rules, a run under the judged search path, a table out. */
import type { BaseFacts, Fields, Look, Output, PostgresTarget, Session } from '../../types.ts'
import { columnsOf } from './columns.ts'
import type { Catalogue } from './facts/catalogue.ts'
import { type SqlFacts, sqlFacts } from './facts/index.ts'
import type { Databases, Known } from './known.ts'
import { checkText } from './params.ts'
import type { Lent, Pool, Purpose } from './pool.ts'
import type { Ran } from './run.ts'

export interface Desk {
  readonly pool: Pool
  readonly databases: Databases
}

/** Throws SYNTAX_ERROR, INPUT_REFUSED, or what the look at the target throws. */
export const factsOf = async (
  input: { readonly sql: string; readonly params?: readonly unknown[] | undefined },
  look: Look<PostgresTarget>,
  mode: 'query' | 'execute' | 'explain',
): Promise<SqlFacts> => {
  checkText(input.sql, 'The statement')
  const { columns, denyTables } = look.target
  return sqlFacts(
    input.sql,
    input.params?.length ?? 0,
    (fresh = false) => look.catalogue<Catalogue>({ fresh }),
    mode,
    { columns, denyTables },
  )
}

/** Lends a connection whose unqualified names mean what the facts took them for. */
export const onTarget = async <T>(
  { pool, databases }: Desk,
  session: Session<PostgresTarget>,
  purpose: Exclude<Purpose, 'bare'>,
  work: (lent: Lent, known: Known) => Promise<T>,
): Promise<T> => {
  const known = await databases.of(session)
  return pool.use(session, purpose, known.searchPath, (lent) => work(lent, known))
}

/** A result as columns and rows; `fields` come beside them. */
export const tableOf = (
  { part, stopped }: Ran,
  facts: BaseFacts & Pick<SqlFacts, 'lineage'>,
  known: Known,
  { target }: Session<PostgresTarget>,
  fields: Fields = {},
): Output => ({
  kind: 'table',
  columns: columnsOf(part.columns, part.rows, facts.lineage, known, target),
  rows: part.rows,
  truncated: stopped !== undefined,
  fields: stopped === undefined ? fields : { ...fields, stopped },
})
