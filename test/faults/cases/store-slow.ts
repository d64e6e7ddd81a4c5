/** 18 to 22: the log's database is there and does not do as it should: read-only, locked, late, silent, cut. */
import { readFileSync } from 'node:fs'
import { type Fault, type Kit, verdict } from '../lib/fault.ts'
import type { Gateway } from '../lib/gateway.ts'
import type { Asked } from '../lib/history.ts'
import { openProxy, type TcpProxy } from '../lib/proxy.ts'
import { counted, percentile, took } from '../lib/tally.ts'
import { eventually, pause } from '../lib/wait.ts'
import { cameOf, openWorld, type World, warm, warmth } from '../lib/world.ts'

/** A world whose gateway reaches its store by a proxy. */
const behindProxy = async (
  kit: Kit,
  spoil: (proxy: TcpProxy) => void = () => undefined,
): Promise<World & { readonly proxy: TcpProxy }> => {
  const world = await openWorld(kit, { start: false })
  const proxy = await openProxy(kit, { port: world.cluster.port })
  spoil(proxy)
  const url = new URL(world.cluster.writerUrl)
  url.port = String(proxy.port)
  const gateway = await world.another('proxied', { storeUrl: url.href })
  await gateway.start()
  return { ...world, gateway, proxy }
}

/** Callers that go on, one call after another, until the function that is returned is awaited. */
const load = (
  { signal }: Pick<Kit, 'signal'>,
  { history }: World,
  gateway: Gateway,
  callers: number,
): (() => Promise<readonly Asked[]>) => {
  let over = false
  const done: Asked[] = []
  const caller = async (n: number): Promise<void> => {
    while (!over && !signal.aborted) {
      const one = await (n % 2 ? history.sql : history.http)(gateway, { timeoutMs: 90_000 })
      done.push(one)
      if (one.failure !== undefined) await pause(50)
    }
  }
  const all = Promise.all(Array.from({ length: callers }, (_, n) => caller(n)))
  return async () => {
    over = true
    await all
    return done
  }
}

const servesAgain = async ({ gateway, history }: World): Promise<string> => {
  await eventually('the gateway is ready again', 60_000, () => gateway.ready())
  return cameOf(await history.sql(gateway))
}

const readOnly: Fault = {
  fault: 18,
  name: 'audit database goes read-only',
  expected: 'calls are refused, nothing is run; served again when it takes writes',
  limitMs: 600_000,
  async run(kit) {
    const world = await openWorld(kit)
    const { admin, gateway, history, target } = world
    await warm(world)
    await admin.query('alter system set default_transaction_read_only = on')
    await admin.query('select pg_reload_conf()')
    await pause(300)
    const calls = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        took((n % 2 ? history.sql : history.http)(gateway, n % 4 < 2 ? {} : { key: false })),
      ),
    )
    const meanwhile = (await target.effects()).length - warmth
    const notReady = !(await gateway.ready())
    await admin.query('alter system reset default_transaction_read_only')
    await admin.query('select pg_reload_conf()')
    const after = await servesAgain(world)
    const { checks, figure } = await world.judge()
    const codes = counted(calls.map(({ done }) => cameOf(done)))
    return verdict(
      {
        ...checks,
        'every call is refused': calls.every(({ done }) => cameOf(done) === 'AUDIT_UNAVAILABLE'),
        'nothing is run': meanwhile === 0,
        'not ready meanwhile': notReady,
        'serves again': after === 'ok',
      },
      `${meanwhile} effects of 20 calls, ${codes}, slowest refusal ${percentile(calls, 1)} ms, ${figure}`,
    )
  },
}

const rssOf = ({ pid }: Gateway): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

