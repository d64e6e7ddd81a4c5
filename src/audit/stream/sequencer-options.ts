/** What a sequencer is given: its bounds, its stream, and whom it tells. */
import pg from 'pg'
import { GateError } from '../../errors.ts'
import type { Receipt } from '../../types.ts'
import type { Position } from './batch.ts'
import type { Clock, Timekeeper } from './clock.ts'
import type { StreamFrame } from './header.ts'
import type { Item } from './item.ts'
import type { Link } from './link.ts'
import type { Batching, QueueLimits } from './queue.ts'

export interface SequencerLimits {
  readonly queue: QueueLimits
  readonly batch: Batching
  /** From the first try to the answer AUDIT_UNAVAILABLE. */
  readonly commitMs: number
  /** One statement; then its connection is destroyed. */
  readonly statementMs: number
  readonly leaseMs: number
}

export const sequencerLimits: SequencerLimits = {
  queue: { entries: 4096, bytes: 64 * 1024 * 1024 },
  batch: { entries: 256, bytes: 8 * 1024 * 1024 },
  commitMs: 5000,
  statementMs: 2000,
  leaseMs: 15_000,
}

export interface SequencerOptions {
  readonly connect: (timeoutMs: number) => Promise<Link>
  readonly frame: StreamFrame
  readonly position: Position
  readonly clock: Clock
  readonly time: Timekeeper
  readonly limits: SequencerLimits
  /** The stream's own event about a jump of the wall clock. */
  readonly jumpItem: (movedMs: number) => Item
  /** Durable. `late`: after its caller was told otherwise, and not something that outlives the caller. */
  readonly onLanded: (item: Item, receipts: readonly Receipt[], late: boolean) => void
  /** Another owns the stream. Called once. */
  readonly onFenced: (reason: string) => void
  /** The item's data is refused by the store; its caller has been told. */
  readonly onRefused: (item: Item) => void
  /** What happened and will not be recorded by this stream any more. */
  readonly onStranded: (items: readonly Item[]) => void
  /** For the operator: the store fails, or does no more. */
  readonly onHealth: (fault: Error | undefined) => void
}

export const unavailable = (message: string, cause?: unknown): GateError =>
  new GateError('AUDIT_UNAVAILABLE', message, { retry: true, cause })

/** The data itself is refused (class 22, limits 54, a second end of one intent): trying again can't help. */
export const isPoison = (thrown: unknown): boolean =>
  thrown instanceof RangeError ||
  (thrown instanceof pg.DatabaseError &&
    (/^(22|54)/.test(thrown.code ?? '') || thrown.constraint === 'event_terminal'))
