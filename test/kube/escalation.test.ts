/** Manifests that would reach the node, the rights or the traffic of others are `admin`; the ordinary ones beside them stay `write`. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { reachOf, touchesNode } from '../../src/tools/kube/effects.ts'
import { type Fake, startFake } from './fake.ts'
import { type Kit, openKit, refusalOf, targetOf } from './support.ts'

let fake: Fake
let kit: Kit
beforeAll(async () => {
  fake = await startFake()
  kit = openKit(targetOf(fake.kubeconfig))
})
afterAll(async () => {
  await kit.close()
  await fake.close()
})

const object = (kind: string, rest: string, apiVersion = 'v1'): string =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}\n${rest}`
const inPod = (spec: string): string => object('Pod', `spec: ${spec}`)
const inContainer = (context: string): string =>
  inPod(`{containers: [{name: a, image: b, securityContext: ${context}}]}`)
const effect = async (manifest: string) =>
  (await kit.facts('kube_change', { action: 'apply', manifest })).effect
const rbac = 'rbac.authorization.k8s.io/v1'

test.each([
  ['a binding to cluster-admin', object('RoleBinding', 'roleRef: {name: cluster-admin}', rbac)],
  ['privileged', inContainer('{privileged: true}')],
  ['a tagged boolean', inPod('{hostPID: !!bool "true"}')],
  ['hostNetwork', inPod('{hostNetwork: true}')],
  ['hostPort', inPod('{containers: [{name: a, ports: [{containerPort: 1, hostPort: 22}]}]}')],
  ['hostPath', inPod('{volumes: [{name: a, hostPath: {path: /}}]}')],
  ['a chosen node', inPod('{nodeName: control-plane}')],
  ['unmasked /proc', inContainer('{procMount: Unmasked}')],
  ['no seccomp', inPod('{securityContext: {seccompProfile: {type: Unconfined}}}')],
  ['no AppArmor', inContainer('{appArmorProfile: {type: Unconfined}}')],
  [
    'no AppArmor, the old way',
    'apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {container.apparmor.security.beta.kubernetes.io/a: unconfined}}',
  ],
  ['another SELinux type', inContainer('{seLinuxOptions: {type: spc_t}}')],
  ['sysctls', inPod('{securityContext: {sysctls: [{name: kernel.msgmax, value: "1"}]}}')],
  ['a host process', inPod('{securityContext: {windowsOptions: {hostProcess: true}}}')],
  ['capabilities', inContainer('{capabilities: {add: [SYS_ADMIN]}}')],
  ['a key that means a prototype', inPod('{__proto__: {hostPID: true}}')],
])('%s is admin', async (_what, manifest) => {
  expect(await effect(manifest)).toBe('admin')
})

test.each([
  ['an ordinary pod', inPod('{containers: [{name: a, image: b, ports: [{containerPort: 80}]}]}')],
  [
    'a hardened one',
    inContainer(
      '{privileged: false, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}, procMount: Default}',
    ),
  ],
  ['a ConfigMap', object('ConfigMap', 'data: {nodeName: "", hostPath: /srv}')],
])('%s stays a write', async (_what, manifest) => {
  expect(await effect(manifest)).toBe('write')
})

test('a Service that takes addresses of others, and one that does not', () => {
  expect(touchesNode({ spec: { externalIPs: ['8.8.8.8'] } })).toBe(true)
  expect(touchesNode({ spec: { externalIPs: [], clusterIP: 'None' } })).toBe(false)
})

const kind = (group: string, plural: string) => ({
  group,
  version: 'v1',
  plural,
  singular: '',
  kind: '',
  short: [],
  namespaced: true,
  verbs: [],
  subresources: [],
  preferred: true,
})
test.each([
  ['', 'endpoints', 'admin'],
  ['discovery.k8s.io', 'endpointslices', 'admin'],
  ['networking.k8s.io', 'networkpolicies', 'admin'],
  ['cilium.io', 'ciliumnetworkpolicies', 'admin'],
  ['security.istio.io', 'authorizationpolicies', 'admin'],
  ['kyverno.io', 'policies', 'admin'],
  ['gateway.networking.k8s.io', 'referencegrants', 'admin'],
  ['policy', 'poddisruptionbudgets', 'write'],
  ['networking.k8s.io', 'ingresses', 'write'],
  ['apps', 'deployments', 'write'],
])('%s %s: %s', (group, plural, reach) => {
  expect(reachOf(kind(group, plural), 'prod')).toBe(reach)
})

test.each([
  ['a list', object('List', 'items: []'), /^INPUT_REFUSED/],
  ['a list of a kind', object('PodList', 'items: []'), /^INPUT_REFUSED/],
  ['a merge key', inPod('\n  x: &a {hostPID: true}\n  <<: *a'), /^SYNTAX_ERROR/],
  ['a bomb', `a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n${object('Pod', '')}`, /^SYNTAX_ERROR/],
  ['a key twice', inPod('{hostPID: false, hostPID: true}'), /^SYNTAX_ERROR/],
  ['a path as name', object('Pod', '').replace('name: a', 'name: ../secrets/a'), /^INPUT_REFUSED/],
  [
    'a path as namespace',
    object('Pod', '').replace('name: a', 'name: a, namespace: ".."'),
    /^INPUT_REFUSED/,
  ],
  ['no name', object('Pod', '').replace('name: a', 'generateName: a'), /^INPUT_REFUSED/],
])('%s is no change', async (_what, manifest, refused) => {
  expect(await refusalOf(kit.facts('kube_change', { action: 'apply', manifest }))).toMatch(refused)
})
