/** A service that hangs, lies, floods or vanishes: each ends in its code, and no connection is left. */
import type { Socket } from 'node:net'
import { createBrotliCompress, createGzip, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { type HttpFamily, httpFamily } from '../../src/tools/http/index.ts'
import { call, limits, serve, serveBytes, sessionOf, soon, targetOf } from './support.ts'

const cleanup: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const one of cleanup.splice(0).reverse()) await one()
})
const familyOf = (...given: Parameters<typeof httpFamily>): HttpFamily => {
  const family = httpFamily(...given)
  cleanup.push(() => family.family.close())
  return family
}
const service = async (...given: Parameters<typeof serve>) => {
  const one = await serve(...given)
  cleanup.push(one.stop)
  return one
}
const bytes = async (on: (socket: Socket, request: string) => void) => {
  const one = await serveBytes(on)
  cleanup.push(one.stop)
  return one
}
const short = { ...limits, seconds: 1, connectMs: 400 }
const code = async (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    (got) => got,
    (error: { code?: string }) => error.code ?? error,
  )
const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n'

describe('where a connection may go', () => {
  test.each([
    'http://127.0.0.1:9',
    'http://[::1]:9',
    'http://169.254.169.254',
    'http://[::ffff:127.0.0.1]',
    'http://0x7f.1',
    'http://0251.0376.0251.0376',
    'http://2130706433',
    'http://0',
  ])('an address that is written out is judged: %s', async (url) => {
    const family = familyOf()
    expect(await code(call(family, {}, sessionOf(targetOf(url, { addresses: [] }))))).toBe(
      'NOT_ALLOWED',
    )
  })

  test('a name that leads to a public and a private address is refused', async () => {
    const seen = await service((_, response) => response.end('inside'))
    const family = familyOf({
      resolve: async () => [
        { address: '93.184.216.34', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
    })
    const target = targetOf(`http://api.example.com:${seen.port}`, { addresses: [] })
    expect(await code(call(family, {}, sessionOf(target)))).toBe('NOT_ALLOWED')
    expect(seen.open.size).toBe(0)
  })

  test('a name that is bound anew between two calls never leads inside', async () => {
    const seen: string[] = []
    const inside = await service((request, response) => {
      seen.push(request.url ?? '')
      response.end('inside')
    })
    let asked = 0
    const family = familyOf({
      // The first answer is one that the target may have (nobody listens there), the next ones are not.
      resolve: async () => {
        asked += 1
        return asked === 1
          ? [{ address: '127.0.0.2', family: 4 }]
          : [{ address: '127.0.0.1', family: 4 }]
      },
    })
    const target = targetOf(`http://api.example.com:${inside.port}`, {
      addresses: ['127.0.0.2/32'],
    })
    expect(await code(call(family, {}, sessionOf(target)))).toBe('TARGET_UNREACHABLE')
    expect(asked).toBe(1)
    expect(await code(call(family, {}, sessionOf(target)))).toBe('NOT_ALLOWED')
    expect(asked).toBe(2)
    expect(seen).toEqual([])
  })

  test('the name is looked up once a connection, and a kept connection stays where it is', async () => {
    const hosts: (string | undefined)[] = []
    const inside = await service((request, response) => {
      hosts.push(request.headers.host)
      response.end('inside')
    })
    let asked = 0
    const family = familyOf({
      resolve: async () => {
        asked += 1
        return [{ address: asked === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }]
      },
    })
    const target = targetOf(`http://api.example.com:${inside.port}`)
    for (let n = 0; n < 3; n += 1) await call(family, {}, sessionOf(target))
    expect(asked).toBe(1)
    expect(hosts).toEqual(Array(3).fill(`api.example.com:${inside.port}`))
    // A write has a connection of its own.
    expect(await code(call(family, { method: 'POST' }, sessionOf(target)))).toBe('NOT_ALLOWED')
  })

  test.each([
    ['no answer', async () => []],
    [
      'an error',
      async () => {
        throw Object.assign(new Error('secret resolver text'), { code: 'ENOTFOUND' })
      },
    ],
    ['never an answer', () => new Promise<never>(() => {})],
  ])('a resolver with %s makes the target unreachable', async (_, resolve) => {
    const family = familyOf({ resolve })
    const target = targetOf('http://api.example.com', { limits: short })
    const error = await call(family, {}, sessionOf(target)).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'TARGET_UNREACHABLE' })
    expect(JSON.stringify([error.message, error.teaching])).not.toContain('secret')
  })
})

