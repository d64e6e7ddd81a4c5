/** Attack: an agent with a shell under the user's account reads the vault's key and writes answers into the store (law 9, threat 10). */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ApprovalsOptions } from '../../src/approvals/ports.ts'
import { readRow, selectRow, statement } from '../../src/approvals/row.ts'
import { localApprovers } from '../../src/identity/approvers.ts'
import { localIssuer } from '../../src/identity/local.ts'
import { hashPassphrase } from '../../src/identity/passphrase.ts'
import { openProofs } from '../../src/serve/proofs.ts'
import { ana, type Gateway, gatewayOn, held, place } from '../approvals/support.ts'
import { type TestStore, testStore } from '../audit/support.ts'

/** What the agent knows: the key that lies in the state folder. */
const key = Buffer.alloc(32, 9)
let store: TestStore
let gateway: Gateway
let bo: Parameters<typeof localApprovers>[0][number]
beforeAll(async () => {
  bo = { subject: 'bo', groups: ['dba'], passphrase: await hashPassphrase('correct horse battery') }
  store = await testStore()
  const options: Partial<ApprovalsOptions> = {
    proofs: openProofs([bo], [], key),
    groupsNow: (iss, sub) => (iss === localIssuer ? (sub === 'bo' ? ['dba'] : 'gone') : undefined),
  }
  gateway = await gatewayOn(store, options)
})
afterAll(async () => {
  await gateway.close()
  await store.drop()
})

const forged = async (iss: string, proofOf: (statement: string) => string): Promise<string> => {
  const id = await gateway.ask(held())
  const { rows } = await store.admin.query(selectRow('a.call_id = $1'), [id])
  const by = { iss, sub: 'bo', groups: ['dba'] }
  await store.admin.query(
    `insert into countersign.approval_answer (call_id, iss, sub, groups, decision, self, proof) values ($1, $2, 'bo', '["dba"]', 'approve', false, $3)`,
    [id, iss, proofOf(statement(readRow(rows[0]), by, 'approve', false))],
  )
  await store.admin.query("update countersign.approval set state = 'approved' where call_id = $1", [
    id,
  ])
  return id
}
const mac = (text: string): string =>
  `hmac:${createHmac('sha256', key).update(text).digest('base64url')}`
const refused = { code: 'APPROVAL_MISMATCH' }

test('a MAC with the right key speaks for no local approver, and for nobody of an issuer that is not configured', async () => {
  for (const iss of [localIssuer, 'https://made-up.example', '']) {
    const id = await forged(iss, mac)
    await expect(gateway.spend(id, ana, place)).rejects.toMatchObject(refused)
  }
})

test("another key's signature is not the approver's", async () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const id = await forged(
    localIssuer,
    (text) => `ed25519:${sign(null, Buffer.from(text), privateKey).toString('base64url')}`,
  )
  await expect(gateway.spend(id, ana, place)).rejects.toMatchObject(refused)
})

test('the approver, with the passphrase, is heard; the signature fits this call only', async () => {
  const id = await gateway.ask(held())
  const by = await localApprovers([bo]).prove('bo', 'correct horse battery', {})
  expect((await gateway.answer(id, by, 'approve')).state).toBe('approved')
  const { rows } = await store.admin.query(
    'select proof from countersign.approval_answer where call_id = $1',
    [id],
  )
  const other = await forged(localIssuer, () => rows[0].proof)
  await expect(gateway.spend(other, ana, place)).rejects.toMatchObject(refused)
  expect((await gateway.spend(id, ana, place)).by).toEqual(['bo'])
})
