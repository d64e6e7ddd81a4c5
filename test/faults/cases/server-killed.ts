/** 5 to 9: the gateway is killed at each step of a call; what it left is ended by another. */
import pg from 'pg'
import { openProxy } from '../../audit/proxy.ts'
import { type Fault, type Kit, type Outcome, verdict } from '../lib/fault.ts'
import type { Failpoint } from '../lib/gateway.ts'
import type { Asked } from '../lib/history.ts'
import type { Judgement } from '../lib/judge.ts'
import { eventually, pause } from '../lib/wait.ts'
import { alone, cameOf, expire, openWorld, type World, warm, warmth } from '../lib/world.ts'

/** The only terminal event of a call that nobody was told the end of, with what recovery found out. */
const endOf = ({ events }: Judgement): string => {
  const ends = events.filter(({ header }) => header.outcome?.by === 'recovery')
  return ends
    .map(({ header }) => `${header.type}/${header.outcome?.resolution ?? ''}`)
    .sort()
    .join(' ')
}

interface Killed {
  readonly world: World
  /** The call that was under way. */
  readonly lost: Asked
  /** The same call with the same key, sent to the gateway that took over. */
  readonly again: Asked
  readonly judged: Judgement
}

/** Kills the gateway where a call comes to `point`; another takes its stream over; the client sends the call again. */
const killedAt = async (
  kit: Kit,
  point: Failpoint,
  how: 'sql' | 'http' = 'sql',
): Promise<Killed> => {
  const world = await openWorld(kit)
  const { gateway, history } = world
  await warm(world)
  const armed = await gateway.arm(point)
  const asking = history[how](gateway)
  await armed.hit
  await gateway.kill()
  const lost = { ...(await asking) }
  await expire(world.admin)
  const next = await world.another('g2')
  await next.start()
  await alone(world.admin)
  const again = await history.again(next, lost)
  return { world, lost, again, judged: await world.judge() }
}

const beforeIntent: Fault = {
  fault: 5,
  name: 'server killed before the intent commits',
  expected: 'no effect of that call',
  async run(kit) {
    const { again, judged, lost } = await killedAt(kit, {
      at: 'log.append',
      when: 'before',
      match: 'call.intent',
      action: 'pause',
    })
    // The key was taken before the first event; it is free again a minute after.
    const { checks, effects, events, figure } = judged
    const intents = events.filter(({ header }) => header.type === 'call.intent')
    return verdict(
      {
        ...checks,
        'nobody was told a result':
          lost.failure !== undefined && lost.answer?.receipt === undefined,
        'the repetition may be sent again': again.answer?.refused?.retry === true,
        'no effect of the lost call': effects.length === warmth,
        'each effect has its intent': intents.length >= effects.length,
      },
      `again: ${cameOf(again)}, ${figure}`,
    )
  },
}

const afterIntent: Fault = {
  fault: 6,
  name: 'server killed after the intent, before execution',
  expected: 'recovery writes unknown/not_started, no effect',
  async run(kit) {
    const { again, judged } = await killedAt(kit, {
      at: 'vault.lease',
      when: 'before',
      match: 'shop-writer',
      action: 'pause',
    })
    const { checks, effects, figure } = judged
    return verdict(
      {
        ...checks,
        'unknown/not_started': endOf(judged) === 'call.unknown/not_started',
        'no effect': effects.length === warmth,
        'the repetition is told that end': cameOf(again) === 'OUTCOME_UNKNOWN',
      },
      `${endOf(judged)}, again: ${cameOf(again)}, ${figure}`,
    )
  },
}

/** Three places within the run: in the statement, with the transaction's id on record, and with COMMIT on its way. */
const duringRun: Fault = {
  fault: 7,
  name: 'server killed during execution (three places)',
  expected: 'unknown, or for SQL what the transaction id tells: aborted, committed',
  limitMs: 240_000,
  async run(kit) {
    const parts: string[] = []
    const checks: Record<string, boolean> = {}
    const one = async (
      name: string,
      expected: string,
      effectsMore: number,
      kill: (world: World, kill: () => Promise<void>) => Promise<Asked>,
    ): Promise<void> => {
      const { world, lost } = await start(kit, name, kill)
      await expire(world.admin)
      const next = await world.another(`${name}-next`)
      await next.start()
      await alone(world.admin)
      const again = await world.history.again(next, lost)
      const judged = await world.judge()
      parts.push(`${name}: ${endOf(judged)}`)
      for (const [what, held] of Object.entries(judged.checks)) checks[`${name} ${what}`] = held
      checks[`${name}: ${expected}, was ${endOf(judged)}`] = endOf(judged) === expected
      checks[`${name}: ${effectsMore} effects`] = judged.effects.length === warmth + effectsMore
      checks[`${name}: the repetition runs nothing`] = again.answer?.call_id !== undefined
      await next.kill()
      await world.cluster.kill()
    }
    // In the statement: nothing was prepared, so nothing can have been committed.
    await one('statement', 'call.unknown/not_started', 0, async (world, kill) => {
      const locker = new pg.Client({ connectionString: world.target.url })
      locker.on('error', () => undefined)
      kit.defer(() => locker.end())
      await locker.connect()
      await locker.query('begin; lock table effects')
      const asking = world.history.sql(world.gateway)
      await eventually('the statement runs', 20_000, async () => {
        const { rows } = await world.target.admin.query(
          `select 1 from pg_stat_activity where datname = current_database()
             and wait_event_type = 'Lock' and query like 'insert into effects%'`,
        )
        return rows.length > 0
      })
      await kill()
      await locker.query('rollback')
      return asking
    })
    await one('prepared', 'call.error/aborted', 0, async (world, kill) => {
      const armed = await world.gateway.arm({
        at: 'prepared',
        when: 'after',
        match: 'sql_execute',
        action: 'pause',
      })
      const asking = world.history.sql(world.gateway)
      await armed.hit
      await kill()
      return asking
    })
    await one('commit', 'call.result/committed', 1, async (world, kill) => {
      const proxy = proxies.get(world)
      if (proxy === undefined) throw new Error('no proxy before the target')
      const heard = new Promise<void>((done) => {
        proxy.onRequest((chunk) => {
          if (!chunk.includes('COMMIT')) return
          // COMMIT goes on to the server, its answer comes nowhere.
          proxy.loseAnswers(true)
          done()
        })
      })
      const asking = world.history.sql(world.gateway)
      await heard
      await eventually(
        'the target has committed',
        10_000,
        async () => (await world.target.effects()).length > warmth,
      )
      await kill()
      return asking
    })
    return verdict(checks, parts.join('; '))
  },
}

