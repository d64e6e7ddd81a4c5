/** The vocabulary of the gateway, and nothing else: no code runs here. Words as in docs/design.md. */
import type { z } from 'zod'

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [k: string]: Json }
export type Fields = Readonly<Record<string, Json>>

/** Ordered: read < write < admin. */
export type Effect = 'read' | 'write' | 'admin'

// ---------------------------------------------------------------- who

declare const verified: unique symbol
/** The verified person or machine behind a request. Only `identity/caller.ts` makes one. */
export interface Caller {
  readonly [verified]: true
  readonly iss: string
  readonly sub: string
  /** Verified client acting for the person (`client_id` / `act`), or '' when there is none. */
  readonly client: string
  readonly groups: readonly string[]
  readonly via: 'http' | 'socket' | 'stdio' | 'cli' | 'console' | 'gateway'
  readonly auth: 'oidc' | 'local' | 'passphrase' | 'saml' | 'gateway'
  /** Id of the MCP session or sign-in; a stable id, no secret. */
  readonly session: string
  /** Unhashed detail (address, what the agent says of itself): goes into an encrypted payload part only. */
  readonly origin: Fields
}

// ---------------------------------------------------------------- what

export interface Limits {
  readonly rows: number
  /** Bytes of masked output that one call may return. */
  readonly bytes: number
  readonly cellBytes: number
  /** Wall time of one run. */
  readonly seconds: number
  readonly connectMs: number
  readonly lockMs: number
  /** Runs at once on this target; more wait in a bounded, fair queue. */
  readonly concurrency: number
}

interface TargetCommon {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** purpose (`read`, `write`, `run`) -> name of a credential */
  readonly credentials: Readonly<Record<string, string>>
  readonly limits: Limits
}
export type ColumnAction = 'redact' | 'partial' | 'token' | 'pass'
export interface PostgresTarget extends TargetCommon {
  readonly kind: 'postgres'
  readonly host: string
  readonly port: number
  readonly database: string
  readonly tls: 'disable' | 'require' | 'verify'
  /** PEM of the authority for `verify`. */
  readonly ca?: string
  readonly allowSuperuser: boolean
  /** `table.column` or `schema.table.column` (schema `public` unless told) -> action */
  readonly columns: Readonly<Record<string, ColumnAction>>
  /** Tables that nobody reads or writes, however reached: `table` or `schema.table`. */
  readonly denyTables: readonly string[]
}
export interface KubernetesTarget extends TargetCommon {
  readonly kind: 'kubernetes'
  /** Text of the kubeconfig, already read; exec plugins in it are refused. */
  readonly kubeconfig: string
  readonly context?: string
  readonly namespaces?: readonly string[]
  readonly impersonate: boolean
}
export interface SshTarget extends TargetCommon {
  readonly kind: 'ssh'
  readonly host: string
  readonly port: number
  readonly user: string
  /** `SHA256:...` fingerprints; one must match. */
  readonly hostKeys: readonly string[]
  readonly shell: 'sh' | 'bash'
  readonly path: string
  readonly home?: string
  readonly roots: readonly string[]
  readonly sensitive: readonly string[]
  /** The admin's additions to the grammar of programs; parsed by tools/shell. */
  readonly programs: Fields
  /** The account has a forced command: no environment wrapper. */
  readonly forcedCommand: boolean
}
export interface HttpRoute {
  readonly method: string
  readonly path: string
  readonly effect?: Effect
  readonly query?: readonly string[]
  readonly headers?: readonly string[]
}
export interface HttpTarget extends TargetCommon {
  readonly kind: 'http'
  readonly baseUrl: string
  /** CIDR ranges that answers may lie in beyond the public internet. */
  readonly addresses: readonly string[]
  readonly routes: readonly HttpRoute[]
  readonly inject: Fields
  readonly ca?: string
}
export type Target = PostgresTarget | KubernetesTarget | SshTarget | HttpTarget
export type TargetKind = Target['kind']

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

// ---------------------------------------------------------------- tools

/** A secret that prints, inspects and serialises as `[credential]`; `reveal()` is the only way in. Made by `vault/`. */
export interface Credential {
  readonly name: string
  /** Changes when the secret changes; safe to use as a pool key (keyed hash, not the secret). */
  readonly version: string
  /** `username`, `password`, `privateKey`, `token` ... */
  reveal(): Readonly<Record<string, string>>
}

