/** A batch of items hashed onto the head of its stream. */
import type { Receipt } from '../../types.ts'
import type { Timekeeper } from './clock.ts'
import { headerBytes, leafHash, type StreamFrame } from './header.ts'
import type { Item } from './item.ts'

/** Where a stream stands: its last sequence number and that event's leaf. */
export interface Position {
  readonly seq: bigint
  readonly head: Buffer
}

export interface Batch {
  readonly from: Position
  readonly to: Position
  readonly items: readonly Item[]
  /** Receipts by item, in order. */
  readonly receipts: readonly (readonly Receipt[])[]
  readonly headers: readonly Buffer[]
  readonly leaves: readonly Buffer[]
}

export const samePosition = (a: Position, b: Position): boolean =>
  a.seq === b.seq && a.head.equals(b.head)

/** Hashes the items' events, in order and at one time, onto `from`. Throws RangeError if a header can't be made short enough. */
export const buildBatch = (
  items: readonly Item[],
  from: Position,
  frame: StreamFrame,
  time: Timekeeper,
): Batch => {
  const headers: Buffer[] = []
  const leaves: Buffer[] = []
  let { seq, head: prev } = from
  const { tMonoNs, tSrc, tWall } = time.stamp()
  const receipts = items.map((item) =>
    item.prepared.map((draft): Receipt => {
      seq += 1n
      const header = headerBytes(draft, frame, { seq, prev, tWall, tSrc, tMonoNs })
      prev = leafHash(header)
      headers.push(header)
      leaves.push(prev)
      return { stream: frame.stream, seq: String(seq), leaf: prev.toString('hex') }
    }),
  )
  return { from, to: { seq, head: prev }, items, receipts, headers, leaves }
}
