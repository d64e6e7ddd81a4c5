/** Runs one judged write in one transaction, its id durable with the caller before COMMIT. */
import { GateError } from '../../errors.ts'
import type { PostgresTarget, Session } from '../../types.ts'
import { timeIsUp } from '../time-up.ts'
import { failure, type Told } from './failure.ts'
import type { Outcome } from './outcome.ts'
import type { Lent } from './pool.ts'
import { capsOf, ended, noCopy, pipelined, type Ran, rollBack, type Statement } from './run.ts'
import type { Exchange } from './wire/connection.ts'
import { plain, sync } from './wire/messages.ts'

const begin = plain('BEGIN READ WRITE')
const xidOf = plain('select pg_catalog.pg_current_xact_id_if_assigned()')
const commit = Buffer.concat([plain('COMMIT'), sync])
const nothing = { rows: 0, bytes: 0, cellBytes: 0 }
// `COMMIT AND CHAIN` leaves a transaction open, but not the one that was begun.
const ownTags =
  /^(?:BEGIN|START|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PREPARE|SET|RESET|DISCARD|COPY)\b/
/** COMMIT is heard out at least this long, however little of the run's time is left. */
const leastCommitMs = 2_000

const check = async (
  { reply, end, cause }: Exchange,
  { connection }: Lent,
  told: Told,
): Promise<{ ran: Ran; xid: string | null }> => {
  if (end !== 'ready') throw reply.copy ? noCopy() : ended(end, told, cause)
  if (reply.error) {
    await rollBack(connection)
    throw failure(reply.error, told)
  }
  const [began, part, id] = reply.parts
  const xid = id?.rows[0]?.[0]
  if (
    began?.tag !== 'BEGIN' ||
    !part ||
    reply.status !== 'T' ||
    reply.changed ||
    reply.parts.length !== 3 ||
    ownTags.test(part.tag ?? '') ||
    xid === undefined
  ) {
    connection.close()
    throw new GateError(
      'TARGET_FAILED',
      'The statement left its transaction; the connection was closed.',
      {
        hint: 'Only one statement runs at a time, without transaction control or settings.',
      },
    )
  }
  return { ran: { part, stopped: part.cut }, xid }
}

const durable = async (
  session: Session<PostgresTarget>,
  { connection }: Lent,
  xid: string | null,
): Promise<void> => {
  try {
    if (xid !== null) await session.prepared({ xid })
    if (session.signal.aborted)
      throw timeIsUp(session.signal)
        ? new GateError('TIMEOUT', 'The time was up; the statement was rolled back.')
        : new GateError('CANCELLED', 'The call was cancelled; the statement was rolled back.')
  } catch (cause) {
    await rollBack(connection)
    throw cause
  }
}

/**
 * `resolve` asks what became of a transaction, on a connection of its own. Throws before COMMIT with nothing changed;
 * after it OUTCOME_UNKNOWN only when neither the answer nor `resolve` tells.
 */
export const runWrite = async (
  lent: Lent,
  session: Session<PostgresTarget>,
  statement: Statement,
  told: Told,
  resolve: (xid: string) => Promise<Outcome>,
): Promise<Ran> => {
  const { connection, until } = lent
  const { signal } = session
  // Row limit 0: a write runs to its end, whatever of its rows is kept.
  const bytes = Buffer.concat([begin, pipelined(statement, 0), xidOf, sync])
  const caps = capsOf(session.limits, statement.rows)
  const first = await connection.exchange(bytes, caps, { until, signal, stoppable: false })
  const { ran, xid } = await check(first, lent, told)
  await durable(session, lent, xid)
  const { reply, end } = await connection.exchange(commit, nothing, {
    until: Math.max(until, performance.now() + leastCommitMs),
    stoppable: false,
  })
  if (end === 'ready' && reply.error) {
    await rollBack(connection)
    throw failure(reply.error, told)
  }
  if (end === 'ready' && reply.parts[0]?.tag === 'COMMIT' && reply.status === 'I') return ran
  connection.close()
  // A failed transaction answers COMMIT with ROLLBACK.
  if (end === 'ready' && reply.parts[0]?.tag === 'ROLLBACK') throw rolledBack(told)
  if (xid === null) return ran
  return outcome(ran, xid, told, resolve)
}

const rolledBack = (told: Told): GateError =>
  new GateError('TARGET_FAILED', `${told.target} rolled the statement back. Nothing was changed.`, {
    retry: true,
  })

const outcome = async (
  ran: Ran,
  xid: string,
  told: Told,
  resolve: (xid: string) => Promise<Outcome>,
): Promise<Ran> => {
  let cause: unknown
  const became = await resolve(xid).catch((thrown: unknown): Outcome => {
    cause = thrown
    return 'unknown'
  })
  if (became === 'committed') return ran
  if (became === 'aborted') throw rolledBack(told)
  throw new GateError(
    'OUTCOME_UNKNOWN',
    `${told.target} did not say whether the change was committed (transaction ${xid}). It was sent once and is not sent again.`,
    { retry: false, hint: 'Look whether the change is there before anything else.', cause },
  )
}
