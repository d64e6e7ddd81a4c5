/** The one use of an approval: opened, checked once more against everything that it was bound to, and claimed. */
import { ClaimLost, GateError } from '../errors.ts'
import type { Approvals } from '../types.ts'
import { met } from './judge.ts'
import { mismatch, opened } from './open.ts'
import { type ApprovalsOptions, actorOf, channel } from './ports.ts'
import type { Rows } from './query.ts'
import { type Answer, type Row, samePerson, statement } from './row.ts'

export const spendWith =
  (options: ApprovalsOptions, one: Rows['one']): Approvals['spend'] =>
  async (callId, caller, target) => {
    const found = await one(callId)
    if (!found || !samePerson(found, caller) || found.client !== caller.client)
      throw mismatch('There is no such approval of yours.')
    if (found.over || found.state === 'expired')
      throw new GateError(
        'APPROVAL_EXPIRED',
        'The approval has expired before the call was fetched.',
      )
    if (found.state !== 'approved') throw mismatch(`The approval is ${found.state}.`)
    try {
      return await checked(found, target, options)
    } catch (thrown) {
      // It can never be spent: ended here, so that the same call sent again asks anew instead of meeting it again.
      if (thrown instanceof GateError && thrown.code === 'APPROVAL_MISMATCH')
        await withdraw(found, options)
      throw thrown
    }
  }

const checked = async (
  found: Row,
  target: Parameters<Approvals['spend']>[2],
  options: ApprovalsOptions,
): ReturnType<Approvals['spend']> => {
  if (found.target !== target.name || found.target_identity !== target.identity)
    throw mismatch(
      'The target is not the one that was approved: another server answers under its name.',
    )
  const input = opened(found, options.keys)
  const answers = found.answers.flatMap((given) => stillGiven(given, found, options))
  if (answers.some(({ decision }) => decision === 'reject')) throw mismatch('It was rejected.')
  if (!met(found, answers))
    throw mismatch('The approval is not backed by enough people who may still give it.')
  return {
    input,
    claim: {
      // The log is asked too: a row that was put back as it was before its run does not run again.
      sql: `with spent as (update countersign.approval set state = 'spent', ended_at = clock_timestamp(), sealed_input = null, sealed_key = null
            where call_id = $1 and state = 'approved' and expires_at > clock_timestamp() and digest = $2
              and not exists (select from audit.event e where e.call_id = $1 and e.type = 'call.intent') returning call_id)
          select call_id, pg_notify('${channel}', call_id::text) from spent`,
      values: [found.call_id, found.digest],
    },
    requested: await requestedLeaf(found.call_id, options),
    by: answers.map(({ sub }) => sub),
    self: answers.some((given) => samePerson(given, found)),
  }
}

/** An answer as it counts now: its proof holds, and only in groups that its giver, as far as is known here, is still in. */
const stillGiven = (
  given: Answer,
  found: Row,
  { proofs, groupsNow }: ApprovalsOptions,
): readonly Answer[] => {
  if (!proofs.verify(given, statement(found, given, given.decision, given.self), given.proof))
    return []
  const now = groupsNow?.(given.iss, given.sub)
  if (now === undefined) return [given]
  if (now === 'gone') return []
  return [{ ...given, groups: given.groups.filter((group) => now.includes(group)) }]
}

const withdraw = async (found: Row, { log, self }: ApprovalsOptions): Promise<void> => {
  try {
    await log.append(
      [
        {
          ...actorOf(self),
          type: 'approval.cancelled',
          callId: found.call_id,
          tool: found.tool,
          target: found.target,
        },
      ],
      {
        sql: `with ended as (update countersign.approval set state = 'cancelled', ended_at = clock_timestamp(), sealed_input = null, sealed_key = null
              where call_id = $1 and state = 'approved' returning call_id)
            select call_id, pg_notify('${channel}', call_id::text) from ended`,
        values: [found.call_id],
      },
    )
  } catch (thrown) {
    if (!(thrown instanceof ClaimLost)) throw thrown
  }
}

/** Leaf of the `approval.requested` event, which the intent names. */
const requestedLeaf = async (callId: string, { pool }: ApprovalsOptions): Promise<string> => {
  const { rows } = await pool.query<{ leaf: Buffer }>(
    "select leaf from audit.event where call_id = $1 and type = 'approval.requested' order by event_id limit 1",
    [callId],
  )
  const leaf = rows[0]?.leaf
  if (!leaf) throw mismatch('The log has no request for this approval.')
  return leaf.toString('hex')
}
