/** Reads the log back: how a call ended, what its parts hold, the story of a call. */
import type pg from 'pg'
import { z } from 'zod'
import type { Code } from '../../errors.ts'
import type { Caller, EventType, KeyWrap, Masked, Part, Receipt } from '../../types.ts'
import { asker } from '../stream/connection.ts'
import { isTerminal } from '../stream/item.ts'
import { epochKey, keyReader } from '../stream/keys.ts'
import { matches, openPart } from '../stream/seal.ts'

export interface ReadStore {
  readonly pool: pg.Pool
  readonly keys: KeyWrap
  readonly log: string
}

const strings = z.array(z.string())
const fact = z.union([z.string(), strings, z.boolean(), z.number()])
const fields = z.record(z.string(), fact)

/** A stored header. Loose: a newer version may have added members. */
const headerShape = z.looseObject({
  v: z.literal(1),
  log: z.string(),
  stream: z.string(),
  epoch: z.string(),
  seq: z.string(),
  prev: z.string(),
  event_id: z.string(),
  type: z.string(),
  call_id: z.string().optional(),
  parent: z.string().optional(),
  t_wall: z.string(),
  t_src: z.string(),
  t_mono_ns: z.string(),
  actor: z.object({ iss: z.string(), sub: z.string(), client: z.string(), groups: strings }),
  origin: z.object({ via: z.string(), session: z.string(), auth: z.string() }),
  tool: z.string().optional(),
  tool_def: z.string().optional(),
  target: z.string().optional(),
  target_identity: z.string().optional(),
  effect: z.string().optional(),
  facts: fields.optional(),
  policy: fields.optional(),
  approval: fields.optional(),
  outcome: fields.optional(),
  detail: fields.optional(),
  cut: fields.optional(),
  mask: z.object({ rules: z.string(), hits: z.record(z.string(), z.number()) }).optional(),
  payload: z
    .array(z.object({ part: z.number(), kind: z.string(), commit: z.string(), len: z.string() }))
    .optional(),
  build: z.string(),
})
type StoredHeader = z.output<typeof headerShape>

export interface StoredEvent {
  readonly header: StoredHeader
  /** Hex. */
  readonly leaf: string
}

interface EventRow {
  readonly header_jcs: Buffer
  readonly leaf: Buffer
}

/** Reads the hashed bytes, never the index. */
export const storedEvent = ({ header_jcs, leaf }: EventRow): StoredEvent => ({
  header: headerShape.parse(JSON.parse(header_jcs.toString('utf8'))),
  leaf: leaf.toString('hex'),
})

/** An event that came as a value (over the API), parsed like one from the store. */
export const storedEventOf = (header: unknown, leaf: string): StoredEvent => ({
  header: headerShape.parse(header),
  leaf,
})

const receiptOf = ({ header, leaf }: StoredEvent): Receipt => ({
  stream: header.stream,
  seq: header.seq,
  leaf,
})

export type ReadPart =
  | { readonly kind: Part['kind']; readonly bytes: Buffer }
  /** `erased`: the row or its key is gone. `broken`: it is there and is not what the header committed to. */
  | { readonly kind: Part['kind']; readonly missing: 'erased' | 'broken' }

/** One whole part as it was appended: pieces of 64 KiB put together again. */
const joined = (pieces: readonly ReadPart[]): ReadPart[] => {
  const whole = new Map<Part['kind'], ReadPart>()
  for (const piece of pieces) {
    const before = whole.get(piece.kind)
    if (before === undefined || 'missing' in piece) whole.set(piece.kind, piece)
    else if (!('missing' in before)) {
      whole.set(piece.kind, { kind: piece.kind, bytes: Buffer.concat([before.bytes, piece.bytes]) })
    }
  }
  return [...whole.values()]
}

type Outcome =
  | { readonly kind: 'open'; readonly live: boolean }
  | {
      readonly kind: 'done'
      readonly ok: boolean
      readonly json: Masked<string> | undefined
      readonly receipt: Receipt
      readonly code: Code | 'OK'
    }

