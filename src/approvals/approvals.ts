/** The state of approvals: request, answer, seal, spend, expire. State is in the store only; people's answers carry proofs. */
import { ClaimLost, GateError } from '../errors.ts'
import type { Approvals, Caller } from '../types.ts'
import { answerWith } from './answer.ts'
import { intact, isOpen, opened } from './open.ts'
import { type ApprovalsOptions, actorOf, channel } from './ports.ts'
import { rowsOf } from './query.ts'
import { requestWith } from './request.ts'
import { approvalOf } from './row.ts'
import { sameWith } from './same.ts'
import { spendWith } from './spend.ts'
import { sweepWith } from './sweep.ts'
import { waiters } from './wait.ts'

export const openApprovals = async (
  options: ApprovalsOptions,
): Promise<Approvals & { close(): Promise<void> }> => {
  const waiting = await waiters(options)
  const { one, many } = rowsOf(options.pool)
  const own = (
    found: { iss: string; sub: string; client: string },
    caller: Caller | undefined,
  ): boolean =>
    caller === undefined ||
    (found.iss === caller.iss && found.sub === caller.sub && found.client === caller.client)

  const get: Approvals['get'] = async (callId, caller) => {
    const found = await one(callId)
    if (!found || !own(found, caller)) return undefined
    // Nobody is shown, and asked to decide by, what was not asked.
    if (caller === undefined && !found.over && isOpen(found)) opened(found, options.keys)
    return approvalOf(found)
  }
  return {
    get,
    list: async (filter) => {
      const states = filter?.states ?? ['requested', 'approved']
      const found = await many(
        `case when a.state in ('requested', 'approved') and a.expires_at <= clock_timestamp() then 'expired' else a.state end = any($1::text[])`,
        [states],
      )
      return found
        .filter((row) => row.over || intact(row, options.keys))
        .map(approvalOf)
        .filter(({ state }) => states.includes(state))
    },
    request: requestWith(options),
    answer: async (callId, approver, decision, comment) => {
      const answered = await answerWith(options, one)(callId, approver, decision, comment)
      waiting.wake(callId)
      return answered
    },
    cancel: async (callId, by) => {
      const found = await one(callId)
      if (!found || found.iss !== by.iss || found.sub !== by.sub)
        throw new GateError('INPUT_REFUSED', 'You have no held call with this id.')
      try {
        await options.log.append(
          [
            {
              ...actorOf(by),
              type: 'approval.cancelled',
              callId,
              tool: found.tool,
              target: found.target,
            },
          ],
          {
            sql: `with ended as (update countersign.approval set state = 'cancelled', ended_at = clock_timestamp(), sealed_input = null, sealed_key = null
            where call_id = $1 and state in ('requested', 'approved') and iss = $2 and sub = $3 returning call_id)
          select call_id, pg_notify('${channel}', call_id::text) from ended`,
            values: [callId, by.iss, by.sub],
          },
        )
      } catch (thrown) {
        // It has ended meanwhile, by whatever hand: there is nothing to withdraw any more.
        if (!(thrown instanceof ClaimLost)) throw thrown
      }
      waiting.wake(callId)
    },
    wait: async (callId, ms, signal) => {
      await waiting.wait(callId, ms, signal)
      return get(callId)
    },
    spend: spendWith(options, one),
    same: sameWith(options, many),
    sweep: sweepWith(options, many),
    close: waiting.close,
  }
}
