/** A compact range: the roots of the perfect subtrees that a tree of n leaves is made of, enough to append to it. */
import { EMPTY_ROOT, nodeHash } from './merkle.ts'

/** What of a range can be stored. `hashes`: one for each bit of `size`, the largest subtree first. */
export interface CompactState {
  readonly size: number
  readonly hashes: readonly Buffer[]
}

export interface CompactRange {
  readonly size: number
  append(leaf: Buffer): void
  /** RFC 6962 root of the tree. */
  root(): Buffer
  state(): CompactState
}

const bitsOf = (size: number): number => {
  let bits = 0
  for (let left = size; left > 0; left = Math.floor(left / 2)) bits += left % 2
  return bits
}

/** Goes on from a stored range. Throws RangeError when it can't be one. */
export const openCompact = (from: CompactState = { size: 0, hashes: [] }): CompactRange => {
  if (!Number.isSafeInteger(from.size) || from.size < 0 || bitsOf(from.size) !== from.hashes.length)
    throw new RangeError('no compact range has this size and so many hashes')
  if (from.hashes.some(({ length }) => length !== 32))
    throw new RangeError('a hash of the compact range has not 32 bytes')
  const hashes = [...from.hashes]
  let size = from.size
  return {
    get size() {
      return size
    },
    append(leaf) {
      if (leaf.length !== 32) throw new RangeError('a leaf has not 32 bytes')
      let node = leaf
      for (let left = size; left % 2 === 1; left = Math.floor(left / 2))
        node = nodeHash(hashes.pop() ?? EMPTY_ROOT, node)
      hashes.push(node)
      size += 1
    },
    root() {
      const last = hashes.at(-1)
      if (last === undefined) return EMPTY_ROOT
      return hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last)
    },
    state: () => ({ size, hashes: [...hashes] }),
  }
}
