import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { leafHash } from '../../src/audit/stream/header.ts'
import { openCompact } from '../../src/audit/tree/compact.ts'
import {
  consistencyProof,
  EMPTY_ROOT,
  inclusionProof,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../src/audit/tree/merkle.ts'

// The entries, roots and proofs that Certificate Transparency implementations share as test vectors (RFC 6962).
const entries = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
]
const leaves = entries.map((hex) => leafHash(Buffer.from(hex, 'hex')))
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]
const inclusions: readonly [number, number, readonly string[]][] = [
  [0, 1, []],
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    1,
    5,
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
]
const consistencies: readonly [number, number, readonly string[]][] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [
    2,
    5,
    [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
  [
    6,
    7,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
]

const hex = (hashes: readonly Uint8Array[]) => hashes.map((one) => Buffer.from(one).toString('hex'))
const bytes = (hashes: readonly string[]) => hashes.map((one) => Buffer.from(one, 'hex'))
const rootAt = (size: number) => Buffer.from(roots[size - 1] ?? '', 'hex')

test('roots are those of the shared vectors', () => {
  expect(EMPTY_ROOT.toString('hex')).toBe(
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  )
  expect(roots.map((_, at) => rootOf(leaves.slice(0, at + 1)).toString('hex'))).toEqual(roots)
})

test('inclusion proofs are those of the shared vectors, and verify', () => {
  for (const [index, size, proof] of inclusions) {
    expect(hex(inclusionProof(index, leaves.slice(0, size)))).toEqual(proof)
    const leaf = leaves[index] ?? EMPTY_ROOT
    expect(verifyInclusion(index, size, leaf, rootAt(size), bytes(proof))).toBe(true)
  }
})

test('consistency proofs are those of the shared vectors, and verify', () => {
  for (const [old, size, proof] of consistencies) {
    expect(hex(consistencyProof(old, leaves.slice(0, size)))).toEqual(proof)
    expect(verifyConsistency(old, size, rootAt(old), rootAt(size), bytes(proof))).toBe(true)
  }
})

/** As RFC 6962 section 2.1 defines it, with nothing clever. */
const naiveRoot = (of: readonly Buffer[]): Buffer => {
  const sha = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
  if (of.length === 0) return sha()
  const [first] = of
  if (of.length === 1 && first) return first
  let k = 1
  while (k * 2 < of.length) k *= 2
  return sha(Buffer.from([1]), naiveRoot(of.slice(0, k)), naiveRoot(of.slice(k)))
}
const some = (count: number, seed = 0) =>
  Array.from({ length: count }, (_, at) => leafHash(Buffer.from(`${seed}/${at}`)))
const rotated = (hashes: readonly Buffer[]) => [...hashes.slice(1), ...hashes.slice(0, 1)]

test('any tree: roots, proofs and compact ranges agree with the definition', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), fc.nat(), fc.nat(), (size, a, b) => {
      const tree = some(size)
      const root = naiveRoot(tree)
      expect(rootOf(tree)).toEqual(root)
      const old = a % (size + 1)
      const range = openCompact()
      for (const leaf of tree.slice(0, old)) range.append(leaf)
      expect(range.root()).toEqual(naiveRoot(tree.slice(0, old)))
      const again = openCompact(range.state())
      for (const leaf of tree.slice(old)) again.append(leaf)
      expect(again.root()).toEqual(root)
      expect(again.size).toBe(size)
      expect(range.size).toBe(old)
      const proof = consistencyProof(old, tree)
      expect(verifyConsistency(old, size, range.root(), root, proof)).toBe(true)
      if (size === 0) return
      const index = b % size
      const leaf = tree[index] ?? EMPTY_ROOT
      expect(verifyInclusion(index, size, leaf, root, inclusionProof(index, tree))).toBe(true)
    }),
    { numRuns: 300 },
  )
})

