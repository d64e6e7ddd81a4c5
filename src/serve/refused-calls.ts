/**
 * Refusals that do not depend on what was asked (the log is not signed, calls are paused, the budget is spent): an agent
 * that tries again in a loop must not fill the disk with them. A caller's first are recorded each, a flood as counts.
 */
import type { Entry, Log, Receipt } from '../types.ts'

export interface RefusedCallsOptions {
  /** Recorded each before counting begins, for one caller; 300 unless told. */
  readonly burst?: number
  /** One more is recorded each after so long; 10 s unless told: 43 MB a day and caller at the most. */
  readonly refillMs?: number
  /** Between two events of counts; 60 s unless told. */
  readonly everyMs?: number
  /** Milliseconds, monotonic. */
  readonly now?: () => number
}

export interface RefusedCalls extends Log {
  /** Records what is counted and stops. */
  close(): Promise<void>
}

const regardless: ReadonlySet<unknown> = new Set(['AUDIT_UNAVAILABLE', 'PAUSED', 'BUDGET_SPENT'])
/** Callers that are remembered; the one that was seen longest ago is forgotten first. */
const mostCallers = 10_000

interface Counted {
  tokens: number
  seenMs: number
  readonly codes: Map<string, number>
  last: Entry | undefined
}

/** The refusal that ends these entries, where it is one that says nothing of the call. */
const flooding = (entries: readonly Entry[]): Entry | undefined => {
  const end = entries.at(-1)
  if (end?.type !== 'call.refused' && end?.type !== 'call.denied') return undefined
  return regardless.has(end.outcome?.code) ? end : undefined
}

/** A log that appends what `log` appends, except floods of such refusals: those get no receipt. */
export const countRefusedCalls = (
  log: Log,
  {
    burst = 300,
    everyMs = 60_000,
    now = () => performance.now(),
    refillMs = 10_000,
  }: RefusedCallsOptions = {},
): RefusedCalls => {
  const callers = new Map<string, Counted>()
  let timer: NodeJS.Timeout | undefined

  const countedOf = ({ actor }: Entry): Counted => {
    const key = JSON.stringify([actor.iss, actor.sub, actor.client])
    const atMs = now()
    const found = callers.get(key) ?? {
      tokens: burst,
      seenMs: atMs,
      codes: new Map<string, number>(),
      last: undefined,
    }
    found.tokens = Math.min(burst, found.tokens + (atMs - found.seenMs) / refillMs)
    found.seenMs = atMs
    callers.delete(key)
    callers.set(key, found)
    const [oldest] = callers.keys()
    if (callers.size > mostCallers && oldest !== undefined) callers.delete(oldest)
    return found
  }

  const flush = async (): Promise<void> => {
    timer = undefined
    for (const counted of callers.values()) {
      const { codes, last } = counted
      if (codes.size === 0 || last === undefined) continue
      const sent = [...codes]
      codes.clear()
      const { actor, origin } = last
      const detail = Object.fromEntries(sent.map(([code, count]) => [code, String(count)]))
      try {
        await log.append([{ type: 'audit.refused', actor, origin, detail }])
      } catch {
        // The log is away; it says so itself. What was counted waits for it.
        for (const [code, count] of sent) codes.set(code, (codes.get(code) ?? 0) + count)
        arm()
      }
    }
  }
  const arm = (): void => {
    timer ??= setTimeout(() => void flush(), everyMs).unref()
  }

  return {
    ready: () => log.ready(),
    async append(entries, claim): Promise<readonly Receipt[]> {
      const refusal = claim === undefined ? flooding(entries) : undefined
      if (refusal === undefined) return log.append(entries, claim)
      const counted = countedOf(refusal)
      if (counted.tokens >= 1) {
        counted.tokens -= 1
        return log.append(entries)
      }
      const code = String(refusal.outcome?.code)
      counted.codes.set(code, (counted.codes.get(code) ?? 0) + 1)
      counted.last = refusal
      arm()
      return []
    },
    async close() {
      clearTimeout(timer)
      await flush()
      clearTimeout(timer)
    },
  }
}
