/** Reading approvals, parsed. */
import { type Row, readRow, selectRow } from './row.ts'

export interface Queryable {
  query<R>(text: string, values: unknown[]): Promise<{ rows: R[]; rowCount: number | null }>
}

/** A list for people; older ones are in the views. */
const most = 500

export interface Rows {
  one(callId: string): Promise<Row | undefined>
  many(where: string, values: unknown[]): Promise<readonly Row[]>
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export const rowsOf = (pool: Queryable): Rows => ({
  one: async (callId) => {
    if (!uuid.test(callId)) return undefined
    const { rows } = await pool.query<unknown>(selectRow('a.call_id = $1'), [callId])
    return rows[0] === undefined ? undefined : readRow(rows[0])
  },
  many: async (where, values) => {
    const { rows } = await pool.query<unknown>(
      `${selectRow(where)} order by a.requested_at desc limit ${most}`,
      values,
    )
    return rows.map(readRow)
  },
})
