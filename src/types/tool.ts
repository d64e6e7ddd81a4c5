/** Typed tools and their families: what they declare, and the session that a run gets. */
import type { z } from 'zod'
import type { BaseFacts, FactKind } from './call.ts'
import type { Caller } from './caller.ts'
import type { Fields, Json } from './json.ts'
import type { Output } from './output.ts'
import type { Effect, Limits, Target } from './target.ts'
import type { Credential } from './vault.ts'

export interface Session<T extends Target = Target> {
  readonly callId: string
  readonly target: T
  readonly credential: Credential
  readonly limits: Limits
  readonly signal: AbortSignal
  readonly caller: Pick<Caller, 'iss' | 'sub' | 'groups'>
  /** Of an approved call: the preview that its approvers saw, masked. A tool refuses to run on what is no longer that. */
  readonly approved?: Json
  /** Durable `call.prepared` before the effect is final (SQL: the transaction id before COMMIT). Throws when it can't be recorded: then roll back. */
  prepared(detail: Readonly<Record<string, string>>): Promise<void>
}

/** What facts may know of a target beyond the input. Filled by the gateway's own recorded calls, cached. */
export interface Look<T extends Target = Target> {
  readonly target: T
  /** The tool family's `describe()` of this target, cached. `fresh` asks again (rate limited). */
  catalogue<C>(options?: { fresh?: boolean }): Promise<C>
}

/** What an approver sees beside the facts: EXPLAIN, diff. Masked like any output. */
export type Preview = Fields

export interface ToolAnnotations {
  readonly readOnlyHint: boolean
  readonly destructiveHint: boolean
  readonly idempotentHint: boolean
  readonly openWorldHint: boolean
}

/** A typed MCP tool: declares its input, derives facts, runs; knows nothing of policy, vault or log. */
export interface Tool<
  Input extends z.ZodType = z.ZodType,
  Facts extends BaseFacts = BaseFacts,
  T extends Target = Target,
> {
  readonly name: string
  readonly title: string
  readonly description: string
  /** Kind of target it works on. */
  readonly kind: T['kind']
  /** Strict zod object; `target`, `reason?` included. */
  readonly input: Input
  /** Property schemas (JSON Schema) of its result beyond `status`, `call_id`, `receipt`. */
  readonly output: Readonly<Record<string, Json>>
  readonly annotations: ToolAnnotations
  /** Names and kinds of `facts().policy`, for the Cedar schema. */
  readonly factKinds: Readonly<Record<string, FactKind>>
  /** The highest effect the tool can ever have; `read` tools never ask for the write credential. */
  readonly ceiling: Effect
  /** Throws GateError INPUT_REFUSED or SYNTAX_ERROR on what it can't classify. Touches nothing but `look`. */
  facts(input: z.output<Input>, look: Look<T>): Promise<Facts>
  /** Purpose of the credential it runs with: a key of `target.credentials`. */
  credential(facts: Facts): string
  /**
   * The arguments as log and approvers may see them, before masking: secret values that only the tool can find are
   * replaced. Given what nobody has checked yet; what it throws withholds the arguments.
   */
  shown?(args: unknown): unknown
  /** Changes nothing. */
  preview?(input: z.output<Input>, facts: Facts, session: Session<T>): Promise<Preview>
  run(input: z.output<Input>, facts: Facts, session: Session<T>): Promise<Output>
}

/** What a family of tools can tell of a target as a whole; one per kind. */
export interface Family<T extends Target = Target, C = unknown> {
  readonly kind: T['kind']
  /** Identity for the digest and the log (`pg:<system identifier>/<database>`, host key, cluster UID). */
  identify(session: Session<T>): Promise<string>
  /** Catalogue or discovery; what `Look.catalogue()` returns. */
  describe(session: Session<T>): Promise<C>
  /** Ends pooled connections. */
  close(): Promise<void>
}
