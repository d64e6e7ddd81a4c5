/** Services on loopback, and a target and session of them as the gateway would hand them to the tool. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { type HttpFamily, httpFamily } from '../../src/tools/http/index.ts'
import type { BaseFacts, Credential, HttpTarget, Limits, Session } from '../../src/types.ts'

export const limits: Limits = {
  rows: 100,
  bytes: 1_000_000,
  cellBytes: 1000,
  seconds: 20,
  connectMs: 1500,
  lockMs: 1000,
  concurrency: 4,
}
const all = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']

export const targetOf = (baseUrl: string, more: Partial<HttpTarget> = {}): HttpTarget => ({
  kind: 'http',
  name: 'orders',
  labels: {},
  credentials: {},
  limits,
  baseUrl,
  addresses: ['127.0.0.0/8', '::1/128'],
  routes: all.map((method) => ({ method, path: '/**' })),
  inject: {},
  ...more,
})

export const credentialOf = (
  secret: Readonly<Record<string, string>> = {},
  version = '1',
): Credential => ({ name: 'key', version, reveal: () => secret })

export interface SessionOptions {
  readonly limits?: Partial<Limits>
  readonly signal?: AbortSignal
  readonly caller?: string
  readonly credential?: Credential
}
export const sessionOf = (target: HttpTarget, more: SessionOptions = {}): Session<HttpTarget> => ({
  callId: 'call',
  target,
  credential: more.credential ?? credentialOf(),
  limits: { ...target.limits, ...more.limits },
  signal: more.signal ?? new AbortController().signal,
  caller: { iss: 'i', sub: more.caller ?? 'ana', groups: [] },
  prepared: async () => {},
})

const toolOf = (family: HttpFamily) => {
  const [tool] = family.tools
  if (!tool) throw new Error('no tool')
  return tool
}
const definitions = httpFamily()

/** Facts as the gateway gets them: input by the schema, then the tool. */
export const factsOf = (given: object, target: HttpTarget): Promise<BaseFacts> => {
  const tool = toolOf(definitions)
  return tool.facts(tool.input.parse({ target: target.name, ...given }), {
    target,
    catalogue: async () => null as never,
  })
}

export interface Got {
  readonly http_status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly [key: string]: unknown
  readonly truncated: boolean
  readonly known: readonly string[]
}
/** The whole way of a call: input, facts, run. */
export const call = async (
  family: HttpFamily,
  given: object,
  session: Session<HttpTarget>,
): Promise<Got> => {
  const tool = toolOf(family)
  const input = tool.input.parse({
    target: session.target.name,
    method: 'GET',
    path: '/',
    ...given,
  })
  const look = { target: session.target, catalogue: async () => null as never }
  const output = await tool.run(input, await tool.facts(input, look), session)
  if (output.kind !== 'fields') throw new Error(output.kind)
  // The shape that the tool declares; the tests look at each field.
  return {
    ...output.fields,
    truncated: output.truncated ?? false,
    known: output.known ?? [],
  } as unknown as Got
}

export interface Service {
  readonly port: number
  readonly url: string
  readonly server: Server
  /** Connections that are open now. */
  readonly open: Set<Socket>
  stop(): Promise<void>
}
const listening = async (server: Server | ReturnType<typeof createTcpServer>): Promise<number> => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()))
  return (server.address() as AddressInfo).port // a TCP server listens on a port
}
const track = (server: Server | ReturnType<typeof createTcpServer>): Set<Socket> => {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => {})
  })
  return open
}
export const serve = async (listener: RequestListener): Promise<Service> => {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener)
  const open = track(server)
  const port = await listening(server)
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    server,
    open,
    stop: async () => {
      for (const socket of open) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}
/** Bytes instead of HTTP: what `on` does with a connection once a request has come. */
export const serveBytes = async (
  on: (socket: Socket, request: string) => void,
): Promise<Omit<Service, 'server'>> => {
  const server = createTcpServer((socket) => {
    socket.once('data', (bytes) => on(socket, bytes.toString('latin1')))
  })
  const open = track(server)
  const port = await listening(server)
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    open,
    stop: async () => {
      for (const socket of open) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}

export const soon = async (ok: () => boolean, ms = 3000): Promise<boolean> => {
  const until = performance.now() + ms
  while (performance.now() < until) {
    if (ok()) return true
    await new Promise((done) => setTimeout(done, 20))
  }
  return ok()
}
