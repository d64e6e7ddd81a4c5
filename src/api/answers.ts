/** Approvals, stories of calls, secrets and pauses, each for a proven approver. */
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { GateError } from '../errors.ts'
import type { ApiEnv, ApiPorts } from './ports.ts'
import { proven } from './proven.ts'

const callId = z.uuid()
const words = z.string().trim().max(2000)
const states = z.enum(['requested', 'approved', 'rejected', 'expired', 'cancelled', 'spent'])
const answer = z.strictObject({
  decision: z.enum(['approve', 'reject']),
  comment: words.optional(),
})
const reason = words.min(1)
const name = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'holds a control character or half of one')
const scope = z.strictObject({ caller: name.optional(), target: name.optional() })
const pause = scope.extend({ reason: words.default('') })
const erasure = z.strictObject({
  call: callId.optional(),
  caller: name.optional(),
  before: z.iso.datetime().optional(),
  retention: z.boolean().optional(),
  reason,
})
const hold = z.strictObject({
  call: callId.optional(),
  labels: z.record(name, z.union([name, z.literal('')])).optional(),
  reason,
})
const why = z.strictObject({ reason })
const secretKey = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/)
const secret = z.strictObject({
  value: z
    .string()
    .min(1)
    .max(128 * 1024),
})

export const answers = (ports: ApiPorts): Hono<ApiEnv> => {
  const app = new Hono<ApiEnv>()

  app.get('/approvals', async (context) => {
    await proven(context, ports)
    const asked = context.req.queries('state')?.map((state) => parse(states, state, 'state'))
    return context.json({ approvals: await ports.approvals.list(asked ? { states: asked } : {}) })
  })
  app.get('/approvals/:id', async (context) => {
    await proven(context, ports)
    const found = await ports.approvals.get(idOf(context))
    if (found === undefined) throw new GateError('TARGET_UNKNOWN', 'There is no such approval.')
    return context.json(found)
  })
  app.post('/approvals/:id/answer', async (context) => {
    const by = await proven(context, ports)
    const { decision, comment } = await body(context, answer)
    return context.json(await ports.approvals.answer(idOf(context), by, decision, comment))
  })
  app.get('/calls', async (context) => {
    await proven(context, ports)
    const session = parse(name, context.req.query('session'), 'session')
    return context.json({ calls: await ports.callsOf(session) })
  })
  app.get('/calls/:id', async (context) => {
    const by = await proven(context, ports)
    const why = parse(reason, context.req.query('reason') ?? '', 'reason')
    return context.json({ call: await ports.showCall(idOf(context), by, why) })
  })
  app.get('/secrets', async (context) => {
    const by = await proven(context, ports)
    return context.json({ secrets: await ports.secrets.list(by) })
  })
  app.put('/secrets/:key', async (context) => {
    const by = await proven(context, ports)
    const key = parse(secretKey, context.req.param('key'), 'key')
    const { value } = await body(context, secret)
    await ports.secrets.set(key, value, by)
    return context.json({ set: key })
  })
  app.get('/pauses', async (context) => {
    const by = await proven(context, ports)
    return context.json({ pauses: await ports.pauses.list(by) })
  })
  app.post('/pause', async (context) => {
    const by = await proven(context, ports)
    const { reason: why, ...of } = await body(context, pause)
    await ports.pauses.set(of, by, why)
    return context.json({ paused: of })
  })
  app.post('/resume', async (context) => {
    const by = await proven(context, ports)
    const of = await body(context, scope)
    const found = inForce.parse(await ports.pauses.list(by))
    if (!isPaused(of, found))
      throw new GateError('INPUT_REFUSED', 'No pause of just this kind is in force.', {
        hint:
          found.length === 0
            ? 'Nothing is paused.'
            : `Paused are: ${found.slice(0, 20).map(pauseWords).join('; ')}.`,
      })
    await ports.pauses.lift(of, by)
    return context.json({ resumed: of })
  })
  app.post('/erasures', async (context) => {
    const by = await proven(context, ports)
    const { reason: said, ...of } = await body(context, erasure)
    return context.json(await ports.erasures.erase(of, by, said))
  })
  app.get('/holds', async (context) => {
    await proven(context, ports)
    return context.json({ holds: await ports.erasures.holds() })
  })
  app.post('/holds', async (context) => {
    const by = await proven(context, ports)
    const { reason: said, ...of } = await body(context, hold)
    return context.json({ hold: await ports.erasures.hold(of, by, said) })
  })
  app.post('/holds/:id/lift', async (context) => {
    const by = await proven(context, ports)
    const { reason: said } = await body(context, why)
    return context.json({ event: await ports.erasures.lift(idOf(context), by, said) })
  })
  return app
}

const inForce = z.array(z.object({ scope: z.enum(['caller', 'target', 'all']), value: z.string() }))
type InForce = z.output<typeof inForce>

/** Each part of what is to be lifted is in force: the same words lift a pause that set it. */
const isPaused = ({ caller, target }: z.output<typeof scope>, found: InForce): boolean => {
  const has = (kind: string, value: string): boolean =>
    found.some((one) => one.scope === kind && one.value === value)
  if (caller === undefined && target === undefined) return has('all', '')
  return (
    (caller === undefined || has('caller', caller)) &&
    (target === undefined || has('target', target))
  )
}

const pauseWords = ({ scope: kind, value }: InForce[number]): string =>
  kind === 'all' ? 'all calls' : kind === 'caller' ? `calls of ${value}` : `calls on ${value}`

const idOf = (context: Context<ApiEnv>): string => parse(callId, context.req.param('id'), 'call id')

const parse = <T>(form: z.ZodType<T>, value: unknown, what: string): T => {
  const parsed = form.safeParse(value)
  if (parsed.success) return parsed.data
  throw new GateError('INPUT_REFUSED', `The ${what} is not right: ${issuesOf(parsed.error)}`)
}

const body = async <T extends z.ZodType>(
  context: Context<ApiEnv>,
  form: T,
): Promise<z.output<T>> => {
  // A form that another page posts has no such content type without asking first.
  if (!/^application\/json\b/i.test(context.req.header('content-type') ?? ''))
    throw new GateError('INPUT_REFUSED', 'The content type has to be application/json.')
  const value: unknown = await context.req.json().catch(() => undefined)
  return parse(form, value, 'request') as z.output<T> // parse gives what the form puts out
}

/** Names what is wrong, never the value. */
const issuesOf = (error: z.ZodError): string =>
  error.issues
    .slice(0, 5)
    .map(
      ({ path, message }) =>
        `${path.map(String).join('.')}${path.length > 0 ? ': ' : ''}${message}`,
    )
    .join('; ')
