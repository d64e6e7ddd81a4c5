/** A listener as serve.ts builds it, on a free port, with a fake gateway behind it. */
import { randomBytes } from 'node:crypto'
import { apiApp } from '../../src/api/app.ts'
import { type Listener, startHttp } from '../../src/api/listener.ts'
import type { ApiPorts } from '../../src/api/ports.ts'
import { resourceOf } from '../../src/api/resource.ts'
import type { BearerVerifier } from '../../src/identity/bearer.ts'
import type { RefusalKind } from '../../src/identity/refusals.ts'
import { signIn } from '../../src/identity/sign-in.ts'
import type { Results } from '../../src/mcp/forms.ts'
import { mcpHttp } from '../../src/mcp/http.ts'
import { type FakeGateway, fakeGateway } from './fake-gateway.ts'

export const token = `cslocal_${'x'.repeat(43)}`
export const serverInfo = { name: 'countersign', version: '9.9.9' }

const nobody = (): never => {
  throw new Error('not in this test')
}

export const apiPorts = (changes: Partial<ApiPorts> = {}): ApiPorts => ({
  status: async () => ({ version: '9.9.9' }),
  ready: async () => ({ ready: true }),
  metrics: async () => ({ contentType: 'text/plain', text: 'calls_total 1\n' }),
  provePassphrase: nobody,
  proveBearer: nobody,
  isApprover: () => true,
  approvals: { list: async () => [], get: async () => undefined, answer: nobody },
  showCall: nobody,
  callsOf: async () => [],
  erasures: { erase: nobody, holds: async () => [], hold: nobody, lift: nobody },
  secrets: { list: async () => [], set: async () => undefined },
  pauses: { list: async () => [], set: async () => undefined, lift: async () => undefined },
  refused: () => undefined,
  failed: (error) => console.error(error),
  ...changes,
})

export interface Started {
  readonly gateway: FakeGateway
  readonly listener: Listener
  readonly refusals: RefusalKind[]
  readonly failures: unknown[]
  /** An MCP POST with the local token; `headers` and `body` as given. */
  post(
    body: string | object,
    headers?: Record<string, string>,
  ): Promise<{ status: number; text: string; headers: Headers }>
}

export const start = async (
  options: {
    results?: Results
    bearer?: BearerVerifier
    local?: boolean
    issuers?: readonly string[]
    ports?: Partial<ApiPorts>
    publicUrl?: string
  } = {},
): Promise<Started> => {
  const gateway = fakeGateway()
  const refusals: RefusalKind[] = []
  const failures: unknown[] = []
  const refused = (kind: RefusalKind): void => void refusals.push(kind)
  const publicUrl = options.publicUrl ?? 'http://127.0.0.1:7420'
  const resource = resourceOf(publicUrl, options.issuers ?? [])
  const failed = (error: unknown): void => void failures.push(error)
  const listener = await startHttp({
    host: '127.0.0.1',
    port: 0,
    publicUrl,
    mcp: mcpHttp(gateway, { results: options.results ?? 'auto', server: serverInfo, failed }),
    app: apiApp(apiPorts(options.ports), resource),
    signIn: signIn({
      bearer: options.bearer,
      local:
        options.local === false
          ? undefined
          : { principal: { subject: 'ana', groups: ['engineers'] }, token },
      refused,
    }),
    sessionKey: randomBytes(32),
    resource,
    refused,
    failed,
  })
  return {
    gateway,
    listener,
    refusals,
    failures,
    post: async (body, headers = {}) => {
      const response = await fetch(`${listener.url}/mcp`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
      return { status: response.status, text: await response.text(), headers: response.headers }
    },
  }
}
