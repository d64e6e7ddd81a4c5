/** A stream that this process owns: opened by it, or taken over. Appends, lease, end. */
import { GateError } from '../../errors.ts'
import type { Claim, Entry, Receipt } from '../../types.ts'
import type { Position } from './batch.ts'
import { type Clock, type Timekeeper, timekeeper } from './clock.ts'
import type { StreamFrame } from './header.ts'
import { type Intents, openIntents } from './intents.ts'
import { entriesOf, type Item, isTerminal } from './item.ts'
import type { EpochKeys } from './keys.ts'
import type { Link } from './link.ts'
import { prepare, weight } from './prepare.ts'
import { Sequencer } from './sequencer.ts'
import { type SequencerLimits, unavailable } from './sequencer-options.ts'
import { endEntry, systemEntry } from './system.ts'

export interface OwnedStreamOptions {
  readonly connect: (timeoutMs: number) => Promise<Link>
  readonly frame: StreamFrame
  readonly position: Position
  /** Monotonic time from before the statement that gave the lease was sent. */
  readonly leasedAt: bigint
  readonly keys: EpochKeys
  readonly clock: Clock
  readonly limits: SequencerLimits
  readonly writer: string
  /** Intents that are open already, by leaf: of a stream that was taken over. */
  readonly intents?: ReadonlyMap<string, Entry>
  /** What happened and this stream can't record any more. */
  readonly onStranded: (entries: readonly Entry[]) => void
  readonly onHealth: (fault: Error | undefined) => void
}

type Caller = NonNullable<Item['caller']>

export class OwnedStream {
  readonly frame: StreamFrame
  /** Resolves with the reason when the stream is no longer ours. */
  readonly fenced: Promise<string>
  readonly #options: OwnedStreamOptions
  readonly #time: Timekeeper
  readonly #intents: Intents
  readonly #sequencer: Sequencer
  readonly #timer: NodeJS.Timeout
  #closing = false

