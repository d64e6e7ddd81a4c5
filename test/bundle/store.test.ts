/** `audit verify` on the store makes each decision again, as it does on a bundle. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { verifyStore } from '../../src/audit/verify/verify.ts'
import { decideRecorded } from '../../src/guards/policy/recorded.ts'
import { type Evidence, makeEvidence } from './support.ts'

let made: Evidence
beforeEach(async () => {
  made = await makeEvidence()
})
afterEach(() => made?.drop())

const verify = () => {
  const { keys, log, pool } = made.store
  return verifyStore({ pool, log, keys, trusted: [made.signer], decide: decideRecorded })
}
const sql = (text: string) => made.store.admin.query(text)

test('every decision is made again with what was recorded', async () => {
  const seen = await verify()
  expect(seen, JSON.stringify(seen)).toMatchObject({ exit: 0, decisions: 7, findings: [] })
  expect(seen.notChecked.join()).not.toContain('decisions')
})

test('policies that are not those that decided are found, and lost ones make it incomplete', async () => {
  await sql(
    "update countersign.config_version set text = replace(text, 'public.secrets', 'public.nothing') where kind = 'policy'",
  )
  const changed = await verify()
  expect(changed.exit).toBe(1)
  expect(changed.findings.map(({ what }) => what).join()).toContain('not those that their hash')
  await sql("delete from countersign.config_version where kind = 'policy'")
  const lost = await verify()
  expect(lost).toMatchObject({ exit: 2, decisions: 0, findings: [] })
  expect(lost.notChecked).toContain('the policies that decided are not in the store')
})

test('a decision that the policies would not have made is found', async () => {
  // One who owns the database and writes header, index and links anew; the tree would find it too.
  const { rows } = await made.store.admin.query(
    "select stream_id, seq, header_jcs from audit.event where type = 'call.intent' order by seq limit 1",
  )
  const forged = Buffer.from(
    rows[0].header_jcs.toString().replace('"rules":["reads"]', '"rules":["writes"]'),
  )
  await made.store.admin.query(
    "update audit.event set header_jcs = $3, header = convert_from($3, 'UTF8')::jsonb where stream_id = $1 and seq = $2",
    [rows[0].stream_id, rows[0].seq, forged],
  )
  const seen = await verify()
  expect(seen.exit).toBe(1)
  expect(seen.findings.map(({ what }) => what)).toContain(
    'was decided by other rules than its header names',
  )
})
