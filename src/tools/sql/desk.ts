/** What the four tools have in common: facts by the target's own rules, a run under the judged search path, a table out. */
import { setTimeout as pause } from 'node:timers/promises'
import { GateError } from '../../errors.ts'
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

const againMs = 250
const mostLooks = 12

/** A view that was redefined here must not be judged by what it was before: a look of after the change, however often that takes. */
const afterOwnChanges = async (databases: Databases, look: Look<PostgresTarget>): Promise<void> => {
  for (let n = 0; databases.behind(look.target); n++) {
    if (n === mostLooks)
      throw new GateError('TARGET_FAILED', 'The schema was just changed and is being read again.', {
        retry: true,
      })
    if (n > 0) await pause(againMs)
    await look.catalogue<Catalogue>({ fresh: true })
  }
}

/** Throws SYNTAX_ERROR, INPUT_REFUSED, or what the look at the target throws. */
export const factsOf = async (
  { databases }: Desk,
  input: { readonly sql: string; readonly params?: readonly unknown[] | undefined },
  look: Look<PostgresTarget>,
  mode: 'query' | 'execute' | 'explain',
): Promise<SqlFacts> => {
  checkText(input.sql, 'The statement')
  const { columns, denyTables } = look.target
  await afterOwnChanges(databases, look)
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
