/** A new request: its input sealed, its row ready to be inserted together with `approval.requested`. */
import { GateError } from '../errors.ts'
import type { Approvals } from '../types.ts'
import { type ApprovalsOptions, channel } from './ports.ts'
import { decisive, needText, viewText } from './row.ts'
import { seal } from './seal.ts'

export const requestWith =
  ({ keys, pool }: ApprovalsOptions): Approvals['request'] =>
  async ({ call, targetIdentity, needs, rules, masking, view }) => {
    if (needs.length === 0)
      throw new GateError('INTERNAL', 'A call is held, and nobody is asked to approve it.')
    const { caller, target, tool, input } = call
    // The shortest of the needs' times, from now by the database's clock, which is the judge of it later.
    const { rows } = await pool.query<{ at: Date }>(
      "select date_trunc('milliseconds', clock_timestamp()) + $1::float8 * interval '1 ms' as at",
      [Math.min(...needs.map(({ withinMs }) => withinMs))],
    )
    const expiresAt = rows[0]?.at
    if (!expiresAt) throw new GateError('AUDIT_UNAVAILABLE', 'The store gave no time.')
    const facts = call.facts.names
    const sealed = seal(
      call.id,
      {
        tool,
        target: target.name,
        targetIdentity,
        input,
        iss: caller.iss,
        sub: caller.sub,
        client: caller.client,
      },
      decisive({
        iss: caller.iss,
        sub: caller.sub,
        client: caller.client,
        groups: [...caller.groups],
        tool,
        target: target.name,
        target_identity: targetIdentity,
        effect: call.facts.effect,
        facts,
        needs: needs.map((need) => ({ ...need, groups: [...need.groups] })),
        rules: [...rules],
        masking: [...masking],
        view,
        expires_at: expiresAt,
      }),
      keys,
    )
    return {
      expiresAt,
      claim: {
        sql: `with made as (insert into countersign.approval (call_id, state, digest, iss, sub, client, groups, tool, target, target_identity,
            effect, facts, needs, rules, masking, view, sealed_input, sealed_key, requested_at, expires_at)
          values ($1, 'requested', $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $11::jsonb, $12::jsonb, $13::jsonb, $14::jsonb, $15::jsonb, $16, $17, clock_timestamp(), $18)
          on conflict do nothing returning call_id)
          select call_id, pg_notify('${channel}', call_id::text) from made`,
        values: [
          call.id,
          sealed.digest,
          caller.iss,
          caller.sub,
          caller.client,
          JSON.stringify(caller.groups),
          tool,
          target.name,
          targetIdentity,
          call.facts.effect,
          JSON.stringify(facts),
          JSON.stringify(needText(needs)),
          JSON.stringify(rules),
          JSON.stringify(masking),
          viewText({ ...view }),
          sealed.input,
          sealed.key,
          expiresAt,
        ],
      },
    }
  }
