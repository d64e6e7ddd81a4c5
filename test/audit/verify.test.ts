import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { recover } from '../../src/audit/recovery/recover.ts'
import { verifyStore } from '../../src/audit/verify/verify.ts'
import type { Entry } from '../../src/types.ts'
import {
  entry,
  intent,
  newId,
  oneCall,
  received,
  result,
  type TestStore,
  testKeys,
  testLog,
  testStore,
} from './support.ts'

let store: TestStore
beforeAll(async () => {
  store = await testStore()
})
afterAll(() => store.drop())

const verify = () => verifyStore({ pool: store.admin, log: store.log, keys: store.keys })

const caller = { iss: 'https://idp', sub: 'user:42', client: 'cli', groups: ['sre'] }
const person = (sub: string, groups = ['dba']) => ({ iss: 'https://idp', sub, client: '', groups })
const request = (callId: string, needs = ['1 of dba']): Entry =>
  entry('approval.requested', {
    callId,
    tool: 'sql_execute',
    target: 'shop',
    effect: 'write',
    approval: { needs },
  })
const grant = (callId: string, sub: string, groups?: string[]): Entry =>
  entry('approval.granted', { callId, actor: person(sub, groups) })
const approved = (
  callId: string,
  requested: string,
  by: string[],
  more: Partial<Entry> = {},
): Entry =>
  intent(callId, {
    tool: 'sql_execute',
    effect: 'write',
    approval: { requested, by },
    actor: caller,
    policy: { set: '', schema: '', engine: '', rules: [], decision: 'hold' },
    ...more,
  })

/** A held call: asked, granted by these, run. */
const held = async (
  log: Awaited<ReturnType<typeof testLog>>,
  needs: string[],
  grants: readonly [string, string[]?][],
  more: Partial<Entry> = {},
) => {
  const callId = newId()
  const [, asked] = await log.append([received(callId), request(callId, needs)])
  for (const [sub, groups] of grants) await log.append([grant(callId, sub, groups)])
  const [receipt] = await log.append([
    approved(
      callId,
      asked?.leaf ?? '',
      grants.map(([sub]) => sub),
      more,
    ),
  ])
  await log.append([result(callId, receipt?.leaf ?? '')])
  return { callId, asked: asked?.leaf ?? '' }
}

describe('a log that nobody touched', () => {
  test('verifies, over several streams, takeovers, approvals and everything in between', async () => {
    const one = await testLog(store)
    const two = await testLog(store, { limits: { leaseMs: 300 } })
    await Promise.all(Array.from({ length: 30 }, (_, n) => oneCall(n % 2 ? one : two)))
    await oneCall(one, 'x'.repeat(200_000))
    await held(one, ['2 of dba, ops'], [['user:7'], ['user:8', ['ops']]])
    await held(one, ['1 of sre (self)'], [['user:42', ['sre']]])
    await two.append([intent()])
    await two.abandon()
    await new Promise((wake) => setTimeout(wake, 450))
    await recover({ ...store, to: one, resolve: async () => 'unknown', resolveTries: 1 })
    await one.append([intent()])
    const seen = await verify()
    expect(seen).toMatchObject({
      exit: 0,
      wrong: 0,
      findings: [],
      open: 1,
      approvals: 2,
      streams: 2,
    })
    expect(seen.events).toBeGreaterThan(100)
    expect(seen.payloads.checked).toBeGreaterThan(60)
    expect(seen.notChecked.join()).toContain('signatures')
    expect(seen.notChecked.join()).toContain('1 calls that have not ended')
    await one.close()
    expect(await verify()).toMatchObject({ exit: 0, open: 0 })
  })

  test('verifies without keys, and says what that leaves unchecked', async () => {
    const seen = await verifyStore({ pool: store.admin, log: store.log, embedded: true })
    expect(seen).toMatchObject({ exit: 0, payloads: { checked: 0 } })
    expect(seen.notChecked.join()).toMatch(/payload parts whose key is not there/)
    expect(seen.notChecked.join()).toMatch(/own account/)
  })

  test('with the wrong key is incomplete, and a store that is gone too', async () => {
    const wrongKey = await verifyStore({ pool: store.admin, log: store.log, keys: testKeys() })
    expect(wrongKey).toMatchObject({ exit: 2, wrong: 0 })
    const { default: pg } = await import('pg')
    const pool = new pg.Pool({ host: '127.0.0.1', port: 1 })
    expect(await verifyStore({ pool, log: store.log })).toMatchObject({ exit: 2 })
    await pool.end()
  })
})

