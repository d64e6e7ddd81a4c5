/** 30, 37, 38, 39: clocks that jump, an identity provider that is gone, policies that are broken, masking that fails. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeKey, sign, startIssuer } from '../../identity/fake-issuer.ts'
import { openClocks } from '../lib/clock.ts'
import { type Fault, verdict } from '../lib/fault.ts'
import type { Answer, Gateway } from '../lib/gateway.ts'
import { counted, took } from '../lib/tally.ts'
import { eventually, pause } from '../lib/wait.ts'
import { cameOf, openWorld, type World, warm, warmth } from '../lib/world.ts'

const codeOf = (answer: Answer): string => answer.refused?.code ?? answer.status
const configOf = ({ folder }: Gateway): string => join(folder, 'countersign.yaml')
const edit = (gateway: Gateway, from: string, to: string): void => {
  const text = readFileSync(configOf(gateway), 'utf8')
  if (!text.includes(from)) throw new Error(`the configuration has no ${from}`)
  writeFileSync(configOf(gateway), text.replace(from, to), { mode: 0o600 })
}
const hourMs = 3_600_000

/** A guarded write that a person has allowed. */
const granted = async ({ gateway, history }: World): Promise<{ word: string; id: string }> => {
  const { answer, word } = await history.sql(gateway, { guarded: true })
  const id = answer?.call_id ?? ''
  const { status } = await gateway.api('POST', `/api/approvals/${id}/answer`, {
    decision: 'approve',
  })
  if (status !== 200) throw new Error(`no approval: ${status}`)
  return { word, id }
}

const clockJumps: Fault = {
  fault: 30,
  name: 'wall clock of the gateway jumps +1 h, -1 h and back',
  expected: 'order by seq stays, leases hold, t_src says it, no approval comes back to life',
  limitMs: 600_000,
  async run(kit) {
    const clocks = openClocks(kit)
    const world = await openWorld(kit, {
      start: false,
      gateway: { ...clocks.options, waitSeconds: 3 },
    })
    const { admin, gateway, history, target } = world
    edit(gateway, 'within: 15m', 'within: 10s')
    await gateway.start()
    await warm(world)
    const late = await granted(world)
    const fetched = (id: string) =>
      gateway.call('call_wait', { call_id: id, timeout_s: 1 }).then(codeOf)
    await pause(11_000)
    const told: string[] = []
    for (const wallMs of [hourMs, -hourMs, 0]) {
      await clocks.set(gateway, { wallMs })
      for (let n = 0; n < 4; n++) told.push(cameOf(await history.sql(gateway)))
      told.push(cameOf(await history.http(gateway)))
    }
    await clocks.set(gateway, { wallMs: -hourMs })
    const revived = await fetched(late.id)
    // One that is in time is in time by the store's clock, whatever this machine believes.
    const inTime = await granted(world)
    await clocks.set(gateway, { wallMs: hourMs })
    const kept = await fetched(inTime.id)
    await clocks.set(gateway, { wallMs: 0 })
    await pause(16_000)
    told.push(cameOf(await history.sql(gateway)))
    const { checks, effects, events, figure } = await world.judge()
    const jumps = events.filter(({ header }) => header.type === 'clock.jump').length
    const marked = events.filter(({ header }) => header.t_src === 'jumped').length
    const { rows } = await admin.query<{ back: number }>(
      `select count(*)::int as back from (select header ->> 't_wall' as at, lag(header ->> 't_wall') over
         (partition by stream_id order by seq) as before from audit.event) e where at < before`,
    )
    return verdict(
      {
        ...checks,
        'calls go on': told.every((code) => code === 'ok'),
        'each jump is an event': jumps >= 5,
        'events after it are marked': marked >= 15,
        'the wall clock did go back between events': (rows[0]?.back ?? 0) >= 2,
        [`what had expired stays expired, was ${revived}`]: revived === 'APPROVAL_EXPIRED',
        'it is not run': !effects.some(({ word }) => word === late.word),
        [`what is in time is run, was ${kept}`]: kept === 'ok',
        'its lease was never lost': !/stream.takeover/.test(
          events.map(({ header }) => header.type).join(' '),
        ),
        'each effect is told': (await target.effects()).length === warmth + told.length + 1,
      },
      `${jumps} jumps, ${marked} events marked, ${counted(told)}; expired: ${revived}, in time: ${kept}; ${figure}`,
    )
  },
}

