/** Everything over HTTP but MCP: health, metadata, metrics, and the API that the command line uses. */
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { asGateError, type Code, GateError } from '../errors.ts'
import { answers } from './answers.ts'
import type { ApiEnv, ApiPorts, Channel } from './ports.ts'
import { proven } from './proven.ts'
import { challengeOf, metadataOf, type Resource } from './resource.ts'

export interface ApiApp {
  fetch(request: Request, channel: Channel): Response | Promise<Response>
}

const statusOf: Readonly<Partial<Record<Code, 400 | 401 | 403 | 404 | 409 | 503>>> = {
  INPUT_REFUSED: 400,
  SYNTAX_ERROR: 400,
  NOT_IDENTIFIED: 401,
  NOT_ALLOWED: 403,
  TARGET_UNKNOWN: 404,
  APPROVAL_REJECTED: 409,
  APPROVAL_EXPIRED: 409,
  APPROVAL_MISMATCH: 409,
  AUDIT_UNAVAILABLE: 503,
  PAUSED: 503,
}

const mostBytes = 256 * 1024

export const apiApp = (ports: ApiPorts, resource: Resource): ApiApp => {
  const app = new Hono<ApiEnv>()
  app.onError((thrown, context) => {
    const error = asGateError(thrown)
    if (error.code === 'INTERNAL') ports.failed(thrown)
    if (error.code === 'NOT_IDENTIFIED')
      context.header('www-authenticate', challengeOf(resource, true))
    return context.json(
      { error: { code: error.code, message: error.message, ...error.teaching } },
      statusOf[error.code] ?? 500,
    )
  })
  app.notFound((context) =>
    context.json({ error: { code: 'INPUT_REFUSED', message: 'There is nothing here.' } }, 404),
  )
  app.use('*', async (context, next) => {
    await next()
    context.header('cache-control', 'no-store')
    context.header('x-content-type-options', 'nosniff')
  })

  app.get('/healthz', (context) => context.json({ status: 'ok' }))
  app.get('/readyz', async (context) => {
    const ready = await ports.ready()
    return context.json(ready, ready.ready ? 200 : 503)
  })
  const metadata = resource.issuers.length === 0 ? undefined : metadataOf(resource)
  for (const path of ['', new URL(resource.url).pathname, '/mcp'])
    app.get(`/.well-known/oauth-protected-resource${path}`, (context) =>
      metadata === undefined ? context.notFound() : context.json(metadata),
    )
  app.get('/metrics', async (context) => {
    if (!context.env.direct) await proven(context, ports)
    const { contentType, text } = await ports.metrics()
    return context.body(text, 200, { 'content-type': contentType })
  })

  app.use(
    '/api/*',
    bodyLimit({
      maxSize: mostBytes,
      onError: () => {
        throw new GateError('INPUT_REFUSED', `A request has at most ${mostBytes} bytes.`)
      },
    }),
  )
  app.get('/api/status', async (context) => {
    // Over the socket its reader is this user, who may read the state folder anyway.
    if (context.env.channel !== 'socket') await proven(context, ports)
    return context.json(await ports.status())
  })
  app.route('/api', answers(ports))
  return { fetch: (request, channel) => app.fetch(request, channel) }
}