describe('a service that hangs', () => {
  const hangs: Record<string, (socket: Socket) => void> = {
    'before its status': () => {},
    'in its status': (socket) => void socket.write('HTTP/1.1 20'),
    'in its headers': (socket) => void socket.write(head),
    'before its body': (socket) => void socket.write(`${head}Content-Length: 5\r\n\r\n`),
    'in its body': (socket) => void socket.write(`${head}Content-Length: 5\r\n\r\nab`),
    'between chunks': (socket) =>
      void socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n`),
    'with a byte now and then': (socket) => {
      socket.write(`${head}Content-Length: 1000\r\n\r\n`)
      const timer = setInterval(() => socket.write('x'), 100)
      socket.on('close', () => clearInterval(timer))
    },
    'with a header now and then': (socket) => {
      socket.write(head)
      const timer = setInterval(() => socket.write('X-A: b\r\n'), 100)
      socket.on('close', () => clearInterval(timer))
    },
    'in packed bytes': (socket) => {
      socket.write(`${head}Content-Encoding: gzip\r\nContent-Length: 500\r\n\r\n`)
      socket.write(gzipSync('x'.repeat(1000)).subarray(0, 12))
    },
  }
  test.each(Object.keys(hangs))('%s ends in TIMEOUT for a read', async (name) => {
    const seen = await bytes((socket) => hangs[name]?.(socket))
    const target = targetOf(seen.url, { limits: short })
    const from = performance.now()
    expect(await code(call(familyOf(), {}, sessionOf(target)))).toBe('TIMEOUT')
    expect(performance.now() - from).toBeLessThan(10_000)
    expect(await soon(() => seen.open.size === 0)).toBe(true)
  })
  test.each(['before its status', 'in its status', 'in its headers'])(
    '%s leaves the outcome of a write unknown',
    async (name) => {
      const seen = await bytes((socket) => hangs[name]?.(socket))
      const target = targetOf(seen.url, { limits: short })
      expect(await code(call(familyOf(), { method: 'POST', body: 'x' }, sessionOf(target)))).toBe(
        'OUTCOME_UNKNOWN',
      )
      expect(await soon(() => seen.open.size === 0)).toBe(true)
    },
  )
  test.each(['before its body', 'in its body', 'between chunks', 'in packed bytes'])(
    '%s does not hide the outcome of a write',
    async (name) => {
      const seen = await bytes((socket) => hangs[name]?.(socket))
      const target = targetOf(seen.url, { limits: short })
      expect(
        await call(familyOf(), { method: 'POST', body: 'x' }, sessionOf(target)),
      ).toMatchObject({ http_status: 200, truncated: true })
      expect(await soon(() => seen.open.size === 0)).toBe(true)
    },
  )
  test('in the TLS handshake is unreachable', async () => {
    const seen = await bytes(() => {})
    const target = targetOf(seen.url.replace('http:', 'https:'), { limits: short })
    expect(await code(call(familyOf(), { method: 'POST' }, sessionOf(target)))).toBe(
      'TARGET_UNREACHABLE',
    )
    expect(await soon(() => seen.open.size === 0)).toBe(true)
  })
  test('and a client that goes away', async () => {
    const seen = await bytes(() => {})
    const abort = new AbortController()
    const running = code(
      call(familyOf(), {}, sessionOf(targetOf(seen.url), { signal: abort.signal })),
    )
    await soon(() => seen.open.size === 1)
    abort.abort()
    expect(await running).toBe('CANCELLED')
    expect(await soon(() => seen.open.size === 0)).toBe(true)
  })
  test('and one that was gone before', async () => {
    const seen = await bytes(() => {})
    expect(
      await code(
        call(familyOf(), {}, sessionOf(targetOf(seen.url), { signal: AbortSignal.abort() })),
      ),
    ).toBe('CANCELLED')
  })
})

describe('a service that breaks off', () => {
  test('nobody listens', async () => {
    const gone = await bytes(() => {})
    await gone.stop()
    cleanup.pop()
    expect(await code(call(familyOf(), {}, sessionOf(targetOf(gone.url))))).toBe(
      'TARGET_UNREACHABLE',
    )
  })
  const breaks: Record<string, string> = {
    'before its status': '',
    'in its headers': head,
    'in its body': `${head}Content-Length: 500\r\n\r\nabc`,
    'between chunks': `${head}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n`,
  }
  test.each(Object.keys(breaks))('%s: a read fails, and may be tried again', async (name) => {
    const seen = await bytes((socket) => {
      socket.write(breaks[name] ?? '', () => socket.destroy())
    })
    const error = await call(familyOf(), {}, sessionOf(targetOf(seen.url))).catch((one) => one)
    expect(error).toMatchObject({ code: 'TARGET_FAILED', teaching: { retry: true } })
  })
  test.each(['before its status', 'in its headers'])(
    '%s: the outcome of a write is unknown, and it was sent once',
    async (name) => {
      let times = 0
      const seen = await bytes((socket) => {
        times += 1
        socket.write(breaks[name] ?? '', () => socket.destroy())
      })
      expect(
        await code(call(familyOf(), { method: 'PUT', body: 'x' }, sessionOf(targetOf(seen.url)))),
      ).toBe('OUTCOME_UNKNOWN')
      expect(times).toBe(1)
    },
  )
  test('a kept connection that its other end closed costs a read nothing', async () => {
    let connections = 0
    const seen = await service((_, response) => response.end('ok'))
    seen.server.on('connection', (socket) => {
      connections += 1
      // The second request on a connection meets its end.
      let requests = 0
      socket.on('data', () => {
        requests += 1
        if (requests === 2) socket.resetAndDestroy()
      })
    })
    const family = familyOf()
    for (let n = 0; n < 4; n += 1)
      expect(await call(family, {}, sessionOf(targetOf(seen.url)))).toMatchObject({ body: 'ok' })
    expect(connections).toBeGreaterThan(1)
  })
  test('a GET that its route calls a write is never sent twice', async () => {
    let times = 0
    const seen = await service((_, response) => {
      times += 1
      response.socket?.destroy()
    })
    const target = targetOf(seen.url, { routes: [{ method: 'GET', path: '/', effect: 'write' }] })
    expect(await code(call(familyOf(), {}, sessionOf(target)))).toBe('OUTCOME_UNKNOWN')
    expect(times).toBe(1)
  })
})

describe('a service that lies', () => {
  test.each([
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a header with a line break in it', `${head}X-A: a\r\n b\u0000c\r\n\r\n`],
    ['a header without a name', `${head}: x\r\nContent-Length: 0\r\n\r\n`],
    ['a bare line feed and a space in a name', `${head}X A: b\r\n\r\n`],
    ['two lengths', `${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
    [
      'a length and chunks',
      `${head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a chunk of no size', `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
    ['too many headers', `${head}${`X-A: ${'a'.repeat(1000)}\r\n`.repeat(100)}\r\n`],
    [
      'another protocol',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    ],
    ['packed bytes that are none', `${head}Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc`],
    ['packing that nobody knows', `${head}Content-Encoding: zstd\r\nContent-Length: 3\r\n\r\nabc`],
  ])('%s fails with its code', async (_, text) => {
    const seen = await bytes((socket) => void socket.end(Buffer.from(text, 'latin1')))
    const target = targetOf(seen.url, { limits: short })
    const error = await call(familyOf(), {}, sessionOf(target)).catch((one) => one)
    expect(error.code).toBe('TARGET_FAILED')
    expect(JSON.stringify([error.message, error.teaching])).not.toMatch(/HPE|Parse|zlib|Z_/)
    expect(await soon(() => seen.open.size === 0)).toBe(true)
  })
})

describe('a service that floods', () => {
  const endless = (type: string, piece: string) =>
    service((_, response) => {
      response.writeHead(200, { 'content-type': type })
      const more = (): void => {
        while (!response.destroyed && response.write(piece)) {}
      }
      response.on('drain', more)
      more()
    })
  test('without end is stopped at the cap, and says so', async () => {
    const seen = await endless('text/plain', 'x'.repeat(65_536))
    const got = await call(familyOf(), {}, sessionOf(targetOf(seen.url)))
    expect(got).toMatchObject({ http_status: 200, truncated: true })
    expect((got.body as string).length).toBe(32 * 1024)
    expect(await soon(() => seen.open.size === 0)).toBe(true)
  })
  test('with a list without end is stopped, and memory stays flat', async () => {
    const seen = await endless('application/json', `[${'"x",'.repeat(20_000)}`)
    const before = process.memoryUsage().rss
    const got = await call(familyOf(), {}, sessionOf(targetOf(seen.url)))
    expect(got).toMatchObject({ truncated: true })
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 ** 2)
  })
  test('a write without end is drained to a bound and finished', async () => {
    const seen = await endless('text/plain', 'x'.repeat(65_536))
    const got = await call(familyOf(), { method: 'POST' }, sessionOf(targetOf(seen.url)))
    expect(got).toMatchObject({ http_status: 200, truncated: true })
    expect(await soon(() => seen.open.size === 0)).toBe(true)
  })
  test('a long answer of a write is heard out', async () => {
    let finished = false
    const seen = await service((_, response) => {
      response.end('x'.repeat(2 * 1024 ** 2), () => {
        finished = true
      })
    })
    const got = await call(familyOf(), { method: 'POST' }, sessionOf(targetOf(seen.url)))
    expect(got.truncated).toBe(true)
    expect(await soon(() => finished)).toBe(true)
  })
  test.each([
    ['gzip', createGzip],
    ['br', createBrotliCompress],
  ] as const)('a %s bomb is not unpacked', async (coding, pack) => {
    const seen = await service((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': coding })
      const packing = pack()
      packing.pipe(response)
      const zeros = Buffer.alloc(1024 ** 2, 0x20)
      let left = 400
      const more = (): void => {
        while (left > 0 && !response.destroyed) {
          left -= 1
          if (!packing.write(zeros)) break
        }
        if (left <= 0) packing.end()
      }
      packing.on('drain', more)
      response.on('close', () => packing.destroy())
      more()
    })
    const before = process.memoryUsage().rss
    expect(await code(call(familyOf(), {}, sessionOf(targetOf(seen.url))))).toBe('OUTPUT_WITHHELD')
    expect(await call(familyOf(), { method: 'POST' }, sessionOf(targetOf(seen.url)))).toMatchObject(
      { http_status: 200, withheld: expect.stringContaining('unpacks'), truncated: true },
    )
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 ** 2)
    expect(await soon(() => seen.open.size === 0)).toBe(true)
  })
})

