/** 40 to 42: keys that are not there, a process that stands still or runs out of memory, and an end under load. */
import { type Fault, verdict } from '../lib/fault.ts'
import { type Asked, newWord } from '../lib/history.ts'
import { eventually, pause } from '../lib/wait.ts'
import { alone, cameOf, expire, openWorld, type World, warm, warmth } from '../lib/world.ts'

const noKeys: Fault = {
  fault: 40,
  name: "data key can't be unwrapped (failpoint, wrong vault key)",
  expected: 'as a log that can not be written: nothing runs',
  async run(kit) {
    const world = await openWorld(kit)
    await warm(world)
    await world.gateway.stop()
    const before = (await world.target.effects()).length
    // At the start: the key that the store's data keys were wrapped with does not open them.
    const broken = await world.another('broken')
    await broken.start({
      ready: false,
      arm: [{ id: -1, at: 'keys', when: 'before', action: 'throw', times: 1_000_000 }],
    })
    await eventually('the gateway ends', 30_000, () => broken.ended() !== undefined)
    const other = await world.another('other', { vaultKey: 'another key of the vault. '.repeat(3) })
    await other.start({ ready: false })
    await eventually('the other gateway ends', 30_000, () => other.ended() !== undefined)
    const refused = await world.history.sql(broken, { token: 'none', timeoutMs: 2_000 })
    await expire(world.admin)
    const after = await world.another('after')
    await after.start()
    const effects = (await world.target.effects()).length - before
    const served = await world.history.sql(after)
    await alone(world.admin)
    const { checks, figure } = await world.judge()
    return verdict(
      {
        ...checks,
        'it does not start': broken.ended() === 2 && refused.answer === undefined,
        'nor with another key': other.ended() === 2,
        'no effect': effects === 0,
        'with its key it serves': cameOf(served) === 'ok',
      },
      `without keys exit ${broken.ended()}, with another vault key exit ${other.ended()}, ${effects} effects, ${figure}`,
    )
  },
}

/** One call goes on to its end while the loop stands still for longer than the lease lasts; another gateway takes over. */
const stoodStill = async (world: World, how: 'block' | 'stop'): Promise<Asked> => {
  const { gateway, history } = world
  if (how === 'block') {
    await gateway.arm({
      at: 'vault.lease',
      when: 'before',
      match: 'shop-writer',
      action: 'block',
      ms: 26_000,
    })
    return history.sql(gateway)
  }
  const point = await gateway.arm({
    at: 'vault.lease',
    when: 'before',
    match: 'api-token',
    action: 'pause',
  })
  const asking = history.http(gateway)
  await point.hit
  gateway.signal('SIGSTOP')
  await eventually('it was taken over', 60_000, async () => {
    const { rows } = await world.admin.query(
      "select 1 from audit.event where type = 'stream.takeover'",
    )
    return rows.length > 0
  })
  gateway.signal('SIGCONT')
  point.release()
  return asking
}

