/** Tables that gateways share and that belong to no single room. */
import { sql } from 'drizzle-orm'
import {
  check,
  customType,
  index,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })

export const countersign = pgSchema('countersign')

/** A key is bound to caller, tool, target and input: the hash is over the first three and the key, the digest over the input. */
export const idempotency = countersign.table(
  'idempotency',
  {
    keyHash: bytea('key_hash').primaryKey(),
    callId: uuid('call_id').notNull(),
    inputDigest: bytea('input_digest').notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
  },
  (table) => [index('idempotency_created_at').on(table.createdAt)],
)

/** Calls that are stopped at once, everywhere, until the row is lifted. */
export const pause = countersign.table(
  'pause',
  {
    id: uuid('id').primaryKey(),
    scope: text('scope').notNull(),
    /** Name of the target, or the caller's subject; empty for `all`. */
    value: text('value').notNull(),
    setBy: text('set_by').notNull(),
    setAt: at('set_at').notNull().defaultNow(),
    liftedAt: at('lifted_at'),
    liftedBy: text('lifted_by'),
  },
  (table) => [
    check('pause_scope', sql`${table.scope} in ('caller', 'target', 'all')`),
    index('pause_in_force').on(table.setAt).where(sql`lifted_at is null`),
  ],
)

/** The store's own identity, the log's name and the like. */
export const meta = countersign.table('meta', {
  key: text('key').primaryKey(),
  value: text('value').notNull(),
})

/** Every policy set and schema that ever decided, so that old decisions can be made again. */
export const configVersion = countersign.table(
  'config_version',
  {
    hash: text('hash').notNull(),
    kind: text('kind').notNull(),
    text: text('text').notNull(),
    firstSeen: at('first_seen').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.hash] })],
)
