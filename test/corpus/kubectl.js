// kubectl command lines as calls of our tools. What no tool can express has no `args`, which is a denial by construction.

const target = 'main'
const namespace = 'prod'
const nothing = { tool: 'none' }
/** Known to be done by no tool: an agent asks again with kube_get. */
const knowingly = { tool: 'none', known: true }
const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sent}\ndata: {a: b}\n'

/** Words as a shell would split them; quotes and backslashes only. JSON in braces is left as it is. */
const split = (text) =>
  [...text.matchAll(/(?<!\S)\{\S*\}(?!\S)|(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\])+/g)].map(
    ([word]) =>
      word.startsWith('{')
        ? word
        : word.replace(
            /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g,
            (_, single, double, escaped) => single ?? double?.replace(/\\(.)/g, '$1') ?? escaped,
          ),
  )

const valued = {
  '-n': 'namespace',
  '--namespace': 'namespace',
  '-o': 'output',
  '--output': 'output',
  '-l': 'selector',
  '--selector': 'selector',
  '--field-selector': 'fieldSelector',
  '--tail': 'tail',
  '--since': 'since',
  '-c': 'container',
  '--container': 'container',
  '--replicas': 'replicas',
  '-f': 'file',
  '--filename': 'file',
  '-p': 'patch',
  '--patch': 'patch',
  '--raw': 'raw',
  '--clusterrole': 'clusterrole',
  '--serviceaccount': 'serviceaccount',
  '--from': 'from',
  '--image': 'image',
  '--sort-by': 'ignored',
}
const switches = {
  '-A': 'all',
  '--all-namespaces': 'all',
  '--all': 'every',
  '--list': 'list',
  '--dry-run=server': 'dryRun',
  '--show-managed-fields': 'ignored',
  '--show-labels': 'ignored',
  '--no-headers': 'ignored',
  '--overwrite': 'ignored',
  '--force': 'force',
  '--timestamps': 'timestamps',
  '--previous': 'previous',
  '-i': 'ignored',
  '-t': 'ignored',
  '-it': 'ignored',
  '-ti': 'ignored',
}

/** Options that kubectl has and our tools have no field for stay in `unknown`. */
const parse = (words) => {
  const rest = words.indexOf('--')
  const before = rest < 0 ? words : words.slice(0, rest)
  const found = { words: [], unknown: [], argv: rest < 0 ? [] : words.slice(rest + 1) }
  for (let at = 0; at < before.length; at++) {
    const word = before[at]
    if (!word.startsWith('-') || word === '-') {
      found.words.push(word)
      continue
    }
    const [flag, ...value] = word.split('=')
    if (word in switches) found[switches[word]] = true
    else if (flag in valued) found[valued[flag]] = value.length > 0 ? value.join('=') : before[++at]
    else found.unknown.push(word)
  }
  return found
}

const seconds = (text) => {
  const [, count, unit] = /^(\d+)([smh])$/.exec(text) ?? []
  return count === undefined ? undefined : Number(count) * { s: 1, m: 60, h: 3600 }[unit]
}
const defined = (fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
const call = (tool, fields) => ({ tool, args: defined({ target, ...fields }) })

/** `pods web-0`, `pods/web-0`, `pods`. */
const object = ([first = '', second]) => {
  const [resource, name] = first.split('/')
  return { resource, name: name ?? second }
}

const output = (text) => {
  if (text === undefined || text === 'wide') return {}
  if (text === 'name') return { format: 'names' }
  if (text.startsWith('jsonpath=')) return { fields: [text.slice('jsonpath='.length)] }
  if (text.startsWith('custom-columns='))
    return {
      fields: text
        .slice('custom-columns='.length)
        .split(',')
        .map((one) => one.slice(one.indexOf(':') + 1)),
    }
  return { format: 'yaml' }
}

const get = (asked) => {
  if (asked.raw !== undefined)
    return /^\/(healthz|readyz|livez)$/.test(asked.raw)
      ? call('kube_get', { resource: 'health' })
      : nothing
  return call('kube_get', {
    ...object(asked.words),
    namespace: asked.namespace,
    all_namespaces: asked.all,
    label_selector: asked.selector,
    field_selector: asked.fieldSelector,
    ...output(asked.output),
  })
}

const kinds = {
  deploy: ['apps/v1', 'Deployment'],
  deployment: ['apps/v1', 'Deployment'],
  node: ['v1', 'Node'],
  nodes: ['v1', 'Node'],
  no: ['v1', 'Node'],
  pod: ['v1', 'Pod'],
  ns: ['v1', 'Namespace'],
  namespace: ['v1', 'Namespace'],
}
/** A change of some fields is an apply of a manifest with these fields. */
const partly = (words, fields, asked) => {
  const { resource, name } = object(words)
  const [apiVersion, kind] = kinds[resource] ?? []
  if (kind === undefined || name === undefined) return nothing
  const { metadata, ...rest } = fields
  return call('kube_change', {
    action: 'apply',
    namespace: asked.namespace,
    dry_run: asked.dryRun,
    manifest: JSON.stringify({ apiVersion, kind, metadata: { name, ...metadata }, ...rest }),
  })
}
const pairs = (words) =>
  Object.fromEntries(words.filter((word) => /^[\w./-]+=/.test(word)).map((word) => word.split('=')))

const create = ([what, name, ...more], asked) => {
  if (what === 'clusterrolebinding')
    return call('kube_change', {
      action: 'apply',
      manifest: JSON.stringify({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name },
        roleRef: {
          apiGroup: 'rbac.authorization.k8s.io',
          kind: 'ClusterRole',
          name: asked.clusterrole,
        },
        subjects: [{ kind: 'ServiceAccount', name: 'default', namespace }],
      }),
    })
  if (what === 'job' && more.length === 0)
    return call('kube_change', {
      action: 'apply',
      manifest: JSON.stringify({
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name },
        spec: {
          template: {
            spec: {
              restartPolicy: 'Never',
              containers: [{ name: 'c', image: 'registry.local/busybox:1' }],
            },
          },
        },
      }),
    })
  return nothing
}

