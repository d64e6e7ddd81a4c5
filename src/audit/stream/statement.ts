/** The statements on `audit.stream` and the one append; compare-and-set is the only way a stream moves. */
import type { Batch, Position } from './batch.ts'
import type { StreamFrame } from './header.ts'
import type { Link, Statement } from './link.ts'
import { byteaArray, int4Array, textArray, uuidArray } from './pg-array.ts'

const CAS = `with cas as (
  update audit.stream set seq = $4, head = $5, lease_until = clock_timestamp() + $8::float8 * interval '1 ms'
  where stream_id = $1 and epoch = $2 and seq = $3 and head = $6 and closed_at is null
  returning 1)`

const EVENTS = `insert into audit.event (stream_id, seq, header, header_jcs, leaf)
  select $1, $3::bigint + t.n, convert_from(t.jcs, 'UTF8')::jsonb, t.jcs, t.leaf
  from unnest($7::bytea[], $9::bytea[]) with ordinality t(jcs, leaf, n), cas`

const PAYLOADS = `, sealed as (
  insert into audit.payload (event_id, part, key_id, nonce, ciphertext)
  select p.event_id, p.part, p.key_id, p.nonce, p.ciphertext
  from unnest($10::uuid[], $11::int4[], $12::text[], $13::bytea[], $14::bytea[])
    p(event_id, part, key_id, nonce, ciphertext), cas)`

const APPEND = `${CAS} ${EVENTS}`
const APPEND_SEALED = `${CAS}${PAYLOADS} ${EVENTS}`

/** Inserts the batch and moves the head, or inserts nothing. Renews the lease on the way. */
export const appendStatement = (batch: Batch, frame: StreamFrame, leaseMs: number): Statement => {
  const values: unknown[] = [
    frame.stream,
    frame.epoch,
    String(batch.from.seq),
    String(batch.to.seq),
    batch.to.head,
    batch.from.head,
    byteaArray(batch.headers),
    leaseMs,
    byteaArray(batch.leaves),
  ]
  const ids: Buffer[] = []
  const numbers: number[] = []
  const keyIds: string[] = []
  const nonces: Buffer[] = []
  const ciphertexts: Buffer[] = []
  for (const { prepared } of batch.items)
    for (const { id, keyId, parts } of prepared)
      for (const { ciphertext, nonce, part } of parts) {
        ids.push(id)
        numbers.push(part)
        keyIds.push(keyId)
        nonces.push(nonce)
        ciphertexts.push(ciphertext)
      }
  if (ids.length === 0) return { name: 'append', text: APPEND, values }
  values.push(
    uuidArray(ids),
    int4Array(numbers),
    textArray(keyIds),
    byteaArray(nonces),
    byteaArray(ciphertexts),
  )
  return { name: 'append_sealed', text: APPEND_SEALED, values }
}

/** What the store says of a stream. */
export interface StreamState {
  readonly epoch: string
  readonly position: Position
  readonly closed: boolean
}

/** Undefined when there is no such stream. With `lock`, waits for and keeps the row until the transaction ends. */
export const readStream = async (
  link: Link,
  stream: string,
  timeoutMs: number,
  lock = false,
): Promise<StreamState | undefined> => {
  const text = `select epoch::text, seq::text, head, closed_at is not null as closed
    from audit.stream where stream_id = $1${lock ? ' for update' : ''}`
  const { rows } = await link.query({ text, values: [stream] }, timeoutMs)
  const row: { epoch: string; seq: string; head: Buffer; closed: boolean } | undefined = rows[0]
  if (row === undefined) return undefined
  return {
    epoch: row.epoch,
    position: { seq: BigInt(row.seq), head: row.head },
    closed: row.closed,
  }
}

/** Extends the lease by database time; undefined when the stream is no longer of this epoch. */
export const renewLease = async (
  link: Link,
  { stream, epoch }: StreamFrame,
  leaseMs: number,
  timeoutMs: number,
): Promise<Position | undefined> => {
  const text = `update audit.stream set lease_until = clock_timestamp() + $3::float8 * interval '1 ms'
    where stream_id = $1 and epoch = $2 and closed_at is null returning seq::text, head`
  const { rows } = await link.query(
    { name: 'renew', text, values: [stream, epoch, leaseMs] },
    timeoutMs,
  )
  const row: { seq: string; head: Buffer } | undefined = rows[0]
  return row && { seq: BigInt(row.seq), head: row.head }
}
