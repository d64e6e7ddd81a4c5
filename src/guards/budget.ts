/** How many calls a caller may make in a minute. The guard only reads; whoever takes calls counts them. */
import type { Caller, Guard } from '../types.ts'

export interface Budget {
  readonly guard: Guard
  /** Counts one call of this caller, as it is received. */
  spend(caller: Pick<Caller, 'iss' | 'sub'>): void
}

const minuteMs = 60_000
const mostCallers = 10_000

/** Counted in this process, over the last minute in two halves, so that a minute's border gives nobody twice as much. */
export const budget = (
  callsPerMinute: number,
  now: () => number = () => performance.now(),
): Budget => {
  const spent = new Map<string, { minute: number; calls: number; before: number }>()
  const key = ({ iss, sub }: Pick<Caller, 'iss' | 'sub'>): string => JSON.stringify([iss, sub])

  const inLastMinute = (caller: Pick<Caller, 'iss' | 'sub'>): number => {
    const found = spent.get(key(caller))
    if (found === undefined) return 0
    const minute = Math.floor(now() / minuteMs)
    const rest = 1 - (now() % minuteMs) / minuteMs
    if (found.minute === minute) return found.calls + found.before * rest
    return found.minute === minute - 1 ? found.calls * rest : 0
  }

  return {
    spend: (caller) => {
      const minute = Math.floor(now() / minuteMs)
      const found = spent.get(key(caller))
      if (found?.minute === minute) {
        found.calls += 1
        return
      }
      const before = found?.minute === minute - 1 ? found.calls : 0
      spent.delete(key(caller))
      if (spent.size >= mostCallers)
        for (const oldest of spent.keys()) {
          spent.delete(oldest)
          break
        }
      spent.set(key(caller), { minute, calls: 1, before })
    },
    guard: async ({ caller }) =>
      inLastMinute(caller) > callsPerMinute
        ? {
            kind: 'deny',
            code: 'BUDGET_SPENT',
            rules: ['server.budget'],
            reason: `More than ${callsPerMinute} calls in a minute.`,
            hint: 'Wait a minute, then go on more slowly.',
          }
        : undefined,
  }
}
