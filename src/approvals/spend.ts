/** The one use of an approval: opened, checked once more against everything that it was bound to, and claimed. */
import { timingSafeEqual } from 'node:crypto'
import { GateError } from '../errors.ts'
import type { Approvals } from '../types.ts'
import { type ApprovalsOptions, channel } from './approvals.ts'
import { met } from './judge.ts'
import type { Rows } from './query.ts'
import { type Answer, type Row, samePerson, statement } from './row.ts'
import { unseal } from './seal.ts'

const mismatch = (message: string, cause?: unknown): GateError =>
  new GateError('APPROVAL_MISMATCH', message, {
    hint: 'Send the call again to ask for a new approval.',
    ...(cause === undefined ? {} : { cause }),
  })

export const spendWith =
  (options: ApprovalsOptions, one: Rows['one']): Approvals['spend'] =>
  async (callId, caller, target) => {
    const found = await one(callId)
    if (
      !found ||
      found.iss !== caller.iss ||
      found.sub !== caller.sub ||
      found.client !== caller.client
    )
      throw mismatch('There is no such approval of yours.')
    if (found.over)
      throw new GateError(
        'APPROVAL_EXPIRED',
        'The approval has expired before the call was fetched.',
      )
    if (found.state !== 'approved' || !found.sealed_input || !found.sealed_key)
      throw mismatch(`The approval is ${found.state}.`)
    if (found.target !== target.name || found.target_identity !== target.identity)
      throw mismatch(
        'The target is not the one that was approved: another server answers under its name.',
      )
    const opened = open(found, found.sealed_input, found.sealed_key, options)
    const answers = found.answers.filter((given) => proven(given, found, options))
    if (!met(found, answers))
      throw mismatch('The approval is not backed by enough people who may still give it.')
    const by = answers.filter(({ decision }) => decision === 'approve')
    return {
      input: opened,
      claim: {
        sql: `with spent as (update countersign.approval set state = 'spent', ended_at = clock_timestamp(), sealed_input = null, sealed_key = null
            where call_id = $1 and state = 'approved' and expires_at > clock_timestamp() and digest = $2 returning call_id)
          select call_id, pg_notify('${channel}', call_id::text) from spent`,
        values: [callId, found.digest],
      },
      requested: await requestedLeaf(callId, options),
      by: by.map(({ sub }) => sub),
      self: by.some((given) => samePerson(given, found)),
    }
  }

const open = (found: Row, input: Buffer, key: Buffer, { keys }: ApprovalsOptions): unknown => {
  try {
    const opened = unseal(
      found.call_id,
      { input, key },
      {
        tool: found.tool,
        target: found.target,
        targetIdentity: found.target_identity,
        iss: found.iss,
        sub: found.sub,
        client: found.client,
      },
      keys,
    )
    if (
      opened.digest.length === found.digest.length &&
      timingSafeEqual(opened.digest, found.digest)
    )
      return opened.input
  } catch (cause) {
    throw mismatch("What was approved can't be opened any more.", cause)
  }
  throw mismatch('What is stored is not what was approved.')
}

/** An answer counts while its proof holds and its giver is, as far as is known here, still who gave it. */
const proven = (given: Answer, found: Row, { proofs, groupsNow }: ApprovalsOptions): boolean => {
  if (!proofs.verify(given, statement(found, given, given.decision, given.self), given.proof))
    return false
  const now = groupsNow?.(given.iss, given.sub)
  if (now === undefined) return true
  return now !== 'gone' && given.groups.every((group) => now.includes(group))
}

/** Leaf of the `approval.requested` event, which the intent names. */
const requestedLeaf = async (callId: string, { pool }: ApprovalsOptions): Promise<string> => {
  const { rows } = await pool.query<{ leaf: Buffer }>(
    "select leaf from audit.event where call_id = $1 and type = 'approval.requested'",
    [callId],
  )
  const leaf = rows[0]?.leaf
  if (!leaf) throw mismatch('The log has no request for this approval.')
  return leaf.toString('hex')
}
