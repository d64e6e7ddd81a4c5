/** Expires what is over, each with its event, and destroys keys of what ended. */
import { ClaimLost } from '../errors.ts'
import type { Approvals } from '../types.ts'
import { type ApprovalsOptions, actorOf, channel } from './ports.ts'
import type { Rows } from './query.ts'

/** Safe on several gateways at once and when it dies half-way: who loses the claim leaves it. */
export const sweepWith =
  ({ log, pool, self }: ApprovalsOptions, many: Rows['many']): Approvals['sweep'] =>
  async () => {
    const open = [
      ...(await many(
        "a.state in ('requested', 'approved') and a.expires_at <= clock_timestamp()",
        [],
      )),
      ...(await many(
        "a.state in ('requested', 'approved') and a.expires_at > clock_timestamp()",
        [],
      )),
    ]
    // `over` by the database's clock, or by ours where that was set back.
    for (const { call_id, tool, target } of open.filter(({ over }) => over)) {
      try {
        await log.append(
          [{ ...actorOf(self), type: 'approval.expired', callId: call_id, tool, target }],
          {
            sql: `with ended as (update countersign.approval set state = 'expired', ended_at = clock_timestamp(), sealed_input = null, sealed_key = null
              where call_id = $1 and state in ('requested', 'approved') returning call_id)
            select call_id, pg_notify('${channel}', call_id::text) from ended`,
            values: [call_id],
          },
        )
      } catch (thrown) {
        if (!(thrown instanceof ClaimLost)) throw thrown
      }
    }
    // What ended by other hands than ours (a restored backup, an operator) must not keep its key either.
    await pool.query(
      "update countersign.approval set sealed_input = null, sealed_key = null where sealed_key is not null and state in ('rejected', 'expired', 'cancelled', 'spent')",
      [],
    )
  }
