/** Who may run now on one host: a few at once, the others in turn by caller, so that one busy caller starves nobody. */
import { GateError } from '../../errors.ts'

const mostWaiting = 1000
const cancelled = (): GateError =>
  new GateError('CANCELLED', 'The call was cancelled before it ran.')

export class Turns {
  readonly #atOnce: number
  #running = 0
  #waiting = 0
  /** By caller, in the order in which they get their next turn. */
  readonly #queues = new Map<string, (() => void)[]>()
  constructor(atOnce: number) {
    this.#atOnce = Math.max(1, atOnce)
  }

  /** Resolves with what ends the turn. Throws TARGET_UNREACHABLE when too many wait, CANCELLED when `signal` aborts. */
  async take(caller: string, signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw cancelled()
    if (this.#running < this.#atOnce) return this.#begin()
    if (this.#waiting >= mostWaiting) {
      throw new GateError('TARGET_UNREACHABLE', 'Too many calls wait for this host already.', {
        retry: true,
        hint: 'Send fewer calls at the same time.',
      })
    }
    return new Promise((done, failed) => {
      const start = (): void => {
        signal.removeEventListener('abort', leave)
        done(this.#begin())
      }
      const leave = (): void => {
        this.#forget(caller, start)
        failed(cancelled())
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#queues.set(caller, [...(this.#queues.get(caller) ?? []), start])
      this.#waiting += 1
    })
  }

  #begin(): () => void {
    this.#running += 1
    let over = false
    return () => {
      if (over) return
      over = true
      this.#running -= 1
      this.#next()
    }
  }

  #next(): void {
    for (const [caller, [start, ...rest]] of this.#queues) {
      // Behind everybody else until the next round.
      this.#queues.delete(caller)
      if (rest.length > 0) this.#queues.set(caller, rest)
      if (!start) continue
      this.#waiting -= 1
      start()
      return
    }
  }

  #forget(caller: string, start: () => void): void {
    const left = (this.#queues.get(caller) ?? []).filter((s) => s !== start)
    this.#waiting -= 1
    if (left.length > 0) this.#queues.set(caller, left)
    else this.#queues.delete(caller)
  }
}
