/** Takes over streams whose lease has run out: ends their open intents, closes them; adds what fenced processes spooled. */
import { randomUUID } from 'node:crypto'
import { patient } from '../../store/connect.ts'
import type { Entry, EventType, Part } from '../../types.ts'
import { type StoredEvent, storedEvent } from '../reading/read.ts'
import type { Position } from '../stream/batch.ts'
import { clockOf, type LogStore, limitsOf, own } from '../stream/connection.ts'
import { isTerminal } from '../stream/item.ts'
import type { OwnedStream } from '../stream/owned-stream.ts'
import type { Spool } from '../stream/spool.ts'
import { closeStream, type OpenLog } from '../stream/stream.ts'
import { endEntry, type Resolution, systemEntry } from '../stream/system.ts'
import { entryOf } from './entry-of.ts'

/** What the target says became of a prepared write; `detail` is that of its `call.prepared`. */
export type Resolve = (
  intent: StoredEvent['header'],
  detail: Readonly<Record<string, unknown>>,
) => Promise<'committed' | 'aborted' | 'unknown'>

export interface RecoveryOptions extends LogStore {
  /** Our own log: late outcomes are added to it. */
  readonly to: Pick<OpenLog, 'append' | 'streamId'>
  readonly spool?: Spool
  readonly resolve: Resolve
  /** Tools that record `call.prepared` before their effect can be final: without it, nothing was. SQL writes unless told. */
  readonly prepares?: (intent: StoredEvent['header']) => boolean
  /** How often `resolve` is asked again while it says `unknown` or throws. */
  readonly resolveTries?: number
  readonly everyMs?: number
}

export interface Recovered {
  readonly streams: readonly string[]
  readonly ended: number
  readonly late: number
}

const sqlWrites: NonNullable<RecoveryOptions['prepares']> = ({ tool = '', effect }) =>
  tool.startsWith('sql_') && effect !== 'read'

interface Taken {
  readonly stream: string
  readonly epoch: string
  readonly before: string
  readonly writer: string
  readonly position: Position
  readonly leasedAt: bigint
}

/** By compare-and-set on the epoch that was found expired: of two gateways that try, one gets it. */
const takeOver = async (store: RecoveryOptions): Promise<Taken | undefined> => {
  const leasedAt = clockOf(store).monoNs()
  const epoch = randomUUID()
  const { rows } = await store.pool.query<{
    stream: string
    before: string
    writer: string
    seq: string
    head: Buffer
  }>(
    `with found as (
       select stream_id, epoch, writer from audit.stream
       where closed_at is null and lease_until < clock_timestamp() and stream_id <> $3
       order by stream_id limit 1 for update skip locked)
     update audit.stream s set epoch = $1, lease_until = clock_timestamp() + $2::float8 * interval '1 ms'
     from found where s.stream_id = found.stream_id and s.epoch = found.epoch
       and s.closed_at is null and s.lease_until < clock_timestamp()
     returning s.stream_id::text as stream, found.epoch::text as before, s.writer, s.seq::text, s.head`,
    [epoch, limitsOf(store).leaseMs, store.to.streamId],
  )
  const row = rows[0]
  return (
    row && {
      stream: row.stream,
      epoch,
      before: row.before,
      writer: row.writer,
      position: { seq: BigInt(row.seq), head: row.head },
      leasedAt,
    }
  )
}

interface OpenIntent {
  readonly intent: StoredEvent
  readonly prepared: StoredEvent | undefined
}

/** Intents of a stream that nothing ended, oldest first, with what was prepared for each. */
const openIntentsOf = async (
  store: Pick<LogStore, 'pool'>,
  stream: string,
): Promise<readonly OpenIntent[]> => {
  const { rows } = await store.pool.query<{ header_jcs: Buffer; leaf: Buffer }>({
    // The whole stream is read, which may be a long one.
    ...patient,
    text: `select header_jcs, leaf from audit.event i
     where stream_id = $1 and (type = 'call.prepared' or type = 'call.intent') and not exists (
       select from audit.event t
       where t.header ->> 'parent' = case i.type when 'call.intent' then encode(i.leaf, 'hex') else i.header ->> 'parent' end
         and t.type in ('call.result', 'call.error', 'call.unknown'))
     order by seq`,
    values: [stream],
  })
  const events = rows.map(storedEvent)
  return events
    .filter(({ header }) => header.type === 'call.intent')
    .map((intent) => ({
      intent,
      prepared: events.findLast(
        ({ header }) => header.type === 'call.prepared' && header.parent === intent.leaf,
      ),
    }))
}

const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))

