/** The one error class: a closed code and a message in our words for the agent; `cause` is for the operator's log only. */

/** DESIGN section 12. A code is added in docs/design.md first. */
export const codes = [
  'INPUT_REFUSED',
  'SYNTAX_ERROR',
  'NOT_IDENTIFIED',
  'NOT_ALLOWED',
  'APPROVAL_REJECTED',
  'APPROVAL_EXPIRED',
  'APPROVAL_MISMATCH',
  'BUDGET_SPENT',
  'PAUSED',
  'TARGET_UNKNOWN',
  'TARGET_UNREACHABLE',
  'TARGET_FAILED',
  'TIMEOUT',
  'CANCELLED',
  'OUTPUT_WITHHELD',
  'AUDIT_UNAVAILABLE',
  'OUTCOME_UNKNOWN',
  'CONFIG_INVALID',
  'INTERNAL',
] as const

export type Code = (typeof codes)[number]

/** What else a refusal teaches. All of it reaches the agent, so none of it may hold a driver's text or a credential. */
export interface Teaching {
  /** What would be allowed, or the nearest right thing, in one sentence. */
  readonly hint?: string
  /** Ids of the policies or rules that decided. */
  readonly rules?: readonly string[]
  /** Whether the same call can succeed if it is simply sent again. */
  readonly retry?: boolean
  /** Character offset in the input, from 1, for syntax errors. */
  readonly position?: number
  /** SQLSTATE, HTTP status or exit status: a code of the target's, never its text. */
  readonly targetCode?: string
  /** For the operator's log only. */
  readonly cause?: unknown
}

export class GateError extends Error {
  override readonly name = 'GateError'
  readonly code: Code
  readonly teaching: Omit<Teaching, 'cause'>
  constructor(code: Code, message: string, { cause, ...teaching }: Teaching = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.teaching = teaching
  }
}

/** Any thrown thing as a GateError; what is not ours becomes INTERNAL with a fixed text, its detail in `cause`. */
export const asGateError = (thrown: unknown): GateError =>
  thrown instanceof GateError
    ? thrown
    : new GateError('INTERNAL', 'The gateway failed on this call; nothing more is known here.', {
        cause: thrown,
      })

/** A claim (an approval to spend, an idempotency key) was taken by somebody else; nothing was appended. */
export class ClaimLost extends Error {
  override readonly name = 'ClaimLost'
}
