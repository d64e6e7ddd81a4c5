/** The sequencer's bounded queue. */
import type { Item } from './item.ts'

export interface QueueLimits {
  /** Entries that may wait. */
  readonly entries: number
  readonly bytes: number
}

export interface Batching {
  /** Entries that one commit takes at most, unless a single append brings more. */
  readonly entries: number
  readonly bytes: number
}

export interface Queue {
  readonly length: number
  /** Bytes that wait. */
  readonly bytes: number
  hasRoom(entries: number, bytes: number): boolean
  push(item: Item): void
  /** The next batch, in order; empty when nothing waits. */
  take(batching: Batching): Item[]
  remove(items: ReadonlySet<Item>): void
  drain(): Item[]
}

export const openQueue = (limits: QueueLimits): Queue => {
  let items: Item[] = []
  let entries = 0
  let bytes = 0
  const count = (changed: readonly Item[], sign: 1 | -1): void => {
    for (const { prepared, size } of changed) {
      entries += sign * prepared.length
      bytes += sign * size
    }
  }
  const keep = (kept: Item[], gone: readonly Item[]): void => {
    items = kept
    count(gone, -1)
  }
  return {
    get length() {
      return items.length
    },
    get bytes() {
      return bytes
    },
    hasRoom: (more, size) => entries + more <= limits.entries && bytes + size <= limits.bytes,
    push(item) {
      items.push(item)
      count([item], 1)
    },
    take(batching) {
      let end = 0
      let room = batching.entries
      let space = batching.bytes
      for (const { prepared, size } of items) {
        room -= prepared.length
        space -= size
        if (end > 0 && (room < 0 || space < 0)) break
        end += 1
      }
      const taken = items.slice(0, end)
      keep(items.slice(end), taken)
      return taken
    },
    remove(gone) {
      keep(
        items.filter((item) => !gone.has(item)),
        items.filter((item) => gone.has(item)),
      )
    },
    drain() {
      const all = items
      keep([], all)
      return all
    },
  }
}
