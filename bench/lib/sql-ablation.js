// What each room adds: the tool alone, then identity, policy, log and masking, in this process, one caller.
import { load } from './load.js'

export const ablation = async ({ readerUrl, statements, seconds, say }) => {
  const { openTools } = await import('../../dist/tools/index.js')
  const { openMasker } = await import('../../dist/masking/masker.js')
  const { policyGuard } = await import('../../dist/guards/index.js')
  const { openGateway } = await import('../../dist/gateway.js')
  const { identified } = await import('../../dist/identity/caller.js')
  const { startThrowaway } = await import('../../dist/store/embedded/throwaway.js')
  const { migrate } = await import('../../dist/store/migrate.js')
  const { openLog } = await import('../../dist/audit/stream/stream.js')
  const { openKeyWrap } = await import('../../dist/vault/key-wrap.js')
  const pg = (await import('pg')).default

  const opened = openTools()
  const { tools, families } = opened
  const { port } = new URL(readerUrl)
  const limits = {
    rows: 1000,
    bytes: 4 << 20,
    cellBytes: 65_536,
    seconds: 30,
    connectMs: 5_000,
    lockMs: 1_000,
    concurrency: 16,
  }
  const target = {
    kind: 'postgres',
    name: 'shop',
    labels: { env: 'bench' },
    credentials: { read: 'reader' },
    limits,
    host: '127.0.0.1',
    port: Number(port),
    database: 'postgres',
    tls: 'disable',
    allowSuperuser: false,
    columns: {},
    denyTables: [],
  }
  const caller = identified({
    iss: 'local',
    sub: 'bench',
    client: '',
    groups: ['bench'],
    via: 'http',
    auth: 'local',
    session: 's',
    origin: {},
  })
  const self = identified({
    iss: 'gateway',
    sub: 'gateway',
    client: '',
    groups: [],
    via: 'gateway',
    auth: 'gateway',
    session: 's',
    origin: {},
  })
  const credential = {
    name: 'reader',
    version: '1',
    reveal: () => ({ username: 'reader', password: 'reader-password' }),
  }
  const policy = policyGuard({
    tools,
    files: [],
    grants: [
      {
        id: 'read',
        groups: ['bench'],
        targets: { kind: 'names', names: ['shop'] },
        tools: ['sql_query'],
        effects: ['read'],
        mask: [],
      },
    ],
  })
  const store = await startThrowaway({ fsync: 'on', wal_sync_method: 'fdatasync' })
  await migrate(store.url)
  const pool = new pg.Pool({ connectionString: store.url, max: 4 })
  const keys = openKeyWrap(Buffer.alloc(32, 7))
  const log = await openLog({
    database: { connectionString: store.url },
    pool,
    keys,
    log: 'bench/ablation',
    writer: 'bench',
    build: 'sha256:bench',
  })

  const noLog = {
    ready: () => undefined,
    append: async (entries) => entries.map(() => ({ stream: '0', seq: '0', leaf: '0'.repeat(64) })),
  }
  const masker = openMasker({ tokenKey: Buffer.alloc(32, 1), knownSecrets: () => [] })
  const noMask = {
    rules: 'none',
    output: async (output) => {
      const json = JSON.stringify(
        output.kind === 'table'
          ? {
              columns: output.columns.map((column) => column.name),
              rows: output.rows,
              truncated: output.truncated,
            }
          : output.fields,
      )
      return { json, bytes: json.length, truncated: false, hits: {} }
    },
    text: (text) => text,
    fields: (value) => value,
  }
  const ports = {
    tools: new Map(tools.map((tool) => [tool.name, tool])),
    families,
    targets: new Map([['shop', target]]),
    guards: [async () => ({ kind: 'allow', rules: [], masking: [] })],
    mayEver: () => true,
    masker: noMask,
    vault: {
      lease: async () => ({ credential, known: [], end: async () => undefined }),
      known: () => [],
    },
    approvals: { get: async () => undefined, same: async () => undefined },
    log: noLog,
    outcome: async () => undefined,
    once: { hash: () => Buffer.alloc(32) },
    self,
    waitMs: 45_000,
    report: (error) => say(String(error.cause ?? error)),
    later: () => undefined,
  }
  const signal = new AbortController().signal
  const through = (over) => {
    const gateway = openGateway({ ...ports, ...over })
    return (sql) => async () => {
      const reply = await gateway.handle({
        caller,
        tool: 'sql_query',
        args: { target: 'shop', sql, limit: 1000 },
        rawBytes: 100,
        signal,
      })
      gateway.delivered(reply.callId)
      if (reply.isError) throw new Error(reply.json)
    }
  }
  const query = ports.tools.get('sql_query')
  const session = {
    callId: 'x',
    target,
    credential,
    limits,
    signal,
    caller,
    prepared: async () => undefined,
  }
  const catalogue = await families.get('postgres').describe(session)
  const look = { target, catalogue: async () => catalogue }
  const direct = (sql) => async () => {
    const input = query.input.parse({ target: 'shop', sql, limit: 1000 })
    await query.run(input, await query.facts(input, look), session)
  }
  const steps = {
    direct,
    identity: through({}),
    policy: through({ guards: [policy.guard], mayEver: policy.mayEver }),
    masking: through({ guards: [policy.guard], mayEver: policy.mayEver, masker }),
    audit: through({ guards: [policy.guard], mayEver: policy.mayEver, masker, log }),
  }
  const told = {}
  for (const [name, sql] of Object.entries(statements)) {
    told[name] = {}
    for (const [step, make] of Object.entries(steps)) {
      const call = make(sql)
      await load(1, call, 0.3)
      const one = await load(1, call, seconds / 2)
      const many = await load(32, call, seconds / 2)
      told[name][step] = { per_s_1: one.perSecond, per_s_32: many.perSecond, p50_ms: one.p50 }
    }
    say(JSON.stringify({ ablation: name, ...told[name] }))
  }
  await log.close()
  await pool.end()
  for (const family of families.values()) await family.close()
  await store.stop()
  return told
}
