import { expect, test } from 'vitest'
import { budget } from '../../src/guards/index.ts'
import type { Call } from '../../src/types.ts'

const ana = { iss: 'i', sub: 'ana' }
// The guard looks at the caller alone.
const by = (caller: { iss: string; sub: string }): Call => ({ caller }) as unknown as Call

test('a caller’s calls of the last minute count, and nobody else’s', async () => {
  let now = 1_000_000_000
  const { guard, spend } = budget(3, () => now)
  for (let calls = 1; calls <= 3; calls += 1) {
    spend(ana)
    expect(await guard(by(ana))).toBeUndefined()
  }
  spend(ana)
  expect(await guard(by(ana))).toMatchObject({ kind: 'deny', code: 'BUDGET_SPENT' })
  expect(await guard(by({ iss: 'j', sub: 'ana' }))).toBeUndefined()
  now += 120_000
  expect(await guard(by(ana))).toBeUndefined()
})

test('the border of a minute gives nobody twice as much', async () => {
  let now = 60_000 * 1000 + 59_900
  const { guard, spend } = budget(10, () => now)
  for (let calls = 0; calls < 10; calls += 1) spend(ana)
  now += 200
  for (let calls = 0; calls < 3; calls += 1) spend(ana)
  expect(await guard(by(ana))).toMatchObject({ kind: 'deny' })
})
