/** What became of a transaction whose COMMIT was not answered. */
import type { PostgresTarget, Session } from '../../types.ts'
import type { Lent, Pool } from './pool.ts'
import { bind, execute, parse, sync } from './wire/messages.ts'

export type Outcome = 'committed' | 'aborted' | 'in progress' | 'unknown'

const caps = { rows: 1, bytes: 256, cellBytes: 64 }
const statusSql = parse('select pg_catalog.pg_xact_status($1::pg_catalog.xid8)')

const ask = async (
  { connection, until }: Lent,
  xid: string,
  signal: AbortSignal,
): Promise<Outcome> => {
  const bytes = Buffer.concat([statusSql, bind([xid]), execute(1), sync])
  const { reply } = await connection.exchange(bytes, caps, { until, signal, stoppable: true })
  const status = reply.parts[0]?.rows[0]?.[0]
  return status === 'committed' || status === 'aborted' || status === 'in progress'
    ? status
    : 'unknown'
}

/**
 * Asks the target what became of a transaction (`pg_xact_status`); `unknown` when it can't say, or `xid` is none.
 * The credential may be any that can log in. Throws TARGET_UNREACHABLE and its kin.
 */
export const resolveXid = async (
  pool: Pool,
  session: Session<PostgresTarget>,
  xid: string,
): Promise<Outcome> => {
  if (!/^[0-9]{1,20}$/.test(xid)) return 'unknown'
  return pool.aside(session, (lent) => ask(lent, xid, session.signal))
}
