/** Tables of the log. What evidence is, and which columns are only an index to it, is said at each. */
import { sql } from 'drizzle-orm'
import {
  bigint,
  customType,
  date,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })

export const audit = pgSchema('audit')

/** One a gateway process; it moves by compare-and-set on epoch, seq and head only. */
export const stream = audit.table('stream', {
  streamId: bigint('stream_id', { mode: 'bigint' }).primaryKey().generatedByDefaultAsIdentity(),
  epoch: uuid('epoch').notNull(),
  writer: text('writer').notNull(),
  openedAt: at('opened_at').notNull().defaultNow(),
  closedAt: at('closed_at'),
  seq: bigint('seq', { mode: 'bigint' }).notNull(),
  head: bytea('head').notNull(),
  leaseUntil: at('lease_until').notNull(),
})

/** `header_jcs` is what is hashed; `header` and what is generated from it are an index for people and views. */
export const event = audit.table(
  'event',
  {
    // No foreign key to `stream`: it would cost a lock and a look-up for each event on the path of every call.
    streamId: bigint('stream_id', { mode: 'bigint' }).notNull(),
    seq: bigint('seq', { mode: 'bigint' }).notNull(),
    header: jsonb('header').notNull(),
    headerJcs: bytea('header_jcs').notNull(),
    leaf: bytea('leaf').notNull(),
    eventId: uuid('event_id').notNull().generatedAlwaysAs(sql`((header ->> 'event_id')::uuid)`),
    callId: uuid('call_id').generatedAlwaysAs(sql`((header ->> 'call_id')::uuid)`),
    type: text('type').notNull().generatedAlwaysAs(sql`(header ->> 'type')`),
  },
  (table) => [
    primaryKey({ columns: [table.streamId, table.seq] }),
    uniqueIndex('event_event_id').on(table.eventId),
    index('event_call_id').on(table.callId).where(sql`call_id is not null`),
    // Each intent has at most one terminal event, whoever writes it.
    uniqueIndex('event_terminal')
      .on(sql`(header ->> 'parent')`)
      .where(sql`type in ('call.result', 'call.error', 'call.unknown')`),
    // Few among many: what erasures name is asked for every hour.
    index('event_erasures').on(table.eventId).where(sql`type = 'retention.erase'`),
  ],
)

/**
 * Encrypted parts of events. Partitioned by the month that the event's id (a uuidv7) was made in; drizzle can't say so,
 * so `partition by range (event_id)` stands in the migration.
 */
export const payload = audit.table(
  'payload',
  {
    eventId: uuid('event_id').notNull(),
    part: integer('part').notNull(),
    keyId: text('key_id').notNull(),
    nonce: bytea('nonce'),
    ciphertext: bytea('ciphertext'),
    erasedAt: at('erased_at'),
    eraseEvent: uuid('erase_event'),
  },
  (table) => [primaryKey({ columns: [table.eventId, table.part] })],
)

/** Keys of payloads, wrapped by the vault's key. Destroying one erases all that was encrypted under it. */
export const dataKey = audit.table('data_key', {
  keyId: text('key_id').primaryKey(),
  month: date('month').notNull(),
  wrapped: bytea('wrapped'),
  createdAt: at('created_at').notNull().defaultNow(),
  destroyedAt: at('destroyed_at'),
})

/** Events in the order of the tree. */
export const leaf = audit.table(
  'leaf',
  {
    idx: bigint('idx', { mode: 'bigint' }).primaryKey(),
    streamId: bigint('stream_id', { mode: 'bigint' }).notNull(),
    seq: bigint('seq', { mode: 'bigint' }).notNull(),
    leaf: bytea('leaf').notNull(),
  },
  (table) => [unique('leaf_place').on(table.streamId, table.seq)],
)

/** Signed notes of the notary; `anchored` names the anchors that took this one, with the time of each. */
export const checkpoint = audit.table('checkpoint', {
  size: bigint('size', { mode: 'bigint' }).primaryKey(),
  note: text('note').notNull(),
  anchored: jsonb('anchored').notNull().default({}),
  at: at('at').notNull().defaultNow(),
})

/** What no erasure may touch: one call, or every call on targets with these labels. */
export const legalHold = audit.table('legal_hold', {
  holdId: uuid('hold_id').primaryKey(),
  callId: uuid('call_id'),
  labels: jsonb('labels'),
  heldAt: at('held_at').notNull().defaultNow(),
  heldEvent: uuid('held_event').notNull(),
  liftedAt: at('lifted_at'),
  liftedEvent: uuid('lifted_event'),
})
