import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openUnsigned, type Unsigned } from '../../src/audit/stream/unsigned.ts'

let now = 0n
let head = 0n
let signed = 0n
let asked = 0
let unsigned: Unsigned
const clock = { wallMs: () => 0, monoNs: () => now, source: () => 'ntp' as const }

beforeEach(() => {
  vi.useFakeTimers()
  now = 0n
  head = 0n
  signed = 0n
  asked = 0
  unsigned = openUnsigned({ maxMs: 60_000, clock })
  unsigned.watch({
    head: () => head,
    signed: async () => {
      asked += 1
      return signed
    },
  })
})
afterEach(() => {
  unsigned.stop()
  vi.useRealTimers()
})

const pass = async (seconds: number) => {
  for (let step = 0; step < seconds * 4; step++) {
    now += 250_000_000n
    await vi.advanceTimersByTimeAsync(250)
  }
}
const closed = { code: 'AUDIT_UNAVAILABLE' }
const refuses = () => expect(unsigned.gate).toThrow(expect.objectContaining(closed))

test('an idle log is fine for ever, and asks the store nothing', async () => {
  await pass(600)
  expect(unsigned.gate).not.toThrow()
  expect(unsigned.ageMs()).toBe(0)
  expect(asked).toBe(0)
})

test('a gateway that just started is not refused before its notary had its time', async () => {
  head = 3n
  await pass(59)
  expect(unsigned.gate).not.toThrow()
  await pass(2)
  refuses()
})

test('the gate closes when the oldest unsigned event is too old, and opens when it is signed', async () => {
  await pass(100)
  head = 1n
  await pass(50)
  head = 2n
  await pass(9)
  expect(unsigned.gate).not.toThrow()
  await pass(3)
  refuses()
  // The first is signed, the second is younger than the limit.
  signed = 1n
  await pass(2)
  expect(unsigned.gate).not.toThrow()
  await pass(50)
  refuses()
  signed = 2n
  await pass(2)
  expect(unsigned.gate).not.toThrow()
  expect(unsigned.ageMs()).toBe(0)
})

test('under steady signing the age stays small however long it goes on', async () => {
  for (let round = 0; round < 1200; round++) {
    head += 10n
    signed = head - 10n
    await pass(0.5)
    expect(unsigned.ageMs()).toBeLessThan(3_000)
  }
})

test('a log that is never signed keeps few samples and still counts from the first event', async () => {
  for (let round = 0; round < 2000; round++) {
    head += 1n
    await pass(0.25)
  }
  expect(unsigned.ageMs()).toBeGreaterThan(495_000)
  signed = 1000n
  await pass(2)
  expect(unsigned.ageMs()).toBeGreaterThan(245_000)
  expect(unsigned.ageMs()).toBeLessThan(330_000)
})

test('a contradiction refuses at once, until it is over', () => {
  unsigned.contradicted('the store is another copy')
  refuses()
  unsigned.contradicted(undefined)
  expect(unsigned.gate).not.toThrow()
})

test('a store that does not answer lets the age grow', async () => {
  unsigned.stop()
  unsigned = openUnsigned({ maxMs: 5_000, clock })
  unsigned.watch({
    head: () => 1n,
    signed: async () => {
      throw new Error('the store is gone')
    },
  })
  await pass(6)
  refuses()
})
