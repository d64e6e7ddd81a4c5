/** Fields that the SQL tools share. Bounds and words are few: every byte is read by every model on every start. */
import { z } from 'zod'
import type { Json } from '../../types.ts'

export const target = z.string().max(99)
export const sql = z.string().max(99_999)
export const params = z.array(z.unknown()).max(999).optional()
export const limit = z.int().min(1).max(99_999).optional()
export const reason = z.string().max(999).optional()
export const idempotencyKey = z.string().min(1).max(128).optional()

/** Rows when the call names no limit. */
export const defaultRows = 100

const text: Json = { type: 'string' }
/** What a table result holds beside its status. */
export const tableOutput: Readonly<Record<string, Json>> = {
  columns: { type: 'array', items: text },
  rows: { type: 'array', items: { type: 'array' } },
  truncated: { type: 'boolean' },
  stopped: { enum: ['rows', 'bytes', 'seconds', 'cells'] },
}
