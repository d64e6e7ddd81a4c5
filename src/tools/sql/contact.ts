/** What is checked on every fresh connection before a statement of an agent may use it. */
import { GateError } from '../../errors.ts'
import type { PostgresTarget } from '../../types.ts'
import type { Connection } from './wire/connection.ts'
import { bind, execute, parse, sync } from './wire/messages.ts'

export const oldestServer = 140_000
export const firstUnknownServer = 190_000

// A member can become what it is a member of (SET ROLE), so membership counts as the thing itself.
const checks = Buffer.concat([
  parse(`select pg_catalog.current_setting('server_version_num'),
  exists (select from pg_catalog.pg_roles r where r.rolsuper and pg_catalog.pg_has_role(r.oid, 'MEMBER')),
  exists (select from pg_catalog.pg_roles r where (r.rolreplication or r.rolcreaterole)
    and pg_catalog.pg_has_role(r.oid, 'MEMBER')),
  exists (select from pg_catalog.pg_roles r where r.rolname in ('pg_read_server_files',
    'pg_write_server_files', 'pg_execute_server_program') and pg_catalog.pg_has_role(r.oid, 'MEMBER'))`),
  bind([]),
  execute(2),
  sync,
])
const caps = { rows: 2, bytes: 4_096, cellBytes: 1_024 }

const refused = (target: PostgresTarget, what: string): GateError =>
  new GateError(
    'CONFIG_INVALID',
    `The gateway does not use its credential for ${target.name}: ${what}.`,
    {
      hint: 'An operator must give it a role with less power; allowSuperuser on the target accepts this one.',
    },
  )

/** Throws CONFIG_INVALID for a role with too much power or a server of an unknown version, TARGET_UNREACHABLE when there is no answer by `until`. */
export const checkContact = async (
  connection: Connection,
  target: PostgresTarget,
  until: number,
  signal: AbortSignal,
): Promise<void> => {
  const { reply } = await connection.exchange(checks, caps, { until, signal, stoppable: true })
  const row = reply.parts[0]?.rows[0]
  const version = Number(row?.[0])
  if (!row || !Number.isInteger(version) || reply.status !== 'I')
    throw new GateError(
      'TARGET_UNREACHABLE',
      `${target.name} did not answer the first questions.`,
      {
        retry: true,
        cause: reply.error?.text,
      },
    )
  if (version < oldestServer || version >= firstUnknownServer)
    throw new GateError(
      'CONFIG_INVALID',
      `${target.name} is PostgreSQL ${Math.floor(version / 10_000)}; the gateway works with 14 to 18.`,
    )
  if (target.allowSuperuser) return
  if (row[1] !== 'f') throw refused(target, 'its role is a superuser, or can become one')
  if (row[2] !== 'f') throw refused(target, 'its role may create roles or replicate')
  if (row[3] !== 'f') throw refused(target, 'its role may use files or programs of the server')
}
