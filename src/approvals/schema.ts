/** Tables of approvals: what a held call waits for, and what people answered. */
import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  customType,
  index,
  jsonb,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import { countersign } from '../store/schema.ts'

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })

export const approval = countersign.table(
  'approval',
  {
    callId: uuid('call_id').primaryKey(),
    state: text('state').notNull(),
    digest: bytea('digest').notNull(),
    iss: text('iss').notNull(),
    sub: text('sub').notNull(),
    client: text('client').notNull(),
    groups: jsonb('groups').notNull(),
    tool: text('tool').notNull(),
    target: text('target').notNull(),
    targetIdentity: text('target_identity').notNull(),
    effect: text('effect').notNull(),
    facts: jsonb('facts').notNull(),
    needs: jsonb('needs').notNull(),
    rules: jsonb('rules').notNull(),
    masking: jsonb('masking').notNull(),
    /** Masked: what approvers see. */
    view: jsonb('view').notNull(),
    /** Both are nulled when the approval ends. */
    sealedInput: bytea('sealed_input'),
    sealedKey: bytea('sealed_key'),
    requestedAt: at('requested_at').notNull().defaultNow(),
    expiresAt: at('expires_at').notNull(),
    endedAt: at('ended_at'),
  },
  (table) => [
    check(
      'approval_state',
      sql`${table.state} in ('requested', 'approved', 'rejected', 'expired', 'cancelled', 'spent')`,
    ),
    index('approval_open').on(table.expiresAt).where(sql`state in ('requested', 'approved')`),
    index('approval_sealed').on(table.endedAt).where(sql`sealed_key is not null`),
    index('approval_requested_at').on(table.requestedAt),
  ],
)

/** A person answers once. */
export const approvalAnswer = countersign.table(
  'approval_answer',
  {
    callId: uuid('call_id')
      .notNull()
      .references(() => approval.callId),
    iss: text('iss').notNull(),
    sub: text('sub').notNull(),
    groups: jsonb('groups').notNull(),
    decision: text('decision').notNull(),
    /** Masked. */
    comment: text('comment'),
    self: boolean('self').notNull(),
    /** Signature or MAC over the answer and what was answered: a row that people did not give counts for nothing. */
    proof: text('proof').notNull(),
    at: at('at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.callId, table.iss, table.sub] }),
    check('approval_answer_decision', sql`${table.decision} in ('approve', 'reject')`),
  ],
)
