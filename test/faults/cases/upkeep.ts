import { appendFileSync, cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Fault, verdict } from '../lib/fault.ts'
import { openNotary } from '../lib/notary.ts'
import { openProxy } from '../lib/proxy.ts'
import { shared } from '../lib/shared.ts'
import { counted } from '../lib/tally.ts'
import { eventually, pause } from '../lib/wait.ts'
import { cameOf, expire, openWorld, warm } from '../lib/world.ts'

const erasureDies: Fault = {
  fault: 45,
  name: 'erasure dies at its event and half-way, runs twice and two at once',
  expected: 'the same end; each event precedes its erasure; the log verifies',
  limitMs: 600_000,
  async run(kit) {
    const world = await openWorld(kit)
    const { admin, cluster, gateway, history } = world
    await warm(world)
    const calls: string[] = []
    for (let n = 0; n < 8; n++) calls.push((await history.read(gateway))?.call_id ?? '')
    await admin.query(`create role eraser login password 'eraser' in role countersign_eraser`)
    const erase = (call: string) =>
      gateway.api('POST', '/api/erasures', { call, reason: 'asked for' }).then(
        ({ status }) => status,
        () => 0,
      )
    const left = async (): Promise<number> => {
      const { rows } = await admin.query<{ n: number }>(
        'select count(*)::int as n from audit.payload p join audit.event e using (event_id) where e.call_id = any($1) and ciphertext is not null',
        [calls],
      )
      return rows[0]?.n ?? -1
    }
    const before = await left()
    // The gateway dies with the event written and nobody told.
    const armed = await gateway.arm({
      at: 'log.append',
      when: 'after',
      match: 'retention.erase',
      action: 'pause',
    })
    const dying = erase(calls[0] ?? '')
    await armed.hit
    await gateway.kill()
    await dying
    await expire(admin)
    await gateway.start()
    const statuses: number[] = []
    for (const call of calls) statuses.push(await erase(call), await erase(call))
    const named = await left()

    const proxy = await openProxy(kit, { port: cluster.port })
    const url = (port: number): string => `postgres://eraser:eraser@127.0.0.1:${port}/log`
    const finish = (port: number) =>
      gateway.cli(['audit', 'erase', '--finish'], { COUNTERSIGN_ERASER_URL: url(port) })
    const deaths: string[] = []
    for (let n = 0; n < 4; n++) {
      // Past the handshake, somewhere in the updates.
      const cut = proxy.cutAfter('up', 1_300 + Math.floor(kit.random() * 3_000))
      const { code } = await finish(proxy.port)
      await Promise.race([cut, pause(10)])
      deaths.push(`exit ${code}, ${await left()} left`)
    }
    const halfway = await left()
    await Promise.all([finish(cluster.port), finish(cluster.port)])
    const done = await left()
    const again = await finish(cluster.port)
    const { rows } = await admin.query<{
      early: number
      nameless: number
      others: number
      twice: number
    }>(
      `select
         (select count(*)::int from audit.payload p join audit.event e on e.event_id = p.erase_event
            where p.erased_at < (e.header ->> 't_wall')::timestamptz) as early,
         (select count(*)::int from audit.payload p where p.erased_at is not null and not exists (select from audit.event e
            where e.event_id = p.erase_event and e.type = 'retention.erase' and e.header -> 'detail' -> 'events' ? p.event_id::text)) as nameless,
         (select count(*)::int from audit.payload p join audit.event e using (event_id)
            where p.ciphertext is null and (e.call_id is null or not e.call_id = any($1))) as others,
         (select count(*)::int from (select id from audit.event e, jsonb_array_elements_text(e.header -> 'detail' -> 'events') id
            where e.type = 'retention.erase' group by id having count(*) > 1) t) as twice`,
      [calls],
    )
    const odd = rows[0]
    const { checks, figure } = await world.judge()
    return verdict(
      {
        ...checks,
        'there was something to erase': before > 0 && named === before,
        'each was recorded': statuses.every((status) => status === 200),
        'nothing is named twice': odd?.twice === 0,
        'it died half-way': deaths.some((one) => !one.startsWith('exit 0')),
        'all is gone in the end': done === 0,
        [`once more does nothing: ${again.said.trim()}`]: /0 payload parts erased/.test(again.said),
        'no erasure before its event': odd?.early === 0,
        'none that no event names': odd?.nameless === 0,
        'nothing else is gone': odd?.others === 0,
      },
      `${before} parts of 8 calls; ${deaths.join('; ')}; ${halfway} left for two at once, then ${done}; ${figure}`,
    )
  },
}