  constructor(options: OwnedStreamOptions) {
    this.#options = options
    this.frame = options.frame
    this.#time = timekeeper(options.clock)
    this.#intents = openIntents(options.intents)
    let fence: (reason: string) => void = () => undefined
    this.fenced = new Promise((resolve) => {
      fence = resolve
    })
    this.#sequencer = new Sequencer(
      {
        ...options,
        time: this.#time,
        jumpItem: (moved) =>
          this.#item([systemEntry('clock.jump', options.writer, { moved_ms: String(moved) })]),
        onLanded: (item, receipts, late) => this.#landed(item, receipts, late),
        onFenced: fence,
        onStranded: (items) => options.onStranded(items.flatMap(entriesOf)),
        onRefused: (item) => this.#refused(item),
      },
      options.leasedAt,
    )
    this.#timer = setInterval(() => this.#tick(), Math.max(20, options.limits.leaseMs / 12)).unref()
  }

  get position(): Position {
    return this.#sequencer.position
  }

  get openIntents(): ReadonlyMap<string, Entry> {
    return this.#intents.open()
  }

  /** Whether appends are taken and the lease is held by the monotonic clock. */
  get serving(): boolean {
    return !this.#closing && this.#sequencer.leaseHeld()
  }

  get waiting(): number {
    return this.#sequencer.waiting
  }

  /** Resolves when durable. Throws AUDIT_UNAVAILABLE, ClaimLost, OUTPUT_WITHHELD (too large), INTERNAL (no such intent). */
  async append(entries: readonly Entry[], claim?: Claim): Promise<readonly Receipt[]> {
    if (entries.length === 0) return []
    const ends = entries.some(({ type }) => isTerminal(type))
    if (!ends) this.#requireRoom(entries)
    const item = this.#item(entries, claim)
    this.#intents.admit(entries)
    const { state } = this.#sequencer
    if (state === 'fenced' || state === 'ended') {
      this.#options.onStranded(entries)
      throw unavailable('This gateway writes its log no more.')
    }
    if (state === 'down' || !this.#fits(item)) {
      this.#sequencer.push(this.#fits(item) ? item : this.#slim(entries))
      throw unavailable('The log can not be written now; this outcome is recorded when it can.')
    }
    return new Promise((resolve, reject) => {
      item.caller = { resolve, reject } satisfies Caller
      this.#sequencer.push(item)
    })
  }

  /** What happened and could not be appended: recorded when that is possible again, without anybody waiting. */
  later(entry: Entry): void {
    const ends = isTerminal(entry.type)
    // An end that `append` refused for now is kept already.
    if (ends && !this.#intents.open().has(entry.parent ?? '')) return
    const { state } = this.#sequencer
    if (state === 'fenced' || state === 'ended') {
      this.#options.onStranded([entry])
      return
    }
    if (!ends && !this.#sequencer.hasRoom(1, weight(entry))) return
    const item = ends ? this.#slim([entry]) : this.#item([entry])
    this.#intents.admit([entry])
    this.#sequencer.push(item)
  }

  /** Ends what is open with `call.unknown`, writes `stream.close`, commits what waits for at most `ms`. True when all of it is durable. */
  async end(why: string, ms: number): Promise<boolean> {
    this.#closing = true
    const left = [...this.#intents.open()].map(([leaf, intent]) =>
      endEntry(intent, leaf, 'unknown', why),
    )
    const last = [...left, systemEntry('stream.close', this.#options.writer, { why })]
    this.#intents.admit(left)
    const durable = new Promise<boolean>((resolve) => {
      const item = this.#item(last)
      item.caller = { resolve: () => resolve(true), reject: () => resolve(false) }
      this.#sequencer.push(item)
    })
    await this.#sequencer.end(ms)
    clearInterval(this.#timer)
    return durable
  }

  /** Stops at once, as a crash would: nothing more is written and the lease runs out. */
  async abandon(): Promise<void> {
    this.#closing = true
    clearInterval(this.#timer)
    await this.#sequencer.end(0)
  }

  #requireRoom(entries: readonly Entry[]): void {
    if (this.#closing) throw unavailable('The gateway is closing its log.')
    if (this.#sequencer.state !== 'up')
      throw unavailable('The log can not be written, so nothing runs.')
    const bytes = entries.reduce((sum, entry) => sum + weight(entry), 0)
    if (!this.#sequencer.hasRoom(entries.length, bytes)) {
      throw unavailable('The log has more waiting than it may keep.')
    }
  }

  /** Terminal events may take as much again: they are as many as there are intents. */
  #fits(item: Item): boolean {
    return this.#sequencer.bytesWaiting + item.size <= 2 * this.#options.limits.queue.bytes
  }

  #item(entries: readonly Entry[], claim?: Claim): Item {
    try {
      const sealer = this.#options.keys.sealer()
      const now = this.#options.clock.wallMs()
      const prepared = entries.map((entry) => prepare(entry, sealer, now))
      const size = prepared.reduce((sum, one) => sum + one.size, 0)
      return { prepared, size, caller: undefined, ...(claim ? { claim } : {}) }
    } catch (thrown) {
      if (thrown instanceof GateError) throw thrown
      throw unavailable('The log can not seal this record.', thrown)
    }
  }

  /** The ends alone, without what they hold. */
  #slim(entries: readonly Entry[]): Item {
    const ends = entries.filter(({ type }) => isTerminal(type))
    return this.#item(
      ends.map(({ parts: _, ...entry }) => ({
        ...entry,
        type: 'call.error',
        outcome: { status: 'error', code: 'AUDIT_UNAVAILABLE' },
      })),
    )
  }

  #landed(item: Item, receipts: readonly Receipt[], late: boolean): void {
    entriesOf(item).forEach((entry, index) => {
      const leaf = receipts[index]?.leaf ?? ''
      this.#intents.landed(entry, leaf)
      if (late && entry.type === 'call.intent') this.#neverStarted(entry, leaf)
    })
  }

  /** The intent became durable after its caller was told that it would not: nobody runs it. */
  #neverStarted(intent: Entry, leaf: string): void {
    const end: Entry = {
      ...endEntry(intent, leaf, 'not_started', 'log'),
      type: 'call.error',
      outcome: { status: 'not_started', code: 'AUDIT_UNAVAILABLE' },
    }
    this.#intents.admit([end])
    this.#sequencer.push(this.#item([end]))
  }

  #refused(item: Item): void {
    const entries = entriesOf(item)
    this.#intents.withdraw(entries)
  }

  #tick(): void {
    this.#sequencer.tick()
    this.#options.keys.refresh().catch((thrown) => this.#options.onHealth(thrown))
  }
}
