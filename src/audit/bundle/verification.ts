/** What the offline verifier is given, and what it says of a bundle or a receipt. */
import type { NoteKey } from '../tree/note.ts'
import type { Decide } from './offline-decisions.ts'

export interface BundleFinding {
  /** Line of the bundle, from 1; 0 when it concerns no one line. */
  readonly line: number
  readonly stream: string
  readonly seq: string
  readonly what: string
}

export interface BundleVerification {
  /** 0 nothing wrong was found, 1 something was changed, 2 the evidence is not complete. */
  readonly exit: 0 | 1 | 2
  readonly kind: 'bundle' | 'receipt'
  readonly log: string
  readonly events: number
  readonly streams: number
  /** Events of the tree that a trusted signature covers. */
  readonly signed: number
  readonly payloads: { readonly checked: number; readonly erased: number }
  readonly approvals: number
  readonly decisions: number
  readonly findings: readonly BundleFinding[]
  readonly wrong: number
  readonly incomplete: readonly string[]
  readonly notChecked: readonly string[]
  readonly ms: number
}

export interface OfflineOptions {
  readonly trusted: readonly NoteKey[]
  /** Notes of anchors that the auditor brings. */
  readonly anchors?: readonly string[]
  /** Left out: decisions are not made again. */
  readonly decide?: Decide
  /** Findings that are kept; more are only counted. */
  readonly keep?: number
  readonly progress?: (events: number) => void
}
