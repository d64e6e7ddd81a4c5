/** The path of a call through the front door: MCP client, policy, approvals, PostgreSQL, log; nothing faked. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyStore } from '../../src/audit/verify/verify.ts'
import { keyBytes, openKeyWrap } from '../../src/vault/key-wrap.ts'
import { openWorld, passphrase, roles, type World, type WorldOptions } from '../support/gateway.ts'
import {
  type MigratedDatabase,
  migratedDatabase,
  type TestDatabase,
  testDatabase,
} from '../support/postgres.ts'

let store: MigratedDatabase
let target: TestDatabase
let world: World
const open: World[] = []
const another = async (over: Partial<WorldOptions> = {}): Promise<World> => {
  const next = await openWorld({ store, target, keysFrom: world?.folder, ...over })
  open.push(next)
  return next
}

beforeAll(async () => {
  store = await migratedDatabase()
  target = await testDatabase()
  await target.admin.query(`
    create table people (id integer primary key, name text, email text);
    create table effects (n serial, word text);
    create table derived (id integer, email text, copy text generated always as (lower(email)) stored);
    insert into derived values (1, 'generated@mail.example');
    insert into people select n, 'name ' || n, 'person' || n || '@mail.example' from generate_series(1, 50) n`)
  await roles(target)
  await target.admin.query(`grant usage on all sequences in schema public to writer_${target.name}`)
  world = await openWorld({ store, target })
  open.push(world)
})
afterAll(async () => {
  for (const one of open) await one.close()
  await target?.drop()
  await store?.drop()
})

const insert = (word: string) => ({
  target: 'shop',
  sql: `insert into effects (word) values ('${word}')`,
})
const count = async (word: string): Promise<number> =>
  Number(
    (await target.admin.query('select count(*) from effects where word = $1', [word])).rows[0]
      .count,
  )

test('a read is allowed, masked by lineage, and its receipt is the leaf of its result', async () => {
  const answer = await world.call('sql_query', {
    target: 'shop',
    sql: 'select id, name, email, upper(email) from people order by id limit 2',
  })
  expect(answer.status).toBe('ok')
  expect(answer.columns).toEqual(['id', 'name', 'email', 'upper'])
  const text = JSON.stringify(answer.rows)
  expect(text).toContain('name 1')
  expect(text).not.toMatch(/mail\.example/i)
  const { rows } = await store.admin.query(
    "select encode(leaf, 'hex') as leaf, type from audit.event where call_id = $1 order by seq",
    [answer.call_id],
  )
  expect(rows.map((row) => row.type)).toEqual(['call.received', 'call.intent', 'call.result'])
  expect(rows.at(-1)?.leaf).toBe(answer.receipt?.leaf)
})

test('a column that is generated from a masked one is masked too', async () => {
  const answer = await world.call('sql_query', {
    target: 'shop',
    sql: 'select id, copy from derived',
  })
  expect(answer.status).toBe('ok')
  expect(JSON.stringify(answer.rows)).not.toContain('generated')
})

test('a write waits for a person, runs once when approved, and tells the transaction before it commits', async () => {
  const asked = world.call('sql_execute', insert('approved'))
  const [held] = await waiting(world)
  expect(await count('approved')).toBe(0)
  expect((await world.decide(String(held?.callId), 'approve')).status).toBe(200)
  expect(await asked).toMatchObject({ status: 'ok', affected: 1 })
  expect(await count('approved')).toBe(1)
  const { rows } = await store.admin.query(
    'select type from audit.event where call_id = $1 order by event_id',
    [held?.callId],
  )
  expect(rows.map((row) => row.type)).toEqual([
    'call.received',
    'approval.requested',
    'approval.granted',
    'call.intent',
    'call.prepared',
    'call.result',
  ])
})

const waiting = async (one: World): Promise<{ callId: string }[]> => {
  for (let tries = 0; tries < 100; tries++) {
    const { approvals } = (await one.api('GET', '/api/approvals')).body as {
      approvals: { callId: string }[]
    }
    if (approvals.length > 0) return approvals
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return []
}

test('a hundred that wait on two gateways for one approved call make one effect, and all get its result', async () => {
  const quick = await another({ waitSeconds: 0 })
  const other = await another({ waitSeconds: 0 })
  const first = await quick.call('sql_execute', insert('hundred'))
  expect(first.status).toBe('pending_approval')
  expect((await other.decide(first.call_id, 'approve')).status).toBe(200)
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      (n % 2 ? quick : other).call('call_wait', { call_id: first.call_id, timeout_s: 30 }),
    ),
  )
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set(['ok']))
  expect(new Set(answers.map((answer) => answer.receipt?.leaf)).size).toBe(1)
  expect(await count('hundred')).toBe(1)
})

test('the same held call sent again attaches to the first', async () => {
  const quick = await another({ waitSeconds: 0 })
  const first = await quick.call('sql_execute', insert('again'))
  const second = await quick.call('sql_execute', { ...insert('again'), reason: 'still waiting' })
  expect(second.call_id).toBe(first.call_id)
  expect((await quick.decide(first.call_id, 'reject')).status).toBe(200)
  expect(
    (await quick.call('call_wait', { call_id: first.call_id, timeout_s: 20 })).refused?.code,
  ).toBe('APPROVAL_REJECTED')
  expect(await count('again')).toBe(0)
})

test('an approval outlives a restart, and a rejected or expired one never runs', async () => {
  const before = await another({ waitSeconds: 0 })
  const kept = await before.call('sql_execute', insert('restart'))
  const late = await before.call('sql_execute', insert('late'))
  await before.served.close()
  const after = await another({ waitSeconds: 0 })
  expect((await after.decide(kept.call_id, 'approve')).status).toBe(200)
  expect((await after.call('call_wait', { call_id: kept.call_id, timeout_s: 20 })).status).toBe(
    'ok',
  )
  expect(await count('restart')).toBe(1)
  // Time passes: by the database's clock, which is the judge.
  await store.admin.query(
    'update countersign.approval set expires_at = clock_timestamp() where call_id = $1',
    [late.call_id],
  )
  expect(
    (await after.call('call_wait', { call_id: late.call_id, timeout_s: 20 })).refused?.code,
  ).toBe('APPROVAL_EXPIRED')
  expect((await after.decide(late.call_id, 'approve')).status).not.toBe(200)
  expect(await count('late')).toBe(0)
})

test('nobody approves her own call, nor one that other groups are asked for, nor without the passphrase', async () => {
  const quick = await another({ waitSeconds: 0 })
  const held = await quick.call('sql_execute', insert('own'))
  expect((await quick.decide(held.call_id, 'approve', 'ana')).status).toBe(403)
  expect((await quick.decide(held.call_id, 'approve', 'cy')).status).toBe(403)
  const wrong = await quick.api(
    'POST',
    `/api/approvals/${held.call_id}/answer`,
    { decision: 'approve' },
    { subject: 'bo', passphrase: `${passphrase}x` },
  )
  expect(wrong.status).toBe(401)
  expect((await quick.call('call_wait', { call_id: held.call_id, timeout_s: 0 })).status).toBe(
    'pending_approval',
  )
  expect(await count('own')).toBe(0)
})

test('where the policy says self, she may, and the record says so', async () => {
  const self = await another({
    waitSeconds: 0,
    approval: 'approval: { by: [dba], quorum: 1, within: 15m, self: true }',
  })
  const held = await self.call('sql_execute', insert('self'))
  expect((await self.decide(held.call_id, 'approve', 'ana')).status).toBe(200)
  expect((await self.call('call_wait', { call_id: held.call_id, timeout_s: 20 })).status).toBe('ok')
  const { rows } = await store.admin.query(
    "select header->'approval' as approval from audit.event where call_id = $1 and type = 'call.intent'",
    [held.call_id],
  )
  expect(rows[0]?.approval).toMatchObject({ self: 'true' })
})

test('approved under one policy, fetched under a stricter one: it does not run', async () => {
  const before = await another({ waitSeconds: 0 })
  const held = await before.call('sql_execute', insert('policy'))
  expect((await before.decide(held.call_id, 'approve')).status).toBe(200)
  const after = await another({
    waitSeconds: 0,
    approval: 'approval: { by: [ops], quorum: 1, within: 15m }',
  })
  expect(
    (await after.call('call_wait', { call_id: held.call_id, timeout_s: 20 })).refused?.code,
  ).toBe('APPROVAL_MISMATCH')
  expect(await count('policy')).toBe(0)
})

test('approved on one server, fetched when another answers under its name: it does not run', async () => {
  const before = await another({ waitSeconds: 0 })
  const held = await before.call('sql_execute', insert('moved'))
  expect((await before.decide(held.call_id, 'approve')).status).toBe(200)
  const elsewhere = await testDatabase()
  try {
    await elsewhere.admin.query(
      'create table effects (n serial, word text); create table people (id integer primary key, name text, email text)',
    )
    await elsewhere.admin.query(
      `grant all on all tables in schema public to writer_${target.name}, reader_${target.name}`,
    )
    const after = await openWorld({
      store,
      target: { url: elsewhere.url, name: target.name },
      keysFrom: world.folder,
      waitSeconds: 0,
    })
    try {
      expect(
        (await after.call('call_wait', { call_id: held.call_id, timeout_s: 20 })).refused?.code,
      ).toBe('APPROVAL_MISMATCH')
    } finally {
      await after.close()
    }
    expect((await elsewhere.admin.query('select count(*) from effects')).rows[0].count).toBe('0')
  } finally {
    await elsewhere.admin.query(
      `drop owned by writer_${target.name}; drop owned by reader_${target.name}`,
    )
    await elsewhere.drop()
  }
  expect(await count('moved')).toBe(0)
})

test('an idempotency key makes one effect, also on another gateway, and is bound to its input', async () => {
  const one = await another({ approval: '' })
  const two = await another({ approval: '' })
  const args = { ...insert('key'), idempotency_key: 'k-1' }
  const first = await one.call('sql_execute', args)
  expect(first.refused).toBeUndefined()
  const second = await two.call('sql_execute', args)
  expect(second.call_id).toBe(first.call_id)
  expect(second.receipt).toEqual(first.receipt)
  expect(await count('key')).toBe(1)
  expect(
    (await two.call('sql_execute', { ...insert('other'), idempotency_key: 'k-1' })).refused?.code,
  ).toBe('INPUT_REFUSED')
  // Without a key, a write whose result was delivered is a new write.
  expect((await one.call('sql_execute', insert('twice'))).status).toBe('ok')
  expect((await one.call('sql_execute', insert('twice'))).status).toBe('ok')
  expect(await count('twice')).toBe(2)
})

test('a key that was taken by a call without any record may be sent again, and runs once when a minute has passed', async () => {
  const world = await another({ approval: '' })
  const args = { ...insert('no-record'), idempotency_key: 'no-record-1' }
  // As a gateway leaves it that dies between taking the key and the first event.
  const { openOnce } = await import('../../src/gateway/once.ts')
  const { keyBytes: bytes, subKey } = await import('../../src/vault/key-wrap.ts')
  const { canonicalInput } = await import('../../src/gateway/canonical.ts')
  const once = openOnce(store.admin as never, subKey(bytes('vault.key'.repeat(8), 'test'), 'once'))
  const key = once.hash(
    'key',
    JSON.stringify(['local', 'ana', '', 'sql_execute', 'shop', 'no-record-1']),
  )
  const dead = '01890000-0000-7000-8000-000000000000'
  await once.take(key, once.hash('input', canonicalInput(args)), dead)
  const early = await world.call('sql_execute', args)
  expect(early.refused).toMatchObject({ code: 'CANCELLED', retry: true })
  expect(await count('no-record')).toBe(0)
  await store.admin.query(
    "update countersign.idempotency set created_at = now() - interval '61 seconds' where call_id = $1",
    [dead],
  )
  expect((await world.call('sql_execute', args)).status).toBe('ok')
  expect(await count('no-record')).toBe(1)
})

test('a write whose gateway went away before it was delivered is told once, and is a new write after that', async () => {
  const word = `orphan-${Math.random()}`
  const world = await another({ approval: '' })
  const first = await world.call('sql_execute', insert(word))
  expect(first.status).toBe('ok')
  // As a gateway leaves it that dies between the result and its delivery.
  const { openOnce } = await import('../../src/gateway/once.ts')
  const { keyBytes: bytes, subKey } = await import('../../src/vault/key-wrap.ts')
  const once = openOnce(store.admin as never, subKey(bytes('vault.key'.repeat(8), 'test'), 'once'))
  const { keyOf } = await import('../../src/gateway/run.ts')
  const { canonicalInput } = await import('../../src/gateway/canonical.ts')
  const input = insert(word)
  const call = { caller: { iss: 'local', sub: 'ana', client: '' }, tool: 'sql_execute', input }
  const key = once.hash('same', keyOf(call as never, { name: 'shop' } as never))
  // Its own delivery gives the key free first.
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  await once.take(key, once.hash('input', canonicalInput(input)), first.call_id)
  const told = await world.call('sql_execute', input)
  expect(told.call_id).toBe(first.call_id)
  expect(await count(word)).toBe(1)
  const anew = await world.call('sql_execute', input)
  expect(anew.call_id).not.toBe(first.call_id)
  expect(await count(word)).toBe(2)
})

test('a pause stops calls on every gateway, as an event, until it is lifted', async () => {
  const other = await another()
  expect(
    (await world.api('POST', '/api/pause', { target: 'shop', reason: 'incident' })).status,
  ).toBe(200)
  await new Promise((resolve) => setTimeout(resolve, 300))
  for (const one of [world, other])
    expect((await one.call('sql_query', { target: 'shop', sql: 'select 1' })).refused?.code).toBe(
      'PAUSED',
    )
  expect((await world.api('POST', '/api/resume', { target: 'shop' })).status).toBe(200)
  await new Promise((resolve) => setTimeout(resolve, 300))
  for (const one of [world, other])
    expect((await one.call('sql_query', { target: 'shop', sql: 'select 1' })).status).toBe('ok')
  const { rows } = await store.admin.query("select type from audit.event where type like 'pause.%'")
  expect(rows.map((row) => row.type).sort()).toEqual(['pause.lifted', 'pause.set'])
  const denied = await store.admin.query(
    "select target, verdict, outcome, code from audit.calls where code = 'PAUSED'",
  )
  expect(denied.rows).toEqual(
    Array(2).fill({ target: 'shop', verdict: 'deny', outcome: 'denied', code: 'PAUSED' }),
  )
})

test('looking at contents is recorded before it is answered', async () => {
  const { call_id } = await world.call('sql_query', { target: 'shop', sql: 'select 7 as seven' })
  const shown = await world.api(
    'GET',
    `/api/calls/${call_id}?reason=${encodeURIComponent('ticket 1')}`,
  )
  expect(JSON.stringify(shown.body)).toContain('select 7 as seven')
  const { rows } = await store.admin.query(
    "select header->'actor'->>'sub' as sub from audit.event where type = 'access.viewed' and call_id = $1",
    [call_id],
  )
  expect(rows).toEqual([{ sub: 'bo' }])
})

test('after all of this the log verifies', async () => {
  const keys = openKeyWrap(keyBytes('vault.key'.repeat(8), 'test'))
  const seen = await verifyStore({ pool: store.admin, log: 'test/e2e', keys })
  expect(seen.findings).toEqual([])
  expect(seen.exit).toBe(0)
})

test('a store that does not answer about keys refuses the call, as the log would, and nothing is run', async () => {
  const locker = await store.admin.connect()
  await locker.query('begin; lock table countersign.idempotency in access exclusive mode')
  try {
    const answer = await world.call('sql_execute', {
      ...insert('locked'),
      idempotency_key: 'locked-1',
    })
    expect(answer.refused).toMatchObject({ code: 'AUDIT_UNAVAILABLE', retry: true })
    expect(await count('locked')).toBe(0)
  } finally {
    await locker.query('rollback')
    locker.release()
  }
})
