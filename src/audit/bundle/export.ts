/** Writes a bundle: the log from one index of the tree to another, with all that a verifier needs to judge it alone. */
import { createHash } from 'node:crypto'
import type pg from 'pg'
import type { KeyWrap } from '../../types.ts'
import type { PayloadRow } from '../checks/payload-check.ts'
import { payloadsOf } from '../checks/verify-read.ts'
import { epochKey, keyReader } from '../stream/keys.ts'
import { openPart } from '../stream/seal.ts'
import { openCompact } from '../tree/compact.ts'
import { notaryKeys, pinned } from '../tree/notary-pin.ts'
import { type AskRows, grow, treeSize } from '../tree/tree-read.ts'
import { eventLine, lineText } from './lines.ts'

export interface ExportOptions {
  readonly pool: pg.Pool
  readonly keys: KeyWrap
  readonly log: string
  /** First index; 0 unless told. */
  readonly from?: number
  /** One past the last index; the tree's end unless told. It is moved on to the next signature. */
  readonly to?: number
  /** `none` leaves contents out. */
  readonly payloads: 'clear' | 'none'
  /** Takes a piece; resolves when it may get another. */
  readonly write: (piece: Buffer) => Promise<void>
  readonly progress?: (events: number) => void
}

export interface Exported {
  readonly from: number
  readonly to: number
  readonly events: number
  /** Index up to which a signature in the bundle reaches. */
  readonly signed: number
  /** Parts that can't be opened and are not in the bundle; its verifier will say so too. */
  readonly broken: number
}

const PAGE = 500
/** Checkpoints that a bundle holds at most, beside the last: the last one speaks for all before it. */
const MOST_CHECKPOINTS = 128
const PIECE = 1024 * 1024

const EVENTS = `select l.idx::text, e.header_jcs, e.event_id::text as id,
    e.header_jcs is not null and position('"payload":['::bytea in e.header_jcs) > 0 as filled
  from audit.leaf l left join audit.event e using (stream_id, seq)
  where l.idx >= $1 and l.idx < $2 order by l.idx`

const POLICIES = `select distinct header -> 'policy' ->> 'set' as set, header -> 'policy' ->> 'schema' as schema,
    header -> 'policy' ->> 'engine' as engine
  from audit.event where header -> 'policy' is not null order by 1, 2, 3`

const TEXTS = `select kind, hash, text from countersign.config_version
  where kind = 'policy' and hash = $1 or kind = 'schema' and hash = $2`

// What erased something between the two indexes, wherever it stands: without it the gap could not be explained.
const LAST_ERASE = `select coalesce(max(l.idx) + 1, 0)::text as upto
  from audit.leaf l join audit.event e using (stream_id, seq) where e.type = 'retention.erase'`

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Gathers lines into large pieces, and hashes them. */
const openSink = (write: ExportOptions['write']) => {
  const digest = createHash('sha256')
  let waiting: Buffer[] = []
  let bytes = 0
  const flush = async (): Promise<void> => {
    if (bytes === 0) return
    const piece = Buffer.concat(waiting)
    waiting = []
    bytes = 0
    digest.update(piece)
    await write(piece)
  }
  return {
    async line(line: Buffer | string): Promise<void> {
      const piece = typeof line === 'string' ? Buffer.from(line) : line
      waiting.push(piece)
      bytes += piece.length
      if (bytes >= PIECE) await flush()
    },
    flush,
    digest: () => digest.copy().digest('hex'),
  }
}

const rangeOf = async (
  ask: AskRows,
  { from = 0, to }: ExportOptions,
): Promise<{ readonly from: number; readonly to: number }> => {
  const size = await treeSize(ask)
  if (from > size)
    throw new RangeError(`the tree has ${size} events; there is none from ${from} on`)
  if (to === undefined || to >= size) return { from, to: size }
  if (to < from) throw new RangeError('the end lies before the beginning')
  const [row] = await ask(
    'select coalesce(min(size), $2)::text as upto from audit.checkpoint where size >= $1',
    [to, size],
  )
  const [erase] = await ask(LAST_ERASE, [])
  return { from, to: Math.min(size, Math.max(Number(row?.upto), Number(erase?.upto))) }
}

const notesOf = async (
  ask: AskRows,
  from: number,
  to: number,
): Promise<{
  readonly checkpoints: readonly string[]
  readonly anchors: readonly string[]
  readonly signed: number
}> => {
  const rows = await ask(
    `select size::text, note from (
       select size, note, row_number() over (order by size desc) as back, count(*) over () as all_of
       from audit.checkpoint where size > $1 and size <= $2) c
     where back = 1 or all_of <= $3 or back % (all_of / $3 + 1) = 0 order by c.size`,
    [from, to, MOST_CHECKPOINTS],
  )
  const kept = await ask(
    `select value from countersign.meta where key like 'log.anchor %' order by key`,
    [],
  )
  const anchors = kept.flatMap(({ value }) => {
    try {
      const { note }: { note?: unknown } = JSON.parse(String(value))
      return typeof note === 'string' && within(note, from, to) ? [note] : []
    } catch {
      return []
    }
  })
  return {
    checkpoints: rows.map(({ note }) => String(note)),
    anchors,
    signed: Number(rows.at(-1)?.size ?? 0),
  }
}

