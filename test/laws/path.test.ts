import { expect, test } from 'vitest'
import { GateError } from '../../src/errors.ts'
import { openGateway } from '../../src/gateway.ts'
import type { Caller } from '../../src/types.ts'
import { ana, ask, fakePorts, spyTool, textOf, types } from '../support/ports.ts'

const hello = { target: 'box', word: 'hello' }

test('law 1: a call whose intent cannot be recorded is not run', async () => {
  const spy = spyTool()
  const ports = fakePorts(spy)
  ports.fakeLog.fail = (entries) =>
    entries.some((e) => e.type === 'call.intent' && e.tool === 'spy')
      ? new Error('disk full')
      : undefined
  const answer = await ask(openGateway(ports), hello)
  expect(answer.refused?.code).toBe('AUDIT_UNAVAILABLE')
  expect(spy.runs).toBe(0)
})

test('law 1: a result that cannot be recorded is not returned, and its event is kept for later', async () => {
  const spy = spyTool()
  const ports = fakePorts(spy)
  ports.fakeLog.fail = (entries) =>
    entries.some((e) => e.type === 'call.result' && e.tool === 'spy')
      ? new Error('disk full')
      : undefined
  const answer = await ask(openGateway(ports), hello)
  expect(spy.runs).toBe(1)
  expect(answer.refused?.code).toBe('AUDIT_UNAVAILABLE')
  expect(JSON.stringify(answer)).not.toContain('hello')
  expect(ports.kept.map((e) => e.type)).toEqual(['call.result'])
})

test('law 1: nothing runs while the log is not ready', async () => {
  const spy = spyTool()
  const ports = fakePorts(spy)
  const log = {
    ...ports.log,
    ready: () => {
      throw new GateError('AUDIT_UNAVAILABLE', 'lease lost')
    },
  }
  const answer = await ask(openGateway({ ...ports, log }), hello)
  expect(answer.refused?.code).toBe('AUDIT_UNAVAILABLE')
  expect(spy.runs).toBe(0)
})

test('law 1: a lease that is lost between intent and run stops the run', async () => {
  const spy = spyTool()
  const ports = fakePorts(spy)
  let intents = 0
  const log = {
    ...ports.log,
    ready: () => {
      if (
        ports.fakeLog.entries.some((e) => e.type === 'call.intent' && e.tool === 'spy' && ++intents)
      )
        throw new GateError('AUDIT_UNAVAILABLE', 'lease lost')
    },
  }
  const answer = await ask(openGateway({ ...ports, log }), hello)
  expect(answer.refused?.code).toBe('AUDIT_UNAVAILABLE')
  expect(spy.runs).toBe(0)
})

test('law 1: a lease that is lost while the credential is fetched stops the run', async () => {
  const spy = spyTool()
  const ports = fakePorts(spy)
  let lost = false
  const log = {
    ...ports.log,
    ready: () => {
      if (lost) throw new GateError('AUDIT_UNAVAILABLE', 'lease lost')
    },
  }
  const vault = {
    ...ports.vault,
    lease: async (name: string, callId: string) => {
      const lease = await ports.vault.lease(name, callId)
      if (ports.fakeLog.entries.some((e) => e.callId === callId && e.tool === 'spy')) lost = true
      return lease
    },
  }
  const answer = await ask(openGateway({ ...ports, log, vault }), hello)
  expect(answer.refused?.code).toBe('AUDIT_UNAVAILABLE')
  expect(spy.runs).toBe(0)
})

test('law 1: the log holds exactly what the agent got', async () => {
  const ports = fakePorts(spyTool())
  const answer = await ask(openGateway(ports), hello)
  const { status, call_id: _id, receipt, ...rest } = answer
  expect(status).toBe('ok')
  const result = ports.fakeLog.entries.at(-1)
  expect(result?.type).toBe('call.result')
  expect(result && textOf(result)).toBe(JSON.stringify(rest))
  expect(receipt?.seq).toBe(String(ports.fakeLog.entries.length))
})

test('law 2: a look-alike of a caller is nobody', async () => {
  const spy = spyTool()
  const gateway = openGateway(fakePorts(spy))
  const forged = { ...ana() } as Caller
  await expect(ask(gateway, hello, { caller: forged })).rejects.toMatchObject({
    code: 'NOT_IDENTIFIED',
  })
  expect(spy.runs).toBe(0)
})

test('law 4: each intent gets exactly one terminal event, whatever the tool does', async () => {
  const outcomes = [
    async () => ({ kind: 'fields' as const, fields: {} }),
    async () => {
      throw new Error('raw driver text')
    },
    async () => {
      throw new GateError('TIMEOUT', 'too long')
    },
    () => new Promise<never>(() => {}),
    async () => ({ kind: 'table' as const, columns: [], rows: [], truncated: false }),
  ]
  for (const does of outcomes) {
    const ports = fakePorts(spyTool(does))
    await ask(openGateway(ports), { ...hello, effect: 'write' })
    const own = ports.fakeLog.entries.filter((e) => e.tool === 'spy')
    const intent = own.filter((e) => e.type === 'call.intent')
    const ends = own.filter((e) => ['call.result', 'call.error', 'call.unknown'].includes(e.type))
    expect(intent).toHaveLength(1)
    expect(ends).toHaveLength(1)
    expect(ends[0]?.parent).toMatch(/^[0-9a-f]{64}$/)
  }
})

