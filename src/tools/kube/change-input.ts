/** What an agent gives kube_change. */
import { z } from 'zod'
import { idempotencyKey, name, namespace, reason, resource, target } from './inputs.ts'
import { longestManifest } from './manifest.ts'

export const changeInput = z.strictObject({
  target,
  action: z.enum(['apply', 'delete', 'scale', 'restart']),
  manifest: z.string().max(longestManifest).optional(),
  resource: resource.optional(),
  name: name.optional(),
  namespace: namespace.optional(),
  replicas: z.int().min(0).max(10_000).optional(),
  dry_run: z.boolean().optional(),
  reason,
  idempotency_key: idempotencyKey,
})

export type ChangeInput = z.output<typeof changeInput>
