import { createHash } from 'node:crypto'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { httpFamily } from '../../src/tools/http/index.ts'
import { call, type Service, serve, sessionOf, targetOf } from './support.ts'

const items = Array.from({ length: 5000 }, (_, id) => ({ id, name: `item ${id}` }))
const packed = {
  gzip: gzipSync,
  br: brotliCompressSync,
  deflate: deflateSync,
  'deflate-raw': deflateRawSync,
} as const

let service: Service
const family = httpFamily()
beforeAll(async () => {
  service = await serve((request, response) => {
    const url = new URL(request.url ?? '', 'http://x')
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const json = (value: unknown, status = 200): void => {
        response.writeHead(status, {
          'content-type': 'application/json; charset=utf-8',
          'set-cookie': 'session=secret-cookie',
          'x-request-id': 'r-1',
          'x-internal': 'no',
          'www-authenticate': 'Bearer realm="x"',
        })
        response.end(JSON.stringify(value))
      }
      const [, what = '', more = ''] = url.pathname.split('/')
      switch (what) {
        case 'echo':
          return json({
            method: request.method,
            url: request.url,
            headers: request.rawHeaders,
            body: Buffer.concat(pieces).toString('utf8'),
          })
        case 'items':
          return json({ total: items.length, items, next: null })
        case 'status':
          return json({ error: 'said' }, Number(more))
        case 'packed': {
          const pack = packed[more as keyof typeof packed]
          response.writeHead(200, {
            'content-type': 'text/plain',
            'content-encoding': more.replace('-raw', ''),
          })
          return response.end(pack(Buffer.from('packed text '.repeat(20))))
        }
        case 'twice':
          response.writeHead(200, {
            'content-type': 'text/plain',
            'content-encoding': 'deflate, gzip',
          })
          return response.end(gzipSync(deflateSync(Buffer.from('twice packed'))))
        case 'thrice':
          response.writeHead(200, { 'content-encoding': 'gzip, gzip, gzip' })
          return response.end(gzipSync(gzipSync(gzipSync('thrice'))))
        case 'image':
          response.writeHead(200, { 'content-type': 'image/png' })
          return response.end(Buffer.from([137, 80, 78, 71, 0, 1, 2, 255]))
        case 'latin1':
          response.writeHead(200, { 'content-type': 'text/plain; charset=iso-8859-1' })
          return response.end(Buffer.from('caf\u00e9', 'latin1'))
        case 'wrong-utf8':
          response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
          return response.end(Buffer.from([0x61, 0xff, 0xfe]))
        case 'long':
          response.writeHead(200, { 'content-type': 'text/plain' })
          return response.end('é'.repeat(100_000))
        case 'numbers':
          response.writeHead(200, { 'content-type': 'application/json' })
          return response.end(
            '{"id":12345678901234567890,"small":7,"e":1e400,"in":"12345678901234567890 \\" 1e400"}',
          )
        case 'deep':
          response.writeHead(200, { 'content-type': 'application/json' })
          return response.end('['.repeat(100_000) + ']'.repeat(100_000))
        case 'proto':
          response.writeHead(200, { 'content-type': 'application/json' })
          return response.end('{"__proto__":{"polluted":true},"constructor":1}')
        case 'redirect':
          response.writeHead(302, {
            location: url.searchParams.get('to') ?? '',
          })
          return response.end()
        case 'empty':
          response.writeHead(204)
          return response.end()
        default:
          response.writeHead(200, { 'content-type': 'text/plain' })
          return response.end('plain')
      }
    })
  })
})
afterAll(async () => {
  await family.family.close()
  await service.stop()
})
const ask = (given: object, more: Parameters<typeof targetOf>[1] = {}) =>
  call(family, given, sessionOf(targetOf(service.url, more)))

describe('what is sent', () => {
  test('is what was planned, with headers that are ours', async () => {
    const got = await ask({
      method: 'post',
      path: '/echo/../echo/%61b%40c?x=..%2Fy',
      query: { q: "'; DROP" },
      headers: { Accept: 'application/json' },
      body: { a: [1, 'é'] },
    })
    const seen = got.body as { method: string; url: string; headers: string[]; body: string }
    expect(seen.method).toBe('POST')
    expect(seen.url).toBe('/echo/ab%40c?x=..%2Fy&q=%27%3B%20DROP')
    expect(seen.body).toBe('{"a":[1,"é"]}')
    const names = seen.headers.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase())
    expect(names.sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'content-length',
      'content-type',
      'host',
      'user-agent',
    ])
    expect(seen.headers).toContain(`127.0.0.1:${service.port}`)
  })
  test('goes below the base URL', async () => {
    const got = await call(family, { path: '/y' }, sessionOf(targetOf(`${service.url}/echo/x`)))
    expect(got.body).toMatchObject({ url: '/echo/x/y' })
  })
})

