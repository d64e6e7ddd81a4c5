/** A person's answer: checked, proven, and recorded together with the change of state that it makes. */
import { ClaimLost, GateError } from '../errors.ts'
import type { Approval, Caller } from '../types.ts'
import { eligible, met } from './judge.ts'
import { opened } from './open.ts'
import { type ApprovalsOptions, actorOf, channel } from './ports.ts'
import type { Rows } from './query.ts'
import { approvalOf, type Row, samePerson, statement } from './row.ts'

/** Two people may answer at the same time; the later one looks again. */
const tries = 5

export const answerWith =
  (options: ApprovalsOptions, one: Rows['one']) =>
  async (
    callId: string,
    by: Caller,
    decision: 'approve' | 'reject',
    comment?: string,
  ): Promise<Approval> => {
    for (let n = 0; n < tries; n++) {
      const found = await one(callId)
      refuseAnswer(found, by)
      // What this person saw is what is stored, and what is stored is what was asked.
      opened(found, options.keys)
      if (await record(options, found, by, decision, comment)) {
        const after = await one(callId)
        if (after) return approvalOf(after)
      }
    }
    throw new GateError(
      'APPROVAL_MISMATCH',
      'This approval changed while it was answered; look at it again.',
      { retry: true },
    )
  }

/**
 * Whether what made the call holds the token of the answer as well: whoever acted in it (the outermost actor, else the client)
 * stands in the answer's chain. Where neither token names a client, the caller's own can't be told from her agent's.
 */
const isSameHand = (found: Row, by: Caller): boolean => {
  if (by.client === '') return found.client === '' && by.auth === 'oidc' && samePerson(found, by)
  const called = found.client.split(' ')
  const acted = called.find((part) => part.startsWith('act:')) ?? called[0] ?? ''
  const nameOf = (part: string): string => part.replace(/^act:/, '')
  return by.client.split(' ').map(nameOf).includes(nameOf(acted))
}

/** Why this person can't answer. */
function refuseAnswer(found: Row | undefined, by: Caller): asserts found is Row {
  // The local principal and the gateway itself never answer: the agent may hold their channel.
  if (by.auth === 'local' || by.auth === 'gateway')
    throw new GateError(
      'NOT_ALLOWED',
      'The local principal never approves: an approver proves to be one by a passphrase or a sign-in.',
    )
  if (by.via === 'stdio' || by.via === 'socket')
    throw new GateError('NOT_ALLOWED', "An agent's channel carries no answers.")
  if (!found)
    throw new GateError('INPUT_REFUSED', 'There is no held call with this id.', {
      hint: '`countersign approvals list` shows what waits.',
    })
  // A token that the agent's own client holds is the agent's, whoever's name is in it.
  if (isSameHand(found, by))
    throw new GateError('NOT_ALLOWED', "The client that made the call can't answer for a person.", {
      hint: 'Sign in with another client: the command line, or the console.',
    })
  if (found.over || found.state === 'expired')
    throw new GateError('APPROVAL_EXPIRED', 'This request has expired.')
  if (found.state !== 'requested')
    throw new GateError('APPROVAL_MISMATCH', `This request is ${found.state} already.`)
  if (!found.needs.some((need) => eligible(need, found, by))) {
    if (samePerson(found, by))
      throw new GateError('NOT_ALLOWED', "One's own call is approved by somebody else.")
    const groups = [...new Set(found.needs.flatMap((need) => need.groups))]
    throw new GateError(
      'NOT_ALLOWED',
      `This request is answered by people of: ${groups.join(', ')}.`,
    )
  }
  if (found.answers.some((given) => samePerson(given, by)))
    throw new GateError('NOT_ALLOWED', 'You have answered this request already.')
}

const record = async (
  { log, mask, proofs }: ApprovalsOptions,
  found: Row,
  by: Caller,
  decision: 'approve' | 'reject',
  said = '',
): Promise<boolean> => {
  const comment = mask(said)
  const self = samePerson(found, by)
  const proof = proofs.sign(by, statement(found, by, decision, self))
  const answers = [...found.answers, { iss: by.iss, sub: by.sub, groups: [...by.groups], decision }]
  const next = decision === 'reject' ? 'rejected' : met(found, answers) ? 'approved' : 'requested'
  try {
    await log.append(
      [
        {
          ...actorOf(by),
          type: decision === 'approve' ? 'approval.granted' : 'approval.rejected',
          callId: found.call_id,
          tool: found.tool,
          target: found.target,
          targetIdentity: found.target_identity,
          effect: found.effect,
          approval: { state: next, ...(self ? { self: 'true' } : {}) },
          ...(comment === '' ? {} : { parts: [{ kind: 'input', bytes: comment }] }),
        },
      ],
      {
        // Every answer updates the row, so an answer that was given meanwhile has changed its version (the system column xmin)
        // and makes this one look again. A count of answers would not do: a statement that waited for the row's lock still
        // sees the other table as it was before.
        sql: `with found as (select call_id from countersign.approval a where call_id = $1 and state = 'requested' and expires_at > clock_timestamp()
              and a.xmin::text = $9 for update),
            given as (insert into countersign.approval_answer (call_id, iss, sub, groups, decision, comment, self, proof, at)
              select call_id, $2, $3, $4::jsonb, $5, $6, $7, $8, clock_timestamp() from found on conflict do nothing returning call_id),
            moved as (update countersign.approval set state = $10::text,
                ended_at = case when $10::text = 'rejected' then clock_timestamp() end,
                sealed_input = case when $10::text = 'rejected' then null else sealed_input end,
                sealed_key = case when $10::text = 'rejected' then null else sealed_key end
              where call_id in (select call_id from given) returning call_id)
          select call_id, pg_notify('${channel}', call_id::text) from moved`,
        values: [
          found.call_id,
          by.iss,
          by.sub,
          JSON.stringify(by.groups),
          decision,
          comment,
          self,
          proof,
          found.version,
          next,
        ],
      },
    )
    return true
  } catch (thrown) {
    if (thrown instanceof ClaimLost) return false
    throw thrown
  }
}
