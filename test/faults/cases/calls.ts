/** 31 to 33: targets that die, flood or drip; clients that leave and come back. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type Fault, type Kit, verdict } from '../lib/fault.ts'
import type { Answer, Gateway } from '../lib/gateway.ts'
import type { Asked } from '../lib/history.ts'
import { openProxy } from '../lib/proxy.ts'
import { took } from '../lib/tally.ts'
import { eventually, pause } from '../lib/wait.ts'
import { cameOf, openWorld, type World, warm } from '../lib/world.ts'

const effectsOf = async ({ target }: World, word: string): Promise<number> =>
  (await target.effects()).filter((one) => one.word === word).length

/** Resolves when the statement of this word waits for the lock on `effects`. */
const waitsForLock = ({ target }: World, word: string) =>
  eventually('the statement runs', 20_000, async () => {
    const { rows } = await target.admin.query(
      `select 1 from pg_stat_activity where datname = current_database()
         and wait_event_type = 'Lock' and position($1 in query) > 0 and pid <> pg_backend_pid()`,
      [word],
    )
    return rows.length > 0
  })

const locked = async ({ target }: World): Promise<() => Promise<void>> => {
  const locker = await target.admin.connect()
  await locker.query('begin; lock table effects')
  return async () => {
    await locker.query('rollback')
    locker.release()
  }
}

const targetDies: Fault = {
  fault: 31,
  name: 'target dies in a query, at COMMIT, and after a request',
  expected: 'call.error or unknown, nothing is run again',
  limitMs: 600_000,
  async run(kit) {
    const world = await openWorld(kit, { start: false })
    const { history, target } = world
    const sql = await openProxy(kit, { port: target.port })
    const web = await openProxy(kit, { port: Number(new URL(target.httpUrl).port) })
    const gateway = await world.another('g', {
      targetPort: sql.port,
      target: { ...target, httpUrl: `http://127.0.0.1:${web.port}` },
    })
    const own = { ...world, gateway }
    await gateway.start()
    await warm(own)

    const unlock = await locked(own)
    const inQuery = history.sql(gateway, { word: 'word-31-1' })
    await waitsForLock(own, 'word-31-1')
    sql.cut('reset')
    const query = await inQuery
    await unlock()

    await history.sql(gateway)
    const seen = sql.muteAt('COMMIT')
    const atCommit = history.sql(gateway, { word: 'word-31-2' })
    await seen
    await eventually('it has committed', 10_000, () => effectsOf(own, 'word-31-2'))
    sql.cut('reset')
    const commit = await atCommit

    const release = target.holdHttp()
    const afterRequest = history.http(gateway, { word: 'word-31-3' })
    await eventually('the request is there', 20_000, () => target.arrived('word-31-3'))
    web.cut('reset')
    const request = await afterRequest
    release()

    const again = await Promise.all(
      [query, commit, request].map((one) => history.again(gateway, one)),
    )
    const { checks, effects, figure } = await world.judge()
    const done = ['1', '2', '3'].map(
      (n) => effects.filter(({ word }) => word === `word-31-${n}`).length,
    )
    return verdict(
      {
        ...checks,
        'in a query: an error, no effect': cameOf(query) !== 'ok' && done[0] === 0,
        'at COMMIT: never a false error, one effect':
          ['ok', 'OUTCOME_UNKNOWN'].includes(cameOf(commit)) && done[1] === 1,
        'after a request: unknown, one effect':
          cameOf(request) === 'OUTCOME_UNKNOWN' && done[2] === 1,
        'sent again with the same key: the first end': again.every(
          (one, n) => cameOf(one) === cameOf([query, commit, request][n] ?? {}),
        ),
      },
      `in a query ${cameOf(query)}, at COMMIT ${cameOf(commit)}, after a request ${cameOf(request)}; effects ${done.join(' ')} after the same again; ${figure}`,
    )
  },
}