export interface Session<T extends Target = Target> {
  readonly callId: string
  readonly target: T
  readonly credential: Credential
  readonly limits: Limits
  readonly signal: AbortSignal
  readonly caller: Pick<Caller, 'iss' | 'sub' | 'groups'>
  /** Durable `call.prepared` before the effect is final (SQL: the transaction id before COMMIT). Throws when it can't be recorded: then roll back. */
  prepared(detail: Readonly<Record<string, string>>): Promise<void>
}

/** What facts may know of a target beyond the input. Filled by the gateway's own recorded calls, cached. */
export interface Look<T extends Target = Target> {
  readonly target: T
  /** The tool family's `describe()` of this target, cached. `fresh` asks again (rate limited). */
  catalogue<C>(options?: { fresh?: boolean }): Promise<C>
}

/** Where a result column comes from. `undefined` on a column: not provable, so column rules withhold it. */
export interface ColumnSource {
  readonly schema: string
  readonly table: string
  readonly column: string
}
export interface Column {
  readonly name: string
  /** How the cell's text becomes JSON: `number` and `boolean` and `json` as they are (checked), all else a string. */
  readonly as: 'text' | 'number' | 'boolean' | 'json' | 'binary'
  readonly type: string
  /** Every table column that this one is computed from ([] for constants and count(*)); undefined when not provable. */
  readonly from: readonly ColumnSource[] | undefined
  /** True when the cell is the one table column itself, unchanged (RowDescription names its table and number). Without it, `token` and `partial` withhold. */
  readonly direct?: boolean
}

/** One piece of a process's output, time since its start. */
export interface Chunk {
  readonly stream: 'stdout' | 'stderr'
  readonly bytes: Uint8Array
  readonly atMs: number
}

/** What a run gives back, unmasked; it leaves the gateway only through `masking/`. */
export type Output = {
  /** Secret values that the run came to know and that its output must not show (Kubernetes Secrets). */
  readonly known?: readonly string[]
} & (
  | {
      readonly kind: 'table'
      readonly columns: readonly Column[]
      /** Cells as PostgreSQL's text form, row by row. */
      readonly rows: readonly (readonly (string | null)[])[]
      readonly truncated: boolean
      /** Further fields beside columns, rows, truncated (`command`, `affected`, `notices` ...). */
      readonly fields?: Fields
    }
  | {
      readonly kind: 'process'
      readonly chunks: readonly Chunk[]
      readonly truncated: boolean
      /** `exit_code`, `signal`, `duration_ms` ... */
      readonly fields: Fields
    }
  /** Text documents (YAML, file contents, bodies) under their field names, and plain fields. */
  | { readonly kind: 'fields'; readonly fields: Fields; readonly truncated?: boolean }
)

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

// ---------------------------------------------------------------- decisions

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

// ---------------------------------------------------------------- masking

declare const maskedBrand: unique symbol
/** Passed through `masking/`; the only thing that agent, log, console, error, metric and trace take. */
export type Masked<T> = T & { readonly [maskedBrand]: true }

export interface MaskedOutput {
  /** A JSON object as text, no white space, in UTF-8 when encoded: `{"columns":..,"rows":..,"truncated":..}`. Exactly what log and agent get. */
  readonly json: Masked<string>
  /** Bytes of `json` in UTF-8. */
  readonly bytes: number
  readonly rows?: number
  readonly truncated: boolean
  /** Type -> count of what was masked. */
  readonly hits: Readonly<Record<string, number>>
  /** Masked output parts stamped with time, for `replay`; processes only. */
  readonly timeline?: readonly { stream: 'stdout' | 'stderr'; text: Masked<string>; atMs: number }[]
}

export interface Masker {
  /** `sha256:` of the rules in force. */
  readonly rules: string
  /** Throws on failure or past its deadline; then the output is withheld. */
  output(output: Output, context: MaskContext): Promise<MaskedOutput>
  /** Any other text that leaves (inputs, messages, notices): token formats, key names, known values, PII. */
  text(text: string, context: MaskContext): Masked<string>
  fields(value: Json, context: MaskContext): Masked<Json>
}
export interface MaskContext {
  readonly target?: Target
  readonly profile: MaskProfile
  /** Known secret values of this call (leased credentials, Kubernetes Secrets), beside those known process-wide. */
  readonly known: readonly string[]
}

// ---------------------------------------------------------------- the log

