/** How the log reaches the store: connections of its own for the streams, a shared pool for reading. */
import type pg from 'pg'
import type { KeyWrap } from '../../types.ts'
import { type Clock, systemClock } from './clock.ts'
import type { StreamFrame } from './header.ts'
import { type Ask, openEpochKeys } from './keys.ts'
import { connect, type Link, requireDurable } from './link.ts'
import { OwnedStream, type OwnedStreamOptions } from './owned-stream.ts'
import { type SequencerLimits, sequencerLimits } from './sequencer-options.ts'

export interface LogStore {
  /** For connections of the log's own; the role must be the writer. */
  readonly database: pg.ClientConfig
  /** For reading, and for rows that no stream guards. */
  readonly pool: pg.Pool
  readonly keys: KeyWrap
  /** The log's name, in every header: `acme/prod`. */
  readonly log: string
  /** A stable id of this process, in its events. */
  readonly writer: string
  /** `sha256:` of the running build. */
  readonly build: string
  readonly clock?: Clock
  readonly limits?: Partial<SequencerLimits>
  /** `assumed` leaves out the check of fsync and full_page_writes; for throw-away databases in tests. */
  readonly durability?: 'checked' | 'assumed'
  /** For the operator's log. */
  readonly warn?: (message: string, cause?: unknown) => void
}

export const limitsOf = (store: LogStore): SequencerLimits => ({
  ...sequencerLimits,
  ...store.limits,
})

export const clockOf = (store: LogStore): Clock => store.clock ?? systemClock()

export const asker =
  (pool: pg.Pool): Ask =>
  async (text, values) =>
    (await pool.query({ text, values: [...values], queryMode: 'extended' } as pg.QueryConfig)).rows

/** A connection for a stream; throws when the store may lose what it acknowledged. */
export const streamConnector =
  (store: LogStore) =>
  async (timeoutMs: number): Promise<Link> => {
    const link = await connect(store.database, timeoutMs, limitsOf(store).statementMs)
    try {
      if (store.durability !== 'assumed') await requireDurable(link, timeoutMs)
      return link
    } catch (thrown) {
      link.destroy()
      throw thrown
    }
  }

type Ownership = Pick<OwnedStreamOptions, 'position' | 'leasedAt' | 'intents' | 'onStranded'>

/** The running end of a stream row that is ours now. */
export const own = async (
  store: LogStore,
  place: { readonly stream: string; readonly epoch: string },
  { intents, leasedAt, onStranded, position }: Ownership,
): Promise<OwnedStream> => {
  const clock = clockOf(store)
  const frame: StreamFrame = { ...place, log: store.log, build: store.build }
  return new OwnedStream({
    frame,
    position,
    leasedAt,
    clock,
    onStranded,
    ...(intents ? { intents } : {}),
    keys: await openEpochKeys(asker(store.pool), store.keys, frame, clock),
    limits: limitsOf(store),
    writer: store.writer,
    connect: streamConnector(store),
    onHealth: (fault) =>
      fault
        ? store.warn?.('the log can not be written; calls are refused', fault)
        : store.warn?.('the log can be written again'),
  })
}
