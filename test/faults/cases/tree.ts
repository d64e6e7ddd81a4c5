/** 25 to 28: the notary and the anchors fail, lie or are put back. */
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Fault, verdict } from '../lib/fault.ts'
import { type Notary, openNotary } from '../lib/gateway.ts'
import { gauge } from '../lib/gauge.ts'
import { settled } from '../lib/judge.ts'
import { openS3 } from '../lib/s3.ts'
import { counted } from '../lib/tally.ts'
import { eventually, pause } from '../lib/wait.ts'
import { cameOf, openWorld, type World, warm } from '../lib/world.ts'

/** Calls, one after another, until one is refused; how many went on, and after how long. */
const untilRefused = async ({ gateway, history }: World): Promise<{ ok: number; ms: number }> => {
  const started = performance.now()
  for (let ok = 0; ; ok++) {
    const one = await history.sql(gateway)
    if (cameOf(one) === 'AUDIT_UNAVAILABLE')
      return { ok, ms: Math.round(performance.now() - started) }
    if (performance.now() - started > 60_000) throw new Error('no call was refused in 60 s')
    await pause(100)
  }
}

const servesAgain = ({ gateway, history }: World): Promise<boolean> =>
  eventually(
    'calls are served again',
    60_000,
    async () => cameOf(await history.sql(gateway)) === 'ok',
  )

const notaryDown: Fault = {
  fault: 25,
  name: 'notary down, longer than the limit (5 s here)',
  expected: 'calls go on to the limit, then are refused; alarm; served when it is back',
  limitMs: 600_000,
  async run(kit) {
    const notary = await openNotary(kit)
    const world = await openWorld(kit, { gateway: { notary, maxUnsigned: 5 } })
    const { admin, gateway, history, target } = world
    await warm(world)
    await settled(admin)
    await notary.kill()
    const idle = await history.sql(gateway)
    const { ms, ok } = await untilRefused(world)
    const atLimit = (await target.effects()).length
    await pause(8_000)
    const refused = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 ? history.sql : history.http)(gateway)),
    )
    const more = (await target.effects()).length - atLimit
    const age = (await gauge(gateway, 'log_unsigned_seconds')) ?? 0
    await notary.start()
    const again = await servesAgain(world)
    const { checks, figure } = await world.judge()
    return verdict(
      {
        ...checks,
        'calls go on at first': cameOf(idle) === 'ok' && ok > 0,
        'not past the limit': ms < 20_000,
        'then every call is refused': refused.every((one) => cameOf(one) === 'AUDIT_UNAVAILABLE'),
        'nothing is run then': more === 0,
        'the operator is told': /the log can not be signed now/.test(gateway.said()),
        'a metric shows it': age > 5,
        'serves again': again,
      },
      `${ok + 1} calls in ${ms} ms, then refused; ${more} effects of 20, oldest unsigned ${Math.round(age)} s; ${figure}`,
    )
  },
}

const stateOf = (notary: Notary): string => join(notary.folder, 'signing', 'state.json')
const starts = (notary: Notary): Promise<boolean> =>
  notary.start().then(
    () => true,
    () => false,
  )
/** The anchor of the largest tree, with its size. */
const newestAnchor = (folder: string): { file: string; size: number } => {
  const name = existsSync(folder) ? (readdirSync(folder).sort().at(-1) ?? '') : ''
  const file = join(folder, name)
  return { file, size: name === '' ? -1 : Number(readFileSync(file, 'utf8').split('\n')[1]) }
}
const anchored = (folder: string, size: number) =>
  eventually(`an anchor of at least ${size}`, 60_000, () => {
    const newest = newestAnchor(folder)
    return newest.size >= size ? newest : undefined
  })

