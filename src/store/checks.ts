/** What must be true of a store before the gateway serves: its schema, its rights, its durability. */
import type { ClientBase } from 'pg'
import { GateError } from '../errors.ts'
import { refuseNewer, refuseOldServer } from './migrate.ts'
import { foundSchema, knownSchema } from './version.ts'

/** What the server says of itself and of whom we are connected as. */
interface Facts {
  readonly version: string
  readonly version_num: number
  readonly recovering: boolean
  readonly read_only: boolean
  readonly durable: Readonly<Record<'fsync' | 'full_page_writes' | 'synchronous_commit', string>>
}

const refuse = (message: string): GateError => new GateError('CONFIG_INVALID', message)

/** Returns the server's version and the store's id. Throws CONFIG_INVALID, or AUDIT_UNAVAILABLE for what may pass by itself. */
export const checkStore = async (
  client: Pick<ClientBase, 'query'>,
): Promise<{ readonly serverVersion: string; readonly id: string }> => {
  const { rows } = await client.query<Facts>(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int as version_num,
       pg_is_in_recovery() as recovering, current_setting('transaction_read_only')::bool as read_only,
       jsonb_build_object('fsync', current_setting('fsync'), 'full_page_writes', current_setting('full_page_writes'),
         'synchronous_commit', current_setting('synchronous_commit')) as durable`,
  )
  const facts = rows[0]
  if (facts === undefined) throw new GateError('AUDIT_UNAVAILABLE', 'The store gave no answer.')
  refuseOldServer(facts.version_num, facts.version)
  refuseReadOnly(facts)
  refuseLossy(facts.durable)
  await checkSchema(client)
  await checkWriter(client)
  return { serverVersion: facts.version, id: await storeId(client) }
}

const refuseReadOnly = ({ recovering, read_only }: Facts): void => {
  if (!recovering && !read_only) return
  throw new GateError(
    'AUDIT_UNAVAILABLE',
    recovering
      ? 'The store is a read-only standby; store.url must lead to the primary.'
      : 'The store is set to read only (default_transaction_read_only), so the log cannot be written.',
  )
}

/** An answer is given after COMMIT; with these off, COMMIT promises nothing. */
const refuseLossy = (durable: Facts['durable']): void => {
  const off = Object.entries(durable).filter(([, value]) => value === 'off')
  if (off.length === 0) return
  const names = off.map(([name]) => name).join(', ')
  throw refuse(
    `The store may lose what it committed: ${names} ${off.length > 1 ? 'are' : 'is'} off, for the server, the database or the user. Set ${off.length > 1 ? 'them' : 'it'} to on.`,
  )
}

const checkSchema = async (client: Pick<ClientBase, 'query'>): Promise<void> => {
  const found = await readableSchema(client)
  refuseNewer(found)
  if (found === knownSchema()) return
  throw refuse(
    `The store ${found === 0 ? 'has no schema yet' : 'has the schema of an earlier version'}. Run: countersign migrate --url OWNER_URL`,
  )
}

/** A user without rights on our schemas can't even see whether it is there. */
const readableSchema = async (client: Pick<ClientBase, 'query'>): Promise<number> => {
  try {
    return await foundSchema(client)
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === '42501')) throw thrown
    const { rows } = await client.query<{ user: string }>('select current_user as user')
    throw refuse(notAMember(rows[0]?.user ?? ''))
  }
}

const notAMember = (user: string): string =>
  `The user ${user} of store.url has no rights on the store. Run: countersign migrate --url OWNER_URL, and as the owner: grant countersign_writer to "${user}"`

interface Rights {
  readonly user: string
  readonly super: boolean
  readonly createrole: boolean
  readonly owner: boolean
  readonly server_files: boolean
  readonly eraser: boolean
  readonly writer: boolean
  /** What the user may do to the log beyond appending, such as `delete on audit.event`. */
  readonly beyond: readonly string[]
}

const RIGHTS = `
select current_user as user, r.rolsuper as super, r.rolcreaterole as createrole,
  exists (select from pg_class c where c.relnamespace in ('audit'::regnamespace, 'countersign'::regnamespace)
    and pg_has_role(c.relowner, 'member')) as owner,
  pg_has_role('pg_execute_server_program', 'member') or pg_has_role('pg_write_server_files', 'member') as server_files,
  pg_has_role('countersign_eraser', 'member') as eraser,
  has_table_privilege('audit.event', 'insert') and has_table_privilege('audit.stream', 'insert')
    and has_schema_privilege('audit', 'usage') and has_schema_privilege('countersign', 'usage') as writer,
  coalesce((select array_agg(format('%s on %s', p, c.oid::regclass) order by c.oid::regclass::text, p)
    from pg_class c cross join unnest(array['update', 'delete', 'truncate', 'trigger']) p
    where c.relnamespace = 'audit'::regnamespace and c.relkind in ('r', 'p')
      and (has_table_privilege(c.oid, p) or p = 'update' and c.relname <> 'stream' and has_any_column_privilege(c.oid, p))),
    '{}') as beyond
from pg_roles r where r.rolname = current_user`

/** The user of store.url appends to the log and can do nothing else to it: else its grants prove nothing. */
const checkWriter = async (client: Pick<ClientBase, 'query'>): Promise<void> => {
  const { rows } = await client.query<Rights>(RIGHTS)
  const rights = rows[0]
  if (rights === undefined) throw new GateError('AUDIT_UNAVAILABLE', 'The store gave no answer.')
  const { user } = rights
  const instead =
    'Give the gateway a user of its own: create role gateway login password .. ; grant countersign_writer to gateway'
  if (rights.super) throw refuse(`The user ${user} of store.url is a superuser. ${instead}`)
  if (rights.owner)
    throw refuse(
      `The user ${user} of store.url owns tables of the log, or may act as their owner. ${instead}`,
    )
  if (rights.createrole)
    throw refuse(
      `The user ${user} of store.url has CREATEROLE, so it can give itself any right. ${instead}`,
    )
  if (rights.server_files)
    throw refuse(
      `The user ${user} of store.url may write the server's files or run its programs. ${instead}`,
    )
  if (rights.eraser)
    throw refuse(`The user ${user} of store.url is a member of countersign_eraser. ${instead}`)
  if (rights.beyond.length > 0) {
    throw refuse(
      `The user ${user} of store.url may change the log (${rights.beyond.join(', ')}). Take that away, or run countersign migrate again; it resets the grants.`,
    )
  }
  if (!rights.writer) throw refuse(notAMember(user))
}

const storeId = async (client: Pick<ClientBase, 'query'>): Promise<string> => {
  const { rows } = await client.query<{ value: string }>(
    "select value from countersign.meta where key = 'store_id'",
  )
  const id = rows[0]?.value
  if (id === undefined)
    throw refuse('The store has no id. Run: countersign migrate --url OWNER_URL')
  return id
}