test('nothing that was changed verifies', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 120 }), fc.nat(), fc.nat(), fc.nat(), (size, a, b, c) => {
      const tree = some(size)
      const root = rootOf(tree)
      const index = a % size
      const leaf = tree[index] ?? EMPTY_ROOT
      const path = inclusionProof(index, tree)
      const flipped = (hashes: readonly Buffer[]) =>
        hashes.map((one, at) => {
          if (at !== b % hashes.length) return one
          const copy = Buffer.from(one)
          copy[c % 32] = (copy[c % 32] ?? 0) ^ (1 << (c % 8))
          return copy
        })
      const other = leafHash(Buffer.from('other'))
      expect(verifyInclusion(index, size, leaf, root, flipped(path))).toBe(false)
      expect(verifyInclusion(index, size, other, root, path)).toBe(false)
      expect(verifyInclusion(index, size, leaf, other, path)).toBe(false)
      expect(verifyInclusion(index, size, leaf, root, path.slice(1))).toBe(false)
      expect(verifyInclusion(index, size, leaf, root, [...path, other])).toBe(false)
      expect(verifyInclusion((index + 1) % size, size, leaf, root, path)).toBe(false)
      expect(verifyInclusion(index, size * 2, leaf, root, path)).toBe(false)
      const old = 1 + (b % (size - 1))
      const oldRoot = rootOf(tree.slice(0, old))
      const proof = consistencyProof(old, tree)
      expect(verifyConsistency(old, size, oldRoot, root, flipped(proof))).toBe(false)
      expect(verifyConsistency(old, size, other, root, proof)).toBe(false)
      expect(verifyConsistency(old, size, oldRoot, other, proof)).toBe(false)
      expect(verifyConsistency(old, size, root, oldRoot, proof)).toBe(false)
      expect(verifyConsistency(old, size, oldRoot, root, proof.slice(1))).toBe(false)
      expect(verifyConsistency(old, size, oldRoot, root, [...proof, root])).toBe(false)
      if (proof.length > 1)
        expect(verifyConsistency(old, size, oldRoot, root, rotated(proof))).toBe(false)
      const forked = [...tree.slice(0, old - 1), other, ...tree.slice(old)]
      const forkedProof = consistencyProof(old, forked)
      expect(verifyConsistency(old, size, oldRoot, rootOf(forked), forkedProof)).toBe(false)
    }),
    { numRuns: 300 },
  )
})

test('sizes and hashes that can not be are refused and never crash', () => {
  const [leaf = EMPTY_ROOT] = leaves
  for (const index of [-1, 1, 1.5, Number.NaN, 2 ** 53])
    expect(verifyInclusion(index, 1, leaf, leaf, [])).toBe(false)
  expect(verifyInclusion(0, 1, leaf, Buffer.alloc(0), [])).toBe(false)
  expect(verifyInclusion(0, 1, Buffer.alloc(0), Buffer.alloc(0), [])).toBe(false)
  expect(verifyConsistency(2, 1, leaf, leaf, [])).toBe(false)
  expect(verifyConsistency(0, 1, leaf, leaf, [])).toBe(false)
  expect(verifyConsistency(1, 2, leaf, leaf, [])).toBe(false)
  expect(() => openCompact({ size: 3, hashes: [leaf] })).toThrow(RangeError)
  expect(() => openCompact({ size: -1, hashes: [] })).toThrow(RangeError)
  expect(() => openCompact({ size: 1, hashes: [Buffer.alloc(31)] })).toThrow(RangeError)
  expect(() => openCompact().append(Buffer.alloc(33))).toThrow(RangeError)
})

test('sizes beyond 32 bits keep their proofs apart', () => {
  const size = 2 ** 40 + 3
  const proof = some(41)
  expect(verifyInclusion(2 ** 40 + 1, size, proof[0] ?? EMPTY_ROOT, EMPTY_ROOT, proof)).toBe(false)
  const range = openCompact({ size: 2 ** 40, hashes: some(1) })
  range.append(some(2)[1] ?? EMPTY_ROOT)
  expect(range.state().hashes).toHaveLength(2)
})