describe('many calls', () => {
  test('500 at once are bounded, queued and fair', async () => {
    let now = 0
    let most = 0
    const order: string[] = []
    const seen = await service((request, response) => {
      now += 1
      most = Math.max(most, now)
      order.push(new URL(request.url ?? '', 'http://x').searchParams.get('who') ?? '')
      setTimeout(() => {
        now -= 1
        response.end('ok')
      }, 5)
    })
    const family = familyOf()
    const target = targetOf(seen.url)
    const one = (who: string) =>
      call(family, { query: { who } }, sessionOf(target, { caller: who }))
    const busy = Array.from({ length: 250 }, () => one('busy'))
    const others = Array.from({ length: 250 }, (_, n) => one(`other ${n % 25}`))
    const got = await Promise.all([...busy, ...others])
    expect(got.every(({ body }) => body === 'ok')).toBe(true)
    expect(most).toBeLessThanOrEqual(limits.concurrency)
    expect(order.slice(0, 60).filter((who) => who === 'busy').length).toBeLessThan(12)
    expect(family.connections()).toBeLessThanOrEqual(limits.concurrency)
    expect(seen.open.size).toBeLessThanOrEqual(limits.concurrency)
    await family.family.close()
    expect(await soon(() => seen.open.size === 0)).toBe(true)
  })
  test('too many are refused at once', async () => {
    const seen = await bytes(() => {})
    const target = targetOf(seen.url, { limits: { ...short, concurrency: 1 } })
    const family = familyOf()
    const codes = await Promise.all(
      Array.from({ length: 400 }, () => code(call(family, {}, sessionOf(target)))),
    )
    expect(new Set(codes)).toEqual(new Set(['TIMEOUT', 'TARGET_UNREACHABLE']))
    expect(await soon(() => seen.open.size === 0)).toBe(true)
  })
})