const notaryLost: Fault = {
  fault: 26,
  name: 'notary state deleted, then rolled back',
  expected: 'it signs nothing until an operator recovers it from an outside anchor',
  limitMs: 600_000,
  async run(kit) {
    const notary = await openNotary(kit)
    const anchors = join(kit.folder, 'anchors')
    const world = await openWorld(kit, {
      gateway: { notary, maxUnsigned: 3, log: `, anchors: [{ dir: "${anchors}" }]` },
    })
    const { admin, gateway, history, note } = world
    await warm(world)
    await settled(admin)
    const own: Record<string, boolean> = {}
    const signed = async (): Promise<number> => (await note()).size
    const recovered = async (file: string, size: number) =>
      notary.ceremony(['recover', '--anchor', file, '--confirm', String(size), '--reason', 'lost'])

    // ---- lost
    await notary.stop()
    rmSync(stateOf(notary))
    own['lost: it does not start'] = !(await starts(notary))
    const lost = await untilRefused(world)
    const { file, size } = newestAnchor(anchors)
    own['lost: no recovery without a confirmation'] =
      (await notary.ceremony(['recover', '--anchor', file])).code !== 0 && !(await starts(notary))
    own['lost: none with another size'] =
      (await recovered(file, size + 1)).code !== 0 && !(await starts(notary))
    const forged = join(kit.folder, 'forged.note')
    writeFileSync(forged, readFileSync(file, 'utf8').replace(`\n${size}\n`, `\n${size + 1}\n`))
    own['lost: none from a note that is not its own'] =
      (await recovered(forged, size + 1)).code !== 0 && !(await starts(notary))
    own['lost: recovered from the anchor'] = (await recovered(file, size)).code === 0
    await notary.start()
    own['lost: served again'] = await servesAgain(world)
    await settled(admin)

    // ---- rolled back
    const copy = join(kit.folder, 'old-state.json')
    copyFileSync(stateOf(notary), copy)
    const old = await signed()
    await history.sql(gateway)
    await history.http(gateway)
    await settled(admin)
    const newer = await signed()
    const outside = await anchored(anchors, old + 1)
    await notary.stop()
    copyFileSync(copy, stateOf(notary))
    own['rolled back: it starts, knowing no better'] = await starts(notary)
    const back = await untilRefused(world)
    await pause(4_000)
    own['rolled back: nothing is signed'] = (await signed()) === newer
    own['rolled back: the operator is told'] = /the notary's state is an old one/.test(
      gateway.said(),
    )
    await notary.stop()
    const there = await anchored(anchors, outside.size)
    own['rolled back: recovered from the anchor'] =
      (await recovered(there.file, there.size)).code === 0
    await notary.start()
    own['rolled back: served again'] = await servesAgain(world)
    const { checks, events, figure } = await world.judge()
    const ceremonies = events.filter(({ header }) =>
      JSON.stringify(header.detail ?? {}).includes('recovered'),
    ).length
    own['both ceremonies are events'] = ceremonies >= 2
    return verdict(
      { ...checks, ...own },
      `lost: refused after ${lost.ms} ms; rolled back from ${newer} to ${old}: refused after ${back.ms} ms; ${ceremonies} ceremonies, ${figure}`,
    )
  },
}