const resolution = async (
  { intent, prepared }: OpenIntent,
  { prepares = sqlWrites, resolve, resolveTries = 3, warn }: RecoveryOptions,
): Promise<Resolution> => {
  if (prepared === undefined) return prepares(intent.header) ? 'not_started' : 'unknown'
  for (let tries = 0; tries < resolveTries; tries++) {
    if (tries > 0) await pause(1000)
    try {
      const answer = await resolve(intent.header, prepared.header.detail ?? {})
      if (answer !== 'unknown') return answer
    } catch (cause) {
      warn?.('a prepared write could not be resolved', cause)
    }
  }
  return 'unknown'
}

const endAll = async (
  stream: OwnedStream,
  open: readonly OpenIntent[],
  options: RecoveryOptions,
) => {
  for (const one of open) {
    const how = await resolution(one, options)
    await stream.append([endEntry(entryOf(one.intent.header), one.intent.leaf, how, 'recovery')])
  }
}

/** Its process died between its row and `stream.open`: nothing was written, so there is nothing to say, only a row to close. */
const closeEmpty = async ({ epoch, stream }: Taken, { pool }: RecoveryOptions): Promise<void> => {
  await pool.query(
    `update audit.stream set closed_at = clock_timestamp()
     where stream_id = $1 and epoch = $2 and seq = 0 and closed_at is null`,
    [stream, epoch],
  )
}

const recoverOne = async (taken: Taken, options: RecoveryOptions): Promise<number> => {
  if (taken.position.seq === 0n) {
    // A stream begins with `stream.open` and nothing else, also for the verifiers.
    await closeEmpty(taken, options)
    return 0
  }
  const open = await openIntentsOf(options, taken.stream)
  const stream = await own(options, taken, {
    position: taken.position,
    leasedAt: taken.leasedAt,
    intents: new Map(open.map(({ intent }) => [intent.leaf, entryOf(intent.header)])),
    // Whoever took it from us ends them again.
    onStranded: () => undefined,
  })
  try {
    const detail = { from: taken.before, writer: taken.writer, open: String(open.length) }
    await stream.append([systemEntry('stream.takeover', options.writer, detail)])
    await endAll(stream, open, options)
    await closeStream(options, stream, 'recovered', 10_000)
    return open.length
  } catch (thrown) {
    await stream.abandon()
    throw thrown
  }
}

const lateEntry = (entry: Entry, spooled: string): Entry => ({
  ...entry,
  type: 'call.late',
  detail: { type: entry.type, spooled },
  parts: (entry.parts ?? []).map(({ bytes }): Part => ({ kind: 'late', bytes })),
})

/** Adds spooled outcomes to our own log, each once. */
const addLate = async ({ pool, spool, to, warn }: RecoveryOptions): Promise<number> => {
  if (spool === undefined) return 0
  const { found, unreadable } = await spool.read()
  if (unreadable > 0) warn?.(`${unreadable} files of the spool can not be read`)
  let added = 0
  for (const [id, { entries }] of found) {
    const { rowCount } = await pool.query(
      `select 1 from audit.event where call_id = $1 and type = 'call.late' and header -> 'detail' ->> 'spooled' = $2`,
      [entries[0]?.callId, id],
    )
    if (rowCount === 0) {
      const late = entries.filter(({ type }) => isTerminal(type as EventType))
      added += (await to.append(late.map((entry) => lateEntry(entry, id)))).length
    }
    await spool.remove(id)
  }
  return added
}

/** One round: every expired stream, then the spool. A stream that fails is left for the next round. */
export const recover = async (options: RecoveryOptions): Promise<Recovered> => {
  const streams: string[] = []
  let ended = 0
  for (let taken = await takeOver(options); taken; taken = await takeOver(options)) {
    streams.push(taken.stream)
    try {
      ended += await recoverOne(taken, options)
    } catch (cause) {
      options.warn?.(`stream ${taken.stream} could not be recovered now`, cause)
    }
  }
  return { streams, ended, late: await addLate(options) }
}

export interface Recovery {
  /** Resolves when the round that is under way has ended. */
  stop(): Promise<void>
}

/** Recovers at once, then every 30 s (or `everyMs`), until stopped. */
export const startRecovery = (options: RecoveryOptions): Recovery => {
  let stopped = false
  let wake: () => void = () => undefined
  const rounds = (async () => {
    while (!stopped) {
      await recover(options).catch((cause) => options.warn?.('recovery failed', cause))
      await new Promise<void>((next) => {
        const timer = setTimeout(next, stopped ? 0 : (options.everyMs ?? 30_000)).unref()
        wake = () => {
          clearTimeout(timer)
          next()
        }
      })
    }
  })()
  return {
    async stop() {
      stopped = true
      wake()
      await rounds
    },
  }
}
