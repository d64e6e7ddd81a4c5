/** Commits what is queued onto one stream, a batch at a time; one try in flight, the chain never forks. */
import { GateError } from '../../errors.ts'
import { type Batch, buildBatch, type Position, samePosition } from './batch.ts'
import { append, appendWithClaims, type Candidate, type Try } from './commit.ts'
import { fail, type Item, outlivesCaller, settle } from './item.ts'
import { type Lease, openLease } from './lease.ts'
import { type Link, LinkBroken } from './link.ts'
import { openQueue } from './queue.ts'
import { isPoison, type SequencerOptions, unavailable } from './sequencer-options.ts'
import { readStream, renewLease } from './statement.ts'

const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))
const turn = (): Promise<void> => new Promise((wake) => setImmediate(wake))

export class Sequencer {
  readonly #options: SequencerOptions
  readonly #queue
  #position: Position
  #link: Link | undefined
  /** Tries from the present position whose fate may be unknown. */
  #candidates: Candidate[] = []
  readonly #abandoned = new WeakSet<Item>()
  #state: 'up' | 'down' | 'fenced' | 'ended' = 'up'
  #renewDue = false
  readonly #lease: Lease
  #wake: () => void = () => undefined
  readonly #loop: Promise<void>

  constructor(options: SequencerOptions, leasedAt: bigint) {
    this.#options = options
    this.#position = options.position
    this.#queue = openQueue(options.limits.queue)
    this.#lease = openLease(options.clock, options.limits.leaseMs, leasedAt)
    this.#loop = this.#run()
  }

  get position(): Position {
    return this.#position
  }

  get state(): 'up' | 'down' | 'fenced' | 'ended' {
    return this.#state
  }

  get bytesWaiting(): number {
    return this.#queue.bytes
  }

  get waiting(): number {
    return this.#queue.length
  }

  leaseHeld(): boolean {
    return this.#state === 'up' && this.#lease.held
  }

  hasRoom(entries: number, bytes: number): boolean {
    return this.#queue.hasRoom(entries, bytes)
  }

  push(item: Item): void {
    this.#queue.push(item)
    this.#wake()
  }

