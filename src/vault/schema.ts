/** Secrets of `store:` references: AES-256-GCM under a data key of each one's own, which the vault's key wraps. */
import { customType, integer, text, timestamp } from 'drizzle-orm/pg-core'
import { countersign } from '../store/schema.ts'

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

export const secret = countersign.table('secret', {
  name: text('name').primaryKey(),
  /** Which of the vault's keys wraps the data key. */
  keyId: text('key_id').notNull(),
  wrapped: bytea('wrapped').notNull(),
  ciphertext: bytea('ciphertext').notNull(),
  version: integer('version').notNull(),
  setAt: timestamp('set_at', { withTimezone: true, mode: 'date' }).notNull().defaultNow(),
  setBy: text('set_by').notNull(),
})
