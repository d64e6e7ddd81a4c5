/** 10 and 11: the answer of a commit is lost, and a server that stands still past every deadline. */
import { type Fault, verdict } from '../lib/fault.ts'
import type { Answer } from '../lib/gateway.ts'
import { openProxy } from '../lib/proxy.ts'
import { eventually, pause } from '../lib/wait.ts'
import { cameOf, openWorld, type World, warm, warmth } from '../lib/world.ts'

const typesOf = async ({ admin }: World, answer: Answer | undefined): Promise<string> => {
  const { rows } = await admin.query<{ type: string }>(
    'select type from audit.event where call_id = $1 order by seq',
    [answer?.call_id ?? null],
  )
  return rows.map(({ type }) => type.replace('call.', '')).join(' ')
}

const lostAnswer: Fault = {
  fault: 10,
  name: 'commit succeeded, its answer is lost (proxy mutes it)',
  expected: 'the retry inserts nothing and finds its own head: success, one row',
  async run(kit) {
    const world = await openWorld(kit, { start: false })
    const proxy = await openProxy(kit, { port: world.cluster.port })
    const storeUrl = world.cluster.writerUrl.replace(`:${world.cluster.port}/`, `:${proxy.port}/`)
    const gateway = await world.another('proxied', { storeUrl })
    await gateway.start()
    await warm({ ...world, gateway })
    const told: string[] = []
    const seen: string[] = []
    // The one statement; the statement with contents; and COMMIT of a batch that holds a claim.
    for (const match of ['append', 'append_sealed', '\0commit\0']) {
      const muted = proxy.muteAt(match)
      const asking = world.history.sql(gateway)
      await muted
      const one = await asking
      told.push(cameOf(one))
      seen.push(await typesOf(world, one.answer))
    }
    const { checks, effects, figure } = await world.judge()
    return verdict(
      {
        ...checks,
        'every call succeeds': told.every((one) => one === 'ok'),
        'each event once': seen.every((one) => one === 'received intent prepared result'),
        'one effect each': effects.length === warmth + told.length,
      },
      `${told.length} lost answers: ${told.join(' ')}; ${figure}`,
    )
  },
}

const stalled: Fault = {
  fault: 11,
  name: 'database stalled past the timeout (SIGSTOP, SIGCONT)',
  expected: 'an error to the caller, late rows reconciled, no duplicate',
  async run(kit) {
    const world = await openWorld(kit)
    const { cluster, gateway, history } = world
    await warm(world)
    const go = await cluster.stall()
    kit.defer(go)
    const started = performance.now()
    const asked = await Promise.all([history.sql(gateway), history.http(gateway)])
    const ms = Math.round(performance.now() - started)
    const during = (await world.target.effects()).length
    go()
    await eventually('the gateway is ready again', 30_000, () => gateway.ready())
    await pause(2_500)
    const after = await history.sql(gateway)
    const { checks, events, figure } = await world.judge()
    const late = events.filter(({ header }) => header.outcome?.status === 'not_started').length
    return verdict(
      {
        ...checks,
        'refused meanwhile': asked.every((one) => cameOf(one) === 'AUDIT_UNAVAILABLE'),
        'within 15 s': ms < 15_000,
        'no effect meanwhile': during === warmth,
        'serves again': cameOf(after) === 'ok',
      },
      `${asked.map(cameOf).join(' ')} in ${ms} ms, ${late} late intents ended as never started, ${figure}`,
    )
  },
}

export const faults: readonly Fault[] = [lostAnswer, stalled]
