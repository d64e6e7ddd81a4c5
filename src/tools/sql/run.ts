/** Runs one judged statement: reads inside a read-only transaction that is rolled back, in one write. */
import { GateError } from '../../errors.ts'
import type { Limits, PostgresTarget, Session } from '../../types.ts'
import type { Catalogue } from './facts/catalogue.ts'
import { failure, type Told } from './failure.ts'
import type { Lent } from './pool.ts'
import type { Connection, End, Exchange } from './wire/connection.ts'
import { bind, describePortal, execute, parse, plain, sync } from './wire/messages.ts'
import type { Caps, Part, Reply } from './wire/reply.ts'

export interface Statement {
  readonly sql: string
  readonly params: readonly (string | null)[]
  /** Rows that are wanted. */
  readonly rows: number
}
/** Why a result is not whole. */
export type Stopped = 'rows' | 'bytes' | 'seconds' | 'cells'
export interface Ran {
  readonly part: Part
  readonly stopped: Stopped | undefined
}

const begin = plain('BEGIN READ ONLY')
const rollback = plain('ROLLBACK')
const rollbackNow = Buffer.concat([rollback, sync])
const nothing = { rows: 0, bytes: 0, cellBytes: 0 }
const rollbackMs = 2_000

export const capsOf = (limits: Limits, rows: number): Caps => ({
  rows: Math.min(rows, limits.rows),
  bytes: limits.bytes,
  cellBytes: Math.min(limits.cellBytes, limits.bytes),
})

/** Parse, bind and run of a statement; `rows` 0 is all. */
export const pipelined = (
  { sql, params }: Pick<Statement, 'sql' | 'params'>,
  rows: number,
): Buffer => Buffer.concat([parse(sql), bind(params), describePortal, execute(rows)])

export const toldOf = (
  { target, limits }: Session<PostgresTarget>,
  sql: string,
  catalogue: Catalogue | undefined,
): Told => ({ target: target.name, seconds: limits.seconds, sql, catalogue })

/** An exchange that did not come to its end, as an error. `changed` tells what is certain about the effect. */
export const ended = (end: Exclude<End, 'ready'>, told: Told, cause?: unknown): GateError => {
  switch (end) {
    case 'time':
      return new GateError(
        'TIMEOUT',
        `${told.target} did not finish in ${told.seconds} s; the statement was stopped. Nothing was changed.`,
        {
          hint: 'Narrow it, or look at its plan with sql_explain.',
        },
      )
    case 'aborted':
      return new GateError(
        'CANCELLED',
        'The call was cancelled; the statement was stopped and rolled back.',
      )
    case 'flood':
      return new GateError(
        'TARGET_FAILED',
        `${told.target} sent more than may be taken; the statement was stopped.`,
      )
    case 'lost':
      return new GateError(
        'TARGET_FAILED',
        `The connection to ${told.target} was lost while the statement ran. Nothing was changed.`,
        {
          retry: true,
        },
      )
    case 'garbage':
      return new GateError(
        'TARGET_FAILED',
        `${told.target} does not answer as PostgreSQL does; the connection was closed.`,
        {
          cause,
        },
      )
  }
}

/** Ends a transaction that is still open; a connection that can't be brought back is closed. */
export const rollBack = async (connection: Connection): Promise<void> => {
  if (!connection.usable) return
  const until = performance.now() + rollbackMs
  const { reply } = await connection.exchange(rollbackNow, nothing, { until, stoppable: true })
  if (reply.status !== 'I' || reply.changed) connection.close()
}

const stoppedBy = (end: End, part: Part): Stopped | undefined => {
  if (end === 'time') return 'seconds'
  if (end === 'flood') return 'bytes'
  return part.cut
}

// The walls were seen to stand: BEGIN and ROLLBACK around one statement, no setting changed, no transaction left.
const clean = ({ parts, status, changed }: Reply): boolean =>
  status === 'I' &&
  !changed &&
  parts.length === 3 &&
  parts[0]?.tag === 'BEGIN' &&
  (parts[1]?.suspended || /^(?:SELECT \d+|SHOW|EXPLAIN)$/.test(parts[1]?.tag ?? '')) &&
  parts[2]?.tag === 'ROLLBACK'

const partial = ({ reply, end }: Exchange): Part | undefined => {
  const part = reply.parts[1] ?? (reply.parts.length === 1 ? reply.current : undefined)
  return (end === 'time' || end === 'flood') && part && part.rows.length > 0 ? part : undefined
}

/** Throws what the server or the clock says; the connection is outside any transaction, or closed, afterwards. */
export const runRead = async (
  { connection, until }: Lent,
  session: Session<PostgresTarget>,
  statement: Statement,
  told: Told,
): Promise<Ran> => {
  const caps = capsOf(session.limits, statement.rows)
  // One more than wanted tells whether there is more.
  const bytes = Buffer.concat([begin, pipelined(statement, caps.rows + 1), rollback, sync])
  const { signal } = session
  const exchange = await connection.exchange(bytes, caps, { until, signal, stoppable: true })
  const { reply, end } = exchange
  if (end !== 'ready') {
    const part = partial(exchange)
    if (part) return { part, stopped: stoppedBy(end, part) }
    if (reply.copy) throw noCopy()
    throw ended(end, told, exchange.cause)
  }
  if (reply.error) {
    await rollBack(connection)
    throw failure(reply.error, told)
  }
  const part = reply.parts[1]
  if (!part || !clean(reply)) {
    connection.close()
    throw new GateError(
      'TARGET_FAILED',
      'The statement left its transaction; its result is withheld.',
    )
  }
  return { part, stopped: stoppedBy(end, part) }
}

export const noCopy = (): GateError =>
  new GateError('INPUT_REFUSED', 'COPY is not a statement for these tools.', {
    hint: 'Read with sql_query, insert with sql_execute.',
  })
