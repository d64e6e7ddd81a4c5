/** Approvals on a real store and a real log, and people who ask and answer. */
import { createHmac, randomBytes } from 'node:crypto'
import pg from 'pg'
import { openApprovals } from '../../src/approvals/approvals.ts'
import type { ApprovalsOptions } from '../../src/approvals/ports.ts'
import { openLog } from '../../src/audit/stream/stream.ts'
import { identified } from '../../src/identity/caller.ts'
import type {
  Approvals,
  Call,
  Caller,
  HeldCall,
  Json,
  Masked,
  Need,
  PostgresTarget,
} from '../../src/types.ts'
import { newId, type TestStore } from '../audit/support.ts'

export const person = (
  sub: string,
  groups: readonly string[],
  more: Partial<Caller> = {},
): Caller =>
  identified({
    iss: 'https://idp',
    sub,
    client: '',
    groups,
    via: 'cli',
    auth: 'oidc',
    session: `session-of-${sub}`,
    origin: {},
    ...more,
  })

export const ana = person('ana', ['engineers'], { via: 'http', client: 'agent' })
export const bo = person('bo', ['dba'])
export const cy = person('cy', ['dba', 'security'])
const self = identified({
  iss: 'gateway',
  sub: 'gateway',
  client: '',
  groups: [],
  via: 'gateway',
  auth: 'gateway',
  session: 'gateway',
  origin: {},
}) // prettier-ignore

export const need = (more: Partial<Need> = {}): Need => ({
  groups: ['dba'],
  quorum: 1,
  withinMs: 60_000,
  self: false,
  ...more,
})

const target: PostgresTarget = {
  kind: 'postgres',
  name: 'shop',
  labels: {},
  credentials: {},
  limits: { rows: 1, bytes: 1, cellBytes: 1, seconds: 1, connectMs: 1, lockMs: 1, concurrency: 1 },
  host: 'db',
  port: 5432,
  database: 'shop',
  tls: 'disable',
  allowSuperuser: false,
  columns: {},
  denyTables: [],
}
export const identity = 'pg:1/shop'
export const place = { name: 'shop', identity }

const masked = <T>(value: T): Masked<T> => value as Masked<T>

export const held = (
  caller: Caller = ana,
  needs: readonly Need[] = [need()],
  input: unknown = { target: 'shop', sql: 'update t set a = 1 where id = 7' },
): HeldCall => {
  const call: Call = {
    id: newId(),
    at: new Date(),
    caller,
    tool: 'sql_execute',
    target,
    input,
    facts: { effect: 'write', policy: { tables: ['t'] }, names: { tables: ['public.t'] } },
  }
  const view = {
    input: masked(input as Json),
    facts: { tables: ['t'] },
    preview: masked<Json>({ plan: 'Update on t', rows: 1.5 }),
    reason: masked('because'),
  } // prettier-ignore
  return { call, targetIdentity: identity, needs, rules: ['engineers-write'], masking: [], view }
}

const proofKey = randomBytes(32)
const mac = (statement: string): string =>
  createHmac('sha256', proofKey).update(statement).digest('hex')

export interface Gateway extends Approvals {
  readonly log: Awaited<ReturnType<typeof openLog>>
  /** Requests approval of a call and records it. */
  ask(held: HeldCall): Promise<string>
  /** Spends and records the intent. */
  run(callId: string, caller?: Caller): Promise<unknown>
  close(): Promise<void>
}

/** One of the gateways that share the store. */
export const gatewayOn = async (
  store: TestStore,
  more: Partial<ApprovalsOptions> = {},
): Promise<Gateway> => {
  const log = await openLog({ ...store, writer: `gw-${randomBytes(3).toString('hex')}` })
  const listener = new pg.Client({ connectionString: store.url })
  await listener.connect()
  const approvals = await openApprovals({
    pool: store.pool,
    log,
    keys: store.keys,
    self,
    mask: (text) => masked(text.replaceAll('hunter2', '[masked]')),
    proofs: {
      sign: (_by, statement) => mac(statement),
      verify: (_by, statement, proof) => proof === mac(statement),
    },
    listen: async (channel, heard) => {
      listener.on('notification', ({ payload }) => heard(payload ?? ''))
      await listener.query(`listen ${channel}`)
      return async () => undefined
    },
    ...more,
  })
  const actor = (caller: Caller) => ({
    actor: { iss: caller.iss, sub: caller.sub, client: caller.client, groups: caller.groups },
    origin: { via: caller.via, session: caller.session, auth: caller.auth },
  })
  return {
    ...approvals,
    log,
    ask: async (request) => {
      const { claim } = await approvals.request(request)
      const { call } = request
      await log.append(
        [
          {
            ...actor(call.caller),
            type: 'approval.requested',
            callId: call.id,
            tool: call.tool,
            target: 'shop',
          },
        ],
        claim,
      )
      return call.id
    },
    run: async (callId, caller = ana) => {
      const { claim, input } = await approvals.spend(callId, caller, place)
      await log.append(
        [{ ...actor(caller), type: 'call.intent', callId, tool: 'sql_execute', target: 'shop' }],
        claim,
      )
      return input
    },
    close: async () => {
      await approvals.close()
      await listener.end()
      await log.close()
    },
  }
}