const within = (note: string, from: number, to: number): boolean => {
  const size = Number(note.split('\n')[1])
  return size > from && size <= to
}

type Opener = (header: Buffer, rows: readonly PayloadRow[]) => Promise<readonly string[]>

/** Lines of an event's parts, opened; `broken` hears of each that can't be. */
const openOpener =
  (key: (keyId: string) => Promise<Buffer | undefined>, broken: () => void): Opener =>
  async (jcs, rows) => {
    const header = JSON.parse(jcs.toString('utf8'))
    const place = { log: text(header.log), stream: text(header.stream), epoch: text(header.epoch) }
    const lines: string[] = []
    for (const row of [...rows].sort((a, b) => a.part - b.part)) {
      if (row.nonce === null || row.ciphertext === null) continue
      const month = await key(row.keyId)
      if (month === undefined) {
        broken()
        continue
      }
      try {
        const sealed = { part: row.part, nonce: row.nonce, ciphertext: row.ciphertext }
        const { bytes, salt } = openPart(epochKey(month, place), text(header.event_id), sealed)
        lines.push(
          lineText({
            kind: 'payload',
            event_id: text(header.event_id),
            part: row.part,
            salt: salt.toString('base64'),
            bytes: bytes.toString('base64'),
          }),
        )
      } catch {
        broken()
      }
    }
    return lines
  }

const head = async (ask: AskRows, options: ExportOptions, from: number, to: number) => {
  const range = openCompact()
  await grow(ask, range, from)
  const known = await pinned(ask)
  return lineText({
    kind: 'bundle',
    v: 1,
    log: options.log,
    from: String(from),
    to: String(to),
    payloads: options.payloads,
    notary: known === undefined || known.home !== '' ? 'own' : 'apart',
    ...(from > 0 ? { range: range.state().hashes.map((one) => one.toString('hex')) } : {}),
  })
}

const policyLines = async (ask: AskRows): Promise<readonly string[]> => {
  const lines: string[] = []
  for (const row of await ask(POLICIES, [])) {
    const texts = await ask(TEXTS, [row.set, row.schema])
    const policies = texts.find(({ kind }) => kind === 'policy')
    const schema = texts.find(({ kind }) => kind === 'schema')
    if (policies === undefined || schema === undefined) continue
    lines.push(
      lineText({
        kind: 'policy',
        set: text(row.set),
        schema: text(row.schema),
        engine: text(row.engine),
        text: String(policies.text),
        schema_text: String(schema.text),
      }),
    )
  }
  return lines
}

const write = async (client: pg.PoolClient, options: ExportOptions): Promise<Exported> => {
  const ask: AskRows = async (sql, values) => (await client.query(sql, [...values])).rows
  const { from, to } = await rangeOf(ask, options)
  const sink = openSink(options.write)
  let broken = 0
  const open = openOpener(keyReader(ask, options.keys, options.log), () => {
    broken += 1
  })
  await sink.line(await head(ask, options, from, to))
  for (const { id, publicKey } of await notaryKeys(ask, options.log))
    await sink.line(lineText({ kind: 'key', id, public: publicKey.toString('base64') }))
  for (const line of await policyLines(ask)) await sink.line(line)
  for (let at = from; at < to; at += PAGE) {
    const rows = await ask(EVENTS, [at, Math.min(to, at + PAGE)])
    const filled = rows.filter((row) => row.filled === true).map(({ id }) => String(id))
    const payloads = options.payloads === 'none' ? undefined : await payloadsOf(client, filled)
    for (const { header_jcs: jcs, id, idx } of rows) {
      if (!(jcs instanceof Buffer))
        throw new Error(`event ${String(idx)} of the tree is not in the store`)
      await sink.line(eventLine(Number(idx), jcs))
      const its = payloads?.get(String(id).replaceAll('-', ''))
      if (its) for (const line of await open(jcs, its)) await sink.line(line)
    }
    options.progress?.(at - from + rows.length)
  }
  const { anchors, checkpoints, signed } = await notesOf(ask, from, to)
  for (const note of checkpoints) await sink.line(lineText({ kind: 'checkpoint', note }))
  for (const note of anchors) await sink.line(lineText({ kind: 'anchor', note }))
  await sink.flush()
  await sink.line(lineText({ kind: 'end', events: String(to - from), sha256: sink.digest() }))
  await sink.flush()
  return { from, to, events: to - from, signed, broken }
}

/** One snapshot from beginning to end. Throws RangeError for indexes that are not there, LogContradicted, and what store and sink throw. */
export const exportBundle = async (options: ExportOptions): Promise<Exported> => {
  const client = await options.pool.connect()
  const ignore = (): void => undefined
  client.on('error', ignore)
  let broken = false
  try {
    await client.query('begin isolation level repeatable read read only')
    await client.query('set local statement_timeout = 0')
    await client.query('set local idle_in_transaction_session_timeout = 0')
    return await write(client, options)
  } finally {
    await client.query('rollback').catch(() => {
      broken = true
    })
    client.off('error', ignore)
    client.release(broken)
  }
}