type Proxy = Awaited<ReturnType<typeof openProxy>>
const proxies = new WeakMap<World, Proxy>()

const start = async (
  kit: Kit,
  name: string,
  kill: (world: World, kill: () => Promise<void>) => Promise<Asked>,
): Promise<{ world: World; lost: Asked }> => {
  const world = await openWorld(kit, { start: false })
  const proxy = await openProxy('127.0.0.1', world.target.port)
  kit.defer(() => proxy.close())
  const gateway = await world.another(name, { targetPort: proxy.port })
  const own = { ...world, gateway }
  proxies.set(own, proxy)
  await gateway.start()
  await warm(own)
  const lost = await kill(own, () => gateway.kill())
  return { world: own, lost }
}

const beforeResult: Fault = {
  fault: 8,
  name: 'server killed after execution, before the result',
  expected: 'unknown, or for SQL committed; the retry runs nothing again',
  limitMs: 240_000,
  async run(kit): Promise<Outcome> {
    const point = { at: 'mask', when: 'before', action: 'pause' } as const
    const sql = await killedAt(kit, { ...point, match: 'shop' }, 'sql')
    await sql.world.cluster.kill()
    const inner = { ...kit, folder: `${kit.folder}/http` }
    const { mkdirSync } = await import('node:fs')
    mkdirSync(inner.folder, { mode: 0o711 })
    const http = await killedAt(inner, { ...point, match: 'api' }, 'http')
    const checks = Object.fromEntries([
      ...Object.entries(sql.judged.checks).map(([what, held]) => [`sql ${what}`, held]),
      ...Object.entries(http.judged.checks).map(([what, held]) => [`http ${what}`, held]),
    ])
    return verdict(
      {
        ...checks,
        'sql is resolved': endOf(sql.judged) === 'call.result/committed',
        'http is unknown': endOf(http.judged) === 'call.unknown/unknown',
        'sql ran once': sql.judged.effects.length === warmth + 1,
        'http ran once': http.judged.effects.length === warmth + 1,
        'the http retry is told unknown': cameOf(http.again) === 'OUTCOME_UNKNOWN',
      },
      `sql ${endOf(sql.judged)}, again ${cameOf(sql.again)}; http ${endOf(http.judged)}, again ${cameOf(http.again)}`,
    )
  },
}

const inBatch: Fault = {
  fault: 9,
  name: 'server killed within batches of up to 256',
  expected: 'each batch whole or not at all, the chain intact',
  limitMs: 240_000,
  async run(kit) {
    const world = await openWorld(kit)
    await warm(world)
    let gateway = world.gateway
    const rounds = 6
    for (let round = 0; round < rounds; round++) {
      // Enough callers that hundreds of events wait for one commit; every fourth has an effect.
      let over = false
      const caller = async (n: number): Promise<void> => {
        while (!over && !kit.signal.aborted)
          if (n % 4 === 0) await world.history.sql(gateway)
          else
            await gateway
              .call('sql_query', { target: 'shop', sql: `select ${n} as n, ${round} as r` })
              .catch(() => pause(5))
      }
      const load = Array.from({ length: 128 }, (_, n) => caller(n))
      await pause(300 + Math.round(kit.random() * 1500))
      await gateway.kill()
      over = true
      await Promise.all(load)
      await world.note()
      await expire(world.admin)
      gateway = await world.another(`r${round}`)
      await gateway.start()
      await world.history.sql(gateway)
    }
    await alone(world.admin)
    const { checks, figure } = await world.judge()
    const { rows } = await world.admin.query<{ largest: string; torn: string }>(
      `select (select count(*) from audit.event)::text as largest,
         (select count(*) from (select stream_id, seq, lag(seq) over w as before, header ->> 'prev' as prev,
            encode(lag(leaf) over w, 'hex') as leaf from audit.event window w as (partition by stream_id order by seq)) e
          where before is not null and (seq <> before + 1 or prev <> leaf))::text as torn`,
    )
    return verdict(
      { ...checks, 'no stream is torn': rows[0]?.torn === '0' },
      `${rounds} kills, ${figure}`,
    )
  },
}

export const faults: readonly Fault[] = [
  beforeIntent,
  afterIntent,
  duringRun,
  beforeResult,
  inBatch,
]
