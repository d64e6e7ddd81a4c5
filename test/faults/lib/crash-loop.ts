/** Three gateways of one store under load, killed at random times and started again; the history of all of them is judged at the end. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { type Fault, verdict } from './fault.ts'
import { type Gateway, openNotary } from './gateway.ts'
import type { Asked } from './history.ts'
import { shared } from './shared.ts'
import { pause } from './wait.ts'
import { alone, expire, openWorld, type World } from './world.ts'

const slots = 3
const callers = 6

/** Calls one after another until the gateway is gone; a call whose answer was lost is sent again, with its key, to another one. */
const caller = async (
  { history }: World,
  gateway: Gateway,
  n: number,
  others: () => readonly Gateway[],
): Promise<void> => {
  for (let count = n; gateway.ended() === undefined; count++) {
    let one: Asked | undefined
    if (count % 4 === 0) one = await history.http(gateway)
    else if (count % 4 === 3) await history.read(gateway)
    else one = await history.sql(gateway)
    if (one?.failure !== undefined) {
      const other = others().find((candidate) => candidate !== gateway)
      if (other !== undefined) await history.again(other, one)
    }
    await pause(10)
  }
}

const python = (bundle: string, key: string): Promise<number> =>
  new Promise((done) => {
    const script = join(shared().product, 'verifier', 'verify.py')
    execFile('python3', [script, bundle, '--key', key], { timeout: 300_000 }, (error) =>
      done(typeof error?.code === 'number' ? error.code : error ? -1 : 0),
    )
  })

export const crashLoop = (kills: number): Fault => ({
  fault: 0,
  name: `${kills} random SIGKILLs under load, three gateways`,
  expected: 'every invariant holds over the whole history, both verifiers agree',
  limitMs: 300_000 + kills * 8_000,
  async run(kit) {
    const notary = await openNotary(kit)
    const world = await openWorld(kit, { gateway: { notary }, start: false })
    const live = new Set<Gateway>()
    let left = kills
    let failed: unknown
    const slot = async (n: number): Promise<void> => {
      const gateway = await world.another(`c${n}`)
      const load: Promise<void>[] = []
      while (left > 0 && failed === undefined && !kit.signal.aborted) {
        left -= 1
        // Some die while they start.
        const early = kit.random() < 0.1
        const starting = gateway.start({ ready: !early })
        if (early) {
          await starting
          await pause(kit.random() * 2_000)
          await gateway.kill()
          continue
        }
        await starting
        live.add(gateway)
        load.push(
          ...Array.from({ length: callers }, (_, c) => caller(world, gateway, c, () => [...live])),
        )
        await pause(200 + kit.random() * 2_300)
        live.delete(gateway)
        await gateway.kill()
        await Promise.all(load.splice(0))
        await world.note()
        if (left % 25 === 0) kit.say(`${left} to go, ${world.history.asked.length} calls`)
      }
    }
    await Promise.all(
      Array.from({ length: slots }, (_, n) =>
        slot(n).catch((thrown) => {
          failed ??= thrown
        }),
      ),
    )
    if (failed !== undefined) throw failed
    await expire(world.admin)
    const last = await world.another('last')
    await last.start()
    await alone(world.admin)
    const { checks, figure } = await world.judge()
    // And as an auditor sees it, offline, by both verifiers.
    const bundle = join(kit.folder, 'bundle')
    const key = join(notary.folder, 'notary.pub')
    const exported = await last.cli(['audit', 'export', '--out', bundle])
    const verified = await last.cli(['audit', 'verify', bundle, '--key', key])
    const second = await python(bundle, key)
    return verdict(
      {
        ...checks,
        'the bundle could be had': exported.code === 0,
        'audit verify on the bundle': verified.code === 0,
        'verify.py on the bundle': second === 0,
      },
      `${kills} kills, ${figure}`,
    )
  },
})
