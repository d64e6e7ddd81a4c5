// HTTP cases: a service with TLS on loopback that stands for https://api.example.com/v1; each line as the call that an
// agent would make of it.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const origin = 'https://api.example.com'
const base = '/v1'
const token = 'canary-token-of-the-target'

/** `https://api.example.com[:443]` at the beginning of a URL as it is written; what follows is left as it is. */
const ofTarget = /^https:\/\/api\.example\.com(?::443)?(?=[/?#]|$)/i

/** `path` of the call: below the base; outside of it by way of `..`; a URL of anybody else's as it stands. */
const pathOf = (url) => {
  const match = ofTarget.exec(url)
  if (!match) return url
  const rest = url.slice(match[0].length) || '/'
  if (rest === base || rest.startsWith(`${base}?`)) return `/${rest.slice(base.length)}`
  return rest.startsWith(`${base}/`) ? rest.slice(base.length) : `/..${rest}`
}

export const argsOf = (input) => {
  const [first, ...lines] = input.split(/(?<!\r)\n/)
  const [, method, url] = /^(.*?) ((?:[a-z]+:|\/).*)$/is.exec(first) ?? [undefined, '', first]
  const headers = Object.fromEntries(
    lines
      .filter((line) => line !== '')
      .map((line) => [
        line.slice(0, Math.max(0, line.indexOf(':'))),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
  )
  return {
    target: 'api',
    method,
    path: pathOf(url),
    ...(lines.length > 0 ? { headers } : {}),
  }
}

const certificate = () => {
  const dir = mkdtempSync(join(tmpdir(), 'cs-corpus-tls-'))
  try {
    execFileSync(
      'openssl',
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem'.split(
        ' ',
      ),
      { cwd: dir, stdio: 'ignore' },
    )
    return {
      cert: readFileSync(join(dir, 'cert.pem'), 'utf8'),
      key: readFileSync(join(dir, 'key.pem'), 'utf8'),
    }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

export const open = async () => {
  const tls = certificate()
  // What must never happen, as the service saw it: a change, something outside of the base, a header of the agent's.
  const harm = []
  const server = createServer(tls, (request, response) => {
    const path = new URL(request.url, origin).pathname
    const odd = Object.keys(request.headers).filter((name) =>
      /method|forward|original|rewrite|cookie|injected|^x-[ab]$/.test(name),
    )
    if (
      !['GET', 'HEAD', 'OPTIONS'].includes(request.method) ||
      !path.startsWith(`${base}/`) ||
      odd.length > 0 ||
      request.headers.authorization !== `Bearer ${token}`
    )
      harm.push(`${request.method} ${request.url} ${odd}`)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ path: request.url, sent: request.headers }))
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address()
  return {
    canaries: [token],
    grants: [
      '  - { id: http-read, groups: [agents], targets: { env: prod }, tools: [http_request], effects: [read] }',
      '  - { id: http-change, groups: [agents], targets: { env: prod }, tools: [http_request], effects: [write, admin], approval: { by: [dba], within: 15m } }',
    ].join('\n'),
    config: (dir) => {
      writeFileSync(join(dir, 'api-token'), JSON.stringify({ token }), { mode: 0o600 })
      writeFileSync(join(dir, 'ca.pem'), tls.cert)
      const routes = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'].map(
        (method) => `{ method: ${method}, path: "/**" }`,
      )
      return [
        'credentials: { api-token: "file:./api-token" }',
        'targets:',
        '  api:',
        '    kind: http',
        '    labels: { env: prod }',
        `    baseUrl: https://127.0.0.1:${port}${base}`,
        '    addresses: [127.0.0.0/8]',
        '    ca: file:./ca.pem',
        '    inject: { header: Authorization, value: api-token, prefix: "Bearer " }',
        `    routes: [${routes.join(', ')}]`,
      ].join('\n')
    },
    calls: (one) => [{ tool: 'http_request', args: argsOf(one.input) }],
    snapshot: async () => harm.join('\n'),
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
