/** 15 and 16: the log's disk is full, where the tables lie and where the write-ahead log lies. */
import { openDisk } from '../lib/disk.ts'
import { type Fault, verdict } from '../lib/fault.ts'
import { eventually, pause } from '../lib/wait.ts'
import { cameOf, openWorld, type World, warm } from '../lib/world.ts'

/** Calls until one is refused; how many were answered before. */
const untilRefused = async ({ gateway, history }: World, most: number): Promise<number> => {
  for (let n = 0; n < most; n++) {
    const all = await Promise.all(Array.from({ length: 16 }, () => history.sql(gateway)))
    if (all.some((one) => cameOf(one) === 'AUDIT_UNAVAILABLE')) return n * 16
  }
  return most * 16
}

const dataFull: Fault = {
  fault: 15,
  name: 'disk full where the data lies (small tmpfs)',
  expected: 'calls are refused; served again when there is space; no torn chain',
  limitMs: 180_000,
  async run(kit) {
    const disk = openDisk(kit, 'small', 160)
    const wal = openDisk(kit, 'wal', 160)
    const world = await openWorld(kit, { cluster: { folder: disk.folder, wal: wal.folder } })
    const { gateway, history, target } = world
    await warm(world)
    disk.fill()
    const answered = await untilRefused(world, 60)
    const before = (await target.effects()).length
    const refused = [await history.sql(gateway), await history.http(gateway)]
    const effects = (await target.effects()).length - before
    disk.free()
    await eventually('the gateway is ready again', 60_000, () => gateway.ready())
    const after = await history.sql(gateway)
    const { checks, figure } = await world.judge()
    return verdict(
      {
        ...checks,
        'refused when full': refused.every((one) => cameOf(one) === 'AUDIT_UNAVAILABLE'),
        'no effect then': effects === 0,
        'serves again': cameOf(after) === 'ok',
        'the disk was full': /No space left on device/.test(world.cluster.said()),
      },
      `${answered} calls answered until it was full, then ${refused.map(cameOf).join(' ')}; ${figure}`,
    )
  },
}

const walFull: Fault = {
  fault: 16,
  name: 'disk full where the write-ahead log lies (PANIC)',
  expected: 'AUDIT_UNAVAILABLE, no effect, serves again when it is back',
  limitMs: 180_000,
  async run(kit) {
    const wal = openDisk(kit, 'wal', 64)
    const world = await openWorld(kit, { cluster: { wal: wal.folder } })
    const { cluster, gateway, history, target } = world
    await warm(world)
    wal.fill()
    await untilRefused(world, 60)
    await eventually('the server panics', 60_000, () => /PANIC/.test(cluster.said()))
    const before = (await target.effects()).length
    const refused = [await history.sql(gateway), await history.http(gateway)]
    const effects = (await target.effects()).length - before
    // Its postmaster may still be trying to come back up on the full disk.
    await pause(500)
    await cluster.kill()
    wal.free()
    await cluster.start()
    await eventually('the gateway is ready again', 60_000, () => gateway.ready())
    const after = await history.sql(gateway)
    const { checks, figure } = await world.judge()
    return verdict(
      {
        ...checks,
        'refused meanwhile': refused.every((one) => cameOf(one) === 'AUDIT_UNAVAILABLE'),
        'no effect then': effects === 0,
        'serves again': cameOf(after) === 'ok',
      },
      `${refused.map(cameOf).join(' ')}, ${effects} effects meanwhile; ${figure}`,
    )
  },
}

export const faults: readonly Fault[] = [dataFull, walFull]
