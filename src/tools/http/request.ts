/** http_request: one request to a route of a named target. */
import type { BaseFacts, HttpTarget, Session, Tool } from '../../types.ts'
import { isJsonType, outputOf } from './answer.ts'
import { type Body, readBody, unpackable } from './body.ts'
import type { Answering } from './exchange.ts'
import { failure, type Told } from './failure.ts'
import { type Carried, carry, oauthOf } from './inject.ts'
import { type Input, input, outputs } from './inputs.ts'
import type { Tokens } from './oauth.ts'
import { type Plan, planOf } from './plan.ts'
import type { Pool, Turn } from './pool.ts'
import { parseSelect } from './select.ts'

interface HttpFacts extends BaseFacts {
  readonly policy: {
    readonly method: string
    readonly route: string
    readonly query_keys: readonly string[]
    readonly host: string
  }
}

/** What clients hand on to a model without cutting it themselves. */
const usualBytes = 32 * 1024
/** JSON is read so far, so that it can be cut by its parts. */
const jsonBytes = 8 * 1024 ** 2

export interface HttpDesk {
  readonly pool: Pool
  readonly tokens: Tokens
}

// A plan is a pure function of input and target; the run of a call that was not held gets the same two objects as its facts.
const plans = new WeakMap<Input, { readonly target: HttpTarget; readonly plan: Plan }>()
const planned = (given: Input, target: HttpTarget): Plan => {
  const have = plans.get(given)
  if (have?.target === target) return have.plan
  const plan = planOf(given, target)
  plans.set(given, { target, plan })
  return plan
}

const facts = (given: Input, target: HttpTarget): HttpFacts => {
  if (given.select !== undefined) parseSelect(given.select)
  const { method, route, effect, queryKeys, url } = planned(given, target)
  return {
    effect,
    policy: { method, route: route.path, query_keys: queryKeys, host: url.host },
    names: { method, route: route.path },
  }
}

const carriedFor = async (
  { tokens }: HttpDesk,
  session: Session<HttpTarget>,
  turn: Turn,
): Promise<Carried> => {
  const oauth = oauthOf(session.target)
  return oauth ? tokens.of(session, oauth, turn) : carry(session.target, session.credential)
}

const most = ({ limits }: Session<HttpTarget>): number => Math.min(usualBytes, limits.bytes)

/** The body within its bounds. What a write's answer lost is no error: its status is the outcome. */
const bodyOf = async (
  { response }: Answering,
  plan: Plan,
  session: Session<HttpTarget>,
  told: Told,
): Promise<Body> => {
  if (plan.method === 'HEAD') return { bytes: Buffer.alloc(0), whole: true, seen: 0 }
  const cap = isJsonType(response.headers['content-type'])
    ? Math.max(jsonBytes, most(session))
    : most(session) + 4
  const body = await readBody(response, { cap, drain: told.writes }).catch(
    (cause: unknown): Body => {
      if (told.writes) return { bytes: Buffer.alloc(0), whole: false, seen: 0 }
      throw failure(cause, 'answering', told)
    },
  )
  if (body.bad !== undefined && !told.writes) throw unpackable(told.target, body.bad)
  return body
}

const run = async (desk: HttpDesk, given: Input, session: Session<HttpTarget>) => {
  const { target, limits } = session
  const plan = planned(given, target)
  const select = given.select === undefined ? undefined : parseSelect(given.select)
  const told: Told = {
    target: target.name,
    seconds: limits.seconds,
    connectMs: limits.connectMs,
    writes: plan.effect !== 'read',
  }
  return desk.pool.use(session, async (turn) => {
    const carried = await carriedFor(desk, session, turn)
    const answering = await desk.pool.send(session, plan, carried, turn, told)
    try {
      const { response } = answering
      const oauth = oauthOf(target)
      if (response.statusCode === 401 && oauth) desk.tokens.forget(session, oauth)
      const body = await bodyOf(answering, plan, session, told)
      return outputOf(response, body, {
        most: most(session),
        select,
        url: plan.url,
        known: carried.known,
      })
    } finally {
      answering.close()
    }
  })
}

export const httpRequest = (desk: HttpDesk): Tool<typeof input, HttpFacts, HttpTarget> => ({
  name: 'http_request',
  title: 'Call an HTTP service',
  description:
    "One request to a target's route; path is below its base URL. Credentials are added; redirects are returned, not followed. select: a path into JSON (items[*].id).",
  kind: 'http',
  input,
  output: outputs,
  annotations: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
    openWorldHint: true,
  },
  factKinds: { method: 'string', route: 'string', query_keys: 'strings', host: 'string' },
  ceiling: 'admin',
  facts: async (given, look) => facts(given, look.target),
  credential: () => 'run',
  // The path as it was written may hold dots and escapes; an approver sees what would go over the wire.
  preview: async (given, _, { target }) => {
    const { body, headers, method, url } = planned(given, target)
    return { request: `${method} ${url.href}`, headers, ...(body && { body_bytes: body.length }) }
  },
  run: (given, _, session) => run(desk, given, session),
})
