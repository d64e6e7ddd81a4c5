import { fileURLToPath } from 'node:url'
import type pg from 'pg'
import { type Fault, verdict } from '../lib/fault.ts'
import { openNotary } from '../lib/gateway.ts'
import { gauge } from '../lib/gauge.ts'
import { settled } from '../lib/judge.ts'
import { eventually, pause } from '../lib/wait.ts'
import { cameOf, expire, openWorld, warm } from '../lib/world.ts'

const leavesOf = async (pool: pg.Pool): Promise<readonly string[]> =>
  (
    await pool.query<{ line: string }>(
      "select idx || ' ' || stream_id || ' ' || seq || ' ' || encode(leaf, 'hex') as line from audit.leaf order by idx",
    )
  ).rows.map(({ line }) => line)

/** Indices without a gap, every event once, each stream in its order, each leaf its event's. */
const treeFaults = async (pool: pg.Pool): Promise<number> => {
  const { rows } = await pool.query<{ wrong: number }>(
    `select ((select count(*) from (select idx, row_number() over (order by idx) - 1 as n from audit.leaf) i where idx <> n)
      + (select count(*) from (select seq, lag(seq) over (partition by stream_id order by idx) as before from audit.leaf) s
          where before is not null and seq <> before + 1)
      + (select count(*) from audit.event e left join audit.leaf l using (stream_id, seq) where l.leaf is distinct from e.leaf))::int as wrong`,
  )
  return rows[0]?.wrong ?? -1
}

const integratorDies: Fault = {
  fault: 23,
  name: 'integrator dies before, after its append, and before it keeps a signature',
  expected: 'it goes on: the same index for each leaf, the same root',
  limitMs: 600_000,
  async run(kit) {
    const world = await openWorld(kit)
    const { admin, gateway, history, note } = world
    await warm(world)
    const parts: string[] = []
    const own: Record<string, boolean> = {}
    for (const [name, point] of [
      ['before the append', { when: 'before', match: 'insert into audit.leaf' }],
      ['after the append', { when: 'after', match: 'insert into audit.leaf' }],
      ['before a signature is kept', { when: 'before', match: 'insert into audit.checkpoint' }],
    ] as const) {
      const armed = await gateway.arm({ at: 'sql', action: 'pause', ...point })
      await Promise.all([history.sql(gateway), history.http(gateway), history.sql(gateway)])
      await armed.hit
      await gateway.kill()
      const before = await leavesOf(admin)
      const seen = await note()
      await expire(admin)
      await gateway.start()
      await settled(admin)
      const after = await leavesOf(admin)
      own[`${name}: same leaves at the same index`] = before.every((line, at) => after[at] === line)
      own[`${name}: the tree grew`] = after.length > before.length
      own[`${name}: whole and once`] = (await treeFaults(admin)) === 0
      parts.push(`${name}: ${before.length} leaves, ${seen.size} signed, then ${after.length}`)
    }
    const { checks, figure } = await world.judge()
    return verdict({ ...checks, ...own }, `${parts.join('; ')}; ${figure}`)
  },
}

const twoIntegrators: Fault = {
  fault: 24,
  name: 'two integrators, their lock broken',
  expected: 'each index is given once, the notary signs one tree',
  limitMs: 600_000,
  async run(kit) {
    const notary = await openNotary(kit)
    const lockless = fileURLToPath(new URL('../lib/failpoints/no-lock.js', import.meta.url))
    const world = await openWorld(kit, { gateway: { notary, nodeArgs: ['--import', lockless] } })
    const { admin, gateway, history } = world
    const second = await world.another('g2')
    await second.start()
    await warm(world)
    const both = await eventually('both believe that they lead', 20_000, async () =>
      [await gauge(gateway, 'log_leads'), await gauge(second, 'log_leads')].every(
        (leads) => leads === 1,
      ),
    )
    const until = performance.now() + 12_000
    const callers = Array.from({ length: 12 }, async (_, n) => {
      while (performance.now() < until && !kit.signal.aborted) {
        await (n % 3 ? history.sql : history.http)(n % 2 ? gateway : second)
        await pause(kit.random() * 60)
      }
    })
    const notes = (async () => {
      while (performance.now() < until && !kit.signal.aborted) {
        await world.note()
        await pause(500)
      }
    })()
    await Promise.all([...callers, notes])
    const judged = await world.judge()
    const leaves = await leavesOf(admin)
    return verdict(
      {
        ...judged.checks,
        'both led': both,
        'the tree is whole and each event in it once': (await treeFaults(admin)) === 0,
        'every call was served': history.asked.every((one) => cameOf(one) === 'ok'),
      },
      `${leaves.length} leaves by two, ${judged.figure}`,
    )
  },
}

export const faults: readonly Fault[] = [integratorDies, twoIntegrators]
