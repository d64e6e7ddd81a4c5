/** The parts below the tools: kubeconfigs, cursors, paths of fields, differences, lines, what is shown of Secrets. */
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { cursors } from '../../src/tools/kube/cursor.ts'
import { difference } from '../../src/tools/kube/difference.ts'
import { contextOf, proofOf } from '../../src/tools/kube/kubeconfig.ts'
import { LogLines } from '../../src/tools/kube/log-lines.ts'
import { shownManifest } from '../../src/tools/kube/manifest.ts'
import { shownObject } from '../../src/tools/kube/objects.ts'
import { parsePath, pick } from '../../src/tools/kube/pick.ts'
import { secretsOfPod, valuesOf } from '../../src/tools/kube/secrets.ts'
import { refusalOf, targetOf } from './support.ts'

describe('a kubeconfig', () => {
  const text = (
    cluster: Record<string, unknown>,
    user: Record<string, unknown> = { token: 't' },
  ): string =>
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: 'https://k.example', ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    })
  const own = { name: '', version: '', reveal: () => ({}) }
  const refused = async (config: string, context?: string): Promise<string> => {
    const target = targetOf(config, context === undefined ? {} : { context })
    return refusalOf(contextOf(target).then((chosen) => proofOf(target, chosen, own)))
  }

  test.each([
    [
      'an exec plugin',
      text({}, { exec: { command: '/tmp/evil', apiVersion: 'client.authentication.k8s.io/v1' } }),
      'exec plugin',
    ],
    [
      'an exec plugin beside a token',
      text({}, { token: 't', exec: { command: 'x' } }),
      'exec plugin',
    ],
    [
      'an auth provider',
      text({}, { 'auth-provider': { name: 'gcp', config: {} } }),
      'auth provider',
    ],
    ['somebody else as user', text({}, { token: 't', as: 'root' }), 'impersonates'],
    ['no verification', text({ 'insecure-skip-tls-verify': true }), 'does not verify'],
    ['plain http', text({ server: 'http://k.example' }), 'https'],
    ['a proxy', text({ 'proxy-url': 'http://evil.example' }), 'proxy'],
    [
      'a password in the address',
      text({ server: 'https://a:b@k.example' }),
      'more than host and path',
    ],
    [
      'a relative file',
      text({}, { 'client-certificate': 'a.crt', 'client-key': 'a.key' }),
      'absolute path',
    ],
    ['nothing to prove with', text({}, {}), 'neither'],
    ['a token that is two lines', text({}, { token: 'a\r\nx-evil: 1' }), 'no token has'],
    ['no kubeconfig', ': : :', 'can not be used'],
  ])('with %s is refused', async (_name, config, words) => {
    const said = await refused(config)
    expect(said).toMatch(/^CONFIG_INVALID/)
    expect(said).toContain(words)
  })

  test('with a context that is not there is refused; with a token it is taken', async () => {
    expect(await refused(text({}), 'other')).toMatch(/^CONFIG_INVALID/)
    expect(await refused(text({}))).toBe('it ran')
  })
})

test('a cursor opens for what it was sealed for, and for nothing else', () => {
  const [a, b] = [cursors(randomBytes(32)), cursors(randomBytes(32))]
  const sealed = a.seal('next-page', 'ana')
  expect(sealed).not.toContain(Buffer.from('next-page').toString('base64url'))
  expect(a.open(sealed, 'ana')).toBe('next-page')
  for (const [by, cursor, bound] of [
    [a, sealed, 'bo'],
    [b, sealed, 'ana'],
    [a, `${sealed.slice(0, -2)}AA`, 'ana'],
    [a, '', 'ana'],
    [a, 'x'.repeat(5_000), 'ana'],
  ] as const)
    expect(() => by.open(cursor, bound)).toThrow('not one of this call')
})

test('paths of fields pick as kubectl does, and never a value without its name', () => {
  const value = {
    metadata: { labels: { 'a.b/c': 'd' } },
    spec: {
      list: [
        { name: 'PASSWORD', value: 'x' },
        { name: 'B', value: 'y' },
      ],
      n: 0,
    },
  }
  const got = (path: string) => pick(value, parsePath(path))
  expect(got('.spec.list[0].name')).toBe('PASSWORD')
  expect(got('{.spec.list[*].name}')).toEqual(['PASSWORD', 'B'])
  expect(got("metadata.labels['a.b/c']")).toBe('d')
  expect(got('metadata.labels.a\\.b/c')).toBe('d')
  expect(got('spec.list[-1].name')).toBe('B')
  expect(got('spec.n')).toBe(0)
  expect(got('spec.list[0].value')).toEqual({ name: 'PASSWORD', value: 'x' })
  for (const path of ['constructor', '__proto__.x', 'spec.toString', 'a[9]'])
    expect(got(path)).toBeNull()
})

