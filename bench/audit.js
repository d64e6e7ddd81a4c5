import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { headerBytes, leafHash } from '../dist/audit/header.js'
import { uuidText, uuidv7Bytes } from '../dist/audit/ids.js'
import { openLog } from '../dist/audit/stream.js'
import { verifyStore } from '../dist/audit/verify.js'
import { open } from '../dist/store/open.js'

const noWrap = {
  keyId: 'bench',
  wrap: (plain) => Buffer.from(plain),
  unwrap: (wrapped) => Buffer.from(wrapped),
}
const quiet = { info: () => void 0, warn: () => void 0, error: () => void 0 }
const entryOf = (callId, parts = []) => ({
  type: 'call.received',
  callId,
  actor: {
    iss: 'https://login.example.com',
    sub: 'user:42',
    client: 'agent-cli',
    groups: ['sre', 'engineers'],
  },
  origin: { via: 'http', session: 'b7f1c8b2', auth: 'oidc' },
  tool: 'sql_query',
  toolDef: `sha256:${'a'.repeat(64)}`,
  target: 'shop-db',
  targetIdentity: 'pg:7300000000000000001/shop',
  effect: 'read',
  facts: { kinds: ['select'], tables: ['public.customers', 'public.orders'] },
  policy: {
    set: `sha256:${'b'.repeat(64)}`,
    schema: `sha256:${'c'.repeat(64)}`,
    engine: 'cedar-wasm 4.13.0',
    rules: ['engineers-read'],
    decision: 'allow',
  },
  parts,
})
const newId = () => uuidText(uuidv7Bytes(Date.now()))
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
const singleInserts = (pool, stream) => {
  let seq = 0
  const frame = { log: 'bench', stream, epoch: randomUUID(), build: 'sha256:bench' }
  return async () => {
    seq += 1
    const draft = { entry: entryOf(newId()), eventId: newId(), commitments: [] }
    const prev = randomBytes(32)
    const header = headerBytes(draft, frame, {
      seq: BigInt(seq),
      prev,
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
const p50OfOne = async (log) => {
  const times = []
  for (let n = 0; n < 500; n++) {
    const started = performance.now()
    await log.append([entryOf(newId())])
    times.push(performance.now() - started)
  }
  return median(times)
}
const benchAudit = async (
  { callers = 64, seconds = 2, rounds = 3, long = 5e5 } = {},
  say = () => void 0,
) => {
  const state = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  const store = await open({ state }, quiet)
  const singles = new pg.Pool({ ...store.connection, max: 16 })
  try {
    const log = await openLog({
      database: store.connection,
      pool: store.pool,
      keys: noWrap,
      log: 'bench',
      writer: 'bench',
      build: 'sha256:bench',
    })
    const { rows } = await singles.query(
      `insert into audit.stream (epoch, writer, seq, head, lease_until)
       values ($1, 'singles', 0, $2, 'infinity') returning stream_id::text as id`,
      [randomUUID(), Buffer.alloc(32)],
    )
    const single = singleInserts(singles, rows[0]?.id ?? '')
    const append = () => log.append([entryOf(newId())])
    await rate(callers, 1, append)
    await rate(callers, 1, single)
    const batched = []
    const alone = []
    for (let round = 0; round < rounds; round++) {
      batched.push(await rate(callers, seconds, append))
      alone.push(await rate(callers, seconds, single))
      say(
        `round ${round + 1}: ${Math.round(batched.at(-1) ?? 0)} events/s, single inserts ${Math.round(alone.at(-1) ?? 0)}/s`,
      )
    }
    const output = [{ kind: 'output', bytes: randomBytes(3e3).toString('base64') }]
    const sealed = await rate(callers, seconds, () => log.append([entryOf(newId(), output)]))
    const p50 = await p50OfOne(log)
    while (Number(log.head().seq) < long) {
      await Promise.all(Array.from({ length: 512 }, append))
    }
    const late = []
    for (let round = 0; round < rounds; round++) late.push(await rate(callers, seconds, append))
    say(`on ${log.head().seq} events: ${Math.round(median(late))} events/s`)
    const seen = await verifyStore({ pool: store.pool, log: 'bench', keys: noWrap, keep: 1 })
    say(`verified ${seen.events} events in ${seen.ms} ms`)
    await log.close()
    return {
      audit: {
        events_per_s: Math.round(median(batched)),
        append_ratio: Number((median(batched) / median(alone)).toFixed(2)),
        verify_per_s: Math.round((seen.events * 1e3) / seen.ms),
        long_log_ratio: Number((median(late) / median(batched)).toFixed(2)),
        single_per_s: Math.round(median(alone)),
        with_payload_per_s: Math.round(sealed),
        one_caller_p50_ms: Number(p50.toFixed(2)),
      },
    }
  } finally {
    await singles.end()
    await store.close()
    rmSync(state, { recursive: true, force: true })
  }
}

export { benchAudit }

export const run = async ({ seconds, say }) => benchAudit({ seconds }, say)
