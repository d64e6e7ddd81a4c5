// HTTP: http_request's own run beside a bare fetch, interleaved in one process; then the whole governed call, so that the
// gateway's fixed cost stands apart; then memory while a body never ends. Times in ms.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { httpFamily } from '../dist/tools/http/index.js'
import { httpClient } from './lib/clients.js'
import { benchGateway } from './lib/gateway.js'
import { inTurn } from './lib/in-turn.js'
import { load, median } from './lib/load.js'

const rounds = 5
const limits = {
  rows: 100,
  bytes: 1024 ** 2,
  cellBytes: 65_536,
  seconds: 30,
  connectMs: 5000,
  lockMs: 1000,
  concurrency: 16,
}
const routes = ['GET', 'POST'].map((method) => ({ method, path: '/**', effect: 'read' }))
const rssMb = () => Math.round(process.memoryUsage().rss / 1024 ** 2)

/** A service in a thread of its own, so that its work is not ours. */
const service = () =>
  new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(new URL('./lib/http-service.js', import.meta.url)))
    worker.once('message', (port) =>
      resolve({ url: `http://127.0.0.1:${port}`, stop: () => worker.terminate() }),
    )
    worker.once('error', reject)
  })

const own = (url) => {
  const { tools, family } = httpFamily()
  const target = {
    kind: 'http',
    name: 'api',
    labels: {},
    credentials: {},
    limits,
    baseUrl: url,
    addresses: ['127.0.0.0/8'],
    routes,
    inject: {},
  }
  const session = {
    callId: 'x',
    target,
    credential: { name: '', version: '', reveal: () => ({}) },
    limits,
    signal: new AbortController().signal,
    caller: { iss: 'i', sub: 's', groups: [] },
    prepared: async () => {},
  }
  const [tool] = tools
  return {
    call: async (path) => {
      const input = tool.input.parse({ target: 'api', method: 'GET', path })
      const facts = await tool.facts(input, { target })
      return tool.run(input, facts, session)
    },
    close: () => family.close(),
  }
}

const bare = async (url) => {
  const answer = await fetch(url)
  return JSON.parse(await answer.text())
}

/** p50 of each, the rounds taken in turn. */
const beside = async (runs, callers, seconds) => {
  if (callers === 1) return inTurn(runs, seconds)
  const seen = runs.map(() => [])
  for (const run of runs) await load(callers, run, 0.3)
  for (let round = 0; round < rounds; round++)
    for (const [at, run] of runs.entries())
      seen[at].push((await load(callers, run, seconds / rounds)).p50)
  return seen.map(median)
}

export const run = async ({ seconds, say }) => {
  const { url, stop } = await service()
  const us = own(url)
  const rows = []
  const tell = (row) => {
    rows.push(row)
    say(JSON.stringify(row))
  }
  const ratio = (a, b) => Number((a / b).toFixed(2))
  try {
    for (const [name, path, callers] of [
      ['get 200 B', '/small', 1],
      ['get 200 B, 8 at once', '/small', 8],
      ['get 20 KB of JSON', '/items', 1],
      ['get 20 KB of JSON, gzip', '/packed', 1],
    ]) {
      const [ours, theirs] = await beside(
        [() => us.call(path), () => bare(url + path)],
        callers,
        seconds,
      )
      tell({ case: name, us: ours, bare: theirs, ratio_bare: ratio(ours, theirs), rss_mb: rssMb() })
    }
    for (const [name, path] of [
      ['a body of 1 GB, to the cap', '/gigabyte'],
      ['a body of 1 GB in gzip, to the cap', '/bomb'],
      ['a body without end, to the cap', '/endless'],
    ]) {
      const before = rssMb()
      const from = performance.now()
      const answer = await us.call(path)
      if (!answer.truncated) throw new Error(`${path} came back whole`)
      tell({
        case: name,
        us: Number((performance.now() - from).toFixed(2)),
        bare: null,
        ratio_bare: null,
        rss_mb: rssMb(),
        rss_growth_mb: rssMb() - before,
      })
    }

    const gateway = await benchGateway((dir) => {
      writeFileSync(join(dir, 'token'), JSON.stringify({ token: 'bench-token' }), { mode: 0o600 })
      return [
        'credentials: { token: "file:./token" }',
        `targets: { api: { kind: http, labels: { env: bench }, baseUrl: "${url}", addresses: [127.0.0.0/8], inject: { header: X-Token, value: token }, routes: [{ method: GET, path: "/**" }] } }`,
        'grants: [{ id: read, groups: [bench], targets: [api], tools: [http_request] }]',
      ].join('\n')
    })
    try {
      const client = await httpClient(gateway.url, gateway.headers)
      const whole = async () => {
        const text = String(
          await client.call('http_request', { target: 'api', method: 'GET', path: '/small' }),
        )
        if (!text.includes('http_status')) throw new Error(text.slice(0, 300))
      }
      const [governed, theirs, alone] = await beside(
        [whole, () => bare(`${url}/small`), () => us.call('/small')],
        1,
        seconds,
      )
      tell({
        case: 'get 200 B, governed and recorded',
        us: governed,
        bare: theirs,
        ratio_bare: ratio(governed, theirs),
        fixed_ms: Number((governed - alone).toFixed(2)),
        rss_mb: rssMb(),
      })
      await client.close()
    } finally {
      await gateway.stop()
    }
    return { http: rows }
  } finally {
    await us.close()
    await stop()
  }
}
