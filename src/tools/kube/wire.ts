/** One HTTP request to an API server: bounded in time, no redirect, no proxy. */
import http from 'node:http'
import https from 'node:https'
import type { KubernetesTarget } from '../../types.ts'
import { type Chosen, type Proof, pem } from './kubeconfig.ts'

/** The request got no whole answer. `sent`: the server may have acted on it. */
export class Lost extends Error {
  override readonly name = 'Lost'
  readonly sent: boolean
  /** The connection was an old one, which the server may have closed meanwhile, and nothing came. */
  readonly stale: boolean
  constructor(message: string, sent: boolean, stale: boolean, cause?: unknown) {
    super(message, { cause })
    this.sent = sent
    this.stale = stale
  }
}

export interface Asked {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Segments encoded, with query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
  readonly connectMs: number
  readonly signal: AbortSignal
}
export interface Head {
  readonly status: number
  readonly contentType: string
}

/** Sockets and TLS of one way to one server. */
export interface Way {
  readonly server: URL
  readonly tls: https.AgentOptions
  readonly proof: Proof
  /** Kept open for reads; what changes something gets a connection of its own, so that a stale one is never mistaken. */
  readonly agent: http.Agent
  close(): void
}

export const openWay = (
  target: KubernetesTarget,
  { server, cluster }: Chosen,
  proof: Proof,
): Way => {
  const ca = pem(target, cluster.caData, cluster.caFile)
  const tls: https.AgentOptions = {
    // Said here so that no variable of the environment can unsay it.
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(ca ? { ca } : {}),
    ...(proof.cert && proof.key ? { cert: proof.cert, key: proof.key } : {}),
    ...(cluster.tlsServerName ? { servername: cluster.tlsServerName } : {}),
  }
  const pool = { keepAlive: true, maxSockets: 64, maxFreeSockets: 8, timeout: 30_000 }
  const agent =
    server.protocol === 'https:' ? new https.Agent({ ...pool, ...tls }) : new http.Agent(pool)
  return { server, tls, proof, agent, close: () => agent.destroy() }
}

const headersOf = (way: Way, asked: Asked): http.OutgoingHttpHeaders => {
  const authorization = way.proof.authorization()
  return {
    ...Object.fromEntries(
      Object.entries(asked.headers).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : [...value],
      ]),
    ),
    ...(authorization === undefined ? {} : { authorization }),
    'user-agent': 'countersign',
    ...(asked.body === undefined ? {} : { 'content-length': Buffer.byteLength(asked.body) }),
  }
}

/** Where a path of ours lies on the server, whose own address may have a path. */
export const addressOf = (server: URL, path: string): string =>
  `${server.pathname.replace(/\/$/, '')}${path}`

/**
 * Sends the request and hands on what comes: `onHead` once, then `onData` for each piece; what `onData` answers false to
 * ends the request early. Resolves false when it was ended early. Rejects with `Lost`, or the reason of the signal.
 */
export const exchange = (
  way: Way,
  asked: Asked,
  onHead: (head: Head) => void,
  onData: (piece: Buffer) => boolean,
): Promise<boolean> =>
  new Promise((done, failed) => {
    const { signal } = asked
    if (signal.aborted) return failed(signal.reason)
    let sent = false
    let over = false
    let headed = false
    const reads = asked.method === 'GET'
    const secure = way.server.protocol === 'https:'
    const request = (secure ? https : http).request({
      host: way.server.hostname.replace(/^\[|\]$/g, ''),
      port: way.server.port || (secure ? 443 : 80),
      path: addressOf(way.server, asked.path),
      method: asked.method,
      headers: headersOf(way, asked),
      ...(reads ? { agent: way.agent } : { agent: false, ...way.tls }),
    })
    const settle = (end: () => void): void => {
      if (over) return
      over = true
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      end()
    }
    const lose = (message: string, cause?: unknown): void =>
      settle(() => {
        failed(new Lost(message, sent, request.reusedSocket && !headed, cause))
        request.destroy()
      })
    const abort = (): void =>
      settle(() => {
        failed(sent && !reads ? new Lost('aborted', true, false, signal.reason) : signal.reason)
        request.destroy()
      })
    const timer = setTimeout(() => lose('no connection in time'), asked.connectMs)
    signal.addEventListener('abort', abort, { once: true })
    const connected = (): void => {
      sent = true
      clearTimeout(timer)
    }
    request.on('socket', (socket) => {
      if (!socket.connecting && request.reusedSocket) connected()
      else socket.once(secure ? 'secureConnect' : 'connect', connected)
    })
    request.on('error', (cause) => lose('the connection failed', cause))
    request.on('upgrade', () => lose('the server changed the protocol'))
    request.on('response', (response) => {
      headed = true
      onHead({
        status: response.statusCode ?? 0,
        contentType: response.headers['content-type'] ?? '',
      })
      response.on('data', (piece: Buffer) => {
        if (over || onData(piece)) return
        settle(() => done(false))
        request.destroy()
      })
      response.on('error', (cause) => lose('the answer broke off', cause))
      response.on('close', () => lose('the answer broke off'))
      response.on('end', () => {
        if (response.complete) settle(() => done(true))
        else lose('the answer broke off')
      })
    })
    request.end(asked.body)
  })