test('a difference holds what differs, beside the names that masking goes by', () => {
  const before = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'a', resourceVersion: '1' },
    spec: {
      c: [{ name: 'one', env: [{ name: 'PASSWORD', value: 'old' }], image: 'i' }, { name: 'two' }],
    },
  }
  const after = {
    ...before,
    metadata: { name: 'a', resourceVersion: '2' },
    spec: {
      c: [{ name: 'one', env: [{ name: 'PASSWORD', value: 'new' }], image: 'i' }, { name: 'two' }],
    },
  }
  expect(difference(before, after, 10_000)).toEqual({
    change: 'configured',
    before: { spec: { c: [{ name: 'one', env: [{ name: 'PASSWORD', value: 'old' }] }] } },
    after: { spec: { c: [{ name: 'one', env: [{ name: 'PASSWORD', value: 'new' }] }] } },
  })
  expect(
    difference(before, { ...before, metadata: { name: 'a', resourceVersion: '9' } }, 10_000),
  ).toEqual({ change: 'unchanged' })
  expect(difference(undefined, after, 10)).toMatchObject({
    change: 'created',
    note: expect.any(String),
  })
  const secret = (word: string) => ({
    kind: 'Secret',
    apiVersion: 'v1',
    metadata: { name: 's' },
    data: { a: 'c2FtZQ==', b: word },
  })
  const told = JSON.stringify(difference(secret('b25l'), secret('dHdv'), 10_000))
  expect(told).not.toMatch(/b25l|dHdv|c2FtZQ/)
  expect(told).toMatch(/\(old\).*\(new\)/)
})

test('the last lines are kept, cut anywhere, whole, and within their bytes', () => {
  const text = Array.from({ length: 500 }, (_, i) => `line ${i} é`).join('\n')
  for (const size of [1, 3, 7, 64, 10_000]) {
    const lines = new LogLines({ lines: 3, bytes: 1_000, filter: 'é' })
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += size) lines.add(bytes.subarray(at, at + size))
    expect(lines.end()).toBe('line 497 é\nline 498 é\nline 499 é\n')
    expect(lines.cut).toBe(false)
  }
  const few = new LogLines({ lines: 100, bytes: 25, filter: undefined })
  few.add(Buffer.from('0123456789\n0123456789\n0123456789\n'))
  expect(few.end()).toBe('0123456789\n0123456789\n')
  expect(few.cut).toBe(true)
})

describe('Secrets', () => {
  test('of an object, values and copies of them are hidden and names kept', () => {
    const shown = shownObject({
      kind: 'Secret',
      apiVersion: 'v1',
      metadata: {
        name: 's',
        managedFields: [],
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"a":"c2VjcmV0"}}',
        },
      },
      data: { a: 'c2VjcmV0' },
      stringData: 'odd',
    })
    expect(shown).toEqual({
      kind: 'Secret',
      apiVersion: 'v1',
      metadata: { name: 's' },
      data: { a: '[masked:secret]' },
      stringData: '[masked:secret]',
    })
  })

  test('in a manifest are hidden wherever they stand; what can not be read is withheld', () => {
    for (const text of [
      'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {b: hunter2}',
      '{"kind":"Secret","apiVersion":"v1","data":{"b":"hunter2"}}',
      'kind: List\nitems: [{kind: Secret, data: {b: hunter2}}]',
      'kind: ConfigMap\n---\nkind: secret\nstringData: {b: hunter2}',
      'kind: "Sec\\u0072et"\nstringData: {b: hunter2}',
    ])
      expect(shownManifest(text), text).not.toContain('hunter2')
    expect(() => shownManifest('kind: Secret\nstringData: {b: [hunter2')).toThrow()
    expect(() => shownManifest('kind: Secret\nstringData: {b: &x hunter2, c: *x}')).toThrow()
    expect(shownManifest('kind: ConfigMap\ndata: {secretly: x}')).toContain('secretly: x')
  })

  test('of a pod are found wherever a spec refers to them', () => {
    const spec = {
      containers: [
        {
          env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'one', key: 'k' } } }],
          envFrom: [{ secretRef: { name: 'two' } }],
        },
      ],
      initContainers: [{ envFrom: [{ secretRef: { name: 'three' } }] }],
      ephemeralContainers: [{ envFrom: [{ secretRef: { name: 'four' } }] }],
      volumes: [
        { secret: { secretName: 'five' } },
        { projected: { sources: [{ secret: { name: 'six' } }] } },
        { csi: { nodePublishSecretRef: { name: 'seven' } } },
        { cephfs: { secretRef: { name: 'eight' } } },
      ],
      imagePullSecrets: [{ name: 'nine' }],
    }
    expect(secretsOfPod({ spec })).toEqual([
      'one',
      'two',
      'three',
      'four',
      'five',
      'six',
      'seven',
      'eight',
      'nine',
    ])
  })

  test('are known by their lines, what stands behind a name, and the strings of JSON', () => {
    const b64 = (text: string): string => Buffer.from(text).toString('base64')
    const known = valuesOf({
      data: {
        file: b64('user=ana\npassword = "long-enough-1"\n'),
        json: b64('{"auths":{"r":{"auth":"long-enough-2"}}}'),
        bytes: Buffer.of(255, 254, 1, 2, 3, 4, 5, 6).toString('base64'),
        short: b64('abc'),
      },
    })
    for (const value of ['long-enough-1', 'long-enough-2', '//4BAgMEBQY='])
      expect(known).toContain(value)
    expect(known).not.toContain('abc')
  })
})
