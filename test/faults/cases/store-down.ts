/** 1 to 4: the log's database is not there, or goes away at the worst moments. */
import { freePort } from '../lib/cluster.ts'
import { type Fault, verdict } from '../lib/fault.ts'
import { openGateway } from '../lib/gateway.ts'
import { openHistory } from '../lib/history.ts'
import { openTarget } from '../lib/target.ts'
import { eventually, pause } from '../lib/wait.ts'
import { cameOf, openWorld, warm, warmth } from '../lib/world.ts'

const refusedAtStart: Fault = {
  fault: 1,
  name: 'audit database refuses at start (closed port)',
  expected: 'the process is not ready, no call is accepted',
  async run(kit) {
    const target = await openTarget(kit)
    const port = await freePort()
    const storeUrl = `postgres://gateway:nobody@127.0.0.1:${port}/log`
    const gateway = await openGateway(kit, { storeUrl, target })
    const history = openHistory()
    await gateway.start({ ready: false })
    let everReady = false
    for (let n = 0; n < 300 && gateway.ended() === undefined; n++) {
      everReady ||= await gateway.ready()
      await pause(100)
    }
    kit.say(`ended: ${gateway.ended()}`)
    const asked = await history.sql(gateway, { token: 'x'.repeat(43), timeoutMs: 2_000 })
    const effects = await target.effects()
    return verdict(
      {
        'never ready': !everReady,
        'no call is answered': asked.answer === undefined,
        'no effect': effects.length === 0,
        'says what is wrong': /nothing listens at the address of store.url/.test(gateway.said()),
      },
      `exit ${gateway.ended() ?? 'none: it runs on'}, ready never, ${effects.length} effects`,
    )
  },
}

const beforeIntent: Fault = {
  fault: 2,
  name: 'audit database dies before the intent (kill -9)',
  expected: 'AUDIT_UNAVAILABLE, no effect, serves again when it is back',
  async run(kit) {
    const world = await openWorld(kit)
    const { cluster, gateway, history } = world
    await history.sql(gateway)
    await history.read(gateway)
    await world.note()
    await cluster.kill()
    const down = await Promise.all([
      history.sql(gateway),
      history.http(gateway),
      history.sql(gateway),
    ])
    const meanwhile = (await world.target.effects()).length
    await cluster.start()
    await eventually('the gateway is ready again', 30_000, () => gateway.ready())
    const after = await history.sql(gateway)
    const { checks, figure } = await world.judge()
    return verdict(
      {
        ...checks,
        'every call is refused': down.every((one) => cameOf(one) === 'AUDIT_UNAVAILABLE'),
        'no effect meanwhile': meanwhile === 1,
        'serves again': cameOf(after) === 'ok',
      },
      `${down.map(cameOf).join(' ')}, effects 0, ${figure}`,
    )
  },
}

const afterIntent: Fault = {
  fault: 3,
  name: 'audit database dies between intent and execution',
  expected: 'no effect, or an effect whose end is told; never silent',
  async run(kit) {
    const world = await openWorld(kit)
    const { cluster, gateway, history } = world
    await warm(world)
    const point = await gateway.arm({
      at: 'vault.lease',
      when: 'before',
      match: 'shop-writer',
      action: 'pause',
    })
    const asked = history.sql(gateway)
    await point.hit
    await cluster.kill()
    point.release()
    const one = await asked
    await cluster.start()
    const { checks, effects, events, figure } = await world.judge()
    const end = events.find(
      ({ header }) =>
        header.call_id === one.answer?.call_id && /result|error|unknown/.test(header.type),
    )
    return verdict(
      {
        ...checks,
        'no result is told': cameOf(one) !== 'ok',
        'no effect': effects.length === warmth,
      },
      `answer ${cameOf(one)}, end ${end?.header.type}, ${figure}`,
    )
  },
}

const beforeResult: Fault = {
  fault: 4,
  name: 'audit database dies between execution and result',
  expected: 'the result is withheld, and its end follows when the database is back',
  async run(kit) {
    const world = await openWorld(kit)
    const { cluster, gateway, history } = world
    await warm(world)
    const point = await gateway.arm({
      at: 'log.append',
      when: 'before',
      match: 'call.result',
      action: 'pause',
    })
    const asked = history.http(gateway)
    await point.hit
    await cluster.kill()
    point.release()
    const one = await asked
    const withheld = cameOf(one)
    await cluster.start()
    const { checks, effects, events, figure } = await world.judge()
    const end = events.find(
      ({ header }) => header.parent !== undefined && header.call_id === one.answer?.call_id,
    )
    const waited = await gateway.call('call_wait', {
      call_id: one.answer?.call_id ?? '',
      timeout_s: 10,
    })
    return verdict(
      {
        ...checks,
        'the result is withheld': withheld === 'AUDIT_UNAVAILABLE',
        'one effect': effects.length === warmth + 1,
        'the end is in the log': end !== undefined,
        'the end can be had': waited.receipt !== undefined,
      },
      `answer ${withheld}, then ${end?.header.type}, call_wait ${waited.refused?.code ?? waited.status}, ${figure}`,
    )
  },
}

export const faults: readonly Fault[] = [refusedAtStart, beforeIntent, afterIntent, beforeResult]
