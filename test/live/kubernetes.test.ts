/** The Kubernetes tools against a whole real cluster. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Kit, limits, openKit, refusalOf, targetOf } from '../kube/support.ts'
import { type Cluster, kubeconfigOf, startCluster } from './kubernetes/cluster.js'
import { canaries, furnish } from './kubernetes/fixtures.js'

let cluster: Cluster
let kit: Kit
const kits: Kit[] = []

const kitFor = (
  user: Readonly<Record<string, string>>,
  over: Parameters<typeof targetOf>[1] = {},
  given: Parameters<typeof openKit>[1] = {},
): Kit => {
  const made = openKit(targetOf(kubeconfigOf(cluster, user, 'prod'), over), given)
  kits.push(made)
  return made
}

beforeAll(async () => {
  cluster = await startCluster()
  await furnish(cluster)
  kit = kitFor({ token: 'gateway-token' })
})
afterAll(async () => {
  await Promise.all(kits.map((one) => one.close()))
  await cluster?.down()
})

test('smoke', async () => {
  const show = async (name: string, input: Record<string, unknown>) => {
    const r = await kit.run(name, input).catch((e: unknown) => e)
    console.log(
      name,
      JSON.stringify(input),
      '=>',
      r instanceof Error
        ? `${(r as { code?: string }).code} ${r.message} ${JSON.stringify((r as { teaching?: unknown }).teaching)} ${r.cause}`
        : JSON.stringify(r).slice(0, 1500),
    )
  }
  await show('kube_get', { resource: 'pods' })
  await show('kube_get', { resource: 'po', all_namespaces: true })
  await show('kube_get', { resource: 'secrets' })
  await show('kube_get', { resource: 'secret', name: 'db', format: 'yaml' })
  await show('kube_get', {
    resource: 'secret',
    name: 'db',
    fields: ['.data.password', 'metadata.annotations'],
  })
  await show('kube_get', { resource: 'cm', name: 'settings', format: 'yaml' })
  await show('kube_get', { resource: 'pod', name: 'web-0', format: 'yaml' })
  await show('kube_get', {
    resource: 'pod',
    name: 'web-0',
    fields: ['spec.containers[0].env[*].value', 'spec.containers[0].env'],
  })
  await show('kube_get', { resource: 'health' })
  await show('kube_get', { resource: 'access' })
  await show('kube_get', { resource: 'pods.metrics.k8s.io' })
  await show('kube_get', { resource: 'pods', limit: 1 })
  await show('kube_get', { resource: 'deploymnts' })
  await show('kube_get', { resource: 'pod', name: 'web-1' })
  await show('kube_get', { resource: 'pod', name: 'web-0', namespace: 'prd' })
  await show('kube_get', { resource: 'pod', name: 'web-0', namespace: 'default' })
  await show('kube_logs', { namespace: 'prod', pod: 'web-0' })
  await show('kube_logs', {
    namespace: 'prod',
    pod: 'deploy/web',
    filter: 'hello',
    timestamps: true,
  })
  await show('kube_logs', { namespace: 'prod', pod: 'web-0', container: 'nope' })
  await show('kube_logs', { namespace: 'prod', pod: 'web-0', previous: true })
  await show('kube_exec', { namespace: 'prod', pod: 'web-0', argv: ['env'] })
  await show('kube_exec', { namespace: 'prod', pod: 'web-0', argv: ['cat', '/etc/creds/config'] })
  await show('kube_exec', {
    namespace: 'prod',
    pod: 'web-0',
    argv: ['sh', '-c', 'echo out; echo err >&2; exit 3'],
  })
  await show('kube_exec', { namespace: 'prod', pod: 'web-0', argv: ['cat'], stdin: 'typed\n' })
  await show('kube_exec', { namespace: 'prod', pod: 'web-0', argv: ['nope'] })
  await show('kube_exec', { namespace: 'prod', pod: 'web-0', argv: ['sleep', '30'], timeout_s: 1 })
  await show('kube_exec', { namespace: 'prod', pod: 'web-0', argv: ['ps'] })
  await show('kube_exec', { namespace: 'prod', pod: 'root-0', argv: ['ls'] })
  await show('kube_change', { action: 'scale', resource: 'deploy', name: 'web', replicas: 2 })
  await show('kube_change', {
    action: 'apply',
    dry_run: true,
    manifest: 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 5}',
  })
  await show('kube_change', {
    action: 'apply',
    manifest: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new}\ndata: {a: b}',
  })
  await show('kube_change', {
    action: 'apply',
    manifest: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new}\ndatta: {a: b}',
  })
  await show('kube_change', { action: 'restart', resource: 'deploy', name: 'web' })
  await show('kube_change', { action: 'delete', resource: 'cm', name: 'new' })
})