test('law 4: a write that gives no answer ends as unknown, a read as timed out', async () => {
  const never = () => new Promise<never>(() => {})
  const write = await ask(openGateway(fakePorts(spyTool(never))), { ...hello, effect: 'write' })
  expect(write.refused?.code).toBe('OUTCOME_UNKNOWN')
  const read = await ask(openGateway(fakePorts(spyTool(never))), hello)
  expect(read.refused?.code).toBe('TIMEOUT')
})

test('law 5: output that cannot be masked is withheld from agent and log', async () => {
  const ports = fakePorts(
    spyTool(async () => ({ kind: 'table', columns: [], rows: [['SECRET']], truncated: false })),
  )
  const answer = await ask(openGateway(ports), hello)
  expect(answer.refused?.code).toBe('OUTPUT_WITHHELD')
  expect(types(ports.fakeLog)).toContain('mask.failed')
  expect(JSON.stringify(answer) + ports.fakeLog.entries.map(textOf).join()).not.toContain('SECRET')
})

test('law 5: an input is masked before it is recorded', async () => {
  const ports = fakePorts(spyTool())
  await ask(openGateway(ports), { target: 'box', word: 'my SECRET' })
  expect(ports.fakeLog.entries.map((e) => JSON.stringify(e) + textOf(e)).join()).not.toContain(
    'SECRET',
  )
})

test('law 6: no foreign error text reaches the agent or the log', async () => {
  const ports = fakePorts(
    spyTool(async () => {
      throw new Error('password=hunter2 at 10.0.0.1')
    }),
  )
  const answer = await ask(openGateway(ports), hello)
  expect(answer.refused?.code).toBe('INTERNAL')
  expect(JSON.stringify(answer) + ports.fakeLog.entries.map(textOf).join()).not.toContain('hunter2')
  expect(String(ports.reported[0]?.error.cause)).toContain('hunter2')
})

test('law 8: silence is a denial, a guard that throws is a denial, the strictest verdict wins', async () => {
  const allow = async () => ({ kind: 'allow' as const, rules: ['a'], masking: [] })
  const deny = async () => ({ kind: 'deny' as const, rules: ['d'], reason: 'no' })
  const throws = async () => {
    throw new Error('broken')
  }
  for (const guards of [
    [],
    [async () => undefined],
    [throws],
    [allow, throws],
    [allow, deny],
    [deny, allow],
  ]) {
    const spy = spyTool()
    const ports = fakePorts(spy, { guards })
    const answer = await ask(openGateway(ports), hello)
    expect(answer.refused?.code).toBe('NOT_ALLOWED')
    expect(types(ports.fakeLog)).toEqual(['call.received', 'call.denied'])
    expect(spy.runs).toBe(0)
  }
})

test('a denied and an unknown target read the same, and the target is not touched', async () => {
  let touched = 0
  const families = new Map([
    [
      'ssh' as const,
      {
        kind: 'ssh' as const,
        identify: async () => {
          touched += 1
          return 'x'
        },
        describe: async () => ({}),
        close: async () => {},
      },
    ],
  ])
  const gateway = openGateway(fakePorts(spyTool(), { mayEver: () => false, families }))
  const forbidden = await ask(gateway, hello)
  const unknown = await ask(gateway, { ...hello, target: 'nowhere' })
  expect(forbidden.refused).toEqual(unknown.refused)
  expect(forbidden.refused?.code).toBe('TARGET_UNKNOWN')
  expect(touched).toBe(0)
})

test.each([
  ['mistyped', { target: 'box', word: 7 }],
  ['unknown key', { ...hello, sneaky: 'CONTENT' }],
  ['NUL', { target: 'box', word: 'CONTENT\0' }],
  ['half a surrogate', { target: 'box', word: 'CONTENT\ud800' }],
  ['__proto__', JSON.parse('{"target":"box","word":"x","__proto__":{"CONTENT":1}}')],
  ['deep', JSON.parse(`{"target":"box","word":${'['.repeat(200)}${']'.repeat(200)}}`)],
  ['no object', ['CONTENT']],
])('bad input (%s) is refused and recorded without its content', async (_name, args) => {
  const spy = spyTool()
  const ports = fakePorts(spy)
  const answer = await ask(openGateway(ports), args)
  expect(answer.refused?.code).toBe('INPUT_REFUSED')
  expect(types(ports.fakeLog)).toEqual(['call.received', 'call.refused'])
  expect(ports.fakeLog.entries.map((e) => JSON.stringify(e) + textOf(e)).join()).not.toContain(
    'CONTENT',
  )
  expect(spy.runs).toBe(0)
})

