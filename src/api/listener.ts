/** The HTTP listener: guards, sign-in, then MCP at /mcp and everything else by the app. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { RefusalKind } from '../identity/refusals.ts'
import { callerOf, type SignIn } from '../identity/sign-in.ts'
import type { Caller, Fields } from '../types.ts'
import type { ApiApp } from './app.ts'
import { isDirectLoopback, isLoopbackHost, listenerGuard, timesOf } from './guard.ts'
import { challengeOf, type Resource } from './resource.ts'

/** The part of `mcp/http.ts` that is needed here; rooms of one tier don't import each other. */
export interface McpFront {
  serve(
    request: IncomingMessage,
    response: ServerResponse,
    callerFor: (session: string, origin: Fields) => Caller,
  ): Promise<void>
}

export interface Listener {
  /** Where it really listens: `http://127.0.0.1:7420`. */
  readonly url: string
  readonly port: number
  /** Takes no more requests, lets those under way finish for `drainMs`, then cuts the rest. */
  close(drainMs: number): Promise<void>
}

const paths = { mcp: '/mcp' }
// Probes come by address, and tell nothing.
const unguarded = new Set(['/healthz', '/readyz'])

/** Starts listening on host and port (0: any free one). Rejects when it can't. */
export const startHttp = async (by: {
  readonly host: string
  readonly port: number
  readonly publicUrl: string
  readonly mcp: McpFront
  readonly app: ApiApp
  readonly signIn: SignIn
  readonly sessionKey: Uint8Array
  readonly resource: Resource
  readonly refused: (kind: RefusalKind) => void
  readonly failed: (error: unknown) => void
}): Promise<Listener> => {
  const host = by.host.replace(/^\[(.*)\]$/, '$1')
  let draining = false
  let port = by.port
  const guard = listenerGuard({
    publicUrl: by.publicUrl,
    listensOnLoopback: isLoopbackHost(host) || host === '::1',
    port: () => port,
  })
  const app = getRequestListener(
    (request, { incoming }) => {
      const node = incoming as IncomingMessage // HTTP/1 only is served here
      return by.app.fetch(request, { channel: 'tcp', direct: isDirectLoopback(node) })
    },
    { overrideGlobalObjects: false },
  )

  const serveMcp = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // Node keeps the first of several; what stands before us may have judged by another.
    const authorization = timesOf(request, 'authorization') > 1 ? '' : request.headers.authorization
    const proof = await by.signIn(authorization, isDirectLoopback(request)).catch(() => undefined)
    if (proof === undefined) {
      const invalid = request.headers.authorization !== undefined
      // What was sent is not read: nobody has said who sends it.
      response.setHeader('connection', 'close')
      refuse(response, 401, 'NOT_IDENTIFIED: a valid access token is needed.', {
        'www-authenticate': challengeOf(by.resource, invalid),
      })
      return
    }
    await by.mcp.serve(request, response, (clientSession, origin) =>
      callerOf(proof, { via: 'http', sessionKey: by.sessionKey, clientSession, origin }),
    )
  }

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (draining) response.setHeader('connection', 'close')
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    if (!unguarded.has(path)) {
      const guarded = guard(request)
      if (guarded !== 'fine') {
        by.refused(guarded)
        response.setHeader('connection', 'close')
        return refuse(
          response,
          403,
          `The ${guarded === 'host' ? 'Host' : 'Origin'} header names somebody else.`,
        )
      }
      if (draining) return refuse(response, 503, 'The gateway is stopping.', { 'retry-after': '5' })
    }
    if (path === paths.mcp) return serveMcp(request, response)
    await app(request, response)
  }

  const server = createServer(
    { headersTimeout: 15_000, requestTimeout: 60_000, keepAliveTimeout: 65_000 },
    (request, response) => {
      response.on('error', () => undefined)
      void serve(request, response).catch((error) => {
        by.failed(error)
        if (!response.headersSent) refuse(response, 500, 'The gateway failed on this request.')
        else response.destroy()
      })
    },
  )
  port = await listen(server, by.port, host)
  return {
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: (drainMs) => {
      draining = true
      return closeServer(server, drainMs)
    },
  }
}

const listen = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      // A TCP listener's address is never a path.
      resolve((server.address() as AddressInfo).port)
    })
  })

/** Also closes a server on a socket path. */
export const closeServer = (server: Server, drainMs: number): Promise<void> =>
  new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), drainMs)
    server.close(() => {
      clearTimeout(cut)
      resolve()
    })
    server.closeIdleConnections()
  })

/** JSON-RPC's form, since MCP clients read that; nothing that was sent is in it. */
const refuse = (
  response: ServerResponse,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void => {
  const text = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32001, message } })
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  })
  response.end(text)
}