const standstill: Fault = {
  fault: 41,
  name: 'event loop blocked 26 s, SIGSTOP, out of memory',
  expected: 'the lease expires, the process is fenced, nothing runs twice',
  limitMs: 240_000,
  async run(kit) {
    const parts: string[] = []
    const checks: Record<string, boolean> = {}
    const stand = async (how: 'block' | 'stop'): Promise<void> => {
      const world = await openWorld(kit, { name: how })
      await warm(world)
      const next = await world.another(`${how}-next`)
      const asking = stoodStill(world, how)
      // Its lease runs out by the database's clock; then the other one starts, and takes over at once.
      await eventually('the lease runs out', 40_000, async () => {
        const { rows } = await world.admin.query(
          'select 1 from audit.stream where closed_at is null and lease_until < clock_timestamp()',
        )
        return rows.length > 0
      })
      await next.start()
      const one = await asking
      await eventually('the first gateway ends', 40_000, () => world.gateway.ended() !== undefined)
      await alone(world.admin)
      const again = await world.history.again(next, one)
      const judged = await world.judge()
      for (const [what, held] of Object.entries(judged.checks)) checks[`${how}: ${what}`] = held
      checks[`${how}: fenced`] = /another gateway owns this stream/.test(world.gateway.said())
      checks[`${how}: no result is told`] = cameOf(one) !== 'ok'
      checks[`${how}: not run`] = judged.effects.length === warmth
      parts.push(
        `${how}: ${cameOf(one)}, again ${cameOf(again)}, ${judged.effects.length - warmth} effects`,
      )
      await next.kill()
      await world.cluster.kill()
    }
    // Side by side: both wait for a lease to run out by itself.
    await Promise.all([stand('block'), stand('stop')])
    // A heap that is too small for the load: the process dies as the kernel's killer would end it.
    const world = await openWorld(kit, {
      name: 'memory',
      gateway: { nodeArgs: ['--max-old-space-size=256'] },
    })
    await warm(world)
    const point = await world.gateway.arm({
      at: 'mask',
      when: 'before',
      match: 'shop',
      action: 'exhaust',
    })
    const asking = world.history.sql(world.gateway)
    await point.hit
    await eventually('it runs out of memory', 60_000, () => world.gateway.ended() !== undefined)
    const one = await asking
    await expire(world.admin)
    const next = await world.another('memory-next')
    await next.start()
    await alone(world.admin)
    const again = await world.history.again(next, one)
    const judged = await world.judge()
    for (const [what, held] of Object.entries(judged.checks)) checks[`memory: ${what}`] = held
    checks['memory: it ran once'] = judged.effects.length === warmth + 1
    parts.push(`memory: ${cameOf(one).slice(0, 30)}, again ${cameOf(again)}`)
    return verdict(checks, parts.join('; '))
  },
}

const drained: Fault = {
  fault: 42,
  name: 'SIGTERM under load',
  expected: 'what runs is recorded, what is new refused, stream.close written',
  async run(kit) {
    const world = await openWorld(kit)
    const { admin, gateway, history } = world
    await warm(world)
    let over = false
    const load = Array.from({ length: 16 }, async (_, n) => {
      while (!over && !kit.signal.aborted) {
        const one = n % 2 === 0 ? await history.sql(gateway) : await history.http(gateway)
        if (one.failure !== undefined) return
      }
    })
    await pause(1_500)
    // One call is in the middle when the signal comes.
    const release = world.target.holdHttp()
    const word = newWord()
    const flying = history.http(gateway, { word })
    await eventually('the call is at the target', 20_000, () => world.target.arrived(word))
    const stopping = gateway.stop()
    await pause(700)
    release()
    const one = await flying
    const code = await stopping
    over = true
    await Promise.all(load)
    const { rows } = await admin.query<{ closes: number; open: number; last: string }>(
      `select (select count(*)::int from audit.event where type = 'stream.close') as closes,
         (select count(*)::int from audit.stream where closed_at is null) as open,
         (select type from audit.event order by stream_id desc, seq desc limit 1) as last`,
    )
    const { checks, figure } = await world.judge()
    const refused = history.asked.filter((asked) => asked.answer?.refused).map(cameOf)
    return verdict(
      {
        ...checks,
        'exit 0': code === 0,
        'the call in flight is told': cameOf(one) === 'ok',
        'stream.close is the last': rows[0]?.last === 'stream.close' && rows[0].closes === 1,
        'the stream is closed': rows[0]?.open === 0,
        'refused with a word to retry': refused.every((name) =>
          /PAUSED|AUDIT_UNAVAILABLE/.test(name),
        ),
      },
      `exit ${code}, in flight: ${cameOf(one)}, ${refused.length} refused, ${figure}`,
    )
  },
}

export const faults: readonly Fault[] = [noKeys, standstill, drained]