const providerGone: Fault = {
  fault: 37,
  name: 'identity provider slow, down past the TTL, keys rotated, unknown keys',
  expected: 'cached keys to their end, then nobody; an unknown key is refused',
  limitMs: 600_000,
  async run(kit) {
    const issuer = await startIssuer()
    kit.defer(() => issuer.close())
    const [first, second, foreign] = await Promise.all(
      ['k1', 'k2', 'k3'].map((kid) => makeKey(kid)),
    )
    if (!first || !second || !foreign) throw new Error('no keys')
    issuer.keys = [first.publicJwk]
    const clocks = openClocks(kit)
    const world = await openWorld(kit, { start: false, gateway: clocks.options })
    const { gateway, target } = world
    edit(gateway, 'identity:\n', `identity:\n  issuers: [{ issuer: "${issuer.url}" }]\n`)
    await gateway.start()
    await warm(world)
    let n = 0
    const token = (key: typeof first, kid = key.kid) =>
      sign(key, issuer.url, { aud: `${gateway.url}/mcp`, jti: String(++n) }, { kid })
    const ask = async (by: string): Promise<string> =>
      gateway
        .call('sql_query', { target: 'shop', sql: 'select 1 as one' }, { token: by })
        .then(codeOf, (thrown: unknown) =>
          (thrown instanceof Error ? thrown.message : '').slice(0, 8),
        )
    const write = async (by: string): Promise<string> =>
      gateway
        .call(
          'sql_execute',
          { target: 'shop', sql: "insert into effects (word) values ('let in')" },
          { token: by },
        )
        .then(codeOf, (thrown: unknown) =>
          (thrown instanceof Error ? thrown.message : '').slice(0, 8),
        )
    const minuteMs = 60_000
    const up = await ask(await token(first))
    issuer.mood = 'silent'
    await clocks.set(gateway, { ageMs: 11 * minuteMs })
    const slow = await took(ask(await token(first)))
    issuer.mood = 'broken'
    await clocks.set(gateway, { ageMs: 30 * minuteMs })
    const cached = await ask(await token(first))
    await clocks.set(gateway, { ageMs: 62 * minuteMs })
    const stale = await Promise.all(
      Array.from({ length: 20 }, async () => write(await token(first))),
    )
    const local = cameOf(await world.history.sql(gateway))
    issuer.mood = 'up'
    issuer.keys = [second.publicJwk]
    await clocks.set(gateway, { ageMs: 64 * minuteMs })
    const rotated = await ask(await token(second))
    const old = await write(await token(first))
    const before = issuer.fetched
    const unknown = await Promise.all(
      Array.from({ length: 100 }, async (_, kid) => write(await token(foreign, `x${kid}`))),
    )
    const fetches = issuer.fetched - before
    const forged = await write(await token(foreign, 'k2'))
    const effects = await target.effects()
    const { checks, figure } = await world.judge()
    return verdict(
      {
        ...checks,
        [`up: served, was ${up}`]: up === 'ok',
        [`slow: cached keys serve, was ${slow.done}`]: slow.done === 'ok',
        [`down within the TTL: cached keys serve, was ${cached}`]: cached === 'ok',
        'down past the TTL: nobody': stale.every((code) => code === 'HTTP 401'),
        'the local principal goes on': local === 'ok',
        [`rotated: the new key serves, was ${rotated}`]: rotated === 'ok',
        [`rotated: the old key is refused, was ${old}`]: old === 'HTTP 401',
        'unknown keys are refused': unknown.every((code) => code === 'HTTP 401'),
        'they make the provider no work': fetches <= 1,
        [`a forged signature is refused, was ${forged}`]: forged === 'HTTP 401',
        'nobody was let in': !effects.some(({ word }) => word === 'let in'),
      },
      `up ${up}, slow ${slow.done} in ${slow.ms} ms, within TTL ${cached}, past it ${counted(stale)}, new key ${rotated}, old ${old}, unknown ${counted(unknown)} with ${fetches} fetches; ${figure}`,
    )
  },
}

const policy = `// Nobody writes.
@id("nobody-writes")
forbid (principal, action == Action::"sql_execute", resource)
when { context.effect == "write" };
`

// A tool that may never be used on a target is as if the target were not there.
const denied = (code: string): boolean => ['NOT_ALLOWED', 'TARGET_UNKNOWN'].includes(code)

