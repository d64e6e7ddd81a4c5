/** Attack: whoever reaches the store, as its owner even, edits approvals to get a call run (law 9, threats 6, 7 and 10). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ana, bo, cy, type Gateway, gatewayOn, held, need, place } from '../approvals/support.ts'
import { type TestStore, testStore } from '../audit/support.ts'

let store: TestStore
let gateway: Gateway
beforeAll(async () => {
  store = await testStore()
  gateway = await gatewayOn(store)
})
afterAll(async () => {
  await gateway.close()
  await store.drop()
})

const refused = { code: 'APPROVAL_MISMATCH' }
/** As the owner, past every trigger. */
const sql = async (text: string, values: unknown[]) => {
  const client = await store.admin.connect()
  try {
    await client.query('set session_replication_role = replica')
    return await client.query(text, values)
  } finally {
    client.release(true)
  }
}

test('a state that is set by hand is no approval', async () => {
  const id = await gateway.ask(held())
  await sql("update countersign.approval set state = 'approved' where call_id = $1", [id])
  await expect(gateway.spend(id, ana, place)).rejects.toMatchObject(refused)
})

test('an answer that is written by hand counts for nothing', async () => {
  const id = await gateway.ask(held())
  for (const proof of ['', 'ed25519:AAAA', 'hmac:AAAA'])
    await sql(
      `insert into countersign.approval_answer (call_id, iss, sub, groups, decision, self, proof) values ($1, 'https://idp', $2, '["dba"]', 'approve', false, $2)
       on conflict do nothing`,
      [id, `x${proof}`],
    )
  await sql("update countersign.approval set state = 'approved' where call_id = $1", [id])
  await expect(gateway.spend(id, ana, place)).rejects.toMatchObject(refused)
})

test('an answer that is moved from another call counts for nothing', async () => {
  const given = await gateway.ask(held())
  await gateway.answer(given, bo, 'approve')
  const id = await gateway.ask(held())
  await sql(
    'insert into countersign.approval_answer select $1, iss, sub, groups, decision, comment, self, proof, at from countersign.approval_answer where call_id = $2',
    [id, given],
  )
  await sql("update countersign.approval set state = 'approved' where call_id = $1", [id])
  await expect(gateway.spend(id, ana, place)).rejects.toMatchObject(refused)
})

test('a no that is turned into a yes counts for nothing', async () => {
  const id = await gateway.ask(held(ana, [need({ quorum: 2 })]))
  await gateway.answer(id, bo, 'approve')
  await sql(
    "update countersign.approval_answer set decision = 'approve', sub = 'cy' where call_id = $1",
    [id],
  )
  await sql("update countersign.approval set state = 'approved' where call_id = $1", [id])
  await expect(gateway.spend(id, ana, place)).rejects.toMatchObject(refused)
})

const edits: readonly (readonly [string, string])[] = [
  ['what approvers see', `view = jsonb_set(view, '{input}', '"select 1"')`],
  ['the preview', `view = jsonb_set(view, '{preview}', '{}')`],
  ['the facts', `facts = '{}'`],
  ['the needs', `needs = jsonb_set(needs, '{0,groups}', '["engineers"]')`],
  ['the quorum', `needs = jsonb_set(needs, '{0,quorum}', '0')`],
  ['the permission to answer oneself', `needs = jsonb_set(needs, '{0,self}', 'true')`],
  ['the effect', `effect = 'read'`],
  ['the tool', `tool = 'sql_query'`],
  ['the target', `target = 'other'`],
  ["the target's identity", `target_identity = 'pg:9/x'`],
  ['the caller', `sub = 'eve'`],
  ['the expiry', `expires_at = expires_at + interval '1 day'`],
  ['the rules', `rules = '["harmless"]'`],
  ['the digest', `digest = '\\x00'`],
  ['the sealed input', `sealed_input = set_byte(sealed_input, 20, get_byte(sealed_input, 20) # 1)`],
  ['the sealed key', `sealed_key = set_byte(sealed_key, 20, get_byte(sealed_key, 20) # 1)`],
]

describe('a request of which anything was changed can be neither shown, answered nor run:', () => {
  test.each(edits)('%s', async (_what, edit) => {
    const before = await gateway.ask(held())
    await sql(`update countersign.approval set ${edit} where call_id = $1`, [before])
    await expect(gateway.get(before)).rejects.toBeDefined()
    await expect(gateway.answer(before, bo, 'approve')).rejects.toBeDefined()
    const after = await gateway.ask(held())
    await gateway.answer(after, bo, 'approve')
    await sql(`update countersign.approval set ${edit} where call_id = $1`, [after])
    await expect(gateway.spend(after, ana, place)).rejects.toBeDefined()
    await sql('delete from countersign.approval_answer where call_id = any($1)', [[before, after]])
    await sql('delete from countersign.approval where call_id = any($1)', [[before, after]])
  })
})

test('the input of one call put under the approval of another can not be opened', async () => {
  const asked = await gateway.ask(held(ana, [need()], { target: 'shop', sql: 'drop table t' }))
  const id = await gateway.ask(held())
  await gateway.answer(id, bo, 'approve')
  await sql(
    `update countersign.approval a set sealed_input = b.sealed_input, sealed_key = b.sealed_key, digest = b.digest
     from countersign.approval b where a.call_id = $1 and b.call_id = $2`,
    [id, asked],
  )
  await expect(gateway.spend(id, ana, place)).rejects.toMatchObject(refused)
})

test('a row that is put back as it was before its run does not run again', async () => {
  const id = await gateway.ask(held())
  await gateway.answer(id, bo, 'approve')
  await sql(
    'create table if not exists kept as select * from countersign.approval where call_id = $1',
    [id],
  )
  await gateway.run(id)
  await sql(
    `update countersign.approval a set state = k.state, sealed_input = k.sealed_input, sealed_key = k.sealed_key, ended_at = null
     from kept k where a.call_id = k.call_id`,
    [],
  )
  await expect(gateway.run(id)).rejects.toBeDefined()
  const { rows } = await sql(
    "select from audit.event where call_id = $1 and type = 'call.intent'",
    [id],
  )
  expect(rows).toHaveLength(1)
})

test('a rejected call that is put back is still rejected', async () => {
  const id = await gateway.ask(held(ana, [need({ quorum: 2 })]))
  await gateway.answer(id, bo, 'approve')
  const { rows } = await sql(
    'select sealed_input, sealed_key from countersign.approval where call_id = $1',
    [id],
  )
  await gateway.answer(id, cy, 'reject')
  await sql(
    "update countersign.approval set state = 'approved', sealed_input = $2, sealed_key = $3, ended_at = null where call_id = $1",
    [id, rows[0].sealed_input, rows[0].sealed_key],
  )
  await expect(gateway.spend(id, ana, place)).rejects.toMatchObject(refused)
})