  /** Renews the lease unless an append did so lately. */
  tick(): void {
    if (!this.#lease.aging) return
    this.#renewDue = true
    this.#wake()
  }

  /** Commits what waits, or gives up after `ms`, and ends. */
  async end(ms: number): Promise<void> {
    const giveUp = Date.now() + ms
    while (this.#state !== 'fenced' && this.#busy() && Date.now() < giveUp) await pause(5)
    const link = this.#link
    if (this.#state !== 'fenced') this.#state = 'ended'
    this.#wake()
    if (this.#inFlight) link?.destroy()
    await this.#loop
    await this.#link?.end()
    this.#strand([], unavailable('The gateway is closing its log.'))
  }

  #inFlight = false
  #busy(): boolean {
    return this.#inFlight || this.#queue.length > 0
  }

  #running(): boolean {
    return this.#state === 'up' || this.#state === 'down'
  }

  async #run(): Promise<void> {
    while (this.#running()) {
      const moved = this.#queue.length > 0 ? this.#options.time.jumped() : undefined
      const items = this.#queue.take(this.#options.limits.batch)
      if (moved !== undefined) items.unshift(this.#options.jumpItem(moved))
      if (items.length > 0) {
        this.#inFlight = true
        await this.#commit(items)
        this.#inFlight = false
        // Callers that share commits come back together: let them before the next batch is cut.
        if (items.length > 1) await turn()
      } else if (this.#renewDue || this.#state === 'down') {
        await this.#renew()
      } else {
        await new Promise<void>((wake) => {
          this.#wake = wake
        })
      }
    }
  }

  async #commit(items: readonly Item[]): Promise<void> {
    const { clock, limits } = this.#options
    const giveUp = clock.monoNs() + BigInt(limits.commitMs) * 1_000_000n
    let waiting = items
    for (let tries = 0; waiting.length > 0 && this.#running(); tries++) {
      const left = Number((giveUp - clock.monoNs()) / 1_000_000n)
      const timeoutMs =
        this.#state === 'down'
          ? limits.statementMs
          : Math.max(50, Math.min(limits.statementMs, left))
      try {
        waiting = await this.#attempt(waiting, timeoutMs)
        this.#healthy()
      } catch (thrown) {
        if (isPoison(thrown)) return this.#isolate(waiting, thrown)
        this.#link?.destroy()
        this.#link = undefined
        if (this.#state === 'up' && clock.monoNs() >= giveUp)
          waiting = this.#goDown(waiting, thrown)
        await pause(
          Math.min(
            1000,
            20 * 2 ** Math.min(tries, 6),
            Math.max(5, this.#state === 'down' ? 1000 : left),
          ),
        )
      }
    }
    if (!this.#running()) this.#strand(waiting, unavailable('This gateway writes its log no more.'))
  }

  async #connected(timeoutMs: number): Promise<Link> {
    if (this.#link === undefined || this.#link.broken)
      this.#link = await this.#options.connect(timeoutMs)
    return this.#link
  }

  /** What is still to be done; empty when the items are durable. */
  async #attempt(waiting: readonly Item[], timeoutMs: number): Promise<readonly Item[]> {
    const { clock, frame, limits, time } = this.#options
    const position = this.#position
    const link = await this.#connected(timeoutMs)
    const attempt: Try = { link, frame, position, time, timeoutMs, leaseMs: limits.leaseMs }
    const sentAt = clock.monoNs()
    if (waiting.some(({ claim }) => claim !== undefined)) {
      const won = await appendWithClaims(attempt, waiting, (sent) => this.#candidates.push(sent))
      if (won === false) return this.#reconcile(link, waiting, timeoutMs)
      this.#landed(won, sentAt)
      return []
    }
    const candidate =
      this.#sameAgain(waiting) ?? this.#first(waiting, buildBatch(waiting, position, frame, time))
    if (!(await append(attempt, candidate.batch))) return this.#reconcile(link, waiting, timeoutMs)
    this.#landed(candidate, sentAt)
    return []
  }

  #sameAgain(waiting: readonly Item[]): Candidate | undefined {
    return this.#candidates.find(
      ({ batch, of }) => of === waiting && samePosition(batch.from, this.#position),
    )
  }

  #first(of: readonly Item[], batch: Batch): Candidate {
    const candidate = { of, batch, losers: new Map() }
    this.#candidates.push(candidate)
    return candidate
  }

  #landed({ batch, losers }: Candidate, sentAt?: bigint): void {
    this.#position = batch.to
    this.#candidates = []
    if (sentAt !== undefined) this.#lease.renewed(sentAt)
    batch.items.forEach((item, index) => {
      const receipts = batch.receipts[index] ?? []
      this.#options.onLanded(item, receipts, this.#abandoned.has(item))
      settle(item, receipts)
    })
    for (const [item, error] of losers) fail(item, error)
  }

  /** The compare-and-set was lost: to an earlier try of ours whose answer was lost, or to another owner. */
  async #reconcile(
    link: Link,
    waiting: readonly Item[],
    timeoutMs: number,
  ): Promise<readonly Item[]> {
    const state = await readStream(link, this.#options.frame.stream, timeoutMs)
    if (state === undefined) return this.#fence('the stream is gone from the store', waiting)
    if (state.epoch !== this.#options.frame.epoch || state.closed) {
      return this.#fence('another gateway took the stream over', waiting)
    }
    if (samePosition(state.position, this.#position)) throw new LinkBroken('the append was refused')
    const landed = this.#candidates.find(({ batch }) => samePosition(batch.to, state.position))
    if (landed === undefined) return this.#fence('the stream moved without us', waiting)
    this.#landed(landed)
    const done = new Set([...landed.batch.items, ...landed.losers.keys()])
    this.#queue.remove(done)
    return waiting.filter((item) => !done.has(item))
  }

  async #renew(): Promise<void> {
    const { clock, frame, limits } = this.#options
    this.#renewDue = false
    try {
      const link = await this.#connected(limits.statementMs)
      const sentAt = clock.monoNs()
      const found = await renewLease(link, frame, limits.leaseMs, limits.statementMs)
      if (found === undefined || !samePosition(found, this.#position)) {
        await this.#reconcile(link, [], limits.statementMs)
      }
      if (!this.#running()) return
      this.#lease.renewed(sentAt)
      this.#healthy()
    } catch (thrown) {
      this.#link?.destroy()
      this.#link = undefined
      if (this.#state === 'up') this.#queueDown(thrown)
      await pause(250)
    }
  }

  #healthy(): void {
    if (this.#state !== 'down') return
    this.#state = 'up'
    this.#options.onHealth(undefined)
  }

  /** An idle renewal failed: not yet a reason to refuse, the lease says how long that is so. */
  #queueDown(thrown: unknown): void {
    if (this.leaseHeld()) {
      this.#renewDue = true
      return
    }
    for (const item of this.#goDown([], thrown)) this.#queue.push(item)
  }

  /** Tells every caller, forgets what was only meant to happen, keeps what happened. */
  #goDown(waiting: readonly Item[], thrown: unknown): readonly Item[] {
    this.#state = 'down'
    this.#options.onHealth(thrown instanceof Error ? thrown : new Error(String(thrown)))
    return this.#giveBack(
      waiting,
      unavailable('The log can not be written, so nothing runs.', thrown),
    )
  }

  #giveBack(waiting: readonly Item[], error: Error): readonly Item[] {
    const kept: Item[] = []
    for (const item of [...waiting, ...this.#queue.drain()]) {
      fail(item, error)
      if (outlivesCaller(item)) kept.push(item)
      else this.#abandoned.add(item)
    }
    return kept
  }

  #strand(waiting: readonly Item[], error: Error): void {
    const kept = this.#giveBack(waiting, error)
    if (kept.length > 0) this.#options.onStranded(kept)
  }

  async #isolate(waiting: readonly Item[], cause: unknown): Promise<void> {
    if (waiting.length > 1) {
      for (const item of waiting) await this.#commit([item])
      return
    }
    for (const item of waiting) {
      fail(item, new GateError('INTERNAL', 'The log refused this record.', { cause }))
      this.#options.onRefused(item)
    }
  }

  #fence(reason: string, waiting: readonly Item[]): readonly Item[] {
    this.#state = 'fenced'
    this.#link?.destroy()
    this.#options.onFenced(reason)
    this.#strand(waiting, unavailable('This gateway no longer owns its log.'))
    return []
  }
}
