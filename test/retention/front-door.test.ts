/** Erasure, holds, exports and replays as people ask for them: by the API, proven, each an event first. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stepsOf } from '../../src/audit/reading/replay.ts'
import { carryOut } from '../../src/audit/retention/erase.ts'
import { readHolds, sparedBy } from '../../src/audit/retention/erase-holds.ts'
import { exportLog } from '../../src/cli/audit-export.ts'
import { verifyFile } from '../../src/cli/audit-verify.ts'
import { openEvidence } from '../../src/serve/evidence.ts'
import { asEraser } from '../../src/store/eraser.ts'
import { openWorld, roles, type World } from '../support/gateway.ts'
import {
  type MigratedDatabase,
  migratedDatabase,
  type TestDatabase,
  testDatabase,
} from '../support/postgres.ts'
import { expectSecond } from '../support/second-verifier.ts'

let store: MigratedDatabase
let target: TestDatabase
let world: World
beforeAll(async () => {
  store = await migratedDatabase()
  target = await testDatabase()
  await target.admin.query(
    'create table people (id int, email text); create table derived (email text)',
  )
  await target.admin.query("insert into people values (1, 'a@b.example')")
  await roles(target)
  world = await openWorld({ store, target, log: 'retention: [{ keep: 400d }]' })
})
afterAll(async () => {
  await world?.close()
  await store?.drop()
  await target?.drop()
})

const read = async (sql: string): Promise<string> =>
  String((await world.call('sql_query', { target: 'shop', sql })).call_id)
const typesOf = async (type: string): Promise<number> => {
  const { rows } = await store.admin.query(
    'select count(*)::int as n from audit.event where type = $1',
    [type],
  )
  return rows[0].n
}
const finish = () =>
  asEraser({ url: store.url, state: world.config.state }, async (client) => {
    const rows = async (text: string, values: readonly unknown[]) =>
      (await client.query(text, [...values])).rows
    return carryOut({
      read: rows,
      ask: async (text, values) => (await client.query(text, [...values])).rowCount ?? 0,
      spared: sparedBy(await readHolds(rows), world.config.targets),
    })
  })

test('a held call survives an erasure, and goes when the hold is lifted', async () => {
  const call = await read('select id from people where id = 1')
  const held = await world.api('POST', '/api/holds', { call, reason: 'case 12' })
  expect(held.status).toBe(200)
  expect((await world.api('POST', '/api/erasures', { call, reason: 'asked' })).body).toEqual({
    named: 0,
  })
  const { hold } = held.body as { hold: string }
  expect((await world.api('GET', '/api/holds')).body).toEqual({ holds: [{ id: hold, call }] })
  const lifted = await world.api('POST', `/api/holds/${hold}/lift`, { reason: 'closed' })
  expect(lifted.status).toBe(200)
  const { event } = lifted.body as { event: string }
  await asEraser({ url: store.url, state: '' }, (client) =>
    client.query(
      'update audit.legal_hold set lifted_at = now(), lifted_event = $2 where hold_id = $1',
      [hold, event],
    ),
  )
  const erased = await world.api('POST', '/api/erasures', { call, reason: 'asked' })
  expect(erased.body).toEqual({ named: expect.any(Number) })
  expect(await typesOf('retention.erase')).toBe(1)
  expect(await typesOf('legal.hold')).toBe(2)
  expect((await finish()).parts).toBeGreaterThan(2)
  const story = await world.api('GET', `/api/calls/${call}?reason=look`)
  expect(JSON.stringify(story.body)).toContain('"missing":"erased"')
  expect(JSON.stringify(story.body)).not.toContain('select id from people')
})

test('nobody erases, holds or lists without being an approver, or without saying what and why', async () => {
  const nobody = { subject: 'cy', passphrase: 'wrong' }
  for (const [method, path, body] of [
    ['POST', '/api/erasures', { caller: 'ana', reason: 'x' }],
    ['POST', '/api/holds', { labels: { env: 'test' }, reason: 'x' }],
    ['GET', '/api/holds', undefined],
    ['GET', '/api/calls?session=x', undefined],
  ] as const)
    expect((await world.api(method, path, body, nobody)).status, path).toBe(401)
  for (const body of [
    { reason: 'x' },
    { caller: 'ana' },
    { caller: 'ana', reason: ' ' },
    { retention: true, caller: 'ana', reason: 'x' },
    { call: 'no id', reason: 'x' },
    { before: 'yesterday', reason: 'x' },
  ])
    expect((await world.api('POST', '/api/erasures', body)).status, JSON.stringify(body)).toBe(400)
})

test('a session is replayed call by call, as the agent saw it', async () => {
  const call = await read('select id, email from people where id = 1')
  const { rows } = await store.admin.query(
    "select header -> 'origin' ->> 'session' as session from audit.event where call_id = $1 limit 1",
    [call],
  )
  const listed = await world.api('GET', `/api/calls?session=${encodeURIComponent(rows[0].session)}`)
  expect((listed.body as { calls: string[] }).calls).toContain(call)
  const seen = await typesOf('access.viewed')
  const { body } = await world.api('GET', `/api/calls/${call}?reason=replay`)
  expect(await typesOf('access.viewed')).toBe(seen + 1)
  const { events } = (body as { call: { events: Parameters<typeof stepsOf>[0] } }).call
  const steps = stepsOf(events)
  expect(steps.find(({ kind }) => kind === 'asked')?.text).toBe(
    'select id, email from people where id = 1',
  )
  const output = steps.find(({ kind }) => kind === 'output')?.text ?? ''
  expect(output).toContain('columns')
  expect(output).not.toContain('a@b.example')
})

test('an export is recorded, signed, in the bundle, and verifies with both; a receipt too', async () => {
  const evidence = await openEvidence(world.config)
  const bundle = join(world.folder, 'bundle')
  const key = join(world.folder, 'state', 'notary', 'notary.pub')
  try {
    const pieces: Buffer[] = []
    const done = await exportLog(world.config, evidence, {
      payloads: 'clear',
      reason: 'audit',
      write: async (piece) => void pieces.push(piece),
    })
    expect(done).toMatchObject({ covered: true, broken: 0 })
    writeFileSync(bundle, Buffer.concat(pieces))
  } finally {
    await evidence.close()
  }
  expect(readFileSync(bundle, 'utf8')).toContain('"type":"export.moved"')
  const seen = await verifyFile(bundle, { key: [key] })
  expect(seen, JSON.stringify(seen.findings)).toMatchObject({ exit: 0, incomplete: [] })
  expect(seen.decisions).toBeGreaterThan(0)
  expect(seen.payloads.erased).toBeGreaterThan(2)
  await expectSecond(bundle, key, 0)
})