/** Runs SQL as a superuser whom no trigger or constraint holds up, verifies, and puts everything back. */
const tampered = async (...statements: string[]) => {
  const client = await store.admin.connect()
  const tables = ['stream', 'event', 'payload', 'data_key']
  try {
    await client.query('set session_replication_role = replica')
    for (const table of tables)
      await client.query(`create temp table b_${table} as select * from audit.${table}`)
    await client.query('begin')
    for (const statement of statements) await client.query(statement)
    await client.query('commit')
    return await verify()
  } finally {
    await client.query('rollback')
    await client.query('begin')
    for (const table of tables) {
      await client.query(`delete from audit.${table}`)
      const { rows } = await client.query(
        `select string_agg(quote_ident(column_name), ', ') cols from information_schema.columns
         where table_schema = 'audit' and table_name = $1 and is_generated = 'NEVER'`,
        [table],
      )
      await client.query(
        `insert into audit.${table} (${rows[0].cols}) overriding system value select ${rows[0].cols} from b_${table}`,
      )
      await client.query(`drop table b_${table}`)
    }
    await client.query('commit')
    await client.query('set session_replication_role = default')
    client.release()
  }
}

describe('what is caught', () => {
  let stream = ''
  beforeAll(async () => {
    const log = await testLog(store)
    stream = log.streamId
    for (let n = 0; n < 6; n++) await oneCall(log)
    await log.close()
    expect((await verify()).exit).toBe(0)
  })

  const at = (n: number) => `stream_id = ${stream} and seq = ${n}`
  const cases: [string, RegExp, (() => string)[]][] = [
    [
      'an edited index',
      /index says something else/,
      [
        () =>
          `update audit.event set header = jsonb_set(header, '{actor,sub}', '"user:1"') where ${at(3)}`,
      ],
    ],
    [
      'edited bytes',
      /do not hash to its leaf/,
      [() => `update audit.event set header_jcs = set_byte(header_jcs, 20, 65) where ${at(3)}`],
    ],
    [
      'bytes that are no text',
      /no header/,
      [() => `update audit.event set header_jcs = '\\xff00' where ${at(3)}`],
    ],
    [
      'an edited leaf',
      /do not hash/,
      [() => `update audit.event set leaf = sha256('x') where ${at(3)}`],
    ],
    [
      'a header with its leaf',
      /does not follow/,
      [
        () =>
          `update audit.event set header_jcs = convert_to(replace(convert_from(header_jcs, 'UTF8'), 'user:42', 'user:43'), 'UTF8') where ${at(3)}`,
        () =>
          `update audit.event set leaf = sha256('\\x00'::bytea || header_jcs), header = convert_from(header_jcs, 'UTF8')::jsonb where ${at(3)}`,
      ],
    ],
    [
      'a deleted row',
      /events between are missing/,
      [() => `delete from audit.event where ${at(4)}`],
    ],
    [
      'a dropped tail',
      /its events end at/,
      [() => `delete from audit.event where stream_id = ${stream} and seq > 15`],
    ],
    [
      'a stream without its row',
      /belong to no stream/,
      [() => `delete from audit.stream where stream_id = ${stream}`],
    ],
    [
      'events in another order',
      /another sequence number/,
      [
        () => `update audit.event set seq = -1 where ${at(3)}`,
        () => `update audit.event set seq = 3 where ${at(4)}`,
        () => `update audit.event set seq = 4 where ${at(-1)}`,
      ],
    ],
    [
      'a deleted payload',
      /part 0 is missing/,
      [
        () =>
          `delete from audit.payload where event_id = (select event_id from audit.event where ${at(2)})`,
      ],
    ],
    [
      'an emptied payload',
      /without a retention.erase/,
      [
        () =>
          `update audit.payload set ciphertext = null, nonce = null, erased_at = now() where event_id = (select event_id from audit.event where ${at(2)})`,
      ],
    ],
    [
      'a changed payload',
      /can not be opened/,
      [
        () =>
          `update audit.payload set ciphertext = set_byte(ciphertext, 40, get_byte(ciphertext, 40) # 1) where event_id = (select event_id from audit.event where ${at(2)})`,
      ],
    ],
    [
      'two payloads swapped',
      /can not be opened/,
      [
        () => `update audit.payload p set ciphertext = q.ciphertext, nonce = q.nonce from audit.payload q
             where p.event_id = (select event_id from audit.event where ${at(2)}) and q.event_id = (select event_id from audit.event where ${at(5)})`,
      ],
    ],
    [
      'a payload that nobody committed to',
      /not one that the header commits to|belong to no event/,
      [
        () =>
          `insert into audit.payload select event_id, 9, key_id, nonce, ciphertext from audit.payload where event_id = (select event_id from audit.event where ${at(2)})`,
      ],
    ],
  ]
  for (const [name, what, statements] of cases) {
    test(name, async () => {
      const seen = await tampered(...statements.map((make) => make()))
      expect(seen.exit).toBe(1)
      expect(seen.findings.map((finding) => finding.what).join('\n')).toMatch(what)
    })
  }

  test('any one byte of any row, wherever a random hand changes it', async () => {
    const { rows } = await store.admin.query(
      'select stream_id::text as stream, seq::text, octet_length(header_jcs) as bytes from audit.event',
    )
    await fc.assert(
      fc.asyncProperty(
        fc.nat(rows.length - 1),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (row, byte, flip) => {
          const { bytes, seq, stream: its } = rows[row]
          const offset = byte % bytes
          const change = `update audit.event set header_jcs =
          set_byte(header_jcs, ${offset}, get_byte(header_jcs, ${offset}) # ${flip}) where stream_id = ${its} and seq = ${seq}`
          const client = await store.admin.connect()
          try {
            await client.query('set session_replication_role = replica')
            await client.query(change)
            const seen = await verify()
            expect(seen.exit).toBe(1)
            expect(seen.findings).toContainEqual(expect.objectContaining({ stream: its, seq }))
          } finally {
            await client.query(change)
            await client.query('set session_replication_role = default')
            client.release()
          }
        },
      ),
      { numRuns: 60 },
    )
    expect((await verify()).exit).toBe(0)
  })
})

