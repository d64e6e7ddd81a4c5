/** A whole gateway in this process, on a store by URL and a real target, driven by an MCP client and by an approver's passphrase. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { askSocket } from '../../src/cli/running.ts'
import { configHash } from '../../src/config/hash.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Config } from '../../src/config/types.ts'
import { hashPassphrase } from '../../src/identity/passphrase.ts'
import { socketPaths } from '../../src/identity/state-folder.ts'
import { type Served, serve } from '../../src/serve.ts'
import type { Answer } from './ports.ts'
import type { MigratedDatabase, TestDatabase } from './postgres.ts'

export const passphrase = 'correct horse battery'
let hashed: Promise<string> | undefined

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        resolve(typeof address === 'object' && address !== null ? address.port : 0),
      )
    })
    server.on('error', reject)
  })

export interface World {
  readonly folder: string
  readonly config: Config
  readonly served: Served
  call(tool: string, args: Readonly<Record<string, unknown>>): Promise<Answer>
  /** The answer of the API: `{status, body}`. */
  api(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: unknown,
    who?: { subject: string; passphrase: string },
  ): Promise<{ status: number; body: unknown }>
  decide(
    callId: string,
    decision: 'approve' | 'reject',
    subject?: string,
  ): Promise<{ status: number; body: unknown }>
  close(): Promise<void>
}

export interface WorldOptions {
  readonly store: Pick<MigratedDatabase, 'writerUrl'>
  readonly target: Pick<TestDatabase, 'url' | 'name'>
  readonly waitSeconds?: number
  /** Of the write grant; '' allows writes without a person. */
  readonly approval?: string
  readonly extra?: string
  /** More of the `log` section: `notary: {..}, anchors: [..]`. */
  readonly log?: string
  /** Keys and state of an earlier one: a restart, or a second gateway of the store. */
  readonly keysFrom?: string
  readonly name?: string
}

/** Roles `reader` and `writer` of the target are made by `roles`. */
export const roles = async (target: TestDatabase): Promise<void> => {
  for (const role of ['reader', 'writer']) {
    await target.admin.query(`create role ${role}_${target.name} login password '${role}-password'`)
    await target.admin.query(
      `grant ${role === 'reader' ? 'select' : 'all'} on all tables in schema public to ${role}_${target.name}`,
    )
    await target.admin.query(`grant usage on schema public to ${role}_${target.name}`)
  }
}

const textOf = async (options: WorldOptions, port: number): Promise<string> => {
  hashed ??= hashPassphrase(passphrase)
  const approval = options.approval ?? 'approval: { by: [dba], quorum: 1, within: 15m }'
  const { port: targetPort, pathname } = new URL(options.target.url)
  return `
server: { listen: "127.0.0.1:${port}" }
state: ./state
store: { url: "file:./store-url" }
log: { name: test/e2e${options.log === undefined ? '' : `, ${options.log}`} }
vault: { key: "file:./vault.key" }
masking: { tokenKey: "file:./token.key" }
approvals: { waitSeconds: ${options.waitSeconds ?? 10} }
identity:
  local: { subject: ana, groups: [engineers] }
  approvers:
    - { subject: bo, groups: [dba], passphrase: "${await hashed}" }
    - { subject: cy, groups: [ops], passphrase: "${await hashed}" }
    - { subject: ana, groups: [dba], passphrase: "${await hashed}" }
credentials:
  shop-reader: file:./shop-reader
  shop-writer: file:./shop-writer
targets:
  shop:
    kind: postgres
    labels: { env: test }
    host: 127.0.0.1
    port: ${targetPort}
    database: ${pathname.slice(1)}
    tls: disable
    credentials: { read: shop-reader, write: shop-writer }
    columns: { people.email: redact, derived.email: redact }
    limits: { rows: 1000, bytes: 1MiB, seconds: 10 }
grants:
  - { id: read, groups: [engineers], targets: [shop], tools: [sql_query, sql_schema, sql_explain] }
  - { id: write, groups: [engineers], targets: [shop], tools: [sql_execute], effects: [write]${approval === '' ? '' : `, ${approval}`} }
  - { id: elsewhere, groups: [nobody], targets: [shop], tools: [sql_execute], effects: [admin], approval: { by: [dba], within: 1m, self: true } }
${options.extra ?? ''}`
}

export const openWorld = async (options: WorldOptions): Promise<World> => {
  const folder = mkdtempSync(join(tmpdir(), 'cs-e2e-'))
  const port = await freePort()
  const put = (name: string, text: string): void =>
    writeFileSync(join(folder, name), text, { mode: 0o600 })
  for (const role of ['reader', 'writer'])
    put(
      `shop-${role}`,
      JSON.stringify({ username: `${role}_${options.target.name}`, password: `${role}-password` }),
    )
  put('store-url', options.store.writerUrl)
  for (const key of ['vault.key', 'token.key'])
    put(
      key,
      options.keysFrom ? readFileSync(join(options.keysFrom, key), 'utf8') : `${key.repeat(8)}`,
    )
  put('countersign.yaml', await textOf(options, port))
  mkdirSync(join(folder, 'state'), { mode: 0o700 })
  const config = loadConfig(join(folder, 'countersign.yaml'), {})
  const served = await serve(config, {
    version: 'test',
    configHash: configHash(config),
    logLevel: process.env.TEST_LOG ?? 'silent',
  })
  const client = new Client({ name: 'test', version: '1' })
  const authorization = `Bearer ${readFileSync(served.tokenFile ?? '', 'utf8').trim()}`
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${served.url}/mcp`), {
      requestInit: { headers: { authorization } },
    }),
  )
  const api: World['api'] = (method, path, body, who = { subject: 'bo', passphrase }) =>
    askSocket(socketPaths(config.state).api, {
      method,
      path,
      body,
      authorization: `Basic ${Buffer.from(`${encodeURIComponent(who.subject)}:${who.passphrase}`).toString('base64')}`,
    })
  return {
    folder,
    config,
    served,
    call: async (name, args) => {
      const { structuredContent } = await client.callTool({ name, arguments: args }, undefined, {
        timeout: 60_000,
      })
      return structuredContent as Answer
    },
    api,
    decide: (callId, decision, subject = 'bo') =>
      api('POST', `/api/approvals/${callId}/answer`, { decision }, { subject, passphrase }),
    close: async () => {
      await client.close()
      await served.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
