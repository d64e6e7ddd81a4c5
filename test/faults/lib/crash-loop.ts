/** Gateways under load, killed at random times; the history of all of them is judged at the end. */
import type { Fault } from './fault.ts'

export const crashLoop = (kills: number): Fault => ({
  fault: 0,
  name: `${kills} random SIGKILLs under load`,
  expected: 'every invariant holds over the whole history',
  run: async () => ({ held: false, figure: 'not written' }),
})
