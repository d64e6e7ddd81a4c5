/** Follows one of the caller's own calls to its end: held, approved, running here or elsewhere, or long over. Behind call_wait and every repetition. */
import { ClaimLost, GateError } from '../errors.ts'
import type { Receipt } from '../types.ts'
import type { Registry } from './attach.ts'
import { approvedStart, endedHeld } from './hold.ts'
import type { Looks } from './look.ts'
import type { Outcome, Ports, Reply } from './ports.ts'
import { okReply, pendingReply, refusal, refusedReply, runningReply } from './reply.ts'
import { answer, startRun } from './run.ts'
import type { Step } from './step.ts'

export interface Following {
  readonly ports: Ports
  readonly looks: Looks
  readonly registry: Registry
  readonly toolDefs: ReadonlyMap<string, string>
  /** Aborts when the gateway drains: nobody is kept waiting for people then. */
  readonly stopping: AbortSignal
}

const pollMs = 200
const progressMs = 10_000

/** Answers within `ms`. Throws GateError when there is no such call of this caller's, or an approved one may not run any more. */
export const follow = async (
  callId: string,
  step: Step,
  ms: number,
  f: Following,
  receipt?: Receipt,
): Promise<Reply> => {
  const { ports, registry } = f
  const { request } = step
  const until = performance.now() + ms
  const gone = AbortSignal.any([request.signal, f.stopping])
  const left = () => (gone.aborted ? 0 : Math.max(0, until - performance.now()))
  const ticking = request.progress
    ? setInterval(() => request.progress?.('Waiting.'), progressMs)
    : undefined
  try {
    for (;;) {
      const running = registry.byId(callId, request.caller)
      if (running) {
        try {
          return await answer(running, request, Math.max(0, until - performance.now()), registry)
        } catch (thrown) {
          if (!(thrown instanceof ClaimLost)) throw thrown
          // Another gateway was faster: its outcome is this call's outcome.
        }
      }
      const approval = await ports.approvals.get(callId, request.caller)
      if (approval?.state === 'requested') {
        if (left() === 0) return pendingReply(callId, receipt, approval)
        await ports.approvals.wait(callId, left(), gone)
        continue
      }
      if (approval?.state === 'approved') {
        try {
          startRun(await approvedStart(approval, step, ports, f.looks, f.toolDefs), ports, registry)
        } catch (thrown) {
          if (await spentMeanwhile(callId, step, ports)) continue
          // What can't be spent any more must not be what the same call attaches to when it is sent again.
          if (thrown instanceof GateError && thrown.code === 'APPROVAL_MISMATCH')
            await ports.approvals.cancel(callId, request.caller).catch(() => undefined)
          throw thrown
        }
        continue
      }
      const ended = approval ? endedHeld(approval) : undefined
      if (ended) return refusedReply(callId, receipt, refusal(ended))
      const outcome = await ports.outcome(callId, request.caller)
      if (outcome?.kind === 'done') return outcomeReply(callId, outcome)
      if (!outcome && !approval)
        throw new GateError('INPUT_REFUSED', 'You have no call with this id.', {
          hint: 'call_wait takes the call_id of one of your own calls that answered pending_approval or running.',
        })
      if (left() === 0) return runningReply(callId)
      await new Promise((resolve) => setTimeout(resolve, Math.min(pollMs, left())))
    }
  } finally {
    clearInterval(ticking)
  }
}

/** A hundred may wait for one approved call: whoever loses the race to spend it follows the winner's run. */
const spentMeanwhile = async (callId: string, step: Step, ports: Ports): Promise<boolean> =>
  (await ports.approvals.get(callId, step.request.caller))?.state === 'spent'

const outcomeReply = (callId: string, outcome: Outcome & { kind: 'done' }): Reply => {
  if (outcome.ok && outcome.json !== undefined)
    return okReply(callId, outcome.receipt, outcome.json)
  if (!outcome.ok && outcome.json !== undefined)
    return refusedReply(callId, outcome.receipt, outcome.json)
  const error =
    outcome.code === 'OK'
      ? new GateError('OUTPUT_WITHHELD', 'The call ran; its output is no longer kept.')
      : outcome.code === 'OUTCOME_UNKNOWN'
        ? new GateError(
            'OUTCOME_UNKNOWN',
            'The gateway that ran this call stopped before its end was known. It may or may not have changed something.',
            { hint: 'Look at the state of the target before you send it again.' },
          )
        : new GateError(outcome.code, 'The call failed; the details are no longer kept.')
  return refusedReply(callId, outcome.receipt, refusal(error))
}
