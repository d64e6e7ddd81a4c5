/** The input of http_request. Bounds and words are few: every byte is read by every model on every start. */
import { z } from 'zod'
import type { Json } from '../../types.ts'

export const input = z.strictObject({
  target: z.string().max(99),
  method: z.string().min(1).max(16),
  path: z.string().min(1).max(4096),
  query: z.record(z.string().max(200), z.unknown()).optional(),
  headers: z.record(z.string().max(64), z.string().max(2000)).optional(),
  body: z.unknown().optional(),
  select: z.string().max(300).optional(),
  reason: z.string().max(999).optional(),
  idempotency_key: z.string().min(8).max(99).optional(),
})
export type Input = z.output<typeof input>

export const outputs: Readonly<Record<string, Json>> = {
  http_status: { type: 'integer' },
  headers: { type: 'object' },
  body: {},
  bytes: { type: 'integer' },
  cut: { type: 'array' },
  withheld: { type: 'string' },
  note: { type: 'string' },
}