describe('what comes back', () => {
  test('is the status, a few headers, and JSON as JSON', async () => {
    const got = await ask({ path: '/status/200' })
    expect(got).toEqual({
      http_status: 200,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'x-request-id': 'r-1',
        date: expect.any(String),
      },
      body: { error: 'said' },
      truncated: false,
      known: [],
    })
    expect(JSON.stringify(got)).not.toMatch(/cookie|realm|internal/)
  })
  test.each([404, 500, 401, 429])('a status %i is an answer, not an error', async (status) => {
    expect(await ask({ path: `/status/${status}` })).toMatchObject({
      http_status: status,
      body: { error: 'said' },
    })
  })
  test('nothing is nothing', async () => {
    expect(await ask({ path: '/empty', method: 'DELETE' })).toMatchObject({
      http_status: 204,
      truncated: false,
    })
    expect(await ask({ path: '/items', method: 'HEAD' })).not.toHaveProperty('body')
  })
  test.each(['gzip', 'br', 'deflate', 'deflate-raw'])('%s is unpacked', async (coding) => {
    expect(await ask({ path: `/packed/${coding}` })).toMatchObject({
      body: 'packed text '.repeat(20),
      truncated: false,
    })
  })
  test('two layers are unpacked, three are not', async () => {
    expect(await ask({ path: '/twice' })).toMatchObject({ body: 'twice packed' })
    await expect(ask({ path: '/thrice' })).rejects.toMatchObject({ code: 'TARGET_FAILED' })
  })
  test('binary is withheld with its size and type', async () => {
    expect(await ask({ path: '/image' })).toMatchObject({ withheld: 'binary, image/png', bytes: 8 })
    expect(await ask({ path: '/wrong-utf8' })).toMatchObject({ withheld: 'binary, text/plain' })
  })
  test('another charset is read as such', async () => {
    expect(await ask({ path: '/latin1' })).toMatchObject({ body: 'café' })
  })
  test('a long text is cut between characters', async () => {
    const got = await ask(
      { path: '/long' },
      { limits: { ...targetOf('http://x').limits, bytes: 1001 } },
    )
    expect(got).toMatchObject({ body: 'é'.repeat(500), truncated: true })
  })
  test('a long list is cut with its count, and its small neighbours stay', async () => {
    const got = await ask({ path: '/items' })
    const body = got.body as { total: number; items: unknown[]; next: null }
    expect(body.total).toBe(5000)
    expect(body.next).toBeNull()
    expect(body.items.length).toBeGreaterThan(500)
    expect(got.truncated).toBe(true)
    expect(got.cut).toEqual([{ path: '/items', kept: body.items.length, of: 5000, what: 'items' }])
    expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThanOrEqual(32 * 1024)
  })
  test('numbers that a double cannot hold keep their digits', async () => {
    expect((await ask({ path: '/numbers' })).body).toEqual({
      id: '12345678901234567890',
      small: 7,
      e: '1e400',
      in: '12345678901234567890 " 1e400',
    })
  })
  test('JSON that is nested too deeply is text', async () => {
    const got = await ask({ path: '/deep' })
    expect(typeof got.body).toBe('string')
    expect(got.truncated).toBe(true)
  })
  test('a key __proto__ is a key', async () => {
    const { body } = await ask({ path: '/proto' })
    expect(JSON.stringify(body)).toBe('{"__proto__":{"polluted":true},"constructor":1}')
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })
})

describe('select', () => {
  test.each([
    ['total', 5000],
    ['$.total', 5000],
    ['/total', 5000],
    ['items[0]', items[0]],
    ['items.0.name', 'item 0'],
    ['/items/4999/id', 4999],
    ['items[-1].id', 4999],
    ['items[10:13].id', [10, 11, 12]],
    ['items[4998:].name', ['item 4998', 'item 4999']],
    ['next', null],
  ])('%s', async (select, value) => {
    const got = await ask({ path: '/items', select })
    expect(got.body).toEqual(value)
    expect(got.truncated).toBe(false)
  })
  test('of everything is cut like everything', async () => {
    const got = await ask({ path: '/items', select: 'items[*].name' })
    expect(got.cut).toEqual([
      { path: '', kept: (got.body as unknown[]).length, of: 5000, what: 'items' },
    ])
  })
  test('that leads nowhere says what is there', async () => {
    expect(await ask({ path: '/items', select: 'things[0]' })).toMatchObject({
      body: null,
      note: expect.stringContaining('total, items, next'),
    })
  })
  test('of text is told', async () => {
    expect(await ask({ path: '/', select: 'a' })).toMatchObject({
      body: 'plain',
      note: expect.stringContaining('JSON only'),
    })
  })
})

describe('a redirect', () => {
  test.each([
    ['http://169.254.169.254/latest/meta-data/', 'http://169.254.169.254/latest/meta-data/'],
    ['/elsewhere?page=2', '/elsewhere?page=2'],
    ['https://u:p4ssword@evil.example/x#access_token=abc', 'https://evil.example/x'],
    ['https://a.example/cb?code=s3cret&page=2', 'https://a.example/cb?code=masked&page=2'],
    ['javascript:alert(1)', 'javascript:alert(1)'],
  ])('to %s is returned, not followed', async (to, location) => {
    const got = await ask({ path: '/redirect', query: { to } })
    expect(got.http_status).toBe(302)
    expect(got.headers.location).toBe(
      location.startsWith('/') ? `${service.url}${location}` : location,
    )
    expect(JSON.stringify(got)).not.toMatch(/p4ssword|s3cret|access_token/)
  })
})

test('the target is told from others by its origin and base path', async () => {
  for (const [base, identity] of [
    ['', ''],
    ['/', ''],
    ['/v1', '/v1'],
    ['/v1/', '/v1'],
  ]) {
    const session = sessionOf(targetOf(`${service.url}${base}`))
    expect(await family.family.identify(session)).toBe(`http:${service.url}${identity}`)
  }
})

test('nothing of the answer is lost on the way', async () => {
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
  const text = 'x'.repeat(100)
  const got = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      ask({ path: '/echo', method: 'POST', body: `${text}${n}` }),
    ),
  )
  got.forEach(({ body }, n) => {
    expect(digest((body as { body: string }).body)).toBe(digest(`${text}${n}`))
  })
})
