/** Answers made to mislead or to overwhelm: what is shown is true, bounded, and says what was left out. */
import { brotliCompressSync, deflateRawSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { httpFamily } from '../../src/tools/http/index.ts'
import { call, type Got, type Service, serve, serveBytes, sessionOf, targetOf } from './support.ts'

const family = httpFamily()
let service: Service
let answer: { status?: number; headers: Record<string, string>; body: Buffer | string }
beforeAll(async () => {
  service = await serve((_, response) => {
    response.writeHead(answer.status ?? 200, answer.headers)
    response.end(answer.body)
  })
})
afterAll(async () => {
  await family.family.close()
  await service.stop()
})
const ask = (given: object, from: typeof answer): Promise<Got> => {
  answer = from
  return call(family, given, sessionOf(targetOf(service.url)))
}
const json = (value: unknown) => ({
  headers: { 'content-type': 'application/json' },
  body: typeof value === 'string' ? value : JSON.stringify(value),
})

describe('select of very much', () => {
  const zeros = { items: Array.from({ length: 15_000 }, () => ({ a: 0, b: [1, 2] })) }
  test('says how many there are, and that some are missing', async () => {
    const got = await ask(
      { select: 'items[*].a' },
      json({ items: zeros.items.map(() => ({ a: 0 })) }),
    )
    const kept = (got.body as unknown[]).length
    expect(got.truncated || kept === 15_000).toBe(true)
    if (kept < 15_000) expect(got.cut).toEqual([{ path: '', kept, of: 15_000, what: 'items' }])
  })
  test.each([
    ['items[0:12000].a', 12_000],
    ['items[*].b[*]', 30_000],
    ['/items/*/a', 15_000],
    ['[*][*].a', 15_000],
    ['items[-12000:].a', 12_000],
    ['items[*].b', 15_000],
  ])('%s leads to %i', async (select, of) => {
    const got = await ask({ select }, json(zeros))
    const kept = (got.body as unknown[]).length
    expect(kept).toBeGreaterThan(1_000)
    if (got.truncated) expect(got.cut).toEqual([{ path: '', kept, of, what: 'items' }])
    else expect(kept).toBe(of)
  })
  test.each([
    ['__proto__', null],
    ['constructor', null],
    ['toString', null],
    ['items.length', null],
    ['items.__proto__', null],
    ['["__proto__"].x', null],
    ['items[99999]', null],
    ['items[5:2]', []],
    ['items[0].b[-1]', 2],
    ['items[0]["b"][0]', 1],
  ])('%s gives %j', async (select, value) => {
    const got = await ask({ select }, json(zeros))
    expect(got.body).toEqual(value)
  })
})

describe('packed', () => {
  const zeros = Buffer.alloc(64 * 1024 * 1024)
  test.each([
    ['gzip', gzipSync(zeros)],
    ['br', brotliCompressSync(zeros)],
    ['deflate', deflateRawSync(zeros)],
    ['gzip, gzip', gzipSync(gzipSync(zeros))],
  ])('%s of 64 MiB of nothing is not read', async (coding, body) => {
    for (const type of ['application/json', 'text/plain']) {
      const headers = { 'content-encoding': coding, 'content-type': type }
      const before = process.memoryUsage().arrayBuffers
      const got = await ask({}, { headers, body }).catch((error) => error)
      expect(got.truncated === true || got.code === 'OUTPUT_WITHHELD').toBe(true)
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(48 * 1024 * 1024)
    }
  })
  test.each([
    ['gzip', Buffer.from('not packed at all')],
    ['gzip', gzipSync('whole').subarray(0, 12)],
    ['br', Buffer.from([0xff, 0xff, 0xff])],
    ['zstd', Buffer.from('x')],
    ['compress', Buffer.from('x')],
    ['gzip, br, deflate', gzipSync('x')],
    ['__proto__', Buffer.from('x')],
  ])('%s that can not be unpacked: no text of it, no fault of ours', async (coding, body) => {
    const headers = { 'content-encoding': coding, 'content-type': 'text/plain' }
    await expect(ask({}, { headers, body })).rejects.toMatchObject({ code: 'TARGET_FAILED' })
    const written = await ask({ method: 'POST', body: 'x' }, { headers, body })
    expect(written).toMatchObject({ http_status: 200, withheld: expect.any(String) })
  })
  test('nothing, said to be packed, is nothing', async () => {
    for (const status of [200, 204, 304])
      expect(
        await ask({}, { status, headers: { 'content-encoding': 'gzip' }, body: '' }),
      ).toMatchObject({ http_status: status })
    expect(
      await ask({ method: 'HEAD' }, { headers: { 'content-encoding': 'gzip' }, body: '' }),
    ).toMatchObject({ http_status: 200 })
  })
})

describe('JSON that is not what it looks like', () => {
  test.each([
    ['{"a":1,"a":2}', { a: 2 }],
    ['{"__proto__":{"x":1}}', JSON.parse('{"__proto__":{"x":1}}')],
    ['\ufeff{"a":1}', { a: 1 }],
    ['{"n":-0,"m":0.1,"big":123456789012345678}', { n: -0, m: 0.1, big: '123456789012345678' }],
    ['"\\ud800"', '\ud800'],
    ['null', null],
    ['""', ''],
    ['{"a":1}{"b":2}', '{"a":1}{"b":2}'],
    ['{"a":1}\n{"b":2}\n', '{"a":1}\n{"b":2}\n'],
    ['<html>', '<html>'],
    ['[1,]', '[1,]'],
    ['NaN', 'NaN'],
  ])('%s', async (body, value) => {
    expect((await ask({}, json(body))).body).toEqual(value)
  })
  test('a list of very many is given in part, at once', async () => {
    const started = performance.now()
    const got = await ask({}, json(`[${'[],'.repeat(500_000)}[]]`))
    expect(got.truncated).toBe(true)
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})

describe('answers that are no HTTP, or too much of it', () => {
  test.each([
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    [
      'length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a wrong chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
    ['a header that goes on', 'HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 0\r\n\r\n'],
    ['a bare line feed in a header', 'HTTP/1.1 200 OK\nx: a\rb\n\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['a status of nothing', 'HTTP/1.1 999999 \r\n\r\n'],
    [
      'a protocol of its own',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    ],
    ['headers without end', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(20_000)}\r\n`],
    ['less than it says', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nab'],
  ])('%s', async (_name, bytes) => {
    const raw = await serveBytes((socket) => socket.end(bytes))
    const got = await call(family, {}, sessionOf(targetOf(raw.url))).catch((error) => error)
    if (got.http_status === undefined)
      expect(['TARGET_FAILED', 'TARGET_UNREACHABLE']).toContain(got.code)
    else expect(got.http_status).toBe(200)
    expect(JSON.stringify(got)).not.toContain('HPE_')
    await raw.stop()
  })
})
