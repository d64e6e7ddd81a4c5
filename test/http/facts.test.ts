import { describe, expect, test } from 'vitest'
import { planOf } from '../../src/tools/http/plan.ts'
import { factsOf, targetOf } from './support.ts'

const target = targetOf('https://api.example.com/v1')
const plan = (given: object, on = target) =>
  planOf({ target: on.name, method: 'GET', path: '/', ...given } as never, on)

describe('a path is sent as it was judged', () => {
  test.each([
    ['/orders', '/v1/orders'],
    ['/', '/v1/'],
    ['/orders/', '/v1/orders/'],
    ['/a/../orders', '/v1/orders'],
    ['/./a/./b', '/v1/a/b'],
    ['/a/..', '/v1/'],
    ['/users/me%40example.com', '/v1/users/me%40example.com'],
    ['/users/me@example.com', '/v1/users/me@example.com'],
    ['/%E2%9C%93', '/v1/%E2%9C%93'],
    ['/✓', '/v1/%E2%9C%93'],
    ['/%e2%9c%93', '/v1/%E2%9C%93'],
    ['/%61dmin', '/v1/admin'],
    ['/a b', '/v1/a%20b'],
    ['/report.final.pdf', '/v1/report.final.pdf'],
    ['/.well-known/x', '/v1/.well-known/x'],
    ['/...', '/v1/...'],
    ['/100%25', '/v1/100%25'],
    ["/it's(1)!*,=+$&", "/v1/it's(1)!*,=+$&"],
    ['/a:b', '/v1/a:b'],
    ['/[x]|^`{}', '/v1/%5Bx%5D%7C%5E%60%7B%7D'],
  ])('%s', (path, sent) => {
    expect(plan({ path }).url.href).toBe(`https://api.example.com${sent}`)
  })

  test.each([
    '/../admin',
    '/a/../../admin',
    '/..',
    '/%2e%2e/admin',
    '/%2E./admin',
    '/.%2e/admin',
    '/a/%2e/b',
    '/%252e%252e/admin',
    '/a%5cb',
    '/a\\b',
    '/\\evil.example',
    '//evil.example/x',
    '/a//b',
    '/a;x=1/b',
    '/..;/admin',
    '/..%3b/admin',
    '/..%20/admin',
    '/x%00',
    '/x\u0000',
    '/x%0d%0aX-A:1',
    '/x\r\nX-A: 1',
    '/x\t',
    '/x%7f',
    '/%c0%ae%c0%ae/admin',
    '/%ff',
    '/%zz',
    '/%',
    '/x#y',
    '/．．/admin',
    '/a／b',
    '/․․/x',
    'orders',
    '',
    'https://api.example.com/v1/orders',
    'https://evil.example/',
    'http:evil.example',
    'javascript:alert(1)',
    '@evil.example/',
    ':8080/x',
    '?x=1',
    '/x?a=1#y',
    '/x?a=1\r\nX: y',
    '/x?a b',
    `/${'a'.repeat(9000)}`,
  ])('%j is refused', async (path) => {
    await expect((async () => plan({ path }))()).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
  })

  test('half a character is refused', () => {
    expect(() => plan({ path: '/x\ud800' })).toThrow()
  })
  test('a base URL without a path keeps its requests below the root', () => {
    const root = targetOf('https://api.example.com')
    expect(plan({ path: '/x' }, root).url.href).toBe('https://api.example.com/x')
    expect(() => plan({ path: '/../x' }, root)).toThrow(/leaves/)
  })
})

describe('the query', () => {
  test('comes from query and from the path, and is escaped by us', () => {
    const { url, queryKeys } = plan({
      path: '/x?q=%27%3B%20DROP&path=..%2Fy',
      query: { n: 1, on: true, many: ['a', 'b+c'], none: null, 'k&k': 'v=v' },
    })
    expect(url.search).toBe(
      '?q=%27%3B%20DROP&path=..%2Fy&n=1&on=true&many=a&many=b%2Bc&k%26k=v%3Dv',
    )
    expect(queryKeys).toEqual(['k&k', 'many', 'n', 'on', 'path', 'q'])
  })
  test.each([
    '_method',
    '_METHOD',
    '%5Fmethod',
    '_method[]',
    'x-http-method-override',
    '_HttpMethod',
  ])('that would change the method is refused: %s', (key) => {
    expect(() => plan({ path: `/x?${key}=DELETE` })).toThrow(/method/)
  })
  test('may have a key `method`, which overrides nothing', () => {
    expect(plan({ path: '/x?method=card' }).queryKeys).toEqual(['method'])
  })
  test('takes only the keys of its route where the route names them', () => {
    const on = targetOf('https://a.example', {
      routes: [
        { method: 'GET', path: '/search', query: ['q'] },
        { method: 'GET', path: '/plain', query: [] },
      ],
    })
    expect(plan({ path: '/search', query: { q: 'x' } }, on).url.search).toBe('?q=x')
    expect(() => plan({ path: '/search?Q=x' }, on)).toThrow(/key/)
    expect(() => plan({ path: '/plain', query: { a: '1' } }, on)).toThrow(/key/)
  })
  test.each([{ a: {} }, { a: [[]] }, { 'a\nb': '1' }, { a: 'x\r\ny' }])(
    'of other than plain values is refused: %j',
    (query) => {
      expect(() => plan({ query })).toThrow()
    },
  )
})

