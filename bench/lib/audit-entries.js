// What the bench of the log appends: the events of calls as the gateway writes them, decided by a real policy set.
import { uuidText, uuidv7Bytes } from '../../dist/audit/stream/ids.js'
import { policyGuard } from '../../dist/guards/index.js'

const guard = policyGuard({
  tools: [
    {
      name: 'sql_query',
      kind: 'postgres',
      ceiling: 'read',
      factKinds: { kinds: 'strings', tables: 'strings' },
    },
  ],
  grants: [],
  targets: ['shop-db'],
  files: [
    {
      file: 'bench.cedar',
      text: '@id("engineers-read") permit(principal in Group::"engineers", action == Action::"sql_query", resource);',
    },
  ],
})
const caller = {
  iss: 'https://login.example.com',
  sub: 'user:42',
  client: 'agent-cli',
  groups: ['sre', 'engineers'],
}
const facts = { kinds: ['select'], tables: ['public.customers', 'public.orders'] }
const verdict = guard.judge({
  at: new Date(),
  caller,
  tool: 'sql_query',
  target: { name: 'shop-db', kind: 'postgres', labels: { env: 'prod' } },
  facts: { effect: 'read', policy: facts },
})
const { engine, request, schema, set } = verdict.record
const policy = { set, schema, engine, rules: verdict.rules, decision: verdict.kind }

/** Stores the texts of the policies that the events name. */
export const publishPolicies = async (pool) => {
  for (const [kind, hash, text] of [
    ['policy', guard.set, guard.texts.policies],
    ['schema', guard.schema, guard.texts.schema],
  ])
    await pool.query(
      'insert into countersign.config_version (kind, hash, text) values ($1, $2, $3)',
      [kind, hash, text],
    )
}

export const newId = () => uuidText(uuidv7Bytes(Date.now()))

const common = (callId) => ({
  callId,
  actor: caller,
  origin: { via: 'http', session: 'b7f1c8b2', auth: 'oidc' },
  tool: 'sql_query',
  toolDef: `sha256:${'a'.repeat(64)}`,
  target: 'shop-db',
  targetIdentity: 'pg:7300000000000000001/shop',
  effect: 'read',
  facts,
})

/** One event of the usual length, without contents. */
export const entryOf = (callId) => ({ type: 'call.received', ...common(callId), policy })

const output = JSON.stringify({
  columns: ['id', 'name', 'city'],
  rows: Array.from({ length: 10 }, (_, at) => [at, `name of ${at}`, 'Springfield']),
})

/** A whole call: received and intent in one append, then the result, with contents. */
export const appendCall = async (log) => {
  const callId = newId()
  const [, intent] = await log.append([
    {
      type: 'call.received',
      ...common(callId),
      parts: [{ kind: 'input', bytes: `{"sql":"select * from customers where id = '${callId}'"}` }],
    },
    {
      type: 'call.intent',
      ...common(callId),
      policy,
      parts: [{ kind: 'decision', bytes: request }],
    },
  ])
  await log.append([
    {
      type: 'call.result',
      ...common(callId),
      parent: intent.leaf,
      outcome: { status: 'ok', code: 'OK', rows: '10', bytes: '400', duration_us: '8123' },
      mask: { rules: `sha256:${'d'.repeat(64)}`, hits: { email: 3 } },
      parts: [{ kind: 'output', bytes: output }],
    },
  ])
}
