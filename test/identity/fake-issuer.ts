/** An OpenID issuer on loopback whose keys and moods a test sets. */
import type { webcrypto } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

export interface Key {
  readonly kid: string
  readonly alg: string
  readonly privateKey: webcrypto.CryptoKey
  readonly publicJwk: JWK
}

export const makeKey = async (kid: string, alg = 'RS256'): Promise<Key> => {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return {
    kid,
    alg,
    privateKey,
    publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
  }
}

export interface FakeIssuer {
  readonly url: string
  keys: JWK[]
  /** What the next answers are: `up`, status 500, or never an answer. */
  mood: 'up' | 'broken' | 'silent' | 'redirect' | 'liar'
  /** Requests for keys. */
  fetched: number
  close(): Promise<void>
}

export const startIssuer = async (): Promise<FakeIssuer> => {
  const server = createServer((request, response) => {
    const json = (value: unknown): void => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(value))
    }
    if (issuer.mood === 'silent') return
    if (issuer.mood === 'broken') {
      response.statusCode = 500
      response.end()
    } else if (issuer.mood === 'redirect' && request.url === '/jwks') {
      response.writeHead(302, { location: '/other-jwks' })
      response.end()
    } else if (request.url === '/.well-known/openid-configuration')
      json({
        issuer: issuer.mood === 'liar' ? 'http://127.0.0.1:1' : issuer.url,
        jwks_uri: `${issuer.url}/jwks`,
      })
    else if (request.url === '/jwks' || request.url === '/other-jwks') {
      issuer.fetched += 1
      json({ keys: issuer.keys })
    } else {
      response.statusCode = 404
      response.end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const issuer: FakeIssuer = {
    url: `http://127.0.0.1:${port}`,
    keys: [],
    mood: 'up',
    fetched: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return issuer
}

/** A token signed by `key`; `header` and `payload` replace what a good one has (undefined takes a claim away). */
export const sign = (
  key: Key,
  issuer: string,
  payload: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> => {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: issuer,
    aud: 'http://127.0.0.1:7420/mcp',
    sub: 'user:42',
    client_id: 'agent',
    groups: ['engineers'],
    iat: now,
    exp: now + 300,
    jti: 'j1',
    ...payload,
  }
  return new SignJWT(claims as JWTPayload)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header })
    .sign(key.privateKey)
}
