/** What the API needs from the other rooms; serve.ts fills it. */
import type { RefusalKind } from '../identity/refusals.ts'
import type { Approvals, Caller, Fields, Json } from '../types.ts'

/** How a request came: by the socket of the state folder, or by TCP; `direct` says straight from this machine. */
export interface Channel {
  readonly channel: 'socket' | 'tcp'
  readonly direct: boolean
}
export interface ApiEnv {
  Bindings: Channel
}

/** Calls of this caller (subject) or on this target; neither: all calls. */
export interface PauseScope {
  readonly caller?: string | undefined
  readonly target?: string | undefined
}

export interface ApiPorts {
  /** `version`, `config` (hash), `pid`, `ready` and what else helps; no secrets. */
  status(): Promise<Fields>
  ready(): Promise<{ readonly ready: boolean; readonly reason?: string }>
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>
  /** A fresh proof of a person, for one request. Both throw NOT_IDENTIFIED. */
  provePassphrase(subject: string, passphrase: string, origin: Fields): Promise<Caller>
  proveBearer(token: string, origin: Fields): Promise<Caller>
  /** Whether this person may answer, look, set secrets and pause at all; each approval checks its own groups besides. */
  isApprover(caller: Caller): boolean
  readonly approvals: Pick<Approvals, 'list' | 'get' | 'answer'>
  /** The story of a call with its contents; writes `access.viewed` first. */
  showCall(callId: string, by: Caller, reason: string): Promise<Json>
  /** Ids of a session's calls, in order; names only. */
  callsOf(session: string): Promise<readonly string[]>
  readonly secrets: {
    list(by: Caller): Promise<readonly Json[]>
    set(key: string, value: string, by: Caller): Promise<void>
  }
  readonly pauses: {
    list(by: Caller): Promise<readonly Json[]>
    set(scope: PauseScope, by: Caller, reason: string): Promise<void>
    lift(scope: PauseScope, by: Caller): Promise<void>
  }
  /** Each is an event first; what erases rows and lifts holds is another process, as the eraser. */
  readonly erasures: {
    erase(
      of: {
        readonly call?: string | undefined
        readonly caller?: string | undefined
        /** ISO 8601: events before it. */
        readonly before?: string | undefined
        readonly retention?: boolean | undefined
      },
      by: Caller,
      reason: string,
    ): Promise<{ readonly named: number }>
    holds(): Promise<readonly Json[]>
    hold(
      of: {
        readonly call?: string | undefined
        readonly labels?: Readonly<Record<string, string>> | undefined
      },
      by: Caller,
      reason: string,
    ): Promise<string>
    lift(hold: string, by: Caller, reason: string): Promise<string>
  }
  /** Counts a proof that was refused, or was no approver's. */
  refused(kind: RefusalKind): void
  failed(error: unknown): void
}
