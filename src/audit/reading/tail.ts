/** `audit tail`: events as they become durable, each once, resumable after any stop. */
import type pg from 'pg'
import { type StoredEvent, storedEvent } from './read.ts'

/** Stream -> the last sequence number that was seen. JSON; give it back to go on. */
export type Cursor = Readonly<Record<string, string>>

export interface TailOptions {
  readonly pool: pg.Pool
  /** Goes on after what this cursor has seen; else begins with the last `last` events (10 unless told). */
  readonly from?: Cursor
  readonly last?: number
  /** Ends with what is there when false. */
  readonly follow: boolean
  readonly everyMs?: number
  readonly signal?: AbortSignal
}

export interface TailPiece {
  /** In the order of their time within the piece; each stream's events in its own order. */
  readonly events: readonly StoredEvent[]
  /** Covers this piece and all before it. */
  readonly cursor: Cursor
}

interface Row {
  readonly header_jcs: Buffer
  readonly leaf: Buffer
}

const LAST = `select header_jcs, leaf from audit.event order by event_id desc limit $1`

// Streams that moved past the cursor, and their next events; a stream's row moves in the commit of its events.
// At random, so that none of very many streams waits behind others that never rest.
const NEXT = `select e.header_jcs, e.leaf
  from (
    select s.stream_id, s.seq as head, coalesce(c.seq, 0) as seen
    from audit.stream s left join unnest($1::bigint[], $2::bigint[]) c(stream_id, seq) using (stream_id)
    where s.seq > coalesce(c.seq, 0) order by random() limit 20) moved
  cross join lateral (
    select header_jcs, leaf, event_id from audit.event
    where stream_id = moved.stream_id and seq > seen and seq <= head order by seq limit 250) e
  order by e.event_id`

// By time over all streams, and by its own order within each; what follows a hole waits.
const inOrder = (events: readonly StoredEvent[], cursor: Map<string, bigint>): StoredEvent[] => {
  const streams = new Map<string, StoredEvent[]>()
  for (const event of events) {
    const its = streams.get(event.header.stream) ?? []
    its.push(event)
    streams.set(event.header.stream, its)
  }
  for (const its of streams.values())
    its.sort((a, b) => Number(BigInt(a.header.seq) - BigInt(b.header.seq)))
  return events.flatMap(({ header: { stream } }) => {
    // Time says which stream is next; the stream says which of its events.
    const next = streams.get(stream)?.shift()
    if (next === undefined || BigInt(next.header.seq) !== (cursor.get(stream) ?? 0n) + 1n) return []
    cursor.set(stream, BigInt(next.header.seq))
    return [next]
  })
}

const begin = async ({ from, last = 10, pool }: TailOptions) => {
  const cursor = new Map<string, bigint>()
  if (from) {
    for (const [stream, seq] of Object.entries(from)) cursor.set(stream, BigInt(seq))
    return { cursor, events: [] }
  }
  const client = await pool.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    const heads = await client.query<{ stream: string; seq: string }>(
      'select stream_id::text as stream, seq::text from audit.stream',
    )
    for (const { seq, stream } of heads.rows) cursor.set(stream, BigInt(seq))
    const { rows } = await client.query<Row>(LAST, [last])
    return { cursor, events: rows.map(storedEvent).reverse() }
  } finally {
    await client.query('rollback').catch(() => undefined)
    client.release()
  }
}

const sleep = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((wake) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      wake()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })

const plain = (cursor: ReadonlyMap<string, bigint>): Cursor =>
  Object.fromEntries([...cursor].map(([stream, seq]) => [stream, String(seq)]))

export async function* tail(options: TailOptions): AsyncGenerator<TailPiece> {
  const { everyMs = 300, follow, pool, signal } = options
  const { cursor, events } = await begin(options)
  if (events.length > 0) yield { events, cursor: plain(cursor) }
  while (!signal?.aborted) {
    const { rows } = await pool.query<Row>(NEXT, [
      [...cursor.keys()],
      [...cursor.values()].map(String),
    ])
    const found = inOrder(rows.map(storedEvent), cursor)
    if (found.length > 0) yield { events: found, cursor: plain(cursor) }
    else if (!follow) return
    else await sleep(everyMs, signal)
  }
}