const commands = {
  get,
  describe: (asked) => get({ ...asked, output: 'yaml' }),
  logs: (asked) =>
    call('kube_logs', {
      namespace: asked.namespace ?? namespace,
      pod: asked.words[0],
      container: asked.container,
      tail: asked.tail === undefined ? undefined : Number(asked.tail),
      since_s: asked.since === undefined ? undefined : seconds(asked.since),
      timestamps: asked.timestamps,
      previous: asked.previous,
    }),
  exec: (asked) =>
    call('kube_exec', {
      namespace: asked.namespace ?? namespace,
      // What kubectl would take for an option in the place of the pod is put there.
      pod: asked.unknown[0] ?? asked.words[0],
      container: asked.container,
      argv: asked.argv,
    }),
  top: ({ words, ...asked }) =>
    get({ ...asked, words: [`${words[0]}.metrics.k8s.io`, ...words.slice(1)] }),
  auth: (asked) =>
    asked.words[0] === 'can-i' && asked.list
      ? call('kube_get', { resource: 'access', namespace: asked.namespace })
      : nothing,
  apply: (asked) =>
    call('kube_change', {
      action: 'apply',
      namespace: asked.namespace,
      dry_run: asked.dryRun,
      manifest: asked.file === '-' ? configMap : asked.file,
    }),
  replace: (asked) => commands.apply(asked),
  delete: (asked) => {
    const { resource, name } = object(asked.words)
    return asked.every || name === undefined
      ? nothing
      : call('kube_change', { action: 'delete', resource, name, namespace: asked.namespace })
  },
  scale: (asked) =>
    call('kube_change', {
      action: 'scale',
      ...object(asked.words),
      namespace: asked.namespace,
      replicas: Number(asked.replicas),
    }),
  rollout: (asked) => {
    const [verb, ...words] = asked.words
    if (verb === 'restart')
      return call('kube_change', {
        action: 'restart',
        ...object(words),
        namespace: asked.namespace,
      })
    return verb === 'status' || verb === 'history' ? get({ ...asked, words }) : nothing
  },
  label: (asked) =>
    partly(asked.words, { metadata: { labels: pairs(asked.words.slice(1)) } }, asked),
  annotate: (asked) =>
    partly(asked.words, { metadata: { annotations: pairs(asked.words.slice(1)) } }, asked),
  taint: (asked) =>
    partly(
      asked.words,
      { spec: { taints: [{ key: 'k', value: 'v', effect: 'NoExecute' }] } },
      asked,
    ),
  cordon: (asked) => partly(['node', ...asked.words], { spec: { unschedulable: true } }, asked),
  patch: (asked) => partly(asked.words, JSON.parse(asked.patch), asked),
  create: (asked) => create(asked.words, asked),
  wait: () => knowingly,
  version: () => call('kube_get', { resource: 'health' }),
  'cluster-info': () => call('kube_get', { resource: 'health' }),
}

/** A tool call of the corpus names the command `command`; ours is `argv`. */
const toolCall = ({ tool, arguments: { command, ...more } }) =>
  call(tool, { namespace, pod: 'web-0', argv: command, ...more })

/** `{tool, args?}` for a case's input: a command line, an argv as JSON, or a tool call as JSON. */
export const callOf = (input) => {
  const given = /^\s*[[{]/.test(input) ? JSON.parse(input) : split(input)
  if (!Array.isArray(given)) return toolCall(given)
  const [verb, ...words] = given
  const asked = parse(words)
  const known = commands[verb]
  if (known === undefined || (asked.unknown.length > 0 && verb !== 'exec' && verb !== 'wait'))
    return nothing
  return known(asked)
}