test('a paused target is not even looked at, and the denial is recorded', async () => {
  const spy = spyTool()
  let looks = 0
  const looking = {
    ...spy,
    facts: async (...given: Parameters<typeof spy.facts>) => {
      looks += 1
      return spy.facts(...given)
    },
  }
  const ports = fakePorts(looking, {
    paused: (caller, target) =>
      caller.sub === 'ana' && target.name === 'box'
        ? { kind: 'deny', code: 'PAUSED', rules: ['pause'], reason: 'Paused.' }
        : undefined,
  })
  const answer = await ask(openGateway(ports), hello)
  expect(answer.refused).toMatchObject({ code: 'PAUSED', rules: ['pause'], retry: true })
  expect(looks).toBe(0)
  expect(spy.runs).toBe(0)
  expect(types(ports.fakeLog)).toEqual(['call.received', 'call.denied'])
  expect(ports.fakeLog.entries.at(-1)).toMatchObject({ target: 'box', outcome: { code: 'PAUSED' } })
})

test('oversized input is refused and its length recorded', async () => {
  const ports = fakePorts(spyTool())
  const answer = await ask(openGateway(ports), undefined, { rawBytes: 9_000_000 })
  expect(answer.refused?.code).toBe('INPUT_REFUSED')
  expect(ports.fakeLog.entries[0]?.detail?.input_bytes).toBe('9000000')
})

test('the same write sent again while the first runs attaches to it: one effect', async () => {
  let release = () => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const spy = spyTool(async ({ word }) => {
    await gate
    return { kind: 'fields', fields: { said: word } }
  })
  const gateway = openGateway(fakePorts(spy))
  const write = { ...hello, effect: 'write' }
  const first = ask(gateway, write)
  await new Promise((resolve) => setTimeout(resolve, 20))
  const second = ask(gateway, { effect: 'write', word: 'hello', target: 'box', reason: 'again' })
  await new Promise((resolve) => setTimeout(resolve, 20))
  release()
  const [a, b] = await Promise.all([first, second])
  expect(a.call_id).toBe(b.call_id)
  expect(a.said).toBe('hello')
  expect(b.said).toBe('hello')
  expect(spy.runs).toBe(1)
})

test('a write whose result was delivered is never taken for a repetition', async () => {
  const spy = spyTool()
  const gateway = openGateway(fakePorts(spy))
  const first = await ask(gateway, { ...hello, effect: 'write' })
  gateway.delivered(first.call_id)
  await new Promise((resolve) => setTimeout(resolve, 5))
  const second = await ask(gateway, { ...hello, effect: 'write' })
  expect(second.call_id).not.toBe(first.call_id)
  expect(spy.runs).toBe(2)
})

test('a call that outlasts the wait answers running, and call_wait returns its result', async () => {
  let release = () => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const spy = spyTool(async () => {
    await gate
    return { kind: 'fields', fields: { said: 'late' } }
  })
  const gateway = openGateway(fakePorts(spy, { waitMs: 30 }))
  const first = await ask(gateway, { ...hello, effect: 'write' })
  expect(first.status).toBe('running')
  release()
  const waited = await ask(gateway, { call_id: first.call_id }, { tool: 'call_wait' })
  expect(waited).toMatchObject({ status: 'ok', said: 'late', call_id: first.call_id })
  const foreign = await ask(
    gateway,
    { call_id: first.call_id },
    { tool: 'call_wait', caller: ana({ sub: 'eve' }) },
  )
  expect(foreign.refused?.code).toBe('INPUT_REFUSED')
})

test('when the client is gone a read is told to stop, and a write of another kind than SQL runs to its end', async () => {
  const seen: string[] = []
  const spy = spyTool(async ({ effect }, session) => {
    await new Promise((resolve) => setTimeout(resolve, 60))
    seen.push(`${effect ?? 'read'}:${session.signal.aborted}`)
    return { kind: 'fields', fields: {} }
  })
  const gateway = openGateway(fakePorts(spy))
  for (const effect of ['read', 'write']) {
    const gone = new AbortController()
    const asked = ask(gateway, { ...hello, effect }, { signal: gone.signal })
    setTimeout(() => gone.abort(), 20)
    expect((await asked).status).toBe('running')
  }
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(seen.sort()).toEqual(['read:true', 'write:false'])
})

test('a draining gateway finishes what runs and refuses what is new', async () => {
  const spy = spyTool(async () => {
    await new Promise((resolve) => setTimeout(resolve, 50))
    return { kind: 'fields', fields: { said: 'done' } }
  })
  const gateway = openGateway(fakePorts(spy))
  const first = ask(gateway, hello)
  await new Promise((resolve) => setTimeout(resolve, 10))
  const drained = gateway.drain(2_000)
  expect((await ask(gateway, hello)).refused?.code).toBe('PAUSED')
  await drained
  expect((await first).said).toBe('done')
  expect(gateway.inFlight()).toBe(0)
})