/** Answers that never end, or hardly begin. */
const openFlood = async (kit: Kit): Promise<string> => {
  const piece = Buffer.alloc(1024 * 1024, 'x')
  const server = createServer((request, response) => {
    request.resume()
    const kind = (request.url ?? '').split('/').at(-1)
    if (kind === 'drip') {
      response.writeHead(200, { 'content-type': 'text/plain' })
      const timer = setInterval(() => response.write('x'), 1_000)
      response.on('close', () => clearInterval(timer))
      return
    }
    if (kind === 'silent') return
    response.writeHead(200, {
      'content-type': 'text/plain',
      ...(kind === 'huge' ? { 'content-length': String(10 * 1024 ** 3) } : {}),
    })
    const more = (): void => {
      while (!response.destroyed && response.write(piece));
    }
    response.on('drain', more)
    more()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  kit.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

const rssOf = ({ pid }: Gateway): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

const floods: Fault = {
  fault: 32,
  name: 'targets that answer 10 GB, never end, or drip a byte a second',
  expected: 'caps on bytes, rows and time; truncated is said; memory is bounded',
  limitMs: 600_000,
  async run(kit) {
    const world = await openWorld(kit, { start: false })
    const { target } = world
    const gateway = await world.another('g', {
      seconds: 3,
      target: { ...target, httpUrl: await openFlood(kit) },
    })
    await gateway.start()
    await warm({ ...world, gateway, history: { ...world.history, http: world.history.sql } })
    const rssBefore = rssOf(gateway)
    let rss = rssBefore
    const watch = setInterval(() => {
      rss = Math.max(rss, rssOf(gateway))
    }, 50)
    kit.defer(() => clearInterval(watch))
    const post = (path: string) =>
      took(
        gateway.call('http_request', { target: 'api', method: 'POST', path: `/effects/${path}` }),
      )
    const query = (sql: string) => took(gateway.call('sql_query', { target: 'shop', sql }))
    const all = {
      huge: await post('huge'),
      endless: await post('endless'),
      drip: await post('drip'),
      silent: await post('silent'),
      rows: await query('select a.id from people a, generate_series(1, 100000000) s'),
      wide: await query("select repeat('x', 900000) as x from generate_series(1, 20000) s"),
      slow: await query('select pg_sleep(600)'),
    }
    clearInterval(watch)
    const told = (answer: Answer): string =>
      answer.refused?.code ?? (answer.truncated === true ? 'truncated' : answer.status)
    const bounded = ({ done }: { done: Answer }): boolean =>
      ['truncated', 'TIMEOUT', 'OUTCOME_UNKNOWN', 'OUTPUT_TOO_LARGE', 'LIMIT'].includes(told(done))
    const { checks, figure } = await world.judge()
    const grown = Math.round(rss - rssBefore)
    return verdict(
      {
        ...checks,
        ...Object.fromEntries(
          Object.entries(all)
            .filter(([kind]) => kind !== 'slow')
            .map(([kind, one]) => [`${kind}: capped, was ${told(one.done)}`, bounded(one)]),
        ),
        'slow: not run to its end': told(all.slow.done) !== 'ok',
        'each is answered in its time': Object.values(all).every(({ ms }) => ms < 30_000),
        'memory is bounded': grown < 300,
      },
      `${Object.entries(all)
        .map(([kind, { done, ms }]) => `${kind} ${told(done)} ${ms} ms`)
        .join(', ')}; +${grown} MiB; ${figure}`,
    )
  },
}

const clientLeaves: Fault = {
  fault: 33,
  name: 'client leaves in a call and sends the same again',
  expected: 'one effect; who comes again attaches and gets the first result',
  limitMs: 600_000,
  async run(kit) {
    const world = await openWorld(kit)
    const { gateway, history, target } = world
    await warm(world)
    const own: Record<string, boolean> = {}
    const parts: string[] = []
    const left = (one: Asked): boolean => one.answer === undefined && one.failure !== undefined
    let n = 0
    for (const key of [true, false])
      for (const when of ['running', 'undelivered'] as const) {
        const name = `${when}, ${key ? 'with' : 'without'} a key`
        const word = `word-33-${++n}`
        const client = new AbortController()
        const release = target.holdHttp()
        const first = history.http(gateway, {
          word,
          signal: client.signal,
          ...(key ? {} : { key: false }),
        })
        await eventually('the request is there', 20_000, () => target.arrived(word))
        client.abort()
        const lost = { ...(await first) }
        if (when === 'undelivered') {
          release()
          await eventually('the run has ended', 20_000, async () => {
            const { rows } = await world.admin.query(
              `select 1 from audit.event i where type = 'call.intent' and not exists (
                select from audit.event t where t.header ->> 'parent' = encode(i.leaf, 'hex') and t.type like 'call.%')`,
            )
            return rows.length === 0
          })
        }
        const comes = Array.from({ length: 3 }, () => history.again(gateway, lost))
        if (when === 'running') {
          await pause(700)
          release()
        }
        const again = await Promise.all(comes)
        const effects = await effectsOf(world, word)
        const ids = new Set(again.map(({ answer }) => answer?.call_id))
        const told = again.map(cameOf)
        own[`${name}: the first client has left`] = left(lost)
        // Without a key, who comes when the first result was told is another call.
        own[`${name}: one effect`] = key || when === 'running' ? effects === 1 : effects <= 3
        own[`${name}: all get the first result, ${told.join(' ')}`] =
          told.every((code) => code === 'ok') && (ids.size === 1 || !key)
        parts.push(`${name}: ${effects} effect, ${told.join(' ')}`)
      }

    // A write in SQL is rolled back when nobody waits for it any more.
    const unlock = await locked(world)
    const client = new AbortController()
    const first = history.sql(gateway, { word: 'word-33-9', signal: client.signal })
    await waitsForLock(world, 'word-33-9')
    client.abort()
    const lost = { ...(await first) }
    const again = history.again(gateway, lost)
    await pause(700)
    await unlock()
    const told = cameOf(await again)
    const sql = await effectsOf(world, 'word-33-9')
    own['sql: at most one effect, and it is told'] = sql === (told === 'ok' ? 1 : 0)
    parts.push(`sql: ${sql} effects, ${told}`)
    const { checks, figure } = await world.judge()
    return verdict({ ...checks, ...own }, `${parts.join('; ')}; ${figure}`)
  },
}

export const faults: readonly Fault[] = [targetDies, floods, clientLeaves]