/** The product as its next version: another number, other code, one more migration. */
const nextVersion = (folder: string): string => {
  const next = join(folder, 'next')
  cpSync(shared().product, next, {
    recursive: true,
    filter: (path) => !path.endsWith('node_modules'),
  })
  symlinkSync(join(shared().product, 'node_modules'), join(next, 'node_modules'))
  const edit = (file: string, change: (text: string) => string): void =>
    writeFileSync(join(next, file), change(readFileSync(join(next, file), 'utf8')))
  edit('package.json', (text) => text.replace(/"version": "[^"]+"/, '"version": "99.0.0"'))
  appendFileSync(join(next, 'dist', 'errors.js'), '\n// The next version.\n')
  writeFileSync(
    join(next, 'migrations', '0099_next.sql'),
    'alter table audit.event add column next_note text;\n--> statement-breakpoint\ncreate index next_type on audit.event (type, event_id);\n',
  )
  edit('migrations/meta/_journal.json', (text) => {
    const journal: { entries: { idx: number; when: number }[] } = JSON.parse(text)
    const last = journal.entries.at(-1)
    if (last === undefined) throw new Error('no migrations')
    journal.entries.push({
      ...last,
      ...{ idx: last.idx + 1, when: last.when + 1_000, tag: '0099_next' },
    })
    return JSON.stringify(journal)
  })
  return next
}

const rollingStart: Fault = {
  fault: 46,
  name: 'schema migrated during traffic, old and new version side by side',
  expected: 'both append and verify; the old one does not start on the newer schema',
  limitMs: 600_000,
  async run(kit) {
    const notary = await openNotary(kit)
    const world = await openWorld(kit, { gateway: { notary } })
    const { admin, cluster, gateway, history } = world
    const product = nextVersion(kit.folder)
    await warm(world)
    const next = await world.another('next', { product })
    let over = false
    const serving = new Set([gateway])
    const load = Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        for (let at = n; !over && !kit.signal.aborted; at++) {
          const all = [...serving]
          const one = all[at % all.length]
          if (one) await (n % 2 ? history.sql : history.http)(one)
        }
      }),
    )
    await pause(1_000)
    await next.start({ ready: false })
    await eventually('the new version has ended', 120_000, () => next.ended() !== undefined)
    const early = /migrate/.test(next.said())
    const migrated = await next.cli(['migrate'], { COUNTERSIGN_OWNER_URL: cluster.url })
    await pause(1_000)
    await next.start()
    serving.add(next)
    await pause(3_000)
    serving.delete(gateway)
    await pause(500)
    const stopped = await gateway.stop()
    await pause(1_000)
    over = true
    await load
    await gateway.start({ ready: false })
    await eventually('the old version has ended', 120_000, () => gateway.ended() !== undefined)
    const refused = /newer version/.test(gateway.said())
    const { rows } = await admin.query<{ builds: number; versions: number; odd: number }>(
      `select count(distinct header ->> 'build')::int as builds,
         count(distinct header -> 'detail' ->> 'version')::int as versions,
         count(*) filter (where header -> 'v' <> '1')::int as odd from audit.event`,
    )
    const { checks, figure } = await world.judge()
    // What the new version hands out, an auditor with the old one can verify.
    const bundle = join(kit.folder, 'bundle')
    const key = join(notary.folder, 'notary.pub')
    const exported = await next.cli(['audit', 'export', '--out', bundle, '--reason', 'both'])
    const verified = await Promise.all(
      [gateway, next].map((one) => one.cli(['audit', 'verify', bundle, '--key', key])),
    )
    const codes = counted(history.asked.map(cameOf))
    rmSync(product, { recursive: true, force: true })
    return verdict(
      {
        ...checks,
        'the new version waits for its schema': early,
        [`migrated under load ${migrated.code === 0 ? '' : migrated.said.slice(0, 200)}`]:
          migrated.code === 0,
        [`both verify: ${verified.map(({ code }) => code).join(' ')} ${verified.map(({ code, said }) => (code === 0 ? '' : said.slice(0, 200))).join(' ')}`]:
          verified.every(({ code }) => code === 0),
        [`exported${exported.code === 0 ? '' : ` ${exported.said.slice(0, 200)}`}`]:
          exported.code === 0,
        'both builds are in the log': rows[0]?.builds === 2,
        'one format': rows[0]?.odd === 0,
        'every call was served': history.asked.every((one) => cameOf(one) === 'ok'),
        'the old one drained': stopped === 0,
        'it does not start on the newer schema': refused,
      },
      `${rows[0]?.builds} builds, ${codes}; verify ${verified.map(({ code }) => code).join(' ')}; ${figure}`,
    )
  },
}

export const faults: readonly Fault[] = [erasureDies, rollingStart]
