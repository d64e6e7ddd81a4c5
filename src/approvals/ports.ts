/** What approvals need from the other rooms, and the two things that each of their steps says alike. */
import type { Caller, Entry, KeyWrap, Log, Masked } from '../types.ts'
import type { Queryable } from './query.ts'

/** Makes and checks the proof of an answer; identity and vault are behind it. */
export interface Proofs {
  /** Throws NOT_ALLOWED when this caller has no way to prove an answer. */
  sign(by: Caller, statement: string): string
  verify(
    by: { readonly iss: string; readonly sub: string },
    statement: string,
    proof: string,
  ): boolean
}

export interface ApprovalsOptions {
  readonly pool: Queryable
  readonly log: Log
  readonly keys: KeyWrap
  readonly proofs: Proofs
  /** What people write beside their answers is masked like everything else. */
  mask(text: string): Masked<string>
  /** NOTIFY of the channel; '' when notices may have been missed. */
  listen(channel: string, heard: (payload: string) => void): Promise<() => Promise<void>>
  /** Groups of a person as known now, for local approvers; undefined when it is not known here. */
  groupsNow?(iss: string, sub: string): readonly string[] | 'gone' | undefined
  /** The gateway's own identity, for what nobody did (expiry). */
  readonly self: Caller
}

export const channel = 'countersign_approval'

export const actorOf = (by: Caller): Pick<Entry, 'actor' | 'origin'> => ({
  actor: { iss: by.iss, sub: by.sub, client: by.client, groups: by.groups },
  origin: { via: by.via, session: by.session, auth: by.auth },
})