const brokenPolicies: Fault = {
  fault: 38,
  name: 'policies half-written, corrupt, emptied, missing',
  expected: 'it refuses to start, and never allows more',
  limitMs: 600_000,
  async run(kit) {
    const world = await openWorld(kit, { start: false })
    const { gateway, history, target } = world
    const folder = join(gateway.folder, 'policies')
    const file = join(folder, 'writes.cedar')
    mkdirSync(folder, { mode: 0o700 })
    edit(gateway, 'grants:\n', 'policies: ./policies\ngrants:\n')
    const whole = readFileSync(configOf(gateway), 'utf8')
    const put = (bytes: string | Buffer): void => writeFileSync(file, bytes, { mode: 0o600 })
    put(policy)
    await gateway.start()
    const before = cameOf(await history.sql(gateway))
    await gateway.stop()

    const cuts = Array.from(
      { length: 5 },
      () => 20 + Math.floor(kit.random() * (policy.length - 25)),
    )
    const variants: readonly (readonly [string, () => void])[] = [
      ...cuts.map((at) => [`cut at ${at}`, () => put(policy.slice(0, at))] as const),
      ['emptied', () => put('')],
      ['a comment alone', () => put(policy.slice(0, 17))],
      ['NUL bytes', () => put(Buffer.alloc(policy.length))],
      ['not UTF-8', () => put(Buffer.from(policy.replace('Nobody', 'N\u00fc'), 'latin1'))],
      ['another word', () => put(policy.replace('forbid', 'forbit'))],
      ['an unknown fact', () => put(policy.replace('context.effect', 'context.effects'))],
      ['an unknown tool', () => put(policy.replace('sql_execute', 'sql_exequte'))],
      ['no files', () => rmSync(file)],
      ['no folder', () => rmSync(folder, { recursive: true })],
      [
        'configuration cut',
        () => writeFileSync(configOf(gateway), whole.slice(0, whole.indexOf('grants:') + 60)),
      ],
    ]
    const own: Record<string, boolean> = {}
    const said: string[] = []
    for (const [name, damage] of variants) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      put(policy)
      writeFileSync(configOf(gateway), whole, { mode: 0o600 })
      damage()
      await gateway.start({ ready: false })
      await eventually('it is ready or has ended', 120_000, async () =>
        gateway.ended() !== undefined ? true : gateway.ready(),
      )
      const exit = gateway.ended()
      if (exit === undefined) {
        const call = cameOf(await history.sql(gateway))
        own[`${name}: refuses to start; it runs, a write is ${call}`] = false
        await gateway.stop()
      } else own[`${name}: exits with ${exit}`] = exit !== 0 && exit !== null
      said.push(`${name} ${exit ?? 'runs'}`)
    }
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    put(policy)
    writeFileSync(configOf(gateway), whole, { mode: 0o600 })
    await gateway.start()
    const after = cameOf(await history.sql(gateway))
    const effects = (await target.effects()).length
    const { checks, figure } = await world.judge()
    return verdict(
      {
        ...checks,
        ...own,
        [`whole, it denies, was ${before} and ${after}`]: denied(before) && denied(after),
        'nothing was ever run': effects === 0,
      },
      `${said.join(', ')}; ${effects} effects; ${figure}`,
    )
  },
}

const maskingFails: Fault = {
  fault: 39,
  name: 'masker throws, and takes longer than it may',
  expected: 'the result is withheld, mask.failed is recorded, nothing raw is told',
  limitMs: 600_000,
  async run(kit) {
    const world = await openWorld(kit)
    const { gateway, history } = world
    await warm(world)
    const told: string[] = []
    const people = { target: 'shop', sql: 'select id, name, email, note from people' }
    for (const match of ['shop', 'shop', 'api']) {
      const armed = await gateway.arm({ at: 'mask', when: 'before', match, action: 'throw' })
      if (match === 'api') told.push(cameOf(await history.http(gateway)))
      else if (told.length === 0) told.push(cameOf(await history.sql(gateway)))
      else told.push(codeOf((await history.read(gateway)) ?? { status: 'no answer', call_id: '' }))
      await armed.hit
    }
    // The deadline of the masker itself: what it reads comes 6 s late.
    const slow = await gateway.arm({
      at: 'masking',
      when: 'before',
      match: 'shop',
      action: 'block',
      ms: 6_000,
    })
    const late = await gateway.call('sql_query', people)
    await slow.hit
    told.push(codeOf(late))
    const after = await history.read(gateway)
    const { checks, effects, events, figure } = await world.judge()
    const failed = events.filter(({ header }) => header.type === 'mask.failed').length
    return verdict(
      {
        ...checks,
        'every result is withheld': told.every((code) => code === 'OUTPUT_WITHHELD'),
        'each is an event': failed === 4,
        'what was withheld ran once': effects.length === warmth + 2,
        'then masked again': after?.status === 'ok',
      },
      `${told.join(' ')}, ${failed} mask.failed, ${figure}`,
    )
  },
}

export const faults: readonly Fault[] = [clockJumps, providerGone, brokenPolicies, maskingFails]
