/** Opens the log of this process: a stream of its own, its lease, its recovery of others, its end. */
import { randomUUID } from 'node:crypto'
import type { Claim, Entry, Log, Receipt } from '../../types.ts'
import { clockOf, type LogStore, limitsOf, own, streamConnector } from './connection.ts'
import { GENESIS } from './header.ts'
import { isTerminal } from './item.ts'
import type { Link } from './link.ts'
import type { OwnedStream } from './owned-stream.ts'
import { unavailable } from './sequencer-options.ts'
import type { Spool } from './spool.ts'
import { type Detail, systemEntry } from './system.ts'

export interface LogOptions extends LogStore {
  /** Where results go that happened here after the stream was lost; without one they are only warned of. */
  readonly spool?: Spool
  /** Further reasons why no run may start (the unsigned tail is too old): each throws AUDIT_UNAVAILABLE. */
  readonly gates?: readonly (() => void)[]
  /** Names only: version, mode, whatever `stream.open` should say of this process. */
  readonly about?: Detail
}

export interface OpenLog extends Log {
  readonly streamId: string
  readonly epoch: string
  /** Resolves with the reason when another gateway owns the stream: stop serving. */
  readonly fenced: Promise<string>
  head(): { readonly seq: string; readonly leaf: string }
  /** Something that happened and whose `append` failed: recorded when the log is back, or spooled. */
  later(entry: Entry): void
  /** Appends that wait for a commit. */
  waiting(): number
  /** Ends open intents with `call.unknown`, writes `stream.close`, gives up after `ms` (10,000 unless told). */
  close(ms?: number): Promise<void>
  /** Goes as a crash would, leaving the stream to recovery: for a process that must stop at once. */
  abandon(): Promise<void>
}

const openRow = async (link: Link, store: LogStore, epoch: string): Promise<string> => {
  const { leaseMs, statementMs } = limitsOf(store)
  const text = `insert into audit.stream (epoch, writer, seq, head, lease_until)
    values ($1, $2, 0, $3, clock_timestamp() + $4::float8 * interval '1 ms') returning stream_id::text`
  const { rows } = await link.query(
    { text, values: [epoch, store.writer, GENESIS, leaseMs] },
    statementMs,
  )
  return String(rows[0]?.stream_id)
}

const closeRow = async (store: LogStore, stream: OwnedStream): Promise<void> => {
  const { epoch, stream: id } = stream.frame
  const { head, seq } = stream.position
  await store.pool.query(
    `update audit.stream set closed_at = clock_timestamp()
     where stream_id = $1 and epoch = $2 and seq = $3 and head = $4 and closed_at is null`,
    [id, epoch, String(seq), head],
  )
}

/** Writes `stream.close` after the ends of what is open, and closes the row. */
export const closeStream = async (
  store: LogStore,
  stream: OwnedStream,
  why: string,
  ms: number,
): Promise<boolean> => {
  const durable = await stream.end(why, ms)
  if (durable) await closeRow(store, stream)
  return durable
}

/** Keeps what happened here and can't be recorded here; `settled` resolves when all of it is on disk. */
const openStrand = (
  { spool, warn }: LogOptions,
  place: { readonly stream: string; readonly epoch: string },
) => {
  const writing = new Set<Promise<void>>()
  return {
    keep(entries: readonly Entry[]): void {
      const ends = entries.filter(({ type }) => isTerminal(type))
      if (ends.length === 0) return
      if (spool === undefined) {
        warn?.(`${ends.length} outcomes could not be recorded`)
        return
      }
      const write = spool
        .write(place, ends)
        .catch((cause) => warn?.('the spool can not be written', cause))
        .finally(() => writing.delete(write))
      writing.add(write)
    },
    settled: async (): Promise<void> => {
      await Promise.all(writing)
    },
  }
}

/**
 * Opens a new stream and writes `stream.open`. Throws when the store can't be reached, is not durable, or the
 * vault's key does not open this month's data key.
 */
export const openLog = async (options: LogOptions): Promise<OpenLog> => {
  const clock = clockOf(options)
  const { statementMs } = limitsOf(options)
  const epoch = randomUUID()
  const link = await streamConnector(options)(statementMs)
  const leasedAt = clock.monoNs()
  const streamId = await openRow(link, options, epoch).finally(() => link.end())
  const place = { stream: streamId, epoch }
  const position = { seq: 0n, head: GENESIS }
  const strand = openStrand(options, place)
  const stream = await own(options, place, {
    position,
    leasedAt,
    onStranded: strand.keep,
  })
  try {
    await stream.append([systemEntry('stream.open', options.writer, options.about)])
  } catch (thrown) {
    await stream.abandon()
    throw thrown
  }
  return {
    streamId,
    epoch,
    fenced: stream.fenced,
    head: () => ({
      seq: String(stream.position.seq),
      leaf: stream.position.head.toString('hex'),
    }),
    later: (entry) => stream.later(entry),
    waiting: () => stream.waiting,
    append: (entries: readonly Entry[], claim?: Claim): Promise<readonly Receipt[]> =>
      stream.append(entries, claim),
    ready() {
      if (!stream.serving) throw unavailable('The log can not be written, so nothing runs.')
      for (const gate of options.gates ?? []) gate()
    },
    async close(ms = 10_000) {
      await closeStream(options, stream, 'closed', ms)
      await strand.settled()
    },
    async abandon() {
      await stream.abandon()
      await strand.settled()
    },
  }
}
