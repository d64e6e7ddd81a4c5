// The log: appends/s beside single-row inserts, on an empty log and on a long one, and how fast a bundle is verified.
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { headerBytes, leafHash } from '../dist/audit/stream/header.js'
import { openLog } from '../dist/audit/stream/stream.js'
import { verifyStore } from '../dist/audit/verify/verify.js'
import { openHome } from '../dist/store/embedded/home.js'
import { ownerConnection } from '../dist/store/embedded/run.js'
import { open } from '../dist/store/open.js'
import { bundleOf, verifyRate } from './lib/audit-bundle.js'
import { appendCall, entryOf, newId, publishPolicies } from './lib/audit-entries.js'

const keys = {
  keyId: 'bench',
  wrap: (plain) => Buffer.from(plain),
  unwrap: (wrapped) => Buffer.from(wrapped),
}
const quiet = { info: () => void 0, warn: () => void 0, error: () => void 0 }
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const rate = async (callers, seconds, once) => {
  const started = performance.now()
  const until = started + seconds * 1e3
  let done = 0
  const caller = async () => {
    while (performance.now() < until) {
      await once()
      done += 1
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return (done * 1e3) / (performance.now() - started)
}

/** A store of its own with a log in it; `owner` runs one statement as its owner. */
const openBench = async (folder) => {
  mkdirSync(folder)
  const store = await open({ state: folder }, quiet)
  const owner = new pg.Client(ownerConnection(await openHome(folder), 'countersign', 'bench'))
  await owner.connect()
  await publishPolicies(store.pool)
  const log = await openLog({
    database: store.connection,
    pool: store.pool,
    keys,
    log: 'bench',
    writer: 'bench',
    build: 'sha256:bench',
  })
  return {
    store,
    log,
    owner: (text) => owner.query(text),
    append: () => log.append([entryOf(newId())]),
    async close() {
      await log.close()
      await owner.end()
      await store.close()
    },
  }
}

/** The same event by a statement and a commit of its own, without a chain. */
const singleInserts = (pool, stream) => {
  let seq = 0
  const frame = { log: 'bench', stream, epoch: randomUUID(), build: 'sha256:bench' }
  return async () => {
    seq += 1
    const draft = { entry: entryOf(newId()), eventId: newId(), commitments: [] }
    const header = headerBytes(draft, frame, {
      seq: BigInt(seq),
      prev: randomBytes(32),
      tWall: '',
      tSrc: 'ntp',
      tMonoNs: '1',
    })
    await pool.query({
      name: 'single',
      text: `insert into audit.event (stream_id, seq, header, header_jcs, leaf)
        values ($1, $2, convert_from($3, 'UTF8')::jsonb, $3, $4)`,
      values: [stream, seq, header, leafHash(header)],
    })
  }
}

const singlesOf = async ({ store }) => {
  const pool = new pg.Pool({ ...store.connection, max: 16 })
  const { rows } = await pool.query(
    `insert into audit.stream (epoch, writer, seq, head, lease_until)
     values ($1, 'singles', 0, $2, 'infinity') returning stream_id::text as id`,
    [randomUUID(), Buffer.alloc(32)],
  )
  return { once: singleInserts(pool, rows[0].id), end: () => pool.end() }
}

const p50OfOne = async (append) => {
  const times = []
  for (let n = 0; n < 500; n++) {
    const started = performance.now()
    await append()
    times.push(performance.now() - started)
  }
  return median(times)
}

const fill = async (bench, upTo) => {
  while (Number(bench.log.head().seq) < upTo)
    await Promise.all(Array.from({ length: 512 }, bench.append))
  // What a log of this age has behind it.
  await bench.owner('vacuum analyze audit.event')
  await bench.owner('checkpoint')
}

const TRUNCATE = 'truncate audit.event, audit.payload'

/** Each round: empty log, single inserts, long log, in turns, so that what else the machine does meets all three. */
const measureAppends = async ({ short, long, callers, seconds, rounds }, say) => {
  const single = await singlesOf(short)
  const seen = { empty: [], alone: [], late: [] }
  const turns = {
    empty: async () => {
      await short.owner(TRUNCATE)
      return rate(callers, seconds, short.append)
    },
    alone: async () => {
      await short.owner(TRUNCATE)
      return rate(callers, seconds, single.once)
    },
    late: () => rate(callers, seconds, long.append),
  }
  for (const turn of Object.values(turns)) await turn()
  for (let round = 0; round < rounds; round++) {
    const order = Object.keys(turns)
    for (let at = 0; at < order.length; at++) {
      const name = order[(at + round) % order.length]
      seen[name].push(await turns[name]())
    }
    const [empty, alone, late] = Object.values(seen).map((values) => Math.round(values.at(-1)))
    say(
      `round ${round + 1}: ${empty} events/s, single inserts ${alone}/s, on the long log ${late}/s`,
    )
  }
  await single.end()
  return seen
}

const ratios = (above, below) => above.map((value, at) => value / below[at])

/** Whole calls with contents, and events without, each in a store of its own. */
const measureVerify = async (folder, name, count, once, say) => {
  const bench = await openBench(join(folder, name))
  const { store } = bench
  try {
    while (Number(bench.log.head().seq) < count)
      await Promise.all(Array.from({ length: 256 }, () => once(bench.log)))
    const made = await bundleOf({
      connection: store.connection,
      pool: store.pool,
      log: 'bench',
      keys,
      folder: join(folder, name),
      record: (entry) => bench.log.append([entry]),
    })
    const offline = await verifyRate(made)
    const inStore = await verifyStore({ pool: store.pool, log: 'bench', keys, keep: 1 })
    say(
      `${name}: ${offline.events} events, ${Math.round(made.bytes / 1e6)} MB verified at ${offline.perSecond}/s in ${offline.rssMb} MB; in the store ${Math.round((inStore.events * 1e3) / inStore.ms)}/s`,
    )
    return { ...offline, inStore: Math.round((inStore.events * 1e3) / inStore.ms) }
  } finally {
    await bench.close()
  }
}

const benchAudit = async ({ callers, seconds, rounds, long }, say) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  const opened = []
  const opening = async (name) => {
    const bench = await openBench(join(folder, name))
    opened.push(bench)
    return bench
  }
  try {
    const events = await measureVerify(
      folder,
      'events',
      1e5,
      (log) => log.append([entryOf(newId())]),
      say,
    )
    const calls = await measureVerify(folder, 'calls', 1e5, appendCall, say)
    const bench = { short: await opening('short'), long: await opening('long') }
    await fill(bench.long, long)
    say(`the long log has ${bench.long.log.head().seq} events`)
    const { alone, empty, late } = await measureAppends({ ...bench, callers, seconds, rounds }, say)
    const p50 = await p50OfOne(bench.short.append)
    const whole = await rate(callers, seconds, () => appendCall(bench.short.log))
    return {
      audit: {
        events_per_s: Math.round(median(empty)),
        append_ratio: Number(median(ratios(empty, alone)).toFixed(2)),
        verify_per_s: events.perSecond,
        long_log_ratio: Number(median(ratios(late, empty)).toFixed(2)),
        single_per_s: Math.round(median(alone)),
        long_log_per_s: Math.round(median(late)),
        calls_with_contents_per_s: Math.round(whole),
        verify_with_contents_per_s: calls.perSecond,
        verify_rss_mb: Math.max(events.rssMb, calls.rssMb),
        verify_store_per_s: events.inStore,
        one_caller_p50_ms: Number(p50.toFixed(2)),
      },
    }
  } finally {
    for (const bench of opened) await bench.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

export const run = async ({ seconds, say }) =>
  benchAudit({ callers: 64, seconds, rounds: 5, long: 5e5 }, say)