export interface LogReader {
  /** How a call ended; undefined when the log has no such call of this caller (issuer, subject, client). Without a caller: anybody's. */
  outcome(
    callId: string,
    caller?: Pick<Caller, 'iss' | 'sub' | 'client'>,
  ): Promise<Outcome | undefined>
  /** Every event of a call, oldest first. */
  story(callId: string): Promise<readonly StoredEvent[]>
  /** Ids of the calls that came by a session, in order. */
  callsOf(session: string): Promise<readonly string[]>
  /** The parts of an event, opened and checked against what its header commits to. */
  parts(event: StoredEvent): Promise<readonly ReadPart[]>
}

const EVENTS = `select e.header_jcs, e.leaf, s.closed_at is null and s.lease_until > clock_timestamp() as live
  from audit.event e join audit.stream s using (stream_id)
  where e.call_id = $1 order by e.event_id, e.stream_id, e.seq`

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const isFinal = ({ header }: StoredEvent): boolean =>
  // The headers were written from entries, so the type is one of ours.
  isTerminal(header.type as EventType) ||
  header.type === 'call.refused' ||
  header.type === 'call.denied'

export const openReader = ({ keys, log, pool }: ReadStore): LogReader => {
  const key = keyReader(asker(pool), keys, log)

  const rowsOf = async (callId: string): Promise<{ event: StoredEvent; live: boolean }[]> => {
    if (!uuid.test(callId)) return []
    const { rows } = await pool.query<EventRow & { live: boolean }>(EVENTS, [callId])
    return rows.map((row) => ({ event: storedEvent(row), live: row.live }))
  }

  const parts = async ({ header }: StoredEvent): Promise<readonly ReadPart[]> => {
    const { rows } = await pool.query<{
      part: number
      key_id: string
      nonce: Buffer | null
      ciphertext: Buffer | null
    }>('select part, key_id, nonce, ciphertext from audit.payload where event_id = $1', [
      header.event_id,
    ])
    const pieces: ReadPart[] = []
    for (const { commit, kind: name, part } of header.payload ?? []) {
      const kind = name as Part['kind']
      const row = rows.find((one) => one.part === part)
      const month = row && (await key(row.key_id))
      if (!row?.nonce || !row.ciphertext || !month) {
        pieces.push({ kind, missing: 'erased' })
        continue
      }
      try {
        const sealed = { part, nonce: row.nonce, ciphertext: row.ciphertext }
        const opened = openPart(epochKey(month, header), header.event_id, sealed)
        pieces.push(
          matches(opened, commit) ? { kind, bytes: opened.bytes } : { kind, missing: 'broken' },
        )
      } catch {
        pieces.push({ kind, missing: 'broken' })
      }
    }
    return joined(pieces)
  }

  const textOf = async (
    event: StoredEvent,
    kinds: readonly string[],
  ): Promise<Masked<string> | undefined> => {
    const found = (await parts(event)).find(({ kind }) => kinds.includes(kind))
    // What the log holds was masked before it was sealed.
    return found && 'bytes' in found ? (found.bytes.toString('utf8') as Masked<string>) : undefined
  }

  return {
    parts,
    async callsOf(session) {
      const { rows } = await pool.query<{ id: string }>(
        `select call_id::text as id from audit.event
         where type = 'call.received' and header -> 'origin' ->> 'session' = $1 and call_id is not null
         order by event_id`,
        [session],
      )
      return rows.map(({ id }) => id)
    },
    story: async (callId) => (await rowsOf(callId)).map(({ event }) => event),
    async outcome(callId, caller) {
      const rows = await rowsOf(callId)
      const first = rows[0]?.event.header.actor
      if (first === undefined) return undefined
      if (
        caller &&
        (first.iss !== caller.iss || first.sub !== caller.sub || first.client !== caller.client)
      ) {
        return undefined
      }
      const final = rows.map(({ event }) => event).find(isFinal)
      if (final === undefined) return { kind: 'open', live: rows.some(({ live }) => live) }
      const ok = final.header.type === 'call.result'
      return {
        kind: 'done',
        ok,
        json: await textOf(final, ok ? ['output'] : ['error']),
        receipt: receiptOf(final),
        // Written by the gateway from its closed list.
        code: String(final.header.outcome?.code ?? 'INTERNAL') as Code | 'OK',
      }
    },
  }
}
