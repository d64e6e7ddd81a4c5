/** What is asked for: a caller, a tool, a target, an input, and the facts found in it. */
import type { Caller } from './caller.ts'
import type { Effect, Target } from './target.ts'

/** Kind of a fact that policy may read; the Cedar schema is generated from these. */
export type FactKind = 'string' | 'strings' | 'boolean' | 'long'
export type FactValue = string | readonly string[] | boolean | number

/** What a tool's parser found. `policy` is what policy judges by, `names` what the log's header may hold (names only, never contents). */
export interface BaseFacts {
  readonly effect: Effect
  readonly policy: Readonly<Record<string, FactValue>>
  readonly names: Readonly<Record<string, FactValue>>
}

export interface Call {
  /** uuidv7 */
  readonly id: string
  readonly at: Date
  readonly caller: Caller
  readonly tool: string
  readonly target: Target
  readonly input: unknown
  readonly facts: BaseFacts
  readonly reason?: string
}
