/** The whole way of a client against a real OpenID provider: challenge, metadata, token, call. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK } from 'jose'
// @ts-expect-error: the package has no types of its own
import { Provider } from 'oidc-provider'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bearerVerifier } from '../../src/identity/bearer.ts'
import { type Started, start } from '../mcp/start.ts'
import { makeKey } from './fake-issuer.ts'

const audience = 'http://127.0.0.1:7420/mcp'
let server: Server
let issuer: string
let running: Started

beforeAll(async () => {
  server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const key = await makeKey('p1', 'ES256')
  const provider = new Provider(issuer, {
    jwks: {
      keys: [{ ...(await exportJWK(key.privateKey)), kid: 'p1', alg: 'ES256', use: 'sig' }],
    } as never,
    clients: [
      {
        client_id: 'agent',
        client_secret: 'agent-secret',
        grant_types: ['client_credentials'],
        id_token_signed_response_alg: 'ES256',
        redirect_uris: [],
        response_types: [],
      },
    ],
    scopes: ['openid'],
    extraTokenClaims: async () => ({ groups: ['engineers', 'dba'] }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: async (_context: unknown, resource: string) => ({
          scope: 'openid',
          audience: resource,
          accessTokenTTL: 300,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  })
  server.on('request', provider.callback())
  running = await start({
    local: false,
    issuers: [issuer],
    bearer: bearerVerifier({ issuers: [{ issuer, groupsClaim: 'groups' }], audience }),
  })
})
afterAll(async () => {
  await running.listener.close(50)
  server.close()
  server.closeAllConnections()
})

const tokenFor = async (tokenEndpoint: string, resource: string): Promise<string> => {
  const response = await fetch(tokenEndpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('agent:agent-secret').toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope: 'openid' }),
  })
  const body = (await response.json()) as { access_token?: string }
  return body.access_token ?? `none: ${JSON.stringify(body)}`
}
const endpointOf = async (server_: string): Promise<string> => {
  const found = await fetch(`${server_}/.well-known/openid-configuration`)
  return ((await found.json()) as { token_endpoint: string }).token_endpoint
}
const call = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'echo', arguments: {} },
}

test("from the challenge to a call in one's own name", async () => {
  const refused = await running.post(call, { authorization: '' })
  expect(refused.status).toBe(401)
  const challenge = refused.headers.get('www-authenticate') ?? ''
  const metadataUrl = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? ''
  // publicUrl is what clients use; here the listener is on another port.
  const { pathname } = new URL(metadataUrl)
  const metadata = (await (await fetch(`${running.listener.url}${pathname}`)).json()) as {
    resource: string
    authorization_servers: string[]
  }
  expect(metadata.resource).toBe(audience)
  const token = await tokenFor(
    await endpointOf(metadata.authorization_servers[0] ?? ''),
    metadata.resource,
  )
  const { status } = await running.post(call, { authorization: `Bearer ${token}` })
  expect(status).toBe(200)
  expect(running.gateway.seen.at(-1)?.caller).toMatchObject({
    iss: issuer,
    sub: 'agent',
    client: 'agent',
    groups: ['engineers', 'dba'],
    auth: 'oidc',
    via: 'http',
  })
  expect(JSON.stringify(running.gateway.seen.at(-1))).not.toContain(token.slice(0, 40))
})

test('a token that the same provider gave for another resource is refused', async () => {
  const token = await tokenFor(await endpointOf(issuer), 'http://127.0.0.1:7420/other')
  expect(token).toMatch(/^ey/)
  const { status, headers } = await running.post(call, { authorization: `Bearer ${token}` })
  expect(status).toBe(401)
  expect(headers.get('www-authenticate')).toContain('error="invalid_token"')
  expect(running.refusals.at(-1)).toBe('audience')
})
