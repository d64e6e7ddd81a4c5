/** Approvals: what held calls wait for. */
import type { Call } from './call.ts'
import type { Caller } from './caller.ts'
import type { Json } from './json.ts'
import type { Claim } from './log.ts'
import type { Masked } from './masked.ts'
import type { Effect } from './target.ts'
import type { MaskProfile, Need } from './verdict.ts'

export type ApprovalState =
  | 'requested'
  | 'approved'
  | 'rejected'
  | 'expired'
  | 'cancelled'
  | 'spent'
export interface HeldCall {
  readonly call: Call
  readonly targetIdentity: string
  readonly needs: readonly Need[]
  readonly rules: readonly string[]
  readonly masking: MaskProfile
  /** Masked: what approvers see of the input, the facts and the preview. */
  readonly view: {
    readonly input: Masked<Json>
    readonly facts: Json
    readonly preview: Masked<Json>
    readonly reason: Masked<string>
  }
}
export interface Approval {
  readonly callId: string
  readonly state: ApprovalState
  readonly tool: string
  readonly target: string
  readonly targetIdentity: string
  readonly effect: Effect
  readonly caller: {
    readonly iss: string
    readonly sub: string
    readonly client: string
    readonly groups: readonly string[]
  }
  readonly needs: readonly Need[]
  readonly rules: readonly string[]
  readonly view: HeldCall['view']
  readonly answers: readonly {
    readonly iss: string
    readonly sub: string
    readonly groups: readonly string[]
    readonly decision: 'approve' | 'reject'
    readonly at: Date
    readonly self: boolean
  }[]
  readonly requestedAt: Date
  readonly expiresAt: Date
}
export interface Approvals {
  /** Seals the input. The claim inserts the row (and NOTIFYs); append it with `approval.requested`. */
  request(held: HeldCall): Promise<{ readonly claim: Claim; readonly expiresAt: Date }>
  /** Undefined when there is none, or it is not this caller's (iss, sub and client must be equal) where a caller is given. */
  get(callId: string, caller?: Caller): Promise<Approval | undefined>
  list(filter?: { readonly states?: readonly ApprovalState[] }): Promise<readonly Approval[]>
  /** Records approval.granted / approval.rejected with the answer in one transaction; throws NOT_ALLOWED, APPROVAL_EXPIRED, APPROVAL_MISMATCH with words that help. */
  answer(
    callId: string,
    approver: Caller,
    decision: 'approve' | 'reject',
    comment?: string,
  ): Promise<Approval>
  cancel(callId: string, by: Caller): Promise<void>
  /** Resolves on any change of state, or after `ms` with the state as it is; by LISTEN/NOTIFY and by polling. */
  wait(callId: string, ms: number, signal: AbortSignal): Promise<Approval | undefined>
  /** Opens the sealed input and checks the digest against caller, tool and target identity (APPROVAL_MISMATCH); checks groups, quorum and expiry again. The claim spends it: append it with the intent. */
  spend(
    callId: string,
    caller: Caller,
    target: { readonly name: string; readonly identity: string },
  ): Promise<{
    readonly input: unknown
    readonly claim: Claim
    readonly requested: string
    readonly by: readonly string[]
    readonly self: boolean
  }>
  /** A held call of this caller with the same digest that is not finished; for the same call sent again. */
  same(
    caller: Caller,
    tool: string,
    targetIdentity: string,
    input: unknown,
  ): Promise<Approval | undefined>
  /** Expires what is over, destroys keys of what ended; idempotent, run every few seconds. */
  sweep(): Promise<void>
}
