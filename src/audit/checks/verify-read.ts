/** What the verifier reads from a store, in large pieces and few statements. */
import pg from 'pg'
import type { PayloadRow } from './payload-check.ts'

export interface PageRow {
  readonly seq: bigint
  readonly jcs: Buffer
  readonly leaf: Buffer
  /** Whether the index column equals the bytes; its text where the server could not compare. */
  readonly indexed: boolean | string
}

const PAGE = 2000
const BEFORE_ALL = '-9223372036854775808'

// One value a page: seq (8) | same (1) | leaf length (4) | leaf | header length (4) | header.
const PAGE_SQL = `select string_agg(int8send(seq) || decode(case when same then '01' else '00' end, 'hex')
    || int4send(octet_length(leaf)) || leaf || int4send(octet_length(header_jcs)) || header_jcs, ''::bytea order by seq) as page
  from (select seq, leaf, header_jcs, header = convert_from(header_jcs, 'UTF8')::jsonb as same
    from audit.event where stream_id = $1 and seq > $2 order by seq limit ${PAGE}) e`

const SLOW_SQL = `select seq::text, leaf, header_jcs, header::text as header
  from audit.event where stream_id = $1 and seq > $2 order by seq limit ${PAGE}`

const split = (page: Buffer): PageRow[] => {
  const rows: PageRow[] = []
  let at = 0
  const take = (): Buffer => {
    const end = at + 4 + page.readInt32BE(at)
    const piece = page.subarray(at + 4, end)
    at = end
    return piece
  }
  while (at < page.length) {
    const seq = page.readBigInt64BE(at)
    const indexed = page[at + 8] === 1
    at += 9
    const leaf = take()
    rows.push({ seq, indexed, leaf, jcs: take() })
  }
  return rows
}

const slowly = async (client: pg.PoolClient, values: readonly unknown[]): Promise<PageRow[]> => {
  const { rows } = await client.query<{
    seq: string
    leaf: Buffer
    header_jcs: Buffer
    header: string
  }>(SLOW_SQL, [...values])
  return rows.map(({ header, header_jcs, leaf, seq }) => ({
    seq: BigInt(seq),
    jcs: header_jcs,
    leaf,
    indexed: header,
  }))
}

/** Opens a transaction that may last; `snapshot` is one that another of them exported. */
export const beginReading = async (client: pg.PoolClient, snapshot?: string): Promise<void> => {
  await client.query('begin isolation level repeatable read read only')
  if (snapshot) await client.query(`set transaction snapshot ${pg.escapeLiteral(snapshot)}`)
  // Without statistics the planner would sort the rest of a stream for each page; the key's order is what we want.
  for (const setting of [
    'statement_timeout = 0',
    'idle_in_transaction_session_timeout = 0',
    'enable_sort = off',
    'enable_seqscan = off',
    'enable_bitmapscan = off',
  ]) {
    await client.query(`set local ${setting}`)
  }
}

/** The next events of a stream after `seq`, in order; none when it ends. */
export const readPage = async (
  client: pg.PoolClient,
  stream: string,
  after: bigint | undefined,
): Promise<PageRow[]> => {
  const values = [stream, after === undefined ? BEFORE_ALL : String(after)]
  await client.query('savepoint page')
  try {
    const { rows } = await client.query<{ page: Buffer | null }>(PAGE_SQL, values)
    return rows[0]?.page ? split(rows[0].page) : []
  } catch (thrown) {
    // Bytes that are no text, or no JSON, fail in the server; they must be a finding and no crash.
    if (!(thrown instanceof pg.DatabaseError) || !/^(22|54)/.test(thrown.code ?? '')) throw thrown
    await client.query('rollback to savepoint page')
    return slowly(client, values)
  }
}

export interface StreamRow {
  readonly stream: string
  readonly seq: bigint
  readonly head: Buffer
  readonly closed: boolean
}

export const streamsOf = async (client: pg.PoolClient): Promise<readonly StreamRow[]> => {
  const { rows } = await client.query<{
    stream: string
    seq: string
    head: Buffer
    closed: boolean
  }>(
    `select stream_id::text as stream, seq::text, head, closed_at is not null as closed
     from audit.stream order by stream_id`,
  )
  return rows.map((row) => ({ ...row, seq: BigInt(row.seq) }))
}

/** The payload rows of these events, by event id in hex without dashes. Ids that are no uuid have none. */
export const payloadsOf = async (
  client: pg.PoolClient,
  eventIds: readonly string[],
): Promise<ReadonlyMap<string, readonly PayloadRow[]>> => {
  const uuids = eventIds.filter((id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))
  const { rows } = await client.query<{
    id: string
    part: number
    key_id: string
    nonce: Buffer | null
    ciphertext: Buffer | null
    erased: boolean
  }>(
    `select event_id::text as id, part, key_id, nonce, ciphertext, erase_event is not null and exists (
       select from audit.event e where e.event_id = p.erase_event and e.type = 'retention.erase') as erased
     from audit.payload p where event_id = any($1::uuid[])`,
    [uuids],
  )
  const found = new Map<string, PayloadRow[]>()
  for (const { id, key_id: keyId, ...row } of rows) {
    const eventId = id.replaceAll('-', '')
    const its = found.get(eventId) ?? []
    its.push({ ...row, eventId, keyId })
    found.set(eventId, its)
  }
  return found
}

export const totalsOf = async (
  client: pg.PoolClient,
): Promise<{ readonly events: number; readonly payloads: number }> => {
  const { rows } = await client.query<{ events: string; payloads: string }>(
    'select (select count(*) from audit.event)::text as events, (select count(*) from audit.payload)::text as payloads',
  )
  return { events: Number(rows[0]?.events), payloads: Number(rows[0]?.payloads) }
}
