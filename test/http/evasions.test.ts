/** Requests that a framework behind the target reads otherwise than they look, and plain ones that must pass. */
import { describe, expect, test } from 'vitest'
import { mayConnect } from '../../src/tools/http/address.ts'
import { locationOf } from '../../src/tools/http/headers.ts'
import { planOf } from '../../src/tools/http/plan.ts'
import { targetOf } from './support.ts'

const target = targetOf('https://api.example.com/v1')
const plan = (given: object, on = target) =>
  planOf({ target: on.name, method: 'POST', path: '/x', ...given } as never, on)
const typed = (type: string, body: unknown) => ({ body, headers: { 'content-type': type } })
const form = 'application/x-www-form-urlencoded'

describe('a method by another name is refused', () => {
  // PHP reads dots and blanks in a name as _, Rack and Symfony read forms, multipart and JSON alike.
  test.each([
    '.method',
    '%2Emethod',
    '%20_method',
    '+.method',
    '_method%20',
    '_method[a][b]',
    '_method%5B',
    'http.method.override',
    'X.HTTP.Method.Override',
    '_Method',
    'x_http_method',
    '__method',
  ])('in the query: %s', (key) => {
    expect(() => plan({ path: `/x?${key}=DELETE` })).toThrow(/method/)
  })
  test.each([
    [form, '.method=DELETE'],
    [form, 'a=1&+_method=DELETE'],
    [form, 'a=1&_method%5B%5D=DELETE'],
    ['Application/X-WWW-Form-URLEncoded; charset=utf-8', '_method=DELETE'],
    ['application/json', '{"_method":"DELETE"}'],
    ['application/json', '{"\\u005fmethod":"DELETE"}'],
    ['application/json', '{"a":1,"_method":"DELETE","_method":"GET"}'],
    ['application/json', '/**/{"_method":"DELETE"}'],
    ['application/json', '{"_method":"DELETE",}'],
    ['application/vnd.api+json', '{"_method":"DELETE"}'],
    ['text/json', '{"_method":"DELETE"}'],
    [
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition: form-data; name="_method"\r\n\r\nDELETE\r\n--x--',
    ],
    [
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name=_method\r\n\r\nDELETE\r\n--x--',
    ],
    [
      'multipart/form-data; boundary=x',
      "--x\r\nContent-Disposition: form-data; name*=utf-8''%5Fmethod\r\n\r\nDELETE\r\n--x--",
    ],
    [
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data;\r\n name = "\\_method"\r\n\r\nDELETE\r\n--x--',
    ],
    [
      'multipart/mixed; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="_method"\r\n\r\nDELETE\r\n--x--',
    ],
  ])('in a body of %s: %j', (type, body) => {
    expect(() => plan(typed(type, body))).toThrow(/method/)
  })
  test.each([
    `${form}, text/plain`,
    `${form} x`,
    `${form}\t,x`,
    `text/plain, ${form}`,
    'text',
    'a/b; c',
    '',
  ])('nor is a type taken that can be read as another: %j', (type) => {
    expect(() => plan(typed(type, '_method=DELETE'))).toThrow()
  })
  test.each([
    ['utf-7', '+AF8-method=DELETE'],
    ['ibm037', 'x'],
    ['"UTF-16"', 'x'],
  ])('nor does a body say that it is %s, which it is not', (charset, body) => {
    expect(() => plan(typed(`${form}; charset=${charset}`, body))).toThrow(/UTF-8/)
  })
})

describe('the effect of the stricter route counts, however its name is spelled', () => {
  const on = targetOf('https://a.example', {
    routes: [
      { method: 'GET', path: '/**' },
      { method: 'GET', path: '/secrets/**', effect: 'admin' },
      { method: 'GET', path: '/keys', effect: 'admin' },
    ],
  })
  test.each([
    '/SECRETS/x',
    '/\u017fecrets/x',
    '/%C5%BFecrets',
    '/secrets./x',
    '/secrets%20/x',
    '/\uff53ecrets',
    '/secrets',
    '/\u212aeys',
    '/Keys/',
    '/keys.',
    '/a/../keys',
    '/public%2F/secrets',
    '/secrets%2Fx',
    '/Secrets%2fx%2Fy',
    '/keys%2F',
  ])('%s', (path) => {
    let effect = 'refused'
    try {
      effect = plan({ method: 'GET', path }, on).effect
    } catch (error) {
      expect(error).toMatchObject({ code: 'INPUT_REFUSED' })
    }
    expect(effect).not.toBe('read')
  })
})

