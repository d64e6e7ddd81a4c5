/** Attack: get a credential out. Canaries are leased by calls that succeed and fail in every way at hand, then looked for everywhere (law 6, threats 17 and 18). */
import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askSocket } from '../../src/cli/running.ts'
import { socketPaths } from '../../src/identity/state-folder.ts'
import { type Child, startChild } from '../support/child.ts'
import { freePort } from '../support/gateway.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'

const reader = 'cAnArY-reader-7f3a9b2c'
const writer = 'cAnArY-writer-51d0e8f4'
const wrong = 'cAnArY-wrong-99aa77bb'
const passphrase = 'canary passphrase of bo'
let target: TestDatabase
let child: Child
let client: Client
let seen = ''

beforeAll(async () => {
  target = await testDatabase()
  await target.admin.query('create table notes (id integer primary key, text text)')
  await target.admin.query(
    `insert into notes values (1, 'the password is ${reader}'), (2, '${Buffer.from(writer).toString('base64')}'), (3, '${Buffer.from(reader).toString('hex')}')`,
  )
  for (const [role, password] of [
    ['reader', reader],
    ['writer', writer],
  ]) {
    await target.admin.query(`create role ${role}_${target.name} login password '${password}'`)
    await target.admin.query(`grant all on notes to ${role}_${target.name}`)
  }
  const { port, pathname } = new URL(target.url)
  const at = (over: string): string =>
    `{ kind: postgres, labels: {}, host: 127.0.0.1, port: ${port}, database: ${pathname.slice(1)}, tls: disable, limits: { seconds: 3 }, ${over} }`
  child = await startChild({
    passphrase,
    waitSeconds: 5,
    secrets: {
      reader: JSON.stringify({ username: `reader_${target.name}`, password: reader }),
      writer: JSON.stringify({ username: `writer_${target.name}`, password: writer }),
      wrong: JSON.stringify({ username: `reader_${target.name}`, password: wrong }),
    },
    rest: `
credentials: { reader: "file:./reader", writer: "file:./writer", wrong: "file:./wrong" }
targets:
  shop: ${at('credentials: { read: reader, write: writer }')}
  locked: ${at('credentials: { read: wrong }')}
  gone: ${at('credentials: { read: reader }').replace(`port: ${port}`, `port: ${await freePort()}`)}
grants:
  - { id: all, groups: [engineers], targets: [shop, locked, gone], tools: [sql_query, sql_execute, sql_schema, sql_explain], effects: [read, write] }
`,
  })
  client = new Client({ name: 'agent', version: '1' })
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${child.url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${child.token()}` } },
    }),
  )
})
afterAll(async () => {
  await client?.close()
  await child?.stop()
  await target?.drop()
})

const calls: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ['sql_query', { target: 'shop', sql: 'select id, text from notes order by id' }],
  ['sql_query', { target: 'shop', sql: `select '${reader}' as echoed` }],
  ['sql_query', { target: 'shop', sql: 'select text::integer from notes' }],
  [
    'sql_query',
    { target: 'shop', sql: `select nothing_${reader.replaceAll('-', '_')} from notes` },
  ],
  ['sql_query', { target: 'shop', sql: `selec '${writer}'` }],
  ['sql_query', { target: 'shop', sql: 'select $1::text', params: [writer] }],
  ['sql_query', { target: 'shop', sql: 'select rolname, rolpassword from pg_authid' }],
  ['sql_query', { target: 'locked', sql: 'select 1' }],
  ['sql_query', { target: 'gone', sql: 'select 1' }],
  [
    'sql_execute',
    { target: 'shop', sql: `insert into notes values (9, '${writer}') returning text` },
  ],
  [
    'sql_execute',
    {
      target: 'shop',
      sql: `insert into notes values (1, '${reader}')`,
      reason: `because ${reader}`,
    },
  ],
  ['sql_explain', { target: 'shop', sql: `select * from notes where text = '${reader}'` }],
  ['sql_schema', { target: 'shop', detail: 'full' }],
  ['sql_query', { target: 'shop', sql: 7, password: writer }],
  ['sql_query', { target: 'nowhere', sql: writer }],
  ['targets', {}],
]

test('calls that succeed and fail with leased credentials', async () => {
  for (const [name, args] of calls)
    seen += JSON.stringify(await client.callTool({ name, arguments: args }))
  seen += await fetch(`${child.url}/metrics`).then((answer) => answer.text())
  for (const path of [
    '/healthz',
    '/readyz',
    '/.well-known/oauth-protected-resource',
    '/api/status',
    '/nothing',
  ])
    seen += await fetch(`${child.url}${path}`).then((answer) => answer.text())
  expect(seen).toContain('"status":"ok"')
  expect(seen).toContain('TARGET_UNREACHABLE')
})

const forms = (value: string): readonly string[] => [
  value,
  encodeURIComponent(value),
  Buffer.from(value).toString('hex'),
  Buffer.from(value).toString('base64').replace(/=+$/, ''),
  ...[1, 2].map((shift) =>
    Buffer.from('x'.repeat(shift) + value)
      .toString('base64')
      .slice(Math.ceil((shift * 8) / 6), -4),
  ),
]
const expectClean = (text: string, where: string): void => {
  for (const value of [reader, writer, wrong, passphrase])
    for (const form of forms(value))
      expect(text.toLowerCase().includes(form.toLowerCase()) ? `${form} in ${where}` : '').toBe('')
}

test('no canary is in what agents, operators and scrapers saw', () => {
  expectClean(seen, 'answers')
  expectClean(child.said(), 'logs')
})

test('no canary is in the contents that the log keeps, as an approver reads them', async () => {
  const ids = new Set(seen.match(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g))
  expect(ids.size).toBeGreaterThanOrEqual(calls.length)
  const { api } = socketPaths(join(child.folder, 'state'))
  const authorization = `Basic ${Buffer.from(`bo:${passphrase}`).toString('base64')}`
  for (const id of ids) {
    const { status, body } = await askSocket(api, {
      method: 'GET',
      path: `/api/calls/${id}?reason=canaries`,
      authorization,
    })
    expect(status).toBe(200)
    expectClean(JSON.stringify(body), `story of ${id}`)
  }
})

test('no canary is in any file of the state folder or the store, nor in a core', () => {
  const folders = [
    join(child.folder, 'state'),
    realpathSync(join(child.folder, 'state', 'postgres')),
  ]
  let files = 0
  for (const folder of folders)
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      files += 1
      expectClean(readFileSync(join(entry.parentPath, entry.name)).toString('latin1'), entry.name)
    }
  expect(files).toBeGreaterThan(100)
  // Which mappings of the process a core would hold: none (core(5)).
  if (process.platform === 'linux')
    expect(
      Number.parseInt(readFileSync(`/proc/${child.process.pid}/coredump_filter`, 'utf8'), 16),
    ).toBe(0)
})
