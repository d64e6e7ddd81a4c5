/** What the live tests find in the cluster: a shop in namespace prod, and accounts of different rights. */
export const secretValues = {
  password: 'correct-horse-battery',
  config: 'url=postgres://db\nadmin_pass=line-in-a-file-77\n',
  short: 'abc',
}
/** Parts of Secrets that must come back by no way. */
export const canaries = [
  secretValues.password,
  Buffer.from(secretValues.password).toString('base64'),
  'line-in-a-file-77',
]

const image = 'image: registry.local/busybox:1'
const forever = 'trap "exit 0" TERM INT; while :; do sleep 3600 & wait $!; done'

const manifests = `
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: prod
  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"data":{"password":"${Buffer.from(secretValues.password).toString('base64')}"}}'}
stringData: ${JSON.stringify(secretValues)}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: prod}
data: {mode: fast, copied: "the words are ${secretValues.password} here"}
---
apiVersion: v1
kind: Pod
metadata: {name: web-0, namespace: prod, labels: {app: web-0}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: app
    ${image}
    command: [sh, -c, 'echo started; echo "told: $WORD"; for i in 1 2 3; do echo "line $i"; done; ${forever}']
    env:
    - {name: WORD, valueFrom: {secretKeyRef: {name: db, key: password}}}
    - {name: PLAIN_PASSWORD, value: literal-in-the-spec-1}
    volumeMounts: [{name: creds, mountPath: /etc/creds}]
  - name: side
    ${image}
    command: [sh, -c, 'echo side; ${forever}']
  volumes: [{name: creds, secret: {secretName: db}}]
---
apiVersion: v1
kind: Pod
metadata: {name: secret-rotator-7d9f, namespace: prod}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: app, ${image}, command: [sh, -c, 'echo rotated; ${forever}']}]
---
apiVersion: v1
kind: Pod
metadata: {name: root-0, namespace: prod}
spec:
  terminationGracePeriodSeconds: 1
  hostPID: true
  containers: [{name: app, ${image}, command: [sh, -c, '${forever}']}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: prod}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: app, ${image}, command: [sh, -c, 'echo hello from web; ${forever}']}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: inside, namespace: prod}
spec: {podSelector: {}, policyTypes: [Ingress]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: gateways}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: gateways}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: narrow}
rules:
- {apiGroups: [''], resources: [pods, pods/log, configmaps, namespaces], verbs: [get, list]}
- {apiGroups: [''], resources: [pods/exec], verbs: [get, create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: narrow}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: narrow}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: narrow}]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: pods.metrics.k8s.io
  annotations: {api-approved.kubernetes.io: 'unapproved, for a test'}
spec:
  group: metrics.k8s.io
  scope: Namespaced
  names: {plural: pods, singular: pod, kind: PodMetrics}
  versions:
  - name: v1beta1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
    additionalPrinterColumns:
    - {name: CPU, type: string, jsonPath: '.containers[0].usage.cpu'}
`

const metrics = `
apiVersion: metrics.k8s.io/v1beta1
kind: PodMetrics
metadata: {name: web-0, namespace: prod}
containers: [{name: app, usage: {cpu: 3m, memory: 12Mi}}]
`

const waiting = (name) => ['-n', 'prod', 'wait', '--for=condition=Ready', name, '--timeout=60s']

/** Puts everything there and waits until the pods run. */
export const furnish = async ({ kubectl }) => {
  await kubectl(['create', 'namespace', 'prod'])
  // Pods are refused until the namespace has its account.
  await kubectl(['-n', 'prod', 'wait', '--for=create', 'serviceaccount/default', '--timeout=60s'])
  await kubectl(['apply', '--server-side', '-f', '-'], manifests)
  await kubectl(['wait', '--for=condition=Established', 'crd/pods.metrics.k8s.io', '--timeout=30s'])
  await kubectl(['apply', '--server-side', '-f', '-'], metrics)
  for (const pod of ['pod/web-0', 'pod/secret-rotator-7d9f', 'pod/root-0'])
    await kubectl(waiting(pod))
  await kubectl(['-n', 'prod', 'rollout', 'status', 'deploy/web', '--timeout=60s'])
}
