/** What `audit verify` finds in a store whose log was signed, whoever changed it and how. */
import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { leafHash } from '../../src/audit/stream/header.ts'
import { signCheckpoint } from '../../src/audit/tree/checkpoint-note.ts'
import { startLeader } from '../../src/audit/tree/leader.ts'
import { rootOf } from '../../src/audit/tree/merkle.ts'
import { type NoteKey, signerOf } from '../../src/audit/tree/note.ts'
import { verifyStore } from '../../src/audit/verify/verify.ts'
import { eventually, oneCall, type TestStore, testLog, testStore } from '../audit/support.ts'
import { log as name, temporary, testNotary } from './support.ts'

let store: TestStore
let folder: ReturnType<typeof temporary>
let trusted: readonly NoteKey[]
let events: number

beforeEach(async () => {
  store = await testStore()
  folder = temporary()
  const notary = await testNotary(folder.path)
  trusted = [notary.open.signer]
  const log = await testLog(store)
  const leader = startLeader({
    database: store.database,
    notary: notary.port,
    log: name,
    writer: 'gw',
    record: async (entry) => void (await log.append([entry])),
    everyMs: 20,
    standbyMs: 20,
  })
  for (let at = 0; at < 8; at++) {
    await oneCall(log)
    if (at === 3) await eventually(() => leader.signedSize() > 5)
  }
  await log.close()
  await leader.stop()
  const { rows } = await store.admin.query('select count(*)::int as n from audit.event')
  events = rows[0].n
})
afterEach(async () => {
  folder.remove()
  await store.drop()
})

const verify = (by: readonly NoteKey[] | undefined = trusted) =>
  verifyStore({ pool: store.pool, log: name, keys: store.keys, ...(by ? { trusted: by } : {}) })
const sql = (text: string, values: readonly unknown[] = []) => store.admin.query(text, [...values])

test('a signed log verifies whole, and says whose key it believed', async () => {
  const seen = await verify()
  expect(seen).toMatchObject({ exit: 0, events, signed: events, findings: [] })
  expect(seen.notChecked.join()).not.toContain('notary')
  const unkeyed = await verifyStore({ pool: store.pool, log: name, keys: store.keys })
  expect(unkeyed).toMatchObject({ exit: 0, signed: events })
  expect(unkeyed.notChecked).toContain(
    "the notary's key: it was taken from the store; bring notary.pub from the notary",
  )
})

test('the unsigned tail is counted', async () => {
  const log = await testLog(store)
  await oneCall(log)
  const seen = await verify()
  expect(seen).toMatchObject({ exit: 0, signed: events })
  expect(seen.notChecked).toContain('the last 4 events: no checkpoint covers them yet')
  await log.close()
})

test('a superuser who writes the whole chain anew is caught by the checkpoints', async () => {
  // Another word in the first event, and every leaf, link and head made to fit.
  const { rows } = await sql('select stream_id, seq, header_jcs from audit.event order by seq')
  let prev: string | undefined
  for (const { header_jcs, seq, stream_id } of rows) {
    let text = String(header_jcs.toString('utf8'))
    if (prev !== undefined) text = text.replace(/"prev":"[0-9a-f]{64}"/, `"prev":"${prev}"`)
    text = text.replace('"build":"sha256:test"', '"build":"sha256:next"')
    const leaf = leafHash(Buffer.from(text))
    prev = leaf.toString('hex')
    for (const one of rows) {
      const old = one.header_jcs.toString('utf8')
      one.header_jcs = Buffer.from(
        old.replace(`"parent":"${leafHash(header_jcs).toString('hex')}"`, `"parent":"${prev}"`),
      )
    }
    await sql(
      "update audit.event set header_jcs = $1, header = convert_from($1, 'UTF8')::jsonb, leaf = $2 where stream_id = $3 and seq = $4",
      [Buffer.from(text), leaf, stream_id, seq],
    )
    await sql('update audit.leaf set leaf = $1 where stream_id = $2 and seq = $3', [
      leaf,
      stream_id,
      seq,
    ])
  }
  await sql('update audit.stream set head = $1', [Buffer.from(prev ?? '', 'hex')])
  const seen = await verify()
  expect(seen.exit).toBe(1)
  expect(seen.findings.map(({ what }) => what).join()).toContain('is not over these')
  expect(seen.signed).toBe(0)
})

const forge = async (signer: ReturnType<typeof signerOf>) => {
  const { rows } = await sql('select leaf from audit.leaf order by idx')
  const root = rootOf(rows.map(({ leaf }) => leaf))
  await sql('delete from audit.checkpoint')
  const note = signCheckpoint({ origin: name, size: rows.length, root, epoch: 1 }, signer)
  await sql('insert into audit.checkpoint (size, note) values ($1, $2)', [rows.length, note])
}

const attacks: readonly [string, () => Promise<unknown>, RegExp][] = [
  [
    'a leaf changed',
    () => sql("update audit.leaf set leaf = sha256('x') where idx = 4"),
    /another leaf|not over these/,
  ],
  [
    'an event deleted from store and tree',
    () =>
      sql(
        'with d as (delete from audit.leaf where idx = 4 returning stream_id, seq) delete from audit.event e using d where e.stream_id = d.stream_id and e.seq = d.seq',
      ),
    /whole events|missing|not all/,
  ],
  [
    'an event deleted from the store alone',
    () => sql('delete from audit.event where seq = 5'),
    /not in the store/,
  ],
  [
    'two leaves in each other’s place',
    async () => {
      await sql('update audit.leaf set idx = 100000 where idx = 3')
      await sql('update audit.leaf set idx = 3 where idx = 4')
      await sql('update audit.leaf set idx = 4 where idx = 100000')
    },
    /before the event it follows/,
  ],
  [
    'the end dropped below what was signed',
    async () => {
      await sql('delete from audit.leaf where idx >= 10')
      await sql('delete from audit.event where seq > 10')
      await sql(
        'update audit.stream set seq = 10, head = (select leaf from audit.event where seq = 10), closed_at = null',
      )
    },
    /its end is gone/,
  ],
  [
    'a checkpoint of another size',
    () => sql('update audit.checkpoint set size = size - 1 where size = $1', [events]),
    /not over these/,
  ],
  [
    'a checkpoint with a changed character',
    () => sql("update audit.checkpoint set note = replace(note, 'test/log', 'test/Log')"),
    /does not hold/,
  ],
  [
    'checkpoints signed anew with another key',
    () => forge(signerOf(name, generateKeyPairSync('ed25519').privateKey)),
    /no trusted key/,
  ],
]
for (const [what, attack, words] of attacks)
  test(`caught: ${what}`, async () => {
    await attack()
    const seen = await verify()
    expect(seen.exit).toBe(1)
    expect(seen.findings.map((finding) => finding.what).join('; ')).toMatch(words)
  })

test('a checkpoint whose note is no text of ours is a finding, never a crash', async () => {
  for (const note of ['', 'x', '\u2014\n\n\u2014 a b\n', `${'9'.repeat(70_000)}\n`]) {
    await sql('update audit.checkpoint set note = $1', [note])
    expect((await verify()).exit).toBe(1)
  }
  await sql("update countersign.meta set value = 'x' where key = 'log.notary'")
  expect((await verifyStore({ pool: store.pool, log: name })).exit).toBe(1)
})
