/** Plans of statements, as PostgreSQL prints them, in a read-only transaction. */
import { GateError } from '../../errors.ts'
import type { Fields, PostgresTarget, Session } from '../../types.ts'
import { type Desk, onTarget } from './desk.ts'
import { runRead, toldOf } from './run.ts'

export interface Plan {
  /** `plan` (lines) and `estimated_rows`. */
  readonly fields: Fields
  readonly truncated: boolean
}

/** Lines of a plan; longer ones are cut. */
const maxLines = 500

const rowsIn = (line: string | undefined): number | undefined => {
  const found = /\brows=(\d+)/.exec(line ?? '')?.[1]
  return found === undefined ? undefined : Number(found)
}
/** A change returns no rows itself: what it changes is what the node below it finds. */
const estimate = (lines: readonly string[]): number | undefined =>
  /^\s*(?:Insert|Update|Delete|Merge) on /.test(lines[0] ?? '')
    ? rowsIn(lines.find((line) => line.trimStart().startsWith('->')))
    : rowsIn(lines[0])

const shifted = (thrown: unknown, by: number): unknown => {
  if (!(thrown instanceof GateError) || thrown.teaching.position === undefined) return thrown
  const { position, ...rest } = thrown.teaching
  return new GateError(thrown.code, thrown.message, {
    ...rest,
    ...(position > by ? { position: position - by } : {}),
    cause: thrown.cause,
  })
}

const explain = async (
  desk: Desk,
  session: Session<PostgresTarget>,
  prefix: string,
  sql: string,
  params: readonly (string | null)[],
): Promise<Plan> => {
  const told = toldOf(session, prefix + sql, undefined)
  try {
    const { part, stopped } = await onTarget(desk, session, 'read', (lent, known) =>
      runRead(
        lent,
        session,
        { sql: prefix + sql, params, rows: maxLines },
        { ...told, catalogue: known.catalogue },
      ),
    )
    const plan = part.rows.map(([line]) => line ?? '')
    const rows = estimate(plan)
    return {
      fields: { plan, ...(rows === undefined ? {} : { estimated_rows: rows }) },
      truncated: stopped !== undefined,
    }
  } catch (thrown) {
    throw shifted(thrown, Array.from(prefix).length)
  }
}

/** Runs nothing. Throws what the server says, as our codes. */
export const plainPlan = (
  desk: Desk,
  session: Session<PostgresTarget>,
  sql: string,
  params: readonly (string | null)[],
): Promise<Plan> => explain(desk, session, 'EXPLAIN ', sql, params)

/** The same with measured rows and times: runs the statement, so it must be a proven read. */
export const measuredPlan = (
  desk: Desk,
  session: Session<PostgresTarget>,
  sql: string,
  params: readonly (string | null)[],
): Promise<Plan> => explain(desk, session, 'EXPLAIN (ANALYZE, BUFFERS) ', sql, params)
