/** A target that says our credential back, in any part of its answer: the agent does not get it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openMasker } from '../../src/masking/masker.ts'
import { httpFamily } from '../../src/tools/http/index.ts'
import { credentialOf, type Service, serve, sessionOf, targetOf } from './support.ts'

const secret = 'k3y-4f9a0c7d2b-echoed-back'
const family = httpFamily()
let service: Service
beforeAll(async () => {
  service = await serve((request, response) => {
    const url = new URL(request.url ?? '', 'http://x')
    const key = String(request.headers['x-api-key'])
    const said: Readonly<Record<string, string>> = {
      raw: key,
      base64: Buffer.from(`svc:${key}`).toString('base64'),
      base64url: Buffer.from(`{"k":"${key}"}`).toString('base64url'),
      hex: Buffer.from(key).toString('hex'),
      percent: [...Buffer.from(key)].map((byte) => `%${byte.toString(16)}`).join(''),
      escaped: [...key].map((one) => `\\u00${one.charCodeAt(0).toString(16)}`).join(''),
    }
    const form = said[url.searchParams.get('as') ?? 'raw'] ?? ''
    const pad = 'a'.repeat(Number(url.searchParams.get('pad') ?? 0))
    const text = `${pad}${form}`
    switch (url.pathname) {
      case '/text':
        response.setHeader('content-type', 'text/plain')
        return response.end(text)
      case '/json':
        response.setHeader('content-type', 'application/json')
        return response.end(JSON.stringify({ echo: { [text]: [text] }, text }))
      case '/location':
        response.writeHead(302, { location: `/next/${text}?page=${text}` })
        return response.end()
      case '/far':
        response.writeHead(302, { location: `https://${key}@e.example/${text}` })
        return response.end()
      default:
        response.setHeader(url.pathname.slice(1), text)
        return response.end('fine')
    }
  })
})
afterAll(async () => {
  await family.family.close()
  await service.stop()
})

const masker = openMasker({ tokenKey: Buffer.alloc(32, 1), knownSecrets: () => [] })
const ask = async (path: string, query: object): Promise<string> => {
  const target = targetOf(service.url, { inject: { header: 'X-Api-Key', value: 'key' } })
  const session = sessionOf(target, { credential: credentialOf({ token: secret }) })
  const [tool] = family.tools
  const input = tool?.input.parse({ target: target.name, method: 'GET', path, query })
  const look = { target, catalogue: async () => null as never }
  const output = await tool?.run(input, await tool.facts(input, look), session)
  if (output?.kind !== 'fields') throw new Error('no fields')
  const { json } = await masker.output(output, { profile: [], known: output.known ?? [] })
  return json
}

const places = ['text', 'json', 'location', 'far', 'etag', 'link', 'x-request-id', 'warning']
const ways = ['raw', 'base64', 'base64url', 'hex', 'percent', 'escaped']
// A backslash is no part of a URL.
const isUrl = (place: string): boolean => place === 'location' || place === 'far'
test.each(
  places.flatMap((place) =>
    ways.filter((way) => way !== 'escaped' || !isUrl(place)).map((way) => [place, way] as const),
  ),
)('in %s, as %s', async (place, as) => {
  const json = await ask(`/${place}`, { as, pad: 3 })
  expect(json).not.toContain(secret.slice(0, 12))
  expect(json).toMatch(/masked/)
})

// The agent chooses how much stands before it, and so where the cut falls.
test.each(['text', 'json', 'location', 'etag', 'link'])('and where %s is cut', async (place) => {
  const bound = place === 'text' || place === 'json' ? 32 * 1024 : 4000
  for (const pad of Array.from({ length: 20 }, (_, n) => bound - 4 - n * 2)) {
    const json = await ask(`/${place}`, { as: 'raw', pad })
    expect(json, String(pad)).not.toContain(secret.slice(0, 12))
  }
})

test('nor in the path of what was cut, where a slash and a tilde are written otherwise', async () => {
  const odd = 'sl/sh~and/tilde=8842'
  const own = openMasker({ tokenKey: Buffer.alloc(32, 1), knownSecrets: () => [odd] })
  const body = await serve((_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ [odd]: 'x'.repeat(100_000) }))
  })
  const [tool] = family.tools
  const target = targetOf(body.url)
  const input = tool?.input.parse({ target: target.name, method: 'GET', path: '/' })
  const look = { target, catalogue: async () => null as never }
  const output = await tool?.run(input, await tool.facts(input, look), sessionOf(target))
  const { json } = await own.output(output as never, { profile: [], known: [] })
  await body.stop()
  expect(json).toContain('"cut"')
  expect(json).not.toMatch(/sl(?:\/|~1)sh/)
})