describe('an escaped slash', () => {
  const on = targetOf('https://git.example/api', {
    routes: [
      { method: 'GET', path: '/projects/**' },
      { method: 'GET', path: '/users/*' },
      { method: 'GET', path: '/repos/own%2Fname/*' },
    ],
  })
  const at = (path: string) => plan({ method: 'GET', path }, on)
  test.each([
    ['/projects/group%2Fname', '/api/projects/group%2Fname'],
    ['/projects/group%2fname/issues', '/api/projects/group%2Fname/issues'],
    ['/projects/7/files/src%2Fmain%2Ets', '/api/projects/7/files/src%2Fmain.ts'],
  ])('is taken where the route ends in **, since both readings lead there: %s', (path, sent) => {
    expect(at(path).url.pathname).toBe(sent)
    expect(at(path).route.path).toBe('/projects/**')
  })
  test.each([
    '/users/a%2Fb',
    '/projects%2Fx',
    '/projects/..%2F..%2Fusers',
    '/projects/a%2F..%2Fb',
    '/projects/a%2F.',
    '/projects/a%2F%2Fb',
    '/projects/%2Fetc',
    '/projects/a%2F',
    '/projects/a%252Fb',
    '/projects/a%5Cb',
    '/projects/a%2F%2e%2e%2Fb',
    '/projects/a%2F..;%2Fb',
    '/projects/a%2F%EF%BC%8E%EF%BC%8E',
    '/projects/%2F%2Fevil.example',
  ])('is refused where it could lead elsewhere: %s', (path) => {
    expect(() => at(path)).toThrow()
  })
  test('is taken where the route itself has it, and nowhere else in that route', () => {
    expect(at('/repos/own%2Fname/x').url.pathname).toBe('/api/repos/own%2Fname/x')
    for (const path of ['/repos/own/name/x', '/repos/own%2Fname/x%2Fy', '/repos/own%2Fother/x'])
      expect(() => at(path)).toThrow()
  })
  test('the refusal says what would be taken', () => {
    expect(() => at('/users/a%2Fb')).toThrow(
      expect.objectContaining({
        teaching: expect.objectContaining({ hint: expect.stringContaining('**') }),
      }),
    )
  })
})