describe('routes', () => {
  const on = targetOf('https://a.example', {
    routes: [
      { method: 'GET', path: '/**' },
      { method: 'GET', path: '/admin/**', effect: 'admin' },
      { method: 'GET', path: '/admin/health', effect: 'read' },
      { method: 'POST', path: '/search', effect: 'read' },
      { method: 'POST', path: '/orders/*/items' },
      { method: 'DELETE', path: '/orders/*', effect: 'admin' },
    ],
  })
  test.each([
    ['GET', '/x/y', 'read', '/**'],
    ['GET', '/admin/users', 'admin', '/admin/**'],
    ['GET', '/%61dmin/users', 'admin', '/admin/**'],
    ['GET', '/x/../admin/users', 'admin', '/admin/**'],
    ['GET', '/ADMIN/users', 'admin', '/**'],
    ['GET', '/admin', 'admin', '/admin/**'],
    ['GET', '/admin/', 'admin', '/admin/**'],
    ['GET', '/admin/health', 'read', '/admin/health'],
    ['POST', '/search', 'read', '/search'],
    ['post', '/orders/7/items', 'write', '/orders/*/items'],
    ['DELETE', '/orders/7', 'admin', '/orders/*'],
  ])('%s %s is %s by %s', async (method, path, effect, route) => {
    expect(await factsOf({ method, path }, on)).toEqual({
      effect,
      policy: { method: method.toUpperCase(), route, query_keys: [], host: 'a.example' },
      names: { method: method.toUpperCase(), route },
    })
  })
  test.each([
    ['POST', '/'],
    ['POST', '/search/x'],
    ['POST', '/orders//items'],
    ['POST', '/orders/7/8/items'],
    ['DELETE', '/orders'],
    ['DELETE', '/orders/'],
    ['PUT', '/orders/7'],
    ['HEAD', '/x'],
    ['TRACE', '/x'],
    ['CONNECT', '/x'],
    ['PROPPATCH', '/x'],
    ['GE T', '/x'],
    ['GET\r\n', '/x'],
    ['', '/x'],
  ])('%j %s has no route', async (method, path) => {
    await expect((async () => factsOf({ method, path }, on))()).rejects.toThrow()
  })
  test('the refusal names the routes', async () => {
    await expect(factsOf({ method: 'PUT', path: '/x' }, on)).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
      teaching: { hint: expect.stringContaining('POST /orders/*/items') },
    })
  })
})

describe('headers of the agent', () => {
  test('the usual ones and those of the route are sent', () => {
    const on = targetOf('https://a.example', {
      routes: [{ method: 'GET', path: '/x', headers: ['X-Tenant'] }],
    })
    expect(
      plan({ path: '/x', headers: { Accept: 'text/csv', 'x-tenant': 'a' } }, on).headers,
    ).toEqual({ accept: 'text/csv', 'x-tenant': 'a' })
  })
  test.each([
    'Authorization',
    'authorization',
    'Proxy-Authorization',
    'Cookie',
    'Host',
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Content-Length',
    'Content-Encoding',
    'Accept-Encoding',
    'Upgrade',
    'Expect',
    'Forwarded',
    'Via',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'X_Forwarded_For',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-HTTP-Method-Override',
    'X-HTTP-Method',
    'X-Method-Override',
    'X-Real-IP',
    'True-Client-IP',
    'X-Api-Key',
    'x_api_key',
    ':authority',
    'X A',
    'X-A\r\nX-B',
    '',
  ])('%j is refused, even when the route names it', (name) => {
    const on = targetOf('https://a.example', {
      routes: [{ method: 'GET', path: '/x', headers: [name] }],
      inject: { header: 'X-Api-Key', value: 'key' },
    })
    expect(() => plan({ path: '/x', headers: { [name]: '1' } }, on)).toThrow()
  })
  test.each(['a\r\nX: b', 'a\nb', 'a\u0000', 'é', '\u2028'])(
    'a value like %j is refused',
    (value) => {
      expect(() => plan({ headers: { Accept: value } })).toThrow(/plain/)
    },
  )
  test('one that no route names is refused, and the refusal says what is taken', () => {
    expect(() => plan({ headers: { 'X-A': 'a' } })).toThrow(/not among/)
  })
  test('twice in two spellings is refused', () => {
    expect(() => plan({ headers: { accept: 'a', Accept: 'b' } })).toThrow(/twice/)
  })
})

describe('the body', () => {
  const body = (given: object) => plan({ method: 'POST', ...given })
  test('is JSON unless it is a text', () => {
    const json = body({ body: { a: 1 } })
    expect([json.body?.toString(), json.headers['content-type']]).toEqual([
      '{"a":1}',
      'application/json',
    ])
    expect(body({ body: 'x' }).headers['content-type']).toMatch(/^text\/plain/)
    expect(
      body({ body: '{"a":1}', headers: { 'Content-Type': 'application/json' } }).headers,
    ).toMatchObject({ 'content-type': 'application/json' })
    expect(body({ body: null }).body).toBeUndefined()
  })
  test('is refused where the method has none, and above its bound', () => {
    expect(() => plan({ body: 'x' })).toThrow(/no body/)
    expect(() => body({ body: 'x'.repeat(600_000) })).toThrow(/bytes/)
    expect(() => body({ body: { a: 1 }, headers: { 'content-type': 'text/xml' } })).toThrow(/JSON/)
  })
  test('that would change the method is refused', () => {
    expect(() => body({ body: { _method: 'DELETE' } })).toThrow(/method/)
    expect(() =>
      body({
        body: 'a=1&%5Fmethod=DELETE',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
    ).toThrow(/method/)
  })
})

test.each(['items[', 'a..b', '[x]', 'a[1:2:3]', '$x[?(@.a)]', '..', 'x'.repeat(301)])(
  'select %j is refused before anything is sent',
  async (select) => {
    await expect(
      (async () => factsOf({ method: 'GET', path: '/', select }, target))(),
    ).rejects.toThrow()
  },
)
