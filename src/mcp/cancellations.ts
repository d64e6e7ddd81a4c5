/** Calls under way over HTTP, so that `notifications/cancelled`, which comes in a request of its own, finds the one it means. */
import type { Caller } from '../types.ts'
import type { RequestId } from './forms.ts'

export interface Cancellations {
  /** Returns what to call when the call is over. */
  add(
    caller: Caller,
    session: string | undefined,
    id: RequestId,
    controller: AbortController,
  ): () => void
  /** Only the same person, client and session can mean a call; an id that fits several cancels none. */
  cancel(caller: Caller, session: string | undefined, id: RequestId): void
}

export const cancellations = (): Cancellations => {
  const running = new Map<string, Set<AbortController>>()
  const keyOf = (
    { iss, sub, client }: Caller,
    session: string | undefined,
    id: RequestId,
  ): string => JSON.stringify([iss, sub, client, session ?? '', id])
  return {
    add: (caller, session, id, controller) => {
      const key = keyOf(caller, session, id)
      const same = running.get(key) ?? new Set()
      same.add(controller)
      running.set(key, same)
      return () => {
        same.delete(controller)
        if (same.size === 0) running.delete(key)
      }
    },
    cancel: (caller, session, id) => {
      const same = running.get(keyOf(caller, session, id))
      if (same?.size !== 1) return
      for (const controller of same) controller.abort()
    },
  }
}
