/** Adds the leaves of all streams to the one tree: index without gaps, each stream's leaves in their order, each once. */
import type { Link } from '../stream/link.ts'
import { LogContradicted } from './notary-port.ts'

export interface Integrator {
  /** Leaves in the tree. */
  readonly size: number
  /** Adds what is durable now, at most `most` leaves; how many it added. Throws LogContradicted when an event is missing. */
  round(most?: number): Promise<number>
}

/** One statement's worth: about 6 MB of rows. */
export const MOST_A_ROUND = 8192

/** A closed stream is looked at no more after this long, except by a leader that starts. */
const LATELY = `closed_at is null or closed_at > clock_timestamp() - interval '10 minutes'`

// All of it or nothing: an event that is not there (or a leaf that somebody else added) makes the counts differ.
const ADD = `with wanted as (
    select e.stream_id, e.seq, e.leaf, row_number() over (order by r.place, e.seq) as n
    from unnest($1::bigint[], $2::bigint[], $3::bigint[]) with ordinality r(stream, after, upto, place)
    cross join lateral (
      select stream_id, seq, leaf from audit.event
      where stream_id = r.stream and seq > r.after and seq <= r.upto order by seq) e)
  insert into audit.leaf (idx, stream_id, seq, leaf)
  select $4::bigint + n - 1, stream_id, seq, leaf from wanted
  where (select count(*) from wanted) = $5 and (select coalesce(max(idx) + 1, 0) from audit.leaf) = $4`

interface Head {
  readonly stream: string
  readonly seq: number
}

interface Piece {
  readonly stream: string
  readonly after: number
  readonly upto: number
}

/** Reads how far the tree goes. `link` is this integrator's own session. */
export const openIntegrator = async (link: Link, timeoutMs: number): Promise<Integrator> => {
  const ask = async (text: string, values: readonly unknown[] = []) =>
    (await link.query({ text, values }, timeoutMs)).rows
  // Without statistics the planner would read whole tables; each of these statements follows an index.
  await ask('set enable_seqscan = off')
  let size = 0
  const added = new Map<string, number>()

  const load = async (): Promise<void> => {
    const rows = await ask(`select s.stream_id::text as stream, coalesce(
        (select l.seq from audit.leaf l where l.stream_id = s.stream_id order by l.seq desc limit 1), 0)::text as seq
      from audit.stream s`)
    const [last] = await ask('select coalesce(max(idx) + 1, 0)::text as size from audit.leaf')
    added.clear()
    for (const { seq, stream } of rows) added.set(String(stream), Number(seq))
    size = Number(last.size)
  }

  const heads = async (all: boolean): Promise<readonly Head[]> => {
    const rows = await ask(
      `select stream_id::text as stream, seq::text from audit.stream where ${all ? 'true' : LATELY} order by stream_id`,
    )
    return rows.map(({ seq, stream }) => ({ stream: String(stream), seq: Number(seq) }))
  }

  await load()
  let all = true

  const missing = async (pieces: readonly Piece[]): Promise<string | undefined> => {
    for (const { after, stream, upto } of pieces) {
      const rows = await ask(
        'select seq::text from audit.event where stream_id = $1 and seq > $2 and seq <= $3 order by seq',
        [stream, after, upto],
      )
      const gap = rows.findIndex(({ seq }, at) => Number(seq) !== after + 1 + at)
      const at = gap < 0 ? rows.length : gap
      if (at < upto - after) return `event ${after + 1 + at} of stream ${stream}`
    }
    return undefined
  }

  return {
    get size() {
      return size
    },
    async round(most = MOST_A_ROUND) {
      const pieces: Piece[] = []
      let room = most
      for (const { seq, stream } of await heads(all)) {
        const after = added.get(stream) ?? 0
        if (seq <= after || room <= 0) continue
        const upto = Math.min(seq, after + room)
        pieces.push({ stream, after, upto })
        room -= upto - after
      }
      const count = most - room
      if (room > 0) all = false
      if (count === 0) return 0
      try {
        const { rowCount } = await link.query(
          {
            name: 'integrate',
            text: ADD,
            values: [
              pieces.map(({ stream }) => stream),
              pieces.map(({ after }) => after),
              pieces.map(({ upto }) => upto),
              size,
              count,
            ],
          },
          timeoutMs,
        )
        if (rowCount === count) {
          for (const { stream, upto } of pieces) added.set(stream, upto)
          size += count
          return count
        }
      } catch (thrown) {
        // Another integrator added the same at the same moment, or the answer was lost: the store says what holds.
        if (link.broken) throw thrown
        await load()
        all = true
        return 0
      }
      const before = size
      await load()
      all = true
      const gap = size === before ? await missing(pieces) : undefined
      if (gap !== undefined)
        throw new LogContradicted(
          `The store has lost ${gap}: the log goes on only after it is put back.`,
        )
      return 0
    },
  }
}
