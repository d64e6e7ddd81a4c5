/** A store by URL is opened as the writer of a current, durable store, or not at all; each refusal says what to do. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkStore } from '../../src/store/checks.ts'
import { patient } from '../../src/store/connect.ts'
import { migrate } from '../../src/store/migrate.ts'
import { open } from '../../src/store/open.ts'
import { openProxy } from '../audit/proxy.ts'
import {
  type MigratedDatabase,
  migratedDatabase,
  testDatabase,
  urlFor,
} from '../support/postgres.ts'

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
const openUrl = (url: string) => open({ url, state: '/nonexistent' }, quiet)
const refusal = async (url: string): Promise<{ code: string; message: string }> => {
  const thrown: unknown = await openUrl(url).then(
    (store) => store.close(),
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(Error)
  return thrown as { code: string; message: string }
}

let database: MigratedDatabase
const sql = (text: string) => database.admin.query(text)
beforeAll(async () => {
  database = await migratedDatabase()
})
afterAll(() => database.drop())

test('the writer of a current store is let in, twice at once', async () => {
  const [one, two] = await Promise.all([openUrl(database.writerUrl), openUrl(database.writerUrl)])
  expect(one).toMatchObject({ kind: 'url', serverVersion: expect.stringMatching(/^\d+\.\d/) })
  expect(one.id).toBe(two.id)
  expect(one.id).toMatch(/^[0-9a-f-]{36}$/)
  const { rows } = await one.pool.query('show application_name')
  expect(rows).toEqual([{ application_name: 'countersign' }])
  await one.close()
  await one.close()
  await two.close()
})

test('a store that falls silent is waited for in seconds, and asked anew when it is back', async () => {
  const { hostname, port } = new URL(database.writerUrl)
  const proxy = await openProxy(hostname, Number(port))
  const url = new URL(database.writerUrl)
  url.port = String(proxy.port)
  const store = await openUrl(url.href)
  await store.pool.query('select 1')
  proxy.blackhole(true)
  const started = performance.now()
  await expect(store.pool.query('select 1')).rejects.toThrow('timeout')
  expect(performance.now() - started).toBeLessThan(20_000)
  proxy.blackhole(false)
  expect((await store.pool.query('select 2 as n')).rows).toEqual([{ n: 2 }])
  await store.close()
  await proxy.close()
})

test('who reads much of the log may take longer', async () => {
  const store = await openUrl(database.writerUrl)
  const slow = { text: 'select pg_sleep(6)', values: [] }
  await expect(store.pool.query({ ...patient, ...slow })).resolves.toMatchObject({ rowCount: 1 })
  await expect(store.pool.query(slow)).rejects.toThrow('timeout')
  await store.close()
})

describe('who may do more than append is refused:', () => {
  const cases: readonly [string, string, string, RegExp][] = [
    ['a superuser', 'alter role W superuser', 'alter role W nosuperuser', /superuser/],
    ['who can make roles', 'alter role W createrole', 'alter role W nocreaterole', /CREATEROLE/],
    [
      'an eraser',
      'grant countersign_eraser to W',
      'revoke countersign_eraser from W',
      /countersign_eraser/,
    ],
    [
      'who runs programs',
      'grant pg_execute_server_program to W',
      'revoke pg_execute_server_program from W',
      /programs/,
    ],
    ['who may act as the owner', 'grant postgres to W', 'revoke postgres from W', /owns tables/],
    [
      'who may delete events',
      'grant delete on audit.event to W',
      'revoke delete on audit.event from W',
      /delete on audit\.event/,
    ],
    [
      'who may update one column',
      'grant update (leaf) on audit.event to W',
      'revoke update (leaf) on audit.event from W',
      /update on audit\.event/,
    ],
    [
      'who may truncate payloads',
      'grant truncate on audit.payload to W',
      'revoke truncate on audit.payload from W',
      /truncate on audit\.payload/,
    ],
    [
      'anybody, when everybody may',
      'grant delete on audit.leaf to public',
      'revoke delete on audit.leaf from public',
      /delete on audit\.leaf/,
    ],
  ]
  test.each(cases)('%s', async (_, give, take, words) => {
    await sql(give.replace('W', database.writer))
    try {
      const thrown = await refusal(database.writerUrl)
      expect(thrown).toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(words),
      })
    } finally {
      await sql(take.replace('W', database.writer))
    }
    await (await openUrl(database.writerUrl)).close()
  })
})

test('a user without any right is told what to run', async () => {
  const user = `n_${database.name}`
  await sql(`create role ${user} login password 'x'`)
  const thrown = await refusal(urlFor(database.url, { user, password: 'x' }))
  expect(thrown.message).toContain(`grant countersign_writer to "${user}"`)
  await sql(`drop role ${user}`)
})

describe('what may lose a commit or cannot take one is refused:', () => {
  test.each([
    ['synchronous_commit', 'CONFIG_INVALID', /synchronous_commit is off/, 'off'],
    ['default_transaction_read_only', 'AUDIT_UNAVAILABLE', /read only/, 'on'],
  ])('%s', async (setting, code, words, value) => {
    await sql(`alter role ${database.writer} set ${setting} = ${value}`)
    const thrown = await refusal(database.writerUrl)
    await sql(`alter role ${database.writer} reset ${setting}`)
    expect(thrown).toMatchObject({ code, message: expect.stringMatching(words) })
  })

  const says = (facts: object) => ({
    query: async () => ({
      rows: [
        {
          version: '18.4',
          version_num: 180004,
          recovering: false,
          read_only: false,
          durable: { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' },
          ...facts,
        },
      ],
    }),
  })
  test.each([
    [{ durable: { fsync: 'off', full_page_writes: 'off' } }, /fsync, full_page_writes are off/],
    [{ recovering: true, read_only: true }, /standby/],
    [{ version: '13.9', version_num: 130009 }, /PostgreSQL 14 or newer; .* 13\.9/],
  ])('%o', async (facts, words) => {
    // No server of these tests can be put into these states, so this one only says that it is.
    const client = says(facts) as unknown as pg.Client
    await expect(checkStore(client)).rejects.toThrow(words)
  })
})

describe('the schema', () => {
  test('that was never made is named, with the command that makes it', async () => {
    const empty = await testDatabase()
    const thrown = await refusal(urlFor(database.writerUrl, { database: empty.name }))
    expect(thrown).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/no schema yet.* countersign migrate --url/),
    })
    await empty.drop()
  })

  test('of an earlier version is not used', async () => {
    const last = 'select max(created_at) from countersign.migration'
    const { rows } = await sql(`select * from countersign.migration where created_at = (${last})`)
    await sql(`delete from countersign.migration where created_at = (${last})`)
    expect((await refusal(database.writerUrl)).message).toContain('earlier version')
    await database.admin.query(
      'insert into countersign.migration (hash, created_at) values ($1, $2)',
      [rows[0].hash, rows[0].created_at],
    )
    await (await openUrl(database.writerUrl)).close()
  })

  test('of a newer version is neither used nor migrated', async () => {
    await sql("insert into countersign.migration (hash, created_at) values ('new', 9999999999999)")
    expect((await refusal(database.writerUrl)).message).toContain('newer version')
    await expect(migrate(database.url)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await sql("delete from countersign.migration where hash = 'new'")
  })
})

describe('migrating', () => {
  test('takes an owner who may create roles, and says so to anybody else', async () => {
    const empty = await testDatabase()
    const user = `o_${empty.name}`
    await empty.admin.query(`create role ${user} login password 'x'`)
    const url = urlFor(empty.url, { user, password: 'x' })
    await expect(migrate(url)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('CREATE on the database'),
    })
    await empty.admin.query(`grant create on database ${empty.name} to ${user}`)
    // The roles of this cluster exist by now, so CREATEROLE is not needed.
    expect(await migrate(url)).toMatchObject({ changed: true })
    const { rows } = await empty.admin.query(
      `select distinct pg_get_userbyid(relowner) as owner from pg_class where relnamespace = 'audit'::regnamespace`,
    )
    expect(rows).toEqual([{ owner: user }])
    // The owner itself is no gateway.
    expect((await refusal(url)).message).toContain('owns tables')
    await empty.admin.query(`drop owned by ${user}`)
    await empty.admin.query(`drop role ${user}`)
    await empty.drop()
  })

  test('that fails half-way leaves nothing behind', async () => {
    const empty = await testDatabase()
    await empty.admin.query('create schema audit; create view audit.calls as select 1 as one')
    await expect(migrate(empty.url)).rejects.toMatchObject({
      message: expect.stringContaining('rolled back'),
    })
    const { rows } = await empty.admin.query(
      `select tablename from pg_tables where schemaname = 'audit'`,
    )
    expect(rows).toEqual([])
    await empty.drop()
  })
})

describe('a store that is not there', () => {
  test('is AUDIT_UNAVAILABLE, in our words and without the password', async () => {
    const closed = await refusal('postgres://u:hunter22secret@127.0.0.1:1/d')
    expect(closed).toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
    const wrong = await refusal(urlFor(database.writerUrl, { password: 'hunter22secret' }))
    expect(wrong).toMatchObject({
      code: 'AUDIT_UNAVAILABLE',
      message: expect.stringContaining('password'),
    })
    expect(`${closed.message}${wrong.message}`).not.toMatch(/hunter22secret/)
  })

  test('and answers nothing is given up in 5 s', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const before = performance.now()
    expect(await refusal(`postgres://u:p@127.0.0.1:${address.port}/d`)).toMatchObject({
      code: 'AUDIT_UNAVAILABLE',
    })
    expect(performance.now() - before).toBeLessThan(7_000)
    silent.close()
  })

  test.each(['mysql://h/d', 'not a url', ''])('and is no PostgreSQL URL: %o', async (url) => {
    expect(await refusal(url)).toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

describe('notices', () => {
  test('are heard on their channel only, and no more after unlisten', async () => {
    const store = await openUrl(database.writerUrl)
    const heard: string[] = []
    const end = await store.listen('one', (payload) => heard.push(`one ${payload}`))
    await store.listen('two', (payload) => heard.push(`two ${payload}`))
    await store.pool.query(
      `select pg_notify('one', 'a'), pg_notify('two', 'b'), pg_notify('three', 'c')`,
    )
    await expect.poll(() => heard).toEqual(['one a', 'two b'])
    await end()
    await store.pool.query(`select pg_notify('one', 'd'), pg_notify('two', 'e')`)
    await expect.poll(() => heard).toEqual(['one a', 'two b', 'two e'])
    await store.close()
  })

  test('that may have been missed are made up for by an empty one', async () => {
    const store = await openUrl(database.writerUrl)
    const heard: string[] = []
    await store.listen('calls', (payload) => heard.push(payload))
    const killed = await sql(
      `select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%calls%' and datname = current_database()`,
    )
    expect(killed.rowCount).toBe(1)
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual([''])
    await store.pool.query(`select pg_notify('calls', 'x')`)
    await expect.poll(() => heard).toEqual(['', 'x'])
    await store.close()
  })

  test('a pool whose connections are all killed serves the next query', async () => {
    const store = await openUrl(database.writerUrl)
    await store.pool.query('select 1')
    await sql(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${database.writer}'`,
    )
    await expect
      .poll(
        () =>
          store.pool.query('select 1').then(
            () => true,
            () => false,
          ),
        { timeout: 5_000 },
      )
      .toBe(true)
    await store.close()
  })
})
