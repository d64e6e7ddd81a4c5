/** Calls under way in this process: what a repetition attaches to and what call_wait waits for. */
import type { Caller } from '../types.ts'
import type { Finished, Running } from './ports.ts'

/** Finished calls whose answer nobody fetched are kept this long; the log has them for ever after. */
const keptMs = 10 * 60_000
const keptMost = 1_000

export const ownerOf = (caller: Caller): string =>
  JSON.stringify([caller.iss, caller.sub, caller.client])

export interface Registry {
  add(call: Omit<Running, 'waiters'>): Running
  byId(callId: string, caller: Caller): Running | undefined
  /** A call with the same caller, tool, target and input whose answer was not delivered yet. */
  same(key: string): Running | undefined
  /** Waits for `ms`; undefined when it is not done by then. When the last waiter goes away before the end, the run is told. */
  wait(call: Running, ms: number, gone: AbortSignal): Promise<Finished | undefined>
  /** Its end was told. False while it runs: then the answer that was told is `running`, and it stays to be waited for. */
  delivered(callId: string): boolean
  peek(callId: string): Running | undefined
  count(): number
}

export const openRegistry = (): Registry => {
  const calls = new Map<string, Running>()
  const keys = new Map<string, string>()
  const live = new Set<string>()
  /** Finished calls whose answer nobody fetched, oldest first. */
  const unfetched = new Map<string, number>()

  const remove = (callId: string) => {
    const call = calls.get(callId)
    if (!call) return
    calls.delete(callId)
    unfetched.delete(callId)
    if (keys.get(call.key) === callId) keys.delete(call.key)
  }

  /** No timer a call: whoever ends looks after those that ended long before. What is still running is never dropped. */
  const forget = (): void => {
    const before = performance.now() - keptMs
    for (const [id, at] of unfetched) {
      if (at > before && unfetched.size <= keptMost) return
      remove(id)
    }
  }

  return {
    add: (call) => {
      const running: Running = { ...call, waiters: 0 }
      calls.set(call.callId, running)
      keys.set(call.key, call.callId)
      live.add(call.callId)
      const ended = () => {
        live.delete(call.callId)
        if (calls.has(call.callId)) unfetched.set(call.callId, performance.now())
        forget()
      }
      call.done.then(ended, ended)
      return running
    },
    byId: (callId, caller) => {
      const call = calls.get(callId)
      return call?.owner === ownerOf(caller) ? call : undefined
    },
    same: (key) => {
      const id = keys.get(key)
      return id === undefined ? undefined : calls.get(id)
    },
    wait: (call, ms, gone) => {
      call.waiters += 1
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => settle(() => resolve(undefined)), ms)
        const left = () => {
          settle(() => resolve(undefined))
          if (call.waiters === 0) call.abort()
        }
        const settle = (then: () => void) => {
          clearTimeout(timer)
          gone.removeEventListener('abort', left)
          if (settled) return
          settled = true
          call.waiters -= 1
          then()
        }
        let settled = false
        call.done.then(
          (finished) => settle(() => resolve(finished)),
          (thrown) => settle(() => reject(thrown)),
        )
        if (gone.aborted) left()
        else gone.addEventListener('abort', left)
      })
    },
    delivered: (callId) => {
      if (live.has(callId)) return false
      remove(callId)
      return true
    },
    peek: (callId) => calls.get(callId),
    count: () => live.size,
  }
}
