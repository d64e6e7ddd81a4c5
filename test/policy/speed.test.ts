import { expect, test } from 'vitest'
import { policyGuard } from '../../src/guards/index.ts'
import { ana, call, grant, tools } from './set.ts'

const medianUs = (run: (at: number) => void, times: number): number => {
  for (let at = 0; at < times; at += 1) run(at)
  const rounds = Array.from({ length: 9 }, (_, round) => {
    const began = performance.now()
    for (let at = 0; at < times; at += 1) run((round + 1) * times + at)
    return ((performance.now() - began) * 1000) / times
  })
  return rounds.sort((left, right) => left - right)[0] ?? Number.NaN
}

const many = policyGuard({
  tools,
  files: [],
  grants: Array.from({ length: 1000 }, (_, at) =>
    grant({ id: `g${at}`, groups: [at % 100 === 0 ? 'engineers' : `team-${at}`] }),
  ),
})

test('with 1,000 policies each decision names the right ones', () => {
  const verdict = many.judge(call())
  expect(verdict).toMatchObject({ kind: 'allow' })
  expect(verdict.rules).toHaveLength(10)
  expect(many.judge(call({ caller: { ...ana, groups: ['team-7'] } })).rules).toEqual(['g7'])
  expect(many.judge(call({ caller: { ...ana, groups: ['team-x'] } }))).toMatchObject({
    kind: 'deny',
  })
})

// Generous beside the aims (100 us and 5 us), since other work shares the machine; they catch a policy set parsed for each call.
test('a decision takes microseconds, a remembered one a few', () => {
  const fresh = medianUs((at) => many.judge(call({ policy: { kind: `select ${at}` } })), 200)
  const again = medianUs(() => many.judge(call()), 2000)
  console.info(`policy: fresh ${fresh.toFixed(0)} us, remembered ${again.toFixed(1)} us`)
  expect(fresh).toBeLessThan(1500)
  expect(again).toBeLessThan(50)
})

test('more callers than are kept parsed are still judged right', () => {
  for (let round = 0; round < 2; round += 1)
    for (let team = 1; team < 100; team += 1) {
      const caller = { ...ana, groups: [`team-${team}`, `team-${team + 100}`] }
      expect(many.judge(call({ caller, policy: { statements: round } })).rules).toEqual(
        [`g${team}`, `g${team + 100}`].sort(),
      )
    }
})
