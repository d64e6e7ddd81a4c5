/** Which database a target is, whatever its address: part of what an approval is bound to. */
import { GateError } from '../../errors.ts'
import type { PostgresTarget, Session } from '../../types.ts'
import { failure } from './failure.ts'
import type { Pool } from './pool.ts'
import { ended } from './run.ts'
import { plain, sync } from './wire/messages.ts'

const caps = { rows: 1, bytes: 4_096, cellBytes: 1_024 }
const ask = (sql: string): Buffer => Buffer.concat([plain(sql), sync])
const byCluster = ask(
  'select system_identifier, pg_catalog.current_database() from pg_catalog.pg_control_system()',
)
// Where that function is kept from the role: the database's own oid, and the address stands for the cluster.
const byDatabase = ask(
  'select oid, datname from pg_catalog.pg_database where datname = pg_catalog.current_database()',
)

/**
 * `pg:<system identifier>/<database>`; a role that may not read the control file gets
 * `pg:<host>:<port>/<database>:<oid of the database>`. Throws TARGET_UNREACHABLE and its kin.
 */
export const identify = (pool: Pool, session: Session<PostgresTarget>): Promise<string> =>
  pool.use(session, 'bare', undefined, async ({ connection, until }) => {
    const { target, signal, limits } = session
    const told = { target: target.name, seconds: limits.seconds }
    const one = async (bytes: Buffer): Promise<readonly (string | null)[] | undefined> => {
      const { reply, end, cause } = await connection.exchange(bytes, caps, {
        until,
        signal,
        stoppable: true,
      })
      if (end !== 'ready') throw ended(end, told, cause)
      if (reply.error && reply.error.sqlState !== '42501') throw failure(reply.error, told)
      return reply.parts[0]?.rows[0]
    }
    const cluster = await one(byCluster)
    if (cluster) return `pg:${cluster[0]}/${cluster[1]}`
    const database = await one(byDatabase)
    if (database) return `pg:${target.host}:${target.port}/${database[1]}:${database[0]}`
    throw new GateError('TARGET_FAILED', `${target.name} does not say which database it is.`)
  })