describe('what the gateway itself must not do is caught too', () => {
  const caught = async (
    what: RegExp,
    write: (log: Awaited<ReturnType<typeof testLog>>) => Promise<unknown>,
  ) => {
    const mine = await testStore()
    try {
      const log = await testLog(mine)
      await write(log)
      await log.close()
      const seen = await verifyStore({ pool: mine.admin, log: mine.log, keys: mine.keys })
      expect(seen.exit).toBe(1)
      expect(seen.findings.map((finding) => finding.what).join('\n')).toMatch(what)
    } finally {
      await mine.drop()
    }
  }
  test('too few approvers', () =>
    caught(/approved by 1, needed 2/, (log) => held(log, ['2 of dba'], [['user:7']])))
  test('one approver counted twice', () =>
    caught(/approved by 1, needed 2/, (log) => held(log, ['2 of dba'], [['user:7'], ['user:7']])))
  test('an approver of the wrong group', () =>
    caught(/approved by 0/, (log) => held(log, ['1 of dba'], [['user:7', ['sales']]])))
  test('one who approved herself', () =>
    caught(/approved by 0/, (log) => held(log, ['1 of sre'], [['user:42', ['sre']]])))
  test('an approval moved to another target', () =>
    caught(/another tool, target/, (log) =>
      held(log, ['1 of dba'], [['user:7']], { target: 'bank' }),
    ))
  test('an approval of another caller', () =>
    caught(/another caller/, (log) =>
      held(log, ['1 of dba'], [['user:7']], { actor: { ...caller, sub: 'user:666' } }),
    ))
  test('an approval spent twice', () =>
    caught(/second time/, async (log) => {
      const { asked, callId } = await held(log, ['1 of dba'], [['user:7']])
      await log.append([approved(callId, asked, ['user:7'])])
    }))
  test('a held call that ran without approval', () =>
    caught(/has no approval/, (log) =>
      log.append([
        intent(newId(), {
          policy: { set: 's', schema: 's', engine: 'e', rules: [], decision: 'hold' },
        }),
      ]),
    ))
  test('a change that no decision let run', () =>
    caught(/names no decision/, (log) => log.append([intent(newId(), { effect: 'write' })])))
  test('a denied call that ran', () =>
    caught(/denied by policy/, (log) =>
      log.append([
        intent(newId(), {
          policy: { set: 's', schema: 's', engine: 'e', rules: [], decision: 'deny' },
        }),
      ]),
    ))
})
