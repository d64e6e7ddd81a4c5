/** `audit verify` on a store: walks every stream in one snapshot, in flat memory, and says what it could not check. */
import { isDeepStrictEqual } from 'node:util'
import pg from 'pg'
import type { KeyWrap } from '../../types.ts'
import type { Decide } from '../bundle/offline-decisions.ts'
import { requestIn } from '../bundle/offline-parts.ts'
import { openApprovalCheck } from '../checks/approval-check.ts'
import { type Fields, type Finding, openStreamCheck, text } from '../checks/chain-check.ts'
import {
  type Committed,
  checkPayload,
  committedBy,
  type PayloadCounts,
} from '../checks/payload-check.ts'
import { beginReading, payloadsOf, readPage, streamsOf, totalsOf } from '../checks/verify-read.ts'
import { keyReader } from '../stream/keys.ts'
import type { NoteKey } from '../tree/note.ts'
import type { AskRows } from '../tree/tree-read.ts'
import { openStoreDecisions } from './store-decisions.ts'
import { checkTree, type TreeSeen } from './tree-check.ts'

export interface VerifyOptions {
  readonly pool: pg.Pool
  readonly log: string
  /** Without it, contents are not checked. */
  readonly keys?: KeyWrap
  /** The gateway owns the store (the embedded one). */
  readonly embedded?: boolean
  /** Left out: decisions are not made again. */
  readonly decide?: Decide
  /** The notary's keys, where the auditor brings them; else the store's own record of them. */
  readonly trusted?: readonly NoteKey[]
  /** Findings that are kept; more are only counted. */
  readonly keep?: number
  readonly progress?: (events: number) => void
}

export interface Verification {
  /** 0 nothing wrong was found, 1 something was changed, 2 it could not be looked at. */
  readonly exit: 0 | 1 | 2
  readonly streams: number
  readonly events: number
  /** Intents that have no end yet, in streams that are not closed. */
  readonly open: number
  /** Events that a checkpoint covers whose signature holds. */
  readonly signed: number
  readonly approvals: number
  /** That were made again, with the same result. */
  readonly decisions: number
  readonly payloads: PayloadCounts
  readonly findings: readonly Finding[]
  /** All findings, also those that were not kept. */
  readonly wrong: number
  readonly notChecked: readonly string[]
  readonly ms: number
}

const PAYLOAD_BYTES = 8 * 1024 * 1024

/** Groups of events whose payloads together stay near 8 MiB. */
function* groups(committed: readonly Committed[]): Generator<Committed[]> {
  let group: Committed[] = []
  let bytes = 0
  for (const one of committed) {
    group.push(one)
    bytes += one.parts.reduce((sum, { len }) => sum + len, 256)
    if (bytes < PAYLOAD_BYTES) continue
    yield group
    group = []
    bytes = 0
  }
  if (group.length > 0) yield group
}

const unsigned = (embedded: boolean, { notChecked, signed }: TreeSeen): string[] => [
  ...(signed === 0
    ? [
        'signatures: no checkpoint was signed, so who owns the database could write the whole log anew',
      ]
    : []),
  ...notChecked,
  ...(embedded ? ["the store runs under the gateway's own account"] : []),
]

/** Key by id; one that can't be unwrapped is remembered and counts as not there. */
const tolerantKeys = (client: pg.PoolClient, { keys, log }: VerifyOptions, broken: Set<string>) => {
  if (keys === undefined) return undefined
  const ask = async (sql: string, values: readonly unknown[]) =>
    (await client.query(sql, [...values])).rows
  const read = keyReader(ask, keys, log)
  return async (keyId: string): Promise<Buffer | undefined> => {
    if (broken.has(keyId)) return undefined
    try {
      return await read(keyId)
    } catch (thrown) {
      if (thrown instanceof pg.DatabaseError) throw thrown
      broken.add(keyId)
      return undefined
    }
  }
}

