/** What the path of a call needs from the other rooms, and what it offers to the transports. serve.ts fills it. */
import type { Code, GateError } from '../errors.ts'
import type {
  Approvals,
  Caller,
  Claim,
  Effect,
  Family,
  Guard,
  Json,
  Log,
  Masked,
  Masker,
  Receipt,
  Target,
  TargetKind,
  Tool,
  ToolAnnotations,
  Vault,
  Verdict,
} from '../types.ts'

export interface Request {
  readonly caller: Caller
  readonly tool: string
  readonly args: unknown
  /** Length of the arguments as they came, in bytes; `args` is undefined when they were too long to be read. */
  readonly rawBytes: number
  /** Aborts when the client is gone or cancels. */
  readonly signal: AbortSignal
  readonly progress?: (text: string) => void
}

export interface Reply {
  readonly callId: string
  /** `running` or `pending_approval`: the end of the call is still to be told, so nothing was delivered. */
  readonly open?: true
  readonly isError: boolean
  /** The whole structured result as JSON text, masked, in the bytes that the log holds. */
  readonly json: Masked<string>
}

export interface ToolListing {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly inputSchema: Json
  readonly outputSchema: Json
  readonly annotations: ToolAnnotations
}

export interface Gateway {
  list(caller: Caller): Promise<readonly ToolListing[]>
  handle(request: Request): Promise<Reply>
  /** The transport has written the reply: the call is no longer one that a repetition attaches to. */
  delivered(callId: string): void
  /** Calls in flight; for draining and for idle exit. */
  inFlight(): number
  /** Resolves when nothing is in flight any more, or after `ms`. */
  drain(ms: number): Promise<void>
}

/** How a recorded call ended, read back from the log. */
export type Outcome =
  | { readonly kind: 'open'; readonly live: boolean }
  | {
      readonly kind: 'done'
      readonly ok: boolean
      /** The masked output (ok) or refusal object (not ok) that the terminal event holds; undefined when it was erased. */
      readonly json: Masked<string> | undefined
      readonly receipt: Receipt
      readonly code: Code | 'OK'
    }

export type Denial = Verdict & { readonly kind: 'deny' }

export interface Ports {
  readonly tools: ReadonlyMap<string, Tool>
  readonly families: ReadonlyMap<TargetKind, Family>
  readonly targets: ReadonlyMap<string, Target>
  readonly guards: readonly Guard[]
  /** The denial of whatever this caller asks of this target now; known before the target is asked anything. */
  readonly paused?: (caller: Caller, target: Target) => Denial | undefined
  /** Could any policy ever let this caller use this tool on this target? No false negatives. */
  mayEver(caller: Caller, tool: string, target: Target): boolean
  /** For `targets`: `allow`, `hold` or undefined for each effect, by grant, before facts are known. */
  modes?(
    caller: Caller,
    tool: string,
    target: Target,
  ): Readonly<Partial<Record<Effect, 'allow' | 'hold'>>>
  readonly masker: Masker
  readonly vault: Vault
  readonly approvals: Approvals
  readonly log: Log
  /** How a call ended, as the log has it; only this caller's own (issuer, subject, client). */
  outcome(callId: string, caller: Caller): Promise<Outcome | undefined>
  readonly once: Once
  /** The gateway's own identity, for calls that it makes for itself (catalogue, preview). */
  readonly self: Caller
  readonly waitMs: number
  /** Tells the operator: a masked line on stderr. */
  report(error: GateError, context: Readonly<Record<string, string>>): void
  /** A terminal event that could not be written: kept and written when the log is back, or spooled when this process is fenced. */
  later(entry: Parameters<Log['append']>[0][number]): void
  /** Counts a call against its caller's budget. */
  readonly spend?: (caller: Caller) => void
  readonly measure?: (call: Measured) => void
}

export interface Measured {
  readonly tool: string
  readonly isError: boolean
  readonly ms: number
}

/** Keys under which a call runs at most once, over all gateways of a store. */
export interface Once {
  /** Takes the key for a call with this input, or says which call has it and whether its input was the same. */
  take(
    key: Buffer,
    digest: Buffer,
    callId: string,
  ): Promise<
    | { readonly taken: true }
    | { readonly taken: false; readonly callId: string; readonly sameInput: boolean }
  >
  /** Gives a key whose call left no trace (its gateway died before the first event) to another call; false when somebody was faster. */
  replace(key: Buffer, before: string, callId: string): Promise<boolean>
  /** A claim that takes the key together with the intent. */
  claim(key: Buffer, digest: Buffer, callId: string): Claim
  holder(key: Buffer): Promise<string | undefined>
  release(key: Buffer, callId: string): Promise<void>
  /** Keyed hash, so that the table tells nothing of inputs. */
  hash(...parts: readonly string[]): Buffer
}

export type Finished =
  | { readonly ok: true; readonly json: Masked<string>; readonly receipt: Receipt }
  | { readonly ok: false; readonly error: GateError; readonly receipt?: Receipt }

/** A call under way in this process. */
export interface Running {
  readonly callId: string
  readonly owner: string
  readonly key: string
  readonly effect: Effect
  readonly done: Promise<Finished>
  /** Nobody waits any more; `abort` tells the run. */
  waiters: number
  abort(): void
}
