/** Fields that the Kubernetes tools share. */
import { z } from 'zod'
import type { Json } from '../../types.ts'

export const target = z.string().max(99)
export const reason = z.string().max(999).optional()
export const idempotencyKey = z.string().min(8).max(99).optional()
export const name = z.string().max(253)
export const namespace = z.string().max(63)
/** Kind of object: `pods`, `po`, `deployments.apps`. */
export const resource = z.string().max(200)

const text: Json = { type: 'string' }
export const outputs = {
  text,
  number: { type: 'integer' } as Json,
  boolean: { type: 'boolean' } as Json,
  any: {} as Json,
}
