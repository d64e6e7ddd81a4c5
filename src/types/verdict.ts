/** Decisions: what guards answer. */
import type { Call } from './call.ts'

export type MaskProfile = readonly string[]
export interface Need {
  readonly groups: readonly string[]
  readonly quorum: number
  readonly withinMs: number
  readonly self: boolean
}
/** What the log keeps of a decision so that a verifier can make it again. */
export interface DecisionRecord {
  readonly set: string
  readonly schema: string
  readonly engine: string
  readonly shadow?: readonly string[]
  /** The canonical request, as JSON text: becomes the `decision` payload part. */
  readonly request: string
}
export type Verdict = { readonly rules: readonly string[]; readonly record?: DecisionRecord } & (
  | { readonly kind: 'allow'; readonly masking: MaskProfile }
  | { readonly kind: 'hold'; readonly masking: MaskProfile; readonly needs: readonly Need[] }
  | {
      readonly kind: 'deny'
      readonly code?: 'NOT_ALLOWED' | 'PAUSED' | 'BUDGET_SPENT'
      readonly reason: string
      /** What would be allowed. */
      readonly hint?: string
    }
)
/** Returns a verdict or nothing; calls nothing onward, changes nothing, runs nothing. */
export type Guard = (call: Call) => Promise<Verdict | undefined>
