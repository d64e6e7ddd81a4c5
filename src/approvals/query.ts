/** Reading approvals, parsed. */
import { type Row, readRow, selectRow } from './row.ts'

export interface Queryable {
  query<R>(text: string, values: unknown[]): Promise<{ rows: R[]; rowCount: number | null }>
}

/** A list for people; older ones are in the views. */
const most = 500
/** Requests whose end is remembered, besides the database's word. */
const remembered = 10_000

export interface Rows {
  one(callId: string): Promise<Row | undefined>
  many(where: string, values: unknown[]): Promise<readonly Row[]>
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** `now`: monotonic milliseconds. */
export const rowsOf = (pool: Queryable, now: () => number = () => performance.now()): Rows => {
  const ends = new Map<string, number>()
  /** The database's clock is the judge, but when it is set back it revives nothing: no request lives longer than it had left when it was first seen here. */
  const mortal = (found: Row): Row => {
    const end = Math.min(ends.get(found.call_id) ?? Number.POSITIVE_INFINITY, now() + found.left_ms)
    if (found.state !== 'requested' && found.state !== 'approved') ends.delete(found.call_id)
    else ends.set(found.call_id, end)
    const [oldest] = ends.keys()
    if (ends.size > remembered && oldest !== undefined) ends.delete(oldest)
    return end <= now() ? { ...found, over: true } : found
  }
  return {
    one: async (callId) => {
      if (!uuid.test(callId)) return undefined
      const { rows } = await pool.query<unknown>(selectRow('a.call_id = $1'), [callId])
      return rows[0] === undefined ? undefined : mortal(readRow(rows[0]))
    },
    many: async (where, values) => {
      const { rows } = await pool.query<unknown>(
        `${selectRow(where)} order by a.requested_at desc limit ${most}`,
        values,
      )
      return rows.map((row) => mortal(readRow(row)))
    },
  }
}
