import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameReader } from '../../src/tools/sql/wire/frames.ts'
import { Reply } from '../../src/tools/sql/wire/reply.ts'
import { column, done, ready, row } from './fake.ts'

const caps = { rows: 1_000, bytes: 10_000_000, cellBytes: 500 }
const read = (bytes: Buffer, cuts: readonly number[]): Reply => {
  const reply = new Reply(caps)
  const reader = new FrameReader()
  let from = 0
  for (const cut of [...cuts.map((n) => n % bytes.length).sort((a, b) => a - b), bytes.length]) {
    if (cut > from) reader.feed(Buffer.from(bytes.subarray(from, cut)), reply)
    from = Math.max(from, cut)
  }
  return reply
}
const answer = (rows: readonly (readonly (string | null)[])[]): Buffer =>
  Buffer.concat([
    column('a'),
    ...rows.map((cells) => row(...cells)),
    done(`SELECT ${rows.length}`),
    ready(),
  ])

test('an answer is the same however the network cuts it', () => {
  const cell = fc.oneof(
    fc.constant(null),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.string({ maxLength: 5 }),
  )
  fc.assert(
    fc.property(
      fc.array(fc.array(cell, { maxLength: 5 }), { maxLength: 30 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (rows, cuts) => {
        const reply = read(answer(rows), cuts)
        expect(reply.parts[0]?.rows).toEqual(rows)
        expect(reply.parts[0]?.tag).toBe(`SELECT ${rows.length}`)
        expect(reply.status).toBe('I')
      },
    ),
    { numRuns: 500 },
  )
})

test('a row too large to hold gives the same cut cells, wherever it is cut on the way', () => {
  const big = answer([['a'], ['x '.repeat(400_000), null, '', 'é'.repeat(300_000), 'z'], ['b']])
  const first = read(big, [])
  expect(first.parts[0]?.rows.map((cells) => cells.map((cell) => cell?.length ?? null))).toEqual([
    [1],
    [first.parts[0]?.rows[1]?.[0]?.length, null, 0, first.parts[0]?.rows[1]?.[3]?.length, 1],
    [1],
  ])
  expect(first.parts[0]?.rows[1]?.[3]).toMatch(/^é{250}…\[cut: 600000 bytes in all\]$/)
  fc.assert(
    fc.property(fc.array(fc.nat(2_000_000), { maxLength: 30 }), (cuts) => {
      expect(read(big, cuts).parts[0]?.rows).toEqual(first.parts[0]?.rows)
    }),
    { numRuns: 30 },
  )
})

test('any bytes are an answer, or an error of ours', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom('D', 'T', 'C', 'E', 'Z', ''),
      (noise, type) => {
        const bytes = type
          ? Buffer.concat([Buffer.from(type), Buffer.from([0, 0, 0, noise.length + 4]), noise])
          : Buffer.from(noise)
        try {
          read(bytes.length ? bytes : Buffer.from('x'), [3])
        } catch (thrown) {
          expect(thrown).toMatchObject({ name: 'ProtocolError' })
        }
      },
    ),
    { numRuns: 2_000 },
  )
})