/** `table` is locked against everybody for `ms` while 64 callers go on. */
const lockedFor = async (kit: Kit, world: World, table: string, ms: number) => {
  const { admin, gateway, target } = world
  const locker = await admin.connect()
  await locker.query(`begin; lock table ${table} in access exclusive mode`)
  const rssBefore = rssOf(gateway)
  const before = (await target.effects()).length
  const stop = load(kit, world, gateway, 64)
  let rss = 0
  let waiting = 0
  let refusing = 0
  let atEnd = before
  for (const until = performance.now() + ms; performance.now() < until; ) {
    await pause(1_000)
    rss = Math.max(rss, rssOf(gateway))
    const metric = /^countersign_log_waiting (\d+)/m.exec(await gateway.metrics())
    waiting = Math.max(waiting, Number(metric?.[1] ?? 0))
    if (!(await gateway.ready())) refusing += 1
    atEnd = (await target.effects()).length
  }
  await locker.query('rollback')
  locker.release()
  const calls = await stop()
  return { calls, grownMiB: Math.round(rss - rssBefore), waiting, refusing, during: atEnd - before }
}

const locked: Fault = {
  fault: 19,
  name: 'tables locked for 60 s: the log, then what the pool asks',
  expected: 'a bounded queue, 503, no unbounded memory; served again after',
  limitMs: 600_000,
  async run(kit) {
    const world = await openWorld(kit)
    await warm(world)
    const log = await lockedFor(kit, world, 'audit.event', 40_000)
    const first = await servesAgain(world)
    const pool = await lockedFor(kit, world, 'countersign.idempotency', 20_000)
    const second = await servesAgain(world)
    const { checks, figure } = await world.judge()
    const calls = [...log.calls, ...pool.calls]
    return verdict(
      {
        ...checks,
        'nothing is run while the log is locked': log.during === 0,
        'nothing is run while its keys are locked': pool.during <= 64,
        'every call is answered': calls.every(({ failure }) => failure === undefined),
        'the log says 503': log.refusing > 0,
        'the queue is bounded': log.waiting <= 4096 && pool.waiting <= 4096,
        'memory is bounded': Math.max(log.grownMiB, pool.grownMiB) < 256,
        'serves again': first === 'ok' && second === 'ok',
      },
      `log locked: ${log.during} effects, ${counted(log.calls.map(cameOf))}, at most ${log.waiting} waiting, +${log.grownMiB} MiB, 503 in ${log.refusing} of 40 looks; keys locked: ${counted(pool.calls.map(cameOf))}, +${pool.grownMiB} MiB; ${figure}`,
    )
  },
}

const late: Fault = {
  fault: 20,
  name: 'audit database 500 +- 300 ms away',
  expected: 'slower and correct; who would wait too long is refused',
  limitMs: 600_000,
  async run(kit) {
    const world = await behindProxy(kit)
    const { gateway, history, proxy } = world
    await warm(world)
    proxy.path('down', { latencyMs: 500, jitterMs: 300 })
    // Connections are made anew on the way too: signing in takes several of these journeys.
    proxy.cut('reset')
    const calls = await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        await pause(kit.random() * 8_000)
        return took((n % 2 ? history.sql : history.http)(gateway, { timeoutMs: 90_000 }))
      }),
    )
    proxy.path('down', {})
    const after = await servesAgain(world)
    const { checks, figure } = await world.judge()
    const ok = calls.filter(({ done }) => cameOf(done) === 'ok').length
    return verdict(
      {
        ...checks,
        'every call is answered': calls.every(({ done }) => done.failure === undefined),
        'calls are served': ok > 0,
        'refusals say why': calls.every(({ done }) =>
          ['ok', 'running', 'AUDIT_UNAVAILABLE', 'TIMEOUT'].includes(cameOf(done)),
        ),
        // Two commits of at most 5 s each, a look at the keys, a run of at most 10 s.
        'p99 is bounded': percentile(calls, 0.99) < 45_000,
        'serves again': after === 'ok',
      },
      `${counted(calls.map(({ done }) => cameOf(done)))}, p50 ${percentile(calls, 0.5)} ms, p99 ${percentile(calls, 0.99)} ms, ${figure}`,
    )
  },
}

