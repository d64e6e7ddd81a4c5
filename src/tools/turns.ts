/** Who may run now on one target: a few at once, the others in turn by caller, so that one busy caller starves nobody. */
import { GateError } from '../errors.ts'
import { timeIsUp } from './time-up.ts'

/** How many may wait, all together and of one caller. */
export interface Room {
  readonly all: number
  readonly ofOne: number
}
const usual: Room = { all: 512, ofOne: 256 }

interface Waiter {
  readonly start: () => void
}

export class Turns {
  private readonly atOnce: number
  private readonly name: string
  private readonly room: Room
  private running = 0
  private waiting = 0
  /** By caller, in the order in which they get their next turn. */
  private readonly queues = new Map<string, Waiter[]>()

  constructor(name: string, atOnce: number, room = usual) {
    this.name = name
    this.room = room
    this.atOnce = Math.max(1, atOnce)
  }

  /**
   * Resolves with what ends the turn. Throws TARGET_UNREACHABLE when too many wait, TIMEOUT after `ms`, CANCELLED
   * when `signal` aborts.
   */
  async take(caller: string, ms: number, signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw this.left(signal)
    if (this.running < this.atOnce) return this.begin()
    if (this.waiting >= this.room.all || (this.queues.get(caller)?.length ?? 0) >= this.room.ofOne)
      throw new GateError('TARGET_UNREACHABLE', `Too many calls wait for ${this.name} already.`, {
        retry: true,
        hint: 'Send fewer calls at the same time.',
      })
    return new Promise((done, failed) => {
      const leave = (error: GateError): void => {
        this.forget(caller, waiter)
        settle()
        failed(error)
      }
      const abort = (): void => leave(this.left(signal))
      const timer = setTimeout(() => leave(this.late()), ms)
      const settle = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
      }
      const waiter: Waiter = {
        start: () => {
          settle()
          done(this.begin())
        },
      }
      signal.addEventListener('abort', abort, { once: true })
      const queue = this.queues.get(caller)
      if (queue) queue.push(waiter)
      else this.queues.set(caller, [waiter])
      this.waiting += 1
    })
  }

  private late(): GateError {
    return new GateError('TIMEOUT', `No turn on ${this.name} came free in time.`, { retry: true })
  }

  /** The gateway's own limit on the run is an abort too. */
  private left(signal: AbortSignal): GateError {
    return timeIsUp(signal)
      ? this.late()
      : new GateError('CANCELLED', 'The call was cancelled before it ran.')
  }

  private begin(): () => void {
    this.running += 1
    let over = false
    return () => {
      if (over) return
      over = true
      this.running -= 1
      this.next()
    }
  }

  private next(): void {
    for (const [caller, queue] of this.queues) {
      const waiter = queue.shift()
      // Behind everybody else until the next round.
      this.queues.delete(caller)
      if (queue.length > 0) this.queues.set(caller, queue)
      if (!waiter) continue
      this.waiting -= 1
      waiter.start()
      return
    }
  }

  private forget(caller: string, waiter: Waiter): void {
    const queue = this.queues.get(caller)
    const at = queue?.indexOf(waiter) ?? -1
    if (!queue || at < 0) return
    queue.splice(at, 1)
    this.waiting -= 1
    if (queue.length === 0) this.queues.delete(caller)
  }
}
