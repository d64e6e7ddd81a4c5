/** Attack: the agent has a shell under the user's own account, reads every file of state and configuration, and wants its call approved (law 9, threat 10). */
import { createHmac, generateKeyPairSync, hkdfSync, sign } from 'node:crypto'
import { readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { readRow, selectRow, statement } from '../../src/approvals/row.ts'
import { askSocket } from '../../src/cli/running.ts'
import { socketPaths } from '../../src/identity/state-folder.ts'
import { type Child, startChild } from '../support/child.ts'
import { roles } from '../support/gateway.ts'
import type { Answer } from '../support/ports.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'

const passphrase = 'only bo knows this one'
let target: TestDatabase
let child: Child
let client: Client
let callId: string

beforeAll(async () => {
  target = await testDatabase()
  await target.admin.query('create table effects (word text)')
  await roles(target)
  const { port, pathname } = new URL(target.url)
  child = await startChild({
    passphrase,
    secrets: {
      reader: JSON.stringify({ username: `reader_${target.name}`, password: 'reader-password' }),
      writer: JSON.stringify({ username: `writer_${target.name}`, password: 'writer-password' }),
    },
    rest: `
credentials: { reader: "file:./reader", writer: "file:./writer" }
targets:
  shop: { kind: postgres, labels: {}, host: 127.0.0.1, port: ${port}, database: ${pathname.slice(1)}, tls: disable, credentials: { read: reader, write: writer } }
grants:
  - { id: write, groups: [engineers], targets: [shop], tools: [sql_execute], effects: [write], approval: { by: [dba], quorum: 1, within: 1h } }
`,
  })
  client = new Client({ name: 'agent', version: '1' })
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${child.url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${child.token()}` } },
    }),
  )
  callId = await held()
})
afterAll(async () => {
  await client?.close()
  await child?.stop()
  await target?.drop()
})

const call = async (name: string, args: Readonly<Record<string, unknown>>): Promise<Answer> =>
  (await client.callTool({ name, arguments: args })).structuredContent as Answer
const held = async (): Promise<string> => {
  const answer = await call('sql_execute', {
    target: 'shop',
    sql: "insert into effects values ('sneaked')",
  })
  expect(answer.status).toBe('pending_approval')
  return answer.call_id
}
/** However it went, the call must not have run. */
const nothingRan = async (): Promise<void> => {
  const answer = await call('call_wait', { call_id: callId, timeout_s: 1 })
  expect(['pending_approval', 'refused']).toContain(answer.status)
  expect((await target.admin.query('select count(*) from effects')).rows[0].count).toBe('0')
  if (answer.status === 'refused') callId = await held()
}

/** Every file under the folder that can be read, as the shell's `find -type f` sees them. */
const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

test('every file is read, and everything in them that looks like a secret is tried as a token and as a passphrase', async () => {
  const words = new Set<string>()
  for (const file of filesUnder(child.folder)) {
    if (statSync(file).size > 64 * 1024 || file.includes('/postgres/')) continue
    for (const word of readFileSync(file, 'utf8').match(/[A-Za-z0-9_.:+/=-]{16,200}/g) ?? [])
      words.add(word)
  }
  expect([...words].some((word) => word.startsWith('cslocal_'))).toBe(true)
  const { api } = socketPaths(join(child.folder, 'state'))
  const path = `/api/approvals/${callId}/answer`
  for (const word of words) {
    const { status } = await askSocket(api, {
      method: 'POST',
      path,
      body: { decision: 'approve' },
      authorization: `Bearer ${word}`,
    })
    expect(status).toBeGreaterThanOrEqual(400)
    const over = await fetch(`${child.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${word}`, 'content-type': 'application/json' },
      body: '{"decision":"approve"}',
    })
    expect(over.status).toBeGreaterThanOrEqual(400)
  }
  // Passphrases are slow to try and locked out after a few: the likeliest go first.
  for (const word of [...words]
    .filter((one) => one.startsWith('cslocal_') || one.startsWith('scrypt:'))
    .slice(0, 3)) {
    const { status } = await askSocket(api, {
      method: 'POST',
      path,
      body: { decision: 'approve' },
      authorization: `Basic ${Buffer.from(`bo:${word}`).toString('base64')}`,
    })
    expect(status).toBe(401)
  }
  await nothingRan()
})

test('the command line is asked to approve, with whatever on its standard input', async () => {
  for (const args of [
    ['approvals', 'approve', callId],
    ['approvals', 'approve', callId, '--as', 'bo'],
    ['approvals', 'approve', callId, '--token-file', join(child.folder, 'state', 'local.token')],
  ]) {
    const { code } = await child.cli(args, 'ana\nana\nbo\n')
    expect(code).not.toBe(0)
  }
  await nothingRan()
})

test('the store is opened as its superuser, and rows are written as an approval would leave them', async () => {
  const status = await askSocket(socketPaths(join(child.folder, 'state')).api, {
    method: 'GET',
    path: '/api/status',
  })
  expect(status.status).toBe(200)
  const store = await superuser(child)
  try {
    await store.query('set session_replication_role = replica')
    const vault = readFileSync(join(child.folder, 'vault.key'))
    const found = readRow((await store.query(selectRow('a.call_id = $1'), [callId])).rows[0])
    const by = { iss: 'local', sub: 'bo', groups: ['dba'] }
    const said = statement(found, by, 'approve', false)
    const { privateKey } = generateKeyPairSync('ed25519')
    const mac = createHmac(
      'sha256',
      Buffer.from(hkdfSync('sha256', vault, 'countersign', 'mac:approvals', 32)),
    )
      .update(said)
      .digest('base64url')
    for (const proof of [
      `ed25519:${sign(null, Buffer.from(said), privateKey).toString('base64url')}`,
      `hmac:${mac}`,
      'none',
    ]) {
      await store.query('delete from countersign.approval_answer where call_id = $1', [callId])
      await store.query(
        "insert into countersign.approval_answer (call_id, iss, sub, groups, decision, self, proof) values ($1, 'local', 'bo', '[\"dba\"]', 'approve', false, $2)",
        [callId, proof],
      )
      await store.query("update countersign.approval set state = 'approved' where call_id = $1", [
        callId,
      ])
      await nothingRan()
    }
    await store.query(
      "update countersign.approval set needs = '[]', state = 'approved' where call_id = $1",
      [callId],
    )
    await nothingRan()
    await store.query(
      `update countersign.approval set needs = '[{"groups":["engineers"],"quorum":1,"withinMs":3600000,"self":true}]', state = 'approved' where call_id = $1`,
      [callId],
    )
    await nothingRan()
  } finally {
    await store.end()
  }
})

test('the configuration is changed under the running gateway: a new client is told, and nothing is approved by it', async () => {
  const before = readFileSync(child.file, 'utf8')
  writeFileSync(child.file, before.replace('approval: { by: [dba], quorum: 1, within: 1h }', ''))
  try {
    const { code, said } = await child.cli(
      ['stdio'],
      '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}\n',
    )
    expect(code).not.toBe(0)
    expect(said).toMatch(/configuration/i)
    await nothingRan()
  } finally {
    writeFileSync(child.file, before)
  }
})

test('the one who knows the passphrase is heard, and then it runs once', async () => {
  const { status } = await askSocket(socketPaths(join(child.folder, 'state')).api, {
    method: 'POST',
    path: `/api/approvals/${callId}/answer`,
    body: { decision: 'approve' },
    authorization: `Basic ${Buffer.from(`bo:${passphrase}`).toString('base64')}`,
  })
  expect(status).toBe(200)
  expect((await call('call_wait', { call_id: callId, timeout_s: 20 })).status).toBe('ok')
  expect((await target.admin.query('select count(*) from effects')).rows[0].count).toBe('1')
})

/** Logs in with what lies in the state folder: the password of the cluster's owner, at the socket that the system shows. */
const superuser = async (gateway: Child): Promise<pg.Client> => {
  const folder = realpathSync(join(gateway.folder, 'state', 'postgres'))
  const keys = z
    .object({ owner: z.string() })
    .parse(JSON.parse(readFileSync(join(folder, 'keys.json'), 'utf8')))
  const sockets = readFileSync('/proc/net/unix', 'utf8').matchAll(/ (\/\S+)\/\.s\.PGSQL\.\d+$/gm)
  for (const [, host] of sockets)
    for (const database of ['countersign', 'postgres']) {
      const one = new pg.Client({
        host: String(host),
        user: 'countersign_owner',
        password: keys.owner,
        database,
        connectionTimeoutMillis: 1_000,
      })
      one.on('error', () => undefined)
      try {
        await one.connect()
        if (
          (await one.query('select 1 from countersign.approval where call_id = $1', [callId]))
            .rowCount === 1
        )
          return one
      } catch {
        // Another cluster's socket, or another database.
      }
      await one.end().catch(() => undefined)
    }
  throw new Error('no way into the store was found; the attack has to be made to fit again')
}
