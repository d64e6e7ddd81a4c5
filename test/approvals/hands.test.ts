/** Whose hand gave an answer, where the agent holds tokens of its own (law 9). */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestStore, testStore } from '../audit/support.ts'
import { type Gateway, gatewayOn, held, need, person } from './support.ts'

let store: TestStore
let here: Gateway
beforeAll(async () => {
  store = await testStore()
  here = await gatewayOn(store)
})
afterAll(async () => {
  await here.close()
  await store.drop()
})
const self = [need({ self: true })]
const refused = { code: 'NOT_ALLOWED' }

test("one's own call is not answered by a token that may be the agent's: no client is named in either", async () => {
  const ana = person('ana', ['dba'], { via: 'http', client: '' })
  const id = await here.ask(held(ana, self))
  await expect(here.answer(id, person('ana', ['dba']), 'approve')).rejects.toMatchObject(refused)
  // Somebody else's token is her own; another client of her own is another; a passphrase is nobody's but hers.
  for (const by of [
    person('bo', ['dba']),
    person('ana', ['dba'], { client: 'cli' }),
    person('ana', ['dba'], { auth: 'passphrase' }),
  ]) {
    const again = await here.ask(held(ana, self))
    expect((await here.answer(again, by, 'approve')).state).toBe('approved')
  }
})

test('nor by a token of the client that called, under any of the names in its chain', async () => {
  const asked: readonly (readonly [string, string])[] = [
    ['agent', 'agent'],
    ['agent', 'agent act:helper'],
    ['agent', 'web act:agent'],
    ['web act:agent', 'agent'],
    ['web act:agent', 'other act:agent'],
    ['act:agent', 'act:agent'],
    ['act:agent', 'agent'],
  ]
  for (const [called, answering] of asked) {
    const id = await here.ask(held(person('ana', ['dba'], { via: 'http', client: called }), self))
    for (const sub of ['ana', 'bo'])
      await expect(
        here.answer(id, person(sub, ['dba'], { client: answering }), 'approve'),
      ).rejects.toMatchObject(refused)
  }
  const id = await here.ask(
    held(person('ana', ['dba'], { via: 'http', client: 'web act:agent' }), self),
  )
  const web = person('ana', ['dba'], { client: 'web' })
  expect((await here.answer(id, web, 'approve')).state).toBe('approved')
})
