/** Keys under which a call runs at most once, over all gateways of a store: table `countersign.idempotency`. */
import { createHmac } from 'node:crypto'
import type { Once } from './ports.ts'

interface Queryable {
  query<R>(text: string, values: unknown[]): Promise<{ rows: R[]; rowCount: number | null }>
}

/** `key` keys the hashes (32 bytes), so that the table tells nothing of inputs. */
export const openOnce = (pool: Queryable, key: Buffer): Once => ({
  hash: (...parts) => {
    const hmac = createHmac('sha256', key)
    for (const part of parts)
      hmac
        .update(String(Buffer.byteLength(part)))
        .update(':')
        .update(part)
    return hmac.digest()
  },
  take: async (hash, digest, callId) => {
    const inserted = await pool.query(
      'insert into countersign.idempotency (key_hash, call_id, input_digest) values ($1, $2, $3) on conflict (key_hash) do nothing',
      [hash, callId, digest],
    )
    if (inserted.rowCount === 1) return { taken: true }
    const { rows } = await pool.query<{ call_id: string; input_digest: Buffer }>(
      'select call_id, input_digest from countersign.idempotency where key_hash = $1',
      [hash],
    )
    const row = rows[0]
    // Released between the two statements: the key is free again, and taken by asking once more.
    if (!row) return { taken: false, callId, sameInput: true }
    return { taken: false, callId: row.call_id, sameInput: row.input_digest.equals(digest) }
  },
  replace: async (hash, before, callId) => {
    const { rowCount } = await pool.query(
      `update countersign.idempotency set call_id = $3, created_at = now()
        where key_hash = $1 and call_id = $2 and created_at < now() - interval '60 seconds'`,
      [hash, before, callId],
    )
    return rowCount === 1
  },
  claim: (hash, digest, callId) => ({
    sql: 'insert into countersign.idempotency (key_hash, call_id, input_digest) values ($1, $2, $3) on conflict (key_hash) do nothing returning call_id',
    values: [hash, callId, digest],
  }),
  holder: async (hash) => {
    const { rows } = await pool.query<{ call_id: string }>(
      'select call_id from countersign.idempotency where key_hash = $1',
      [hash],
    )
    return rows[0]?.call_id
  },
  release: async (hash, callId) => {
    await pool.query('delete from countersign.idempotency where key_hash = $1 and call_id = $2', [
      hash,
      callId,
    ])
  },
})
