/** A small cluster's discovery, for facts without a cluster. */
import type { Catalogue, Resource } from '../../src/tools/kube/discovery.ts'
import type { KubernetesTarget, Look } from '../../src/types.ts'

const all = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch']
const kind = (
  group: string,
  version: string,
  name: string,
  plural: string,
  more: Partial<Resource> = {},
): Resource => ({
  group,
  version,
  plural,
  singular: name.toLowerCase(),
  kind: name,
  short: [],
  namespaced: true,
  verbs: all,
  subresources: [],
  preferred: true,
  ...more,
})

export const catalogue: Catalogue = {
  resources: [
    kind('', 'v1', 'Pod', 'pods', {
      short: ['po'],
      subresources: ['exec', 'log', 'attach', 'eviction', 'proxy'],
    }),
    kind('', 'v1', 'Secret', 'secrets'),
    kind('', 'v1', 'ConfigMap', 'configmaps', { short: ['cm'] }),
    kind('', 'v1', 'Service', 'services', { short: ['svc'], subresources: ['proxy'] }),
    kind('', 'v1', 'ServiceAccount', 'serviceaccounts', { short: ['sa'], subresources: ['token'] }),
    kind('', 'v1', 'ResourceQuota', 'resourcequotas'),
    kind('', 'v1', 'Namespace', 'namespaces', { short: ['ns'], namespaced: false }),
    kind('', 'v1', 'Node', 'nodes', { short: ['no'], namespaced: false, subresources: ['proxy'] }),
    kind('', 'v1', 'Event', 'events', { short: ['ev'] }),
    kind('', 'v1', 'Binding', 'bindings', { verbs: ['create'] }),
    kind('apps', 'v1', 'Deployment', 'deployments', {
      short: ['deploy'],
      subresources: ['scale', 'status'],
    }),
    kind('apps', 'v1', 'StatefulSet', 'statefulsets', { short: ['sts'], subresources: ['scale'] }),
    kind('batch', 'v1', 'Job', 'jobs'),
    kind('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies', { short: ['netpol'] }),
    kind('rbac.authorization.k8s.io', 'v1', 'ClusterRole', 'clusterroles', { namespaced: false }),
    kind('rbac.authorization.k8s.io', 'v1', 'ClusterRoleBinding', 'clusterrolebindings', {
      namespaced: false,
    }),
    kind('rbac.authorization.k8s.io', 'v1', 'RoleBinding', 'rolebindings'),
    kind('certificates.k8s.io', 'v1', 'CertificateSigningRequest', 'certificatesigningrequests', {
      short: ['csr'],
      namespaced: false,
    }),
    kind('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition', 'customresourcedefinitions', {
      short: ['crd'],
      namespaced: false,
    }),
    kind('events.k8s.io', 'v1', 'Event', 'events'),
    kind('metrics.k8s.io', 'v1beta1', 'PodMetrics', 'pods', {
      singular: 'pod',
      verbs: ['get', 'list'],
    }),
  ],
  secrets: new Set(['prod', 'default']),
}

export const lookOn = (target: KubernetesTarget): Look<KubernetesTarget> => ({
  target,
  catalogue: async <C>() => catalogue as C,
})
