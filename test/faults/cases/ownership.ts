/** 12 to 14: a second owner of a stream, and stores that were put back from the past. */
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { own } from '../../../src/audit/stream/connection.ts'
import { systemEntry } from '../../../src/audit/stream/system.ts'
import { keyBytes, openKeyWrap } from '../../../src/vault/key-wrap.ts'
import { adminOf, openCluster } from '../lib/cluster.ts'
import { type Fault, type Kit, verdict } from '../lib/fault.ts'
import { keyText, logName, openNotary } from '../lib/gateway.ts'
import { notedCheckpoint, settled } from '../lib/judge.ts'
import { eventually, pause } from '../lib/wait.ts'
import { alone, cameOf, expire, openWorld, type World, warm } from '../lib/world.ts'

/** A second owner in this process: the same stream, the same epoch, from where the row stands. True when its append won the race. */
const twinAppends = async ({ admin, cluster }: World): Promise<boolean> => {
  const { rows } = await admin.query<{ stream: string; epoch: string; seq: string; head: Buffer }>(
    `select stream_id::text as stream, epoch::text, seq::text, head from audit.stream
     where closed_at is null order by stream_id desc limit 1`,
  )
  const row = rows[0]
  if (row === undefined) throw new Error('no stream is open')
  const store = {
    database: { connectionString: cluster.writerUrl },
    pool: admin,
    keys: openKeyWrap(keyBytes(keyText('vault.key'), 'test')),
    log: logName,
    writer: 'twin',
    build: 'sha256:twin',
  }
  const stream = await own(
    store,
    { stream: row.stream, epoch: row.epoch },
    {
      position: { seq: BigInt(row.seq), head: row.head },
      leasedAt: process.hrtime.bigint(),
      onStranded: () => undefined,
    },
  )
  try {
    await stream.append([systemEntry('config.loaded', 'twin', { twin: true })])
    return true
  } catch {
    return false
  } finally {
    await stream.abandon()
  }
}

const twoOwners: Fault = {
  fault: 12,
  name: 'two processes own one stream (same id and epoch)',
  expected: 'one is fenced and stops serving at once',
  async run(kit) {
    const world = await openWorld(kit)
    const { admin, gateway, history } = world
    await warm(world)
    let over = false
    let lost = 0
    // On a busy machine the twin never comes first under full load; each race that it loses makes the load lighter.
    const load = Array.from({ length: 8 }, async () => {
      while (!over && !kit.signal.aborted) {
        await history.sql(gateway, { timeoutMs: 10_000 })
        await pause(lost)
      }
    })
    while (!(await twinAppends(world))) {
      lost += 1
      if (lost > 200) throw new Error('the twin never won a race')
    }
    const won = performance.now()
    await eventually('the gateway stops', 20_000, () => gateway.ended() !== undefined)
    const ms = Math.round(performance.now() - won)
    over = true
    await Promise.all(load)
    await expire(admin)
    const next = await world.another('g2')
    await next.start()
    await alone(admin)
    const { checks, figure } = await world.judge()
    return verdict(
      {
        ...checks,
        'it says why': /another gateway owns this stream/.test(gateway.said()),
        'it stops within 5 s': ms < 5_000,
      },
      `the twin was fenced ${lost} times before it won; the gateway ended ${ms} ms after, ${figure}`,
    )
  },
}

/** The cluster as it was, under the port of the one that went on; the pool reads it from then on. */
const putBack = async (
  kit: Kit,
  world: World,
  copy: string,
): Promise<{ readonly start: () => Promise<void> }> => {
  await world.cluster.stop()
  return {
    start: async () => {
      await openCluster(kit, { data: copy, port: world.cluster.port })
    },
  }
}

const backUp = async ({ cluster }: World, to: string): Promise<void> => {
  await cluster.stop()
  cluster.copy(to)
  await cluster.start()
}