export type EventType =
  | 'stream.open'
  | 'stream.close'
  | 'stream.takeover'
  | 'call.received'
  | 'call.refused'
  | 'call.denied'
  | 'approval.requested'
  | 'approval.granted'
  | 'approval.rejected'
  | 'approval.expired'
  | 'approval.cancelled'
  | 'call.intent'
  | 'call.prepared'
  | 'call.result'
  | 'call.error'
  | 'call.unknown'
  | 'call.late'
  | 'policy.published'
  | 'config.loaded'
  | 'secret.set'
  | 'mask.failed'
  | 'access.viewed'
  | 'export.moved'
  | 'retention.erase'
  | 'legal.hold'
  | 'pause.set'
  | 'pause.lifted'
  | 'breakglass.used'
  | 'breakglass.reviewed'
  | 'clock.jump'
  | 'audit.refused'
  | 'notary.rotated'
  | 'log.rebased'

/** One event to be appended. The sequencer adds v, log, stream, epoch, seq, prev, event_id, times and build. */
export interface Entry {
  readonly type: EventType
  readonly callId?: string
  /** Hex leaf of the intent, on `call.prepared` and terminal events. */
  readonly parent?: string
  readonly actor: {
    readonly iss: string
    readonly sub: string
    readonly client: string
    readonly groups: readonly string[]
  }
  readonly origin: {
    readonly via: Caller['via']
    readonly session: string
    readonly auth: Caller['auth']
  }
  readonly tool?: string
  readonly toolDef?: string
  readonly target?: string
  readonly targetIdentity?: string
  readonly effect?: Effect
  readonly facts?: Readonly<Record<string, FactValue>>
  readonly policy?: {
    readonly set: string
    readonly schema: string
    readonly engine: string
    readonly rules: readonly string[]
    readonly decision: Verdict['kind']
    readonly shadow?: readonly string[]
  }
  readonly approval?: Readonly<Record<string, string | readonly string[]>>
  /** Strings and booleans only, numbers as strings. */
  readonly outcome?: Readonly<Record<string, string | boolean>>
  readonly mask?: { readonly rules: string; readonly hits: Readonly<Record<string, number>> }
  /** Anything else, by event type (`config.loaded`: what changed ...): names only. */
  readonly detail?: Readonly<Record<string, string | boolean | readonly string[]>>
  readonly parts?: readonly Part[]
}
export interface Part {
  readonly kind:
    | 'input'
    | 'output'
    | 'timeline'
    | 'decision'
    | 'origin'
    | 'preview'
    | 'error'
    | 'late'
  /** Masked bytes; the sequencer splits parts over 64 KiB, compresses, salts, encrypts. */
  readonly bytes: Uint8Array | Masked<string>
}
export interface Receipt {
  readonly stream: string
  /** Decimal. */
  readonly seq: string
  /** Hex. */
  readonly leaf: string
}

/** SQL that runs in the append's own transaction and must return exactly one row; else the claim is lost and none of its entries is appended. */
export interface Claim {
  readonly sql: string
  readonly values: readonly unknown[]
}

/** The log as the path of a call sees it. */
export interface Log {
  /** Entries of one call, in order, appended together; resolves when durable. Throws AUDIT_UNAVAILABLE; throws `ClaimLost` when the claim is. */
  append(entries: readonly Entry[], claim?: Claim): Promise<readonly Receipt[]>
  /** May a run start now: own lease held, unsigned tail within its limit. Throws AUDIT_UNAVAILABLE. */
  ready(): void
}

// ---------------------------------------------------------------- vault

/** A credential handed to one run, then forgotten and revoked. */
export interface Lease {
  readonly credential: Credential
  /** The secret values in it (8 characters and more), for masking. */
  readonly known: readonly string[]
  end(): Promise<void>
}
export interface Vault {
  /** `name` is a key of the configuration's `credentials`. Throws TARGET_UNREACHABLE (no such secret now) with the cause for the operator. */
  lease(name: string, callId: string): Promise<Lease>
  /** Every secret value that was ever leased by this process, for masking at the logger. */
  known(): readonly string[]
}
/** Wraps data keys under the vault's key (AES-256-GCM); ids let keys be rotated. */
export interface KeyWrap {
  readonly keyId: string
  wrap(plain: Uint8Array, context: string): Buffer
  /** Throws when the key is not there or the bytes were changed. */
  unwrap(wrapped: Uint8Array, context: string): Buffer
}

// ---------------------------------------------------------------- approvals

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
