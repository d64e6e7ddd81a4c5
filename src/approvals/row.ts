/** Rows of approvals and answers, parsed at the edge; what a person's answer is a statement about. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Approval, Caller, HeldCall, Json, Masked, Need } from '../types.ts'
import { canonical } from './canonical.ts'

const need = z.object({
  groups: z.array(z.string()),
  quorum: z.number().int().min(1),
  withinMs: z.number().int().min(0),
  self: z.boolean(),
})
const answer = z.object({
  iss: z.string(),
  sub: z.string(),
  groups: z.array(z.string()),
  decision: z.enum(['approve', 'reject']),
  self: z.boolean(),
  proof: z.string(),
  at: z.coerce.date(),
})
const row = z.object({
  call_id: z.string(),
  state: z.enum(['requested', 'approved', 'rejected', 'expired', 'cancelled', 'spent']),
  digest: z.instanceof(Buffer),
  iss: z.string(),
  sub: z.string(),
  client: z.string(),
  groups: z.array(z.string()),
  tool: z.string(),
  target: z.string(),
  target_identity: z.string(),
  effect: z.enum(['read', 'write', 'admin']),
  facts: z.unknown(),
  needs: z.array(need),
  rules: z.array(z.string()),
  masking: z.array(z.string()),
  view: z.unknown(),
  sealed_input: z.instanceof(Buffer).nullable(),
  sealed_key: z.instanceof(Buffer).nullable(),
  requested_at: z.date(),
  expires_at: z.date(),
  /** By the database's clock. */
  over: z.boolean(),
  /** Milliseconds until it is over, by the database's clock. */
  left_ms: z.coerce.number(),
  /** Of the row: changes with every update. */
  version: z.string(),
  answers: z.array(answer),
})
export type Row = z.output<typeof row>
export type Answer = z.output<typeof answer>

export const readRow = (value: unknown): Row => row.parse(value)

/** Every column of an approval with its answers, oldest first; `where` is ours. */
export const selectRow = (where: string): string => `
  select a.*, a.xmin::text as version, a.expires_at <= clock_timestamp() as over,
    extract(epoch from a.expires_at - clock_timestamp()) * 1000 as left_ms, coalesce((
    select jsonb_agg(jsonb_build_object('iss', n.iss, 'sub', n.sub, 'groups', n.groups, 'decision', n.decision,
      'self', n.self, 'proof', n.proof, 'at', n.at) order by n.at)
    from countersign.approval_answer n where n.call_id = a.call_id), '[]'::jsonb) as answers
  from countersign.approval a where ${where}`

export const approvalOf = (found: Row): Approval => ({
  callId: found.call_id,
  state:
    found.over && (found.state === 'requested' || found.state === 'approved')
      ? 'expired'
      : found.state,
  tool: found.tool,
  target: found.target,
  targetIdentity: found.target_identity,
  effect: found.effect,
  caller: { iss: found.iss, sub: found.sub, client: found.client, groups: found.groups },
  needs: found.needs,
  rules: found.rules,
  // The view was masked before it was written, by whoever made the request.
  view: found.view as HeldCall['view'],
  answers: found.answers.map(({ proof: _proof, ...shown }) => shown),
  requestedAt: found.requested_at,
  expiresAt: found.expires_at,
})

export const needText = (needs: readonly Need[]): Json =>
  needs.map(({ groups, quorum, withinMs, self }) => ({
    groups: [...groups],
    quorum,
    withinMs,
    self,
  }))

/** What people and the gateway decide by, as the seal authenticates it. */
export type Decisive = Pick<
  Row,
  | 'iss'
  | 'sub'
  | 'client'
  | 'groups'
  | 'tool'
  | 'target'
  | 'target_identity'
  | 'effect'
  | 'needs'
  | 'rules'
  | 'masking'
  | 'expires_at'
> & { readonly facts: unknown; readonly view: unknown }

export const decisive = (found: Decisive): string =>
  canonical({
    v: 1,
    iss: found.iss,
    sub: found.sub,
    client: found.client,
    groups: found.groups,
    tool: found.tool,
    target: found.target,
    target_identity: found.target_identity,
    effect: found.effect,
    facts: found.facts,
    needs: needText(found.needs),
    rules: found.rules,
    masking: found.masking,
    view: found.view,
    expires: found.expires_at.toISOString(),
  })

/**
 * The text that an answer's proof is made over: who decided what, on exactly this request. A change of the row (its needs,
 * its caller, its sealed input through the digest, its expiry) makes every proof worthless.
 */
export const statement = (
  found: Row,
  by: Pick<Caller, 'iss' | 'sub' | 'groups'>,
  decision: 'approve' | 'reject',
  self: boolean,
): string =>
  canonical({
    v: 1,
    call_id: found.call_id,
    request: createHash('sha256')
      .update(
        canonical({
          digest: found.digest.toString('hex'),
          iss: found.iss,
          sub: found.sub,
          client: found.client,
          tool: found.tool,
          target: found.target,
          target_identity: found.target_identity,
          effect: found.effect,
          needs: needText(found.needs),
          expires: found.expires_at.toISOString(),
        }),
      )
      .digest('hex'),
    iss: by.iss,
    sub: by.sub,
    groups: [...by.groups],
    decision,
    self,
  })

export const samePerson = (
  a: Pick<Caller, 'iss' | 'sub'>,
  b: Pick<Caller, 'iss' | 'sub'>,
): boolean => a.iss === b.iss && a.sub === b.sub

/** What was masked, kept as JSON. */
export const viewText = (view: { readonly [k: string]: Json | Masked<Json> }): string =>
  JSON.stringify(view)