const rotated: Fault = {
  fault: 27,
  name: 'signing key rotated while calls go on',
  expected: 'both periods verify with the history of keys',
  limitMs: 600_000,
  async run(kit) {
    const notary = await openNotary(kit)
    const world = await openWorld(kit, { gateway: { notary } })
    const { admin, gateway, history, note } = world
    await warm(world)
    await settled(admin)
    await note()
    const publicKey = join(notary.folder, 'notary.pub')
    const firstKey = join(kit.folder, 'first.pub')
    copyFileSync(publicKey, firstKey)
    let over = false
    const load = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!over && !kit.signal.aborted) await history.sql(gateway)
      }),
    )
    await pause(1_500)
    await notary.stop()
    const { code } = await notary.ceremony(['rotate', '--reason', 'due'])
    await notary.start()
    await pause(3_000)
    over = true
    await load
    await settled(admin)
    const judged = await world.judge()
    const bundle = join(kit.folder, 'bundle')
    const exported = await gateway.cli([
      'audit', 'export', '--out', bundle, '--reason', 'rotation'
    ]) // biome-ignore format: a command
    const verify = (key: string) => gateway.cli(['audit', 'verify', bundle, '--key', key])
    const current = await verify(publicKey)
    const old = await verify(firstKey)
    const stranger = await openNotary(kit, 'stranger')
    const foreign = await verify(join(stranger.folder, 'notary.pub'))
    const keys = readFileSync(publicKey, 'utf8').trim().split('\n').length
    return verdict(
      {
        ...judged.checks,
        'the key was rotated': code === 0 && keys === 2,
        'every call was served': history.asked.every((one) => cameOf(one) === 'ok'),
        [`exported${exported.code === 0 ? '' : ` ${exported.said.slice(0, 200)}`}`]:
          exported.code === 0,
        [`verifies with the history${current.code === 0 ? '' : ` ${current.said.slice(0, 300)}`}`]:
          current.code === 0,
        'the first key alone does not know the second': old.code !== 0,
        "a stranger's key does not": foreign.code !== 0,
      },
      `${keys} keys, verify exits ${current.code}, with the first key alone ${old.code}, a stranger's ${foreign.code}; ${judged.figure}`,
    )
  },
}

const anchorLies: Fault = {
  fault: 28,
  name: 'anchor target down, then lying, then losing (fake S3)',
  expected: 'tried again, the lag is an alarm; reading back finds each loss; calls go on',
  limitMs: 600_000,
  async run(kit) {
    const s3 = await openS3(kit)
    s3.mood = 'down'
    const world = await openWorld(kit, {
      gateway: {
        log: `, anchors: [{ s3: { bucket: anchors-1, endpoint: "${s3.endpoint}", credentials: shop-reader } }]`,
      },
    })
    const { gateway, history } = world
    await warm(world)
    const told = (what: string, words: RegExp) =>
      eventually(what, 90_000, async () => {
        await history.sql(gateway)
        await pause(400)
        return words.test(gateway.said())
      })
    const down = await told('an alarm while it is down', /takes nothing; \d+ s behind/)
    await eventually('the lag grows', 30_000, async () => {
      return ((await gauge(gateway, 'log_anchor_lag_seconds')) ?? 0) > 3
    })
    const lag = (await gauge(gateway, 'log_anchor_lag_seconds')) ?? 0
    const tries = s3.asked
    s3.mood = 'forgetful'
    await eventually('it is tried again', 60_000, () => s3.asked > tries + 2)
    await pause(1_000)
    const kept = s3.objects.size
    const stillBehind = (await gauge(gateway, 'log_anchor_lag_seconds')) ?? 0
    s3.mood = 'up'
    await eventually('it takes an anchor', 90_000, () => s3.objects.size > 0)
    await eventually('no lag beyond an interval', 30_000, async () => {
      return ((await gauge(gateway, 'log_anchor_lag_seconds')) ?? 99) < 3
    })
    s3.objects.clear()
    const found = await told('the loss is found', /has lost test_faults-/)
    const lost = await gauge(gateway, 'log_anchors_lost')
    const { checks, figure } = await world.judge()
    return verdict(
      {
        ...checks,
        'down: an alarm': down,
        'lying: not taken for an anchor': kept === 0 && stillBehind > lag,
        'losing: found': found && lost === 1,
        'calls go on': history.asked.every((one) => cameOf(one) === 'ok'),
      },
      `down: ${Math.round(lag)} s behind, lying: ${Math.round(stillBehind)} s behind, ${lost} lost; ${counted(history.asked.map(cameOf))}; ${figure}`,
    )
  },
}

export const faults: readonly Fault[] = [notaryDown, notaryLost, rotated, anchorLies]
