/** Fakes for the gateway's ports, to inject faults; what is real elsewhere (log, approvals, policy) has tests with the real thing. */
import { z } from 'zod'
import { ClaimLost, type Code, type GateError } from '../../src/errors.ts'
import type { Ports } from '../../src/gateway/ports.ts'
import { identified } from '../../src/identity/caller.ts'
import type {
  BaseFacts,
  Caller,
  Claim,
  Entry,
  Guard,
  Json,
  Masked,
  Output,
  Receipt,
  Session,
  SshTarget,
  Tool,
} from '../../src/types.ts'

export const ana = (
  over: Partial<Pick<Caller, 'sub' | 'client' | 'groups' | 'session'>> = {},
): Caller =>
  identified({
    iss: 'test',
    sub: 'ana',
    client: 'agent',
    groups: ['engineers'],
    via: 'http',
    auth: 'oidc',
    session: 's1',
    origin: {},
    ...over,
  })

export const box: SshTarget = {
  kind: 'ssh',
  name: 'box',
  labels: {},
  credentials: { run: 'key', read: 'key', write: 'key' },
  limits: {
    rows: 100,
    bytes: 32_768,
    cellBytes: 4_096,
    seconds: 1,
    connectMs: 100,
    lockMs: 100,
    concurrency: 4,
  },
  host: '127.0.0.1',
  port: 22,
  user: 'x',
  hostKeys: [],
  shell: 'sh',
  path: '/bin',
  roots: [],
  sensitive: [],
  programs: {},
  forcedCommand: false,
}

const input = z.strictObject({
  target: z.string(),
  word: z.string().max(10_000),
  effect: z.enum(['read', 'write', 'admin']).optional(),
  reason: z.string().optional(),
  idempotency_key: z.string().optional(),
})
type Input = z.output<typeof input>

export interface Spy extends Tool {
  runs: number
  does: (input: Input, session: Session) => Promise<Output>
}

/** A tool that counts its runs and does what the test says. */
export const spyTool = (
  does: Spy['does'] = async ({ word }) => ({ kind: 'fields', fields: { said: word } }),
): Spy => {
  const spy: Spy = {
    name: 'spy',
    title: 'Spy',
    description: 'counts',
    kind: 'ssh',
    input,
    output: { said: { type: 'string' } },
    annotations: {
      readOnlyHint: false,
      destructiveHint: true,
      idempotentHint: false,
      openWorldHint: false,
    },
    factKinds: { word: 'string' },
    ceiling: 'admin',
    runs: 0,
    does,
    facts: async (given) => {
      const parsed = input.parse(given)
      return {
        effect: parsed.effect ?? 'read',
        policy: { word: parsed.word },
        names: { program: 'spy' },
      } satisfies BaseFacts
    },
    credential: () => 'run',
    run: async (given, _facts, session) => {
      spy.runs += 1
      return spy.does(input.parse(given), session)
    },
  }
  return spy
}

export interface FakeLog {
  entries: Entry[]
  fail?: (entries: readonly Entry[]) => Error | undefined
  claims: Set<string>
}

export interface FakePorts extends Ports {
  fakeLog: FakeLog
  reported: { error: GateError; context: Readonly<Record<string, string>> }[]
  kept: Entry[]
}

const receiptOf = (n: number): Receipt => ({
  stream: '1',
  seq: String(n),
  leaf: n.toString(16).padStart(64, '0'),
})

export const allow: Guard = async () => ({ kind: 'allow', rules: ['all'], masking: [] })

export const fakePorts = (tool: Tool, over: Partial<Ports> = {}): FakePorts => {
  const log: FakeLog = { entries: [], claims: new Set() }
  const reported: FakePorts['reported'] = []
  const kept: Entry[] = []
  const text = (value: string) => value.replaceAll('SECRET', '[masked]') as Masked<string>
  const json = (value: Json) => text(JSON.stringify(value))
  const none = async () => undefined
  return {
    fakeLog: log,
    reported,
    kept,
    tools: new Map([[tool.name, tool]]),
    families: new Map([
      [
        'ssh',
        {
          kind: 'ssh',
          identify: async () => 'ssh:box',
          describe: async () => ({}),
          close: async () => {},
        },
      ],
    ]),
    targets: new Map([[box.name, box]]),
    guards: [allow],
    mayEver: () => true,
    masker: {
      rules: 'sha256:fake',
      output: async (output) => {
        if (output.kind !== 'fields') throw new Error('the fake masks fields only')
        const masked = json(output.fields)
        return { json: masked, bytes: Buffer.byteLength(masked), truncated: false, hits: {} }
      },
      text,
      fields: (value) => JSON.parse(json(value)) as Masked<Json>,
    },
    vault: {
      lease: async (name) => ({
        credential: { name, version: '1', reveal: () => ({ password: 'SECRET' }) },
        known: ['SECRET'],
        end: async () => {},
      }),
      known: () => [],
    },
    approvals: { get: none, same: none } as unknown as Ports['approvals'],
    log: {
      ready: () => {},
      append: async (entries: readonly Entry[], claim?: Claim) => {
        const failure = log.fail?.(entries)
        if (failure) throw failure
        if (claim) {
          const key = JSON.stringify(claim.values[0])
          if (log.claims.has(key)) throw new ClaimLost()
          log.claims.add(key)
        }
        return entries.map((entry) => {
          log.entries.push(entry)
          return receiptOf(log.entries.length)
        })
      },
    },
    outcome: async () => undefined,
    once: {
      hash: (...parts) => Buffer.from(JSON.stringify(parts)),
      take: async () => ({ taken: true }),
      replace: async () => false,
      claim: (key) => ({ sql: 'fake', values: [key.toString()] }),
      holder: async () => undefined,
      release: async (key) => void log.claims.delete(JSON.stringify(key.toString())),
    },
    self: identified({
      iss: 'gateway',
      sub: 'gateway',
      client: '',
      groups: [],
      via: 'gateway',
      auth: 'gateway',
      session: 'gateway',
      origin: {},
    }),
    waitMs: 5_000,
    report: (error, context) => void reported.push({ error, context }),
    later: (entry) => void kept.push(entry),
    ...over,
  }
}

export interface Answer {
  status: string
  call_id: string
  receipt?: Receipt
  refused?: { code: Code; message: string; hint?: string; rules?: string[]; retry: boolean }
  [k: string]: unknown
}

/** One call as a transport would make it. */
export const ask = async (
  gateway: { handle(request: never): Promise<{ json: string; isError: boolean }> },
  args: unknown,
  over: { tool?: string; caller?: Caller; signal?: AbortSignal; rawBytes?: number } = {},
): Promise<Answer> => {
  const request = {
    caller: over.caller ?? ana(),
    tool: over.tool ?? 'spy',
    args,
    rawBytes: over.rawBytes ?? JSON.stringify(args ?? null).length,
    signal: over.signal ?? new AbortController().signal,
  }
  return JSON.parse((await gateway.handle(request as never)).json) as Answer
}

export const types = (log: FakeLog): string[] => log.entries.map((entry) => entry.type)
export const textOf = (entry: Entry): string =>
  (entry.parts ?? []).map((part) => Buffer.from(part.bytes as string).toString()).join('\n')