const oldPrimary: Fault = {
  fault: 13,
  name: 'old primary returns after a failover (stale data folder)',
  expected: 'fenced by the stream, refused by the notary; alarm; no calls',
  async run(kit) {
    const notary = await openNotary(kit)
    const world = await openWorld(kit, { gateway: { notary } })
    const { gateway, history, target } = world
    await warm(world)
    const copy = join(kit.folder, 'old-primary')
    await backUp(world, copy)
    await eventually('the gateway is ready again', 30_000, () => gateway.ready())
    for (let n = 0; n < 5; n++) await history.sql(gateway)
    await settled(world.admin)
    const signed = await notedCheckpoint(world.admin)
    // The old primary comes back at the same address while the gateway runs.
    await (await putBack(kit, world, copy)).start()
    const before = (await target.effects()).length
    const asked = [await history.sql(gateway), await history.http(gateway)]
    await eventually('the gateway is fenced', 20_000, () => gateway.ended() !== undefined)
    // And a gateway that is started on it, which knows nothing of what went on.
    const next = await world.another('g2')
    await next.start({ ready: false })
    await eventually('the contradiction is seen', 40_000, () =>
      /The notary signed/.test(next.said()),
    )
    await eventually('the gateway answers', 30_000, () => next.answers())
    const refused = [await history.sql(next), await history.http(next)]
    const effects = (await target.effects()).length - before
    return verdict(
      {
        'the running gateway takes no call': asked.every((one) => cameOf(one) !== 'ok'),
        'and is fenced': /the stream moved without us/.test(gateway.said()),
        'the new gateway takes no call': refused.every(
          (one) => cameOf(one) === 'AUDIT_UNAVAILABLE',
        ),
        'not ready': !(await next.ready()),
        'no effect': effects === 0,
      },
      `running: ${asked.map(cameOf).join(' ')}; new: ${refused.map(cameOf).join(' ')}; the notary had signed ${signed.size}; ${effects} effects`,
    )
  },
}

const olderBackup: Fault = {
  fault: 14,
  name: 'restored from a backup older than the last checkpoint',
  expected: 'nothing is signed; the verifier says truncated; rebase goes on over a signed gap',
  limitMs: 180_000,
  async run(kit) {
    const world = await openWorld(kit)
    const { gateway, history, target } = world
    await warm(world)
    await settled(world.admin)
    const copy = join(kit.folder, 'backup')
    await backUp(world, copy)
    await eventually('the gateway is ready again', 30_000, () => gateway.ready())
    for (let n = 0; n < 5; n++) await history.sql(gateway)
    await settled(world.admin)
    const newest = await notedCheckpoint(world.admin)
    await gateway.stop()
    const atStop = await notedCheckpoint(world.admin)
    await (await putBack(kit, world, copy)).start()
    const restored = await notedCheckpoint(world.admin)
    // What an auditor sees who holds the newest anchor.
    const anchor = join(kit.folder, 'anchor.note')
    const key = join(kit.folder, 'notary.pub')
    const bundle = join(kit.folder, 'bundle')
    writeFileSync(anchor, newest.note)
    copyFileSync(join(gateway.state, 'notary', 'notary.pub'), key)
    const exported = await gateway.cli([
      'audit',
      'export',
      '--to',
      String(restored.size),
      '--out',
      bundle,
    ])
    const truncated = await gateway.cli([
      'audit',
      'verify',
      bundle,
      '--key',
      key,
      '--anchor',
      anchor,
    ])
    // A gateway on it takes no call.
    const before = (await target.effects()).length
    await gateway.start({ ready: false })
    await eventually('the contradiction is seen', 40_000, () =>
      /The notary signed/.test(gateway.said()),
    )
    await eventually('the gateway answers', 30_000, () => gateway.answers())
    const refused = await history.sql(gateway)
    const held = await notedCheckpoint(world.admin)
    await gateway.stop()
    // The ceremony as docs/notary.md tells it.
    const reason = ['--reason', 'restored from the backup of Monday']
    const shown = await gateway.cli(['audit', 'rebase', ...reason])
    const confirm = /--confirm (\d+:\d+)/.exec(shown.said)?.[1] ?? ''
    const rebased = await gateway.cli(['audit', 'rebase', ...reason, '--confirm', confirm])
    await gateway.start()
    const after = await history.sql(gateway)
    const effects = (await target.effects()).length - before
    const admin = adminOf(kit, world.cluster)
    await settled(admin)
    await pause(500)
    const { rows } = await admin.query<{ n: number }>(
      "select count(*)::int as n from audit.event where type = 'log.rebased'",
    )
    const verified = await gateway.cli(['audit', 'verify'])
    return verdict(
      {
        'the bundle could be had': exported.code === 0,
        'verify finds it truncated':
          truncated.code === 1 && /truncated|dropped|anchor/i.test(truncated.said),
        'no call meanwhile': cameOf(refused) === 'AUDIT_UNAVAILABLE',
        'nothing is signed': held.size === restored.size,
        'rebase shows both sizes': shown.code === 1 && confirm.startsWith(`${atStop.size}:`),
        'rebase is done': rebased.code === 0,
        'the log says so': rows[0]?.n === 1,
        'it serves again': cameOf(after) === 'ok' && effects === 1,
        'the log verifies': verified.code === 0,
      },
      `signed ${atStop.size}, restored ${restored.size}; verify exits ${truncated.code}; refused ${cameOf(refused)}; rebase ${confirm}: ${cameOf(after)}, verify exits ${verified.code}`,
    )
  },
}

export const faults: readonly Fault[] = [twoOwners, oldPrimary, olderBackup]
