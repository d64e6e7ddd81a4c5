/** Waiting for a change of an approval: NOTIFY wakes, and everybody looks every second besides. */
import { type ApprovalsOptions, channel } from './ports.ts'

const pollMs = 1_000

export interface Waiters {
  wake(callId: string): void
  /** Resolves when something may have changed, when `ms` are over, or when the signal aborts. */
  wait(callId: string, ms: number, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

export const waiters = async ({ listen, pool }: ApprovalsOptions): Promise<Waiters> => {
  const waiting = new Map<string, Set<() => void>>()
  const wake = (callId: string): void => {
    for (const resolve of callId === ''
      ? [...waiting.values()].flatMap((set) => [...set])
      : (waiting.get(callId) ?? []))
      resolve()
  }
  const unlisten = await listen(channel, wake)
  // One query for all who wait, however many they are.
  const seen = new Map<string, string>()
  const look = async (): Promise<void> => {
    const ids = [...waiting.keys()]
    if (ids.length === 0) return seen.clear()
    const { rows } = await pool.query<{ call_id: string; now: string }>(
      "select call_id, case when expires_at <= clock_timestamp() then 'over' else state end as now from countersign.approval where call_id = any($1::uuid[])",
      [ids],
    )
    for (const { call_id, now } of rows) {
      const before = seen.get(call_id)
      seen.set(call_id, now)
      // Whoever waits has just seen 'requested': anything else at the first look is a change already.
      if ((before ?? 'requested') !== now) wake(call_id)
    }
  }
  const timer = setInterval(() => void look().catch(() => undefined), pollMs)
  timer.unref()

  return {
    wake,
    wait: (callId, ms, signal) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(limit)
          signal.removeEventListener('abort', done)
          const set = waiting.get(callId)
          set?.delete(done)
          if (set?.size === 0) {
            waiting.delete(callId)
            seen.delete(callId)
          }
          resolve()
        }
        const limit = setTimeout(done, ms)
        if (signal.aborted) return done()
        signal.addEventListener('abort', done)
        waiting.set(callId, (waiting.get(callId) ?? new Set()).add(done))
      }),
    close: async () => {
      clearInterval(timer)
      await unlisten()
      wake('')
    },
  }
}
