// Kubernetes cases: a whole real cluster; each kubectl command line as the tool call that would do it.
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kubeconfigOf, startCluster } from '../live/kubernetes/cluster.js'
import { canaries, furnish } from '../live/kubernetes/fixtures.js'
import { callOf } from './kubectl.js'

/** Everything that a call could change and that does not change by itself. */
const watched =
  'deployments,configmaps,secrets,namespaces,jobs,cronjobs,services,serviceaccounts,roles,rolebindings,clusterroles,clusterrolebindings,certificatesigningrequests,networkpolicies,customresourcedefinitions,replicasets,statefulsets,daemonsets'
const line =
  '{range .items[*]}{.kind} {.metadata.namespace} {.metadata.name} {.metadata.uid} {.metadata.generation} {.metadata.labels} {.data} {.rules} {.subjects}{"\\n"}{end}'
const nodeLine = '{range .items[*]}{.metadata.labels} {.spec}{"\\n"}{end}'
const podLine =
  '{range .items[*]}{.metadata.namespace} {.metadata.name} {.metadata.uid} {.metadata.deletionTimestamp}{"\\n"}{end}'

export const open = async () => {
  const cluster = await startCluster()
  await furnish(cluster)
  const { kubectl } = cluster
  return {
    canaries,
    // The policy that the corpus assumes: reads but for Secrets, changes held, rights for nobody.
    grants: [
      '  - { id: kube-read, groups: [agents], targets: { env: prod }, tools: [kube_get, kube_logs, kube_exec, kube_change], effects: [read] }',
      '  - { id: kube-change, groups: [agents], targets: { env: prod }, tools: [kube_exec, kube_change], effects: [write, admin], approval: { by: [dba], within: 15m } }',
    ].join('\n'),
    config: (dir) => {
      writeFileSync(
        join(dir, 'kubeconfig'),
        kubeconfigOf(cluster, { token: 'gateway-token' }, 'prod'),
        {
          mode: 0o600,
        },
      )
      mkdirSync(join(dir, 'policies'))
      writeFileSync(
        join(dir, 'policies', 'kube.cedar'),
        [
          '@id("no-secrets") forbid (principal, action == Action::"kube_get", resource)',
          '  when { context.group == "" && context.resource == "secrets" };',
          '@id("no-rights") forbid (principal, action == Action::"kube_change", resource)',
          '  when { ["rbac.authorization.k8s.io", "certificates.k8s.io"].contains(context.group) };',
        ].join('\n'),
      )
      return [
        'policies: ./policies',
        'targets:',
        '  main:',
        '    kind: kubernetes',
        '    labels: { env: prod }',
        '    kubeconfig: file:./kubeconfig',
        '    limits: { seconds: 20 }',
      ].join('\n')
    },
    calls: (one) => [callOf(one.input)],
    snapshot: async () => {
      const parts = await Promise.all([
        kubectl(['get', watched, '-A', '-o', `jsonpath=${line}`]),
        kubectl(['get', 'nodes', '-o', `jsonpath=${nodeLine}`]),
        kubectl(['get', 'pods', '-A', '-o', `jsonpath=${podLine}`]),
      ])
      return createHash('sha256').update(parts.join('\0')).digest('hex')
    },
    close: () => cluster.down(),
  }
}
