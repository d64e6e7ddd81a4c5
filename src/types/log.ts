/** The log: events to be appended, and what is got for them. */
import type { FactValue } from './call.ts'
import type { Caller } from './caller.ts'
import type { Masked } from './masked.ts'
import type { Effect } from './target.ts'
import type { Verdict } from './verdict.ts'

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

/** SQL that runs in the append's own transaction and must return exactly one row; else it has changed nothing, the claim is lost and none of its entries is appended. */
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
