/** An API server that misbehaves as it is told; speaks HTTP and WebSocket on loopback. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { catalogue } from './catalogue.ts'

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}
type Answer = (request: Seen, response: ServerResponse) => void

export interface Fake {
  readonly kubeconfig: string
  readonly seen: Seen[]
  /** Answers before the ordinary ones; the last one that matches counts. */
  on(pattern: RegExp, answer: Answer): void
  /** What happens on an exec. */
  exec: (socket: WebSocket, raw: Duplex) => void
  close(): Promise<void>
}

export const reply =
  (status: number, body: unknown): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
export const status = (code: number, more: Record<string, unknown> = {}): Answer =>
  reply(code, {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code,
    message: 'raw words of the server',
    ...more,
  })

const discovery = (core: boolean): unknown => {
  const groups = new Map<string, unknown[]>()
  for (const one of catalogue.resources) {
    if ((one.group === '') !== core) continue
    const resource = {
      resource: one.plural,
      responseKind: { kind: one.kind },
      scope: one.namespaced ? 'Namespaced' : 'Cluster',
      singularResource: one.singular,
      shortNames: one.short,
      verbs: one.verbs,
      subresources: one.subresources.map((subresource) => ({ subresource })),
    }
    const key = `${one.group}|${one.version}`
    groups.set(key, [...(groups.get(key) ?? []), resource])
  }
  return {
    kind: 'APIGroupDiscoveryList',
    items: [...groups].map(([key, resources]) => {
      const [name, version] = key.split('|')
      return { metadata: core ? {} : { name }, versions: [{ version, resources }] }
    }),
  }
}

export const pod = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name: 'web-0', namespace: 'prod', uid: '11111111-1111-4111-8111-111111111111' },
  spec: { containers: [{ name: 'app', image: 'app:1' }] },
  status: { phase: 'Running' },
}

export const startFake = async (): Promise<Fake> => {
  const answers: { pattern: RegExp; answer: Answer }[] = []
  const seen: Seen[] = []
  const on = (pattern: RegExp, answer: Answer): void => {
    answers.unshift({ pattern, answer })
  }
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const one = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(pieces).toString('utf8'),
      }
      seen.push(one)
      const found = answers.find(({ pattern }) => pattern.test(`${one.method} ${one.url}`))
      ;(found?.answer ?? status(404))(one, response)
    })
  })
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: () => 'v5.channel.k8s.io',
  })
  const fake: Fake = {
    kubeconfig: '',
    seen,
    on,
    exec: (socket) => socket.close(),
    close: async () => {
      server.closeAllConnections()
      for (const socket of open) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
  const open = new Set<Duplex>()
  server.on('upgrade', (request, raw, head) => {
    open.add(raw)
    seen.push({ method: 'EXEC', url: request.url ?? '', headers: request.headers, body: '' })
    sockets.handleUpgrade(request, raw, head, (socket) => fake.exec(socket, raw))
  })
  on(/^GET \/api$/, reply(200, discovery(true)))
  on(/^GET \/apis$/, reply(200, discovery(false)))
  on(/^POST .*selfsubjectaccessreviews/, reply(201, { status: { allowed: true } }))
  on(
    /^GET \/api\/v1\/namespaces\/kube-system$/,
    reply(200, { metadata: { uid: '22222222-2222-4222-8222-222222222222' } }),
  )
  on(/^GET \/api\/v1\/namespaces\/prod\/pods\/web-0$/, reply(200, pod))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return Object.assign(fake, {
    kubeconfig: JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: 'u', user: { token: 'the-own-token-of-us' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'prod' } }],
      'current-context': 'x',
    }),
  })
}

/** Channel and data of one message. */
export const message = (channel: number, data: string | Buffer): Buffer =>
  Buffer.concat([Buffer.of(channel), Buffer.from(data)])
export const exitStatus = (code: number): Buffer =>
  message(
    3,
    JSON.stringify(
      code === 0
        ? { metadata: {}, status: 'Success' }
        : {
            status: 'Failure',
            reason: 'NonZeroExitCode',
            message: 'x',
            details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
          },
    ),
  )