const silent: Fault = {
  fault: 21,
  name: 'one-way blackhole to the audit database, each way',
  expected: 'timeouts, fail closed, connected again when it is over',
  limitMs: 600_000,
  async run(kit) {
    const world = await behindProxy(kit)
    const { gateway, history, proxy, target } = world
    await warm(world)
    const parts: string[] = []
    const own: Record<string, boolean> = {}
    for (const direction of ['down', 'up'] as const) {
      const before = (await target.effects()).length
      proxy.path(direction, { blackhole: true })
      // With a key the pool is asked first, without one the log's own connection.
      const calls = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          took(
            (n % 2 ? history.sql : history.http)(gateway, {
              timeoutMs: 90_000,
              ...(n % 4 < 2 ? {} : { key: false }),
            }),
          ),
        ),
      )
      const effects = (await target.effects()).length - before
      const late = await took(history.sql(gateway, { timeoutMs: 90_000 }))
      proxy.path(direction, {})
      const after = await servesAgain(world)
      own[`${direction}: refused`] = calls.every(({ done }) => cameOf(done) === 'AUDIT_UNAVAILABLE')
      own[`${direction}: nothing is run`] = effects === 0
      // 5 s, and what a slow machine adds.
      own[`${direction}: in time`] = percentile(calls, 1) < 15_000
      own[`${direction}: serves again`] = after === 'ok'
      parts.push(
        `${direction}: ${effects} effects of 20, ${counted(calls.map(({ done }) => cameOf(done)))}, slowest ${percentile(calls, 1)} ms, once down ${late.ms} ms`,
      )
    }
    const { checks, figure } = await world.judge()
    return verdict({ ...checks, ...own }, `${parts.join('; ')}; ${figure}`)
  },
}

const cut: Fault = {
  fault: 22,
  name: 'RST mid-batch, one byte at a time, split packets',
  expected: 'no batch is there in part, nothing that was answered is lost',
  limitMs: 600_000,
  async run(kit) {
    const world = await behindProxy(kit)
    const { admin, gateway, proxy } = world
    await warm(world)
    const rounds = 16
    const stop = load(kit, world, gateway, 24)
    let cuts = 0
    for (let round = 0; round < rounds; round++) {
      const pieces = [undefined, 1, 7, 1000][round % 4]
      for (const direction of ['up', 'down'] as const)
        proxy.path(direction, pieces === undefined ? {} : { pieces })
      await pause(150)
      const direction = kit.random() < 0.5 ? 'up' : 'down'
      const at = 1 + Math.floor(kit.random() * (direction === 'up' ? 40_000 : 2_000))
      const happened = await Promise.race([
        proxy.cutAfter(direction, at).then(() => true),
        pause(8_000).then(() => false),
      ])
      if (happened) cuts += 1
    }
    for (const direction of ['up', 'down'] as const) proxy.path(direction, {})
    const calls = await stop()
    const after = await servesAgain(world)
    const { checks, figure } = await world.judge()
    const { rows } = await admin.query<{ torn: number; heads: number }>(
      `select (select count(*)::int from (select seq, lag(seq) over w as before, header ->> 'prev' as prev,
            encode(lag(leaf) over w, 'hex') as leaf from audit.event window w as (partition by stream_id order by seq)) e
          where before is not null and (seq <> before + 1 or prev <> leaf)) as torn,
        (select count(*)::int from audit.stream s where seq <> (select max(seq) from audit.event e where e.stream_id = s.stream_id)) as heads`,
    )
    return verdict(
      {
        ...checks,
        'connections were cut': cuts > rounds / 2,
        'no stream is torn': rows[0]?.torn === 0,
        'every head is its last event': rows[0]?.heads === 0,
        'every call is answered': calls.every(({ failure }) => failure === undefined),
        'serves again': after === 'ok',
      },
      `${cuts} cuts, ${counted(calls.map(cameOf))}, ${figure}`,
    )
  },
}

export const faults: readonly Fault[] = [readOnly, locked, late, silent, cut]
