#!/usr/bin/env node
// So many calls through the whole path in this process (facts and policy in WebAssembly, a real target), each of another text.
// usage: node test/live/soak.js CALLS. Prints {"calls","errors","rss_mb"} and exits 0; a crash of the engine is what it is for.
import { setFlagsFromString } from 'node:v8'
import pg from 'pg'

setFlagsFromString('--no-turbo-inline-js-wasm-calls')
const { openTools } = await import('../../dist/tools/index.js')
const { openMasker } = await import('../../dist/masking/masker.js')
const { policyGuard } = await import('../../dist/guards/index.js')
const { openGateway } = await import('../../dist/gateway.js')
const { identified } = await import('../../dist/identity/caller.js')
const { startThrowaway } = await import('../../dist/store/embedded/throwaway.js')

const calls = Number(process.argv[2] ?? 300_000)
const target = await startThrowaway()
const admin = new pg.Client({ connectionString: target.url })
await admin.connect()
await admin.query(
  "create table items (id integer primary key, name text); insert into items select n, 'item ' || n from generate_series(1, 100) n; create role reader login password 'reader-password'; grant select on items to reader",
)
const { tools, families } = openTools()
const policy = policyGuard({
  tools,
  files: [],
  grants: [
    {
      id: 'read',
      groups: ['x'],
      targets: { kind: 'names', names: ['shop'] },
      tools: ['sql_query'],
      effects: ['read'],
      mask: [],
    },
  ],
})
const limits = {
  rows: 1000,
  bytes: 1 << 20,
  cellBytes: 65_536,
  seconds: 30,
  connectMs: 5_000,
  lockMs: 1_000,
  concurrency: 8,
}
const shop = {
  kind: 'postgres',
  name: 'shop',
  labels: {},
  credentials: { read: 'reader' },
  limits,
  host: '127.0.0.1',
  port: target.port,
  database: 'postgres',
  tls: 'disable',
  allowSuperuser: false,
  columns: { 'secrets.v': 'redact' },
  denyTables: [],
}
const who = (sub) =>
  identified({
    iss: 'local',
    sub,
    client: '',
    groups: ['x'],
    via: 'http',
    auth: 'local',
    session: sub,
    origin: {},
  })
const caller = who('soak')
const credential = {
  name: 'reader',
  version: '1',
  reveal: () => ({ username: 'reader', password: 'reader-password' }),
}
const gateway = openGateway({
  tools: new Map(tools.map((tool) => [tool.name, tool])),
  families,
  targets: new Map([['shop', shop]]),
  guards: [policy.guard],
  mayEver: policy.mayEver,
  masker: openMasker({ tokenKey: Buffer.alloc(32, 1), knownSecrets: () => [] }),
  vault: {
    lease: async () => ({ credential, known: [], end: async () => undefined }),
    known: () => [],
  },
  approvals: { get: async () => undefined, same: async () => undefined },
  log: {
    ready: () => undefined,
    append: async (entries) => entries.map(() => ({ stream: '0', seq: '0', leaf: '0'.repeat(64) })),
  },
  outcome: async () => undefined,
  once: { hash: () => Buffer.alloc(32) },
  self: who('gateway'),
  waitMs: 45_000,
  report: () => undefined,
  later: () => undefined,
})
let next = 0
let errors = 0
const worker = async () => {
  while (next < calls) {
    const n = next++
    // Another text each time, so that nothing is answered from a cache; every tenth is refused by the facts.
    const sql =
      n % 10 === 9
        ? `drop table items_${n}`
        : `select id, name, ${n} as n from items where id = ${n % 100}`
    const reply = await gateway.handle({
      caller,
      tool: 'sql_query',
      args: { target: 'shop', sql },
      rawBytes: 100,
      signal: new AbortController().signal,
    })
    gateway.delivered(reply.callId)
    if (reply.isError !== (n % 10 === 9)) errors += 1
  }
}
await Promise.all(Array.from({ length: 16 }, worker))
process.stdout.write(
  `${JSON.stringify({ node: process.version, calls, errors, rss_mb: Math.round(process.memoryUsage().rss / 1e6) })}\n`,
)
for (const family of families.values()) await family.close()
await admin.end()
await target.stop()
process.exit(0)