/** `pages` reads events while `client` reads what belongs to them, both from one snapshot. */
const walk = async (
  client: pg.PoolClient,
  pages: pg.PoolClient,
  options: VerifyOptions,
): Promise<Omit<Verification, 'ms'>> => {
  const findings: Finding[] = []
  let wrong = 0
  const report = (finding: Finding): void => {
    wrong += 1
    if (findings.length < (options.keep ?? 100)) findings.push(finding)
  }
  const brokenKeys = new Set<string>()
  const keyOf = tolerantKeys(client, options, brokenKeys)
  const approvals = openApprovalCheck(report)
  const payloads: PayloadCounts = { checked: 0, erased: 0, sealed: 0 }
  const ask: AskRows = async (sql, values) => (await client.query(sql, [...values])).rows
  const whole = (what: string) => report({ stream: '', seq: '', what })
  const incomplete = new Set<string>()
  const decisions = await openStoreDecisions(ask, options.decide, whole)
  const decide = (header: Fields, request: string | undefined): void =>
    decisions.event(header, request, {
      say: (what) => report({ stream: text(header.stream), seq: text(header.seq), what }),
      incomplete: () => incomplete.add('the policies that decided are not in the store'),
    })
  let events = 0
  let rows = 0
  let open = 0
  const streams = await streamsOf(client)
  for (const row of streams) {
    const check = openStreamCheck(row.stream, options.log, report)
    let next = readPage(pages, row.stream, undefined)
    for (let page = await next; page.length > 0; page = await next) {
      const last = page.at(-1)?.seq
      // The server reads the next page while this one is checked.
      next = readPage(pages, row.stream, last)
      next.catch(() => undefined)
      const committed: Committed[] = []
      for (const { indexed, jcs, leaf, seq } of page) {
        const event = check.event(seq, jcs, leaf)
        if (event === undefined) continue
        if (!sameIndex(indexed, jcs)) {
          report({
            stream: row.stream,
            seq: String(seq),
            what: 'its index says something else than its bytes',
          })
        }
        approvals.event(event)
        const commits = committedBy(event.header)
        if (commits) committed.push(commits)
        else decide(event.header, undefined)
      }
      for (const group of groups(committed)) {
        const found = await payloadsOf(
          client,
          group.map(({ header }) => text(header.event_id)),
        )
        for (const one of group) {
          const its = found.get(text(one.header.event_id).replaceAll('-', '')) ?? []
          rows += its.length
          const parts = new Map<number, Buffer>()
          await checkPayload(one, its, keyOf, payloads, report, (part, bytes) =>
            parts.set(part, bytes),
          )
          decide(one.header, requestIn(one.header, parts))
        }
      }
      events += page.length
      options.progress?.(events)
    }
    check.end(row)
    open += check.open
  }
  const totals = await totalsOf(client)
  if (totals.events !== events) whole(`${totals.events - events} events belong to no stream`)
  if (totals.payloads !== rows) whole(`${totals.payloads - rows} payload parts belong to no event`)
  const tree = await checkTree(
    ask,
    { log: options.log, events, ...(options.trusted ? { trusted: options.trusted } : {}) },
    report,
  )
  const spent = approvals.end()
  return {
    exit: wrong > 0 ? 1 : brokenKeys.size + incomplete.size > 0 ? 2 : 0,
    streams: streams.length,
    events,
    open,
    signed: tree.signed,
    approvals: spent,
    decisions: decisions.checked,
    payloads,
    findings,
    wrong,
    notChecked: [
      ...unsigned(options.embedded ?? false, tree),
      ...incomplete,
      ...(options.decide === undefined ? ['decisions: they were not made again'] : []),
      ...(decisions.unseen > 0
        ? [`${decisions.unseen} decisions whose request could not be read`]
        : []),
      ...(brokenKeys.size > 0
        ? [`${brokenKeys.size} data keys that the vault's key does not open`]
        : []),
      ...(payloads.sealed > 0 ? [`${payloads.sealed} payload parts whose key is not there`] : []),
      ...(payloads.erased > 0 ? [`${payloads.erased} payload parts that were erased`] : []),
      ...(open > 0 ? [`${open} calls that have not ended`] : []),
    ],
  }
}

/** `true`: the server compared index and bytes. Text: the index, to be compared here. */
const sameIndex = (indexed: boolean | string, jcs: Buffer): boolean => {
  if (typeof indexed === 'boolean') return indexed
  try {
    return isDeepStrictEqual(JSON.parse(indexed), JSON.parse(jcs.toString('utf8')))
  } catch {
    return false
  }
}

const begin = async (
  pool: pg.Pool,
  opened: pg.PoolClient[],
  snapshot?: string,
): Promise<pg.PoolClient> => {
  const client = await pool.connect()
  opened.push(client)
  // A connection that dies between two statements; the next statement says so.
  client.on('error', ignore)
  await beginReading(client, snapshot)
  return client
}

const ignore = (): void => undefined

/** Never throws for what the log holds: a store that can't be read, or a key that can't be unwrapped, is exit 2. */
export const verifyStore = async (options: VerifyOptions): Promise<Verification> => {
  const started = performance.now()
  const ms = () => Math.round(performance.now() - started)
  const clients: pg.PoolClient[] = []
  try {
    const client = await begin(options.pool, clients)
    const { rows } = await client.query<{ id: string }>('select pg_export_snapshot() as id')
    const pages = await begin(options.pool, clients, rows[0]?.id)
    return { ...(await walk(client, pages, options)), ms: ms() }
  } catch (thrown) {
    const why =
      thrown instanceof pg.DatabaseError
        ? `SQLSTATE ${thrown.code}`
        : 'the store or a data key can not be read'
    const what = `could not be checked: ${why}`
    return {
      exit: 2,
      streams: 0,
      events: 0,
      open: 0,
      signed: 0,
      approvals: 0,
      decisions: 0,
      payloads: { checked: 0, erased: 0, sealed: 0 },
      findings: [],
      wrong: 0,
      notChecked: [what],
      ms: ms(),
    }
  } finally {
    for (const client of clients) {
      const broken = await client.query('rollback').then(
        () => false,
        () => true,
      )
      client.off('error', ignore)
      client.release(broken)
    }
  }
}