describe('plain requests pass', () => {
  test.each([
    [{ method: 'GET', query: { 'ids[]': [1, 2, 3], 'filter[status]': 'open' } }],
    [{ method: 'GET', path: '/x?sort=-created&sort=name&page[size]=20' }],
    [{ method: 'GET', path: '/x?q=caf%C3%A9%20%26%20bar+baz' }],
    [{ method: 'HEAD' }],
    [{ method: 'OPTIONS' }],
    [{ method: 'DELETE' }],
    [{ method: 'DELETE', body: { ids: [1] } }],
    [{ method: 'PUT', body: [1, 2] }],
    [{ method: 'PATCH', ...typed('application/json-patch+json', [{ op: 'add', path: '/a' }]) }],
    [{ method: 'PATCH', ...typed('application/merge-patch+json', { a: null }) }],
    [typed('application/json; charset=UTF-8', { method: 'card' })],
    [typed('application/x-ndjson', '{"index":{}}\n{"_method_of":1}\n')],
    [typed('application/json', '{"index":{}}\n{"a":1}\n')],
    [typed('application/json', '{"log":{"_method":"nested is no parameter"}}')],
    [typed('text/plain', 'the _method=DELETE of Rails')],
    [typed('text/csv; charset=us-ascii', 'a,b')],
    [typed('application/xml', '<a name="_x"/>')],
    [typed(form, 'grant_type=x&payment_method=card&method=sepa')],
    [
      typed(
        'multipart/form-data; boundary=x',
        '--x\r\nContent-Disposition: form-data; name="payment_method"\r\n\r\ncard\r\n--x--',
      ),
    ],
    [{ body: '' }],
    [{ body: 0 }],
    [{ headers: { 'If-Match': '"abc"', Prefer: 'return=minimal', Range: 'bytes=0-9' } }],
    [{ path: "/a/b.c~d/(e)!$&'*+,:@=" }],
    [{ path: '/wiki/何？' }],
    [{ path: '/notes/wait…' }],
  ])('%j', (given) => {
    expect(() => plan(given)).not.toThrow()
  })
  test.each(['/x?q=%FF', '/x?q=%C3', '/x?%E0%80=1', '/x?q=%ED%A0%80'])(
    'a query that would arrive as another is refused: %s',
    (path) => {
      expect(() => plan({ method: 'GET', path })).toThrow(/UTF-8/)
    },
  )
  test.each([
    ['/x?q=100%', '?q=100%25'],
    ['/x?q=%EF%BF%BD', '?q=%EF%BF%BD'],
    ['/x?a+b=c+d', '?a%20b=c%20d'],
    ['/x?', ''],
    ['/x?=', '?='],
    ['/x?a', '?a='],
    ['/x?a=1&a=2&A=3', '?a=1&a=2&A=3'],
  ])('%s is sent as %s', (path, search) => {
    expect(plan({ method: 'GET', path }).url.search).toBe(search)
  })
  test('a refusal of nested query values says how to write them', () => {
    expect(() => plan({ method: 'GET', query: { filter: { status: 'x' } } })).toThrow(
      expect.objectContaining({
        teaching: expect.objectContaining({ hint: expect.stringContaining('filter[') }),
      }),
    )
  })
})

describe('hosts by other spellings', () => {
  const hosts = [
    'http://2130706433/',
    'http://0177.0.0.1/',
    'http://0x7f.1/',
    'http://127.1/',
    'http://127.0.0.1./',
    'http://①②⑦.0.0.1/',
    'http://0/',
    'http://[::ffff:7f00:1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[0:0:0:0:0:ffff:7f00:1]/',
    'http://[::7f00:1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[::]/',
    'http://3232235777/',
    'http://0xa9fea9fe/',
    'http://169.254.43518/',
    'http://0251.0376.0251.0376/',
  ]
  test.each(hosts)('%s leads nowhere public', (baseUrl) => {
    const host = new URL(baseUrl).hostname.replace(/^\[|\]$/g, '')
    expect(mayConnect(host, [])).toBe(false)
  })
  // What a translator or tunnel would unpack is judged, even where everything is named.
  test.each([
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    '64:ff9b:1::a9fe:a9fe',
    '::ffff:169.254.169.254',
    '::ffff:0:a9fe:a9fe',
    '::a9fe:a9fe',
    '2001:0:0:0:0:0:5601:5601',
  ])('%s holds the address of the metadata service', (address) => {
    expect(mayConnect(address, ['::/0', '0.0.0.0/0'])).toBe(false)
  })
})

test.each([
  ['https://e.example/cb#access_token=a', 'https://e.example/cb'],
  ['//u:p@e.example/x', 'https://e.example/x'],
  ['?CODE=a&Session_Id=b', 'https://a.example/v1?CODE=masked&Session_Id=masked'],
  ['/x?code=a&code=b', 'https://a.example/x?code=masked'],
  ['/x?%63ode=a', 'https://a.example/x?code=masked'],
  ['/x?SAMLResponse=a&RelayState=b', 'https://a.example/x?SAMLResponse=masked&RelayState=b'],
  [
    '/x?X-Amz-Signature=a&X-Amz-Credential=b',
    'https://a.example/x?X-Amz-Signature=masked&X-Amz-Credential=masked',
  ],
])('a redirect to %s tells no credential', (location, shown) => {
  expect(locationOf(location, new URL('https://a.example/v1'))?.href).toBe(shown)
})
