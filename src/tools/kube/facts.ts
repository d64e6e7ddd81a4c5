/** Facts of a request to the API: verb, group, resource, subresource, namespace, name; found before anything is asked. */
import { GateError } from '../../errors.ts'
import type { BaseFacts, Effect, FactKind, FactValue, KubernetesTarget, Look } from '../../types.ts'
import type { Catalogue, Resource } from './discovery.ts'
import type { What } from './failure.ts'
import { contextOf } from './kubeconfig.ts'
import { checkName, checkNamespace, nearest } from './names.ts'

export interface KubeFacts extends BaseFacts {
  readonly what: What
  readonly version: string
}

export const kubeFactKinds = {
  verb: 'string',
  group: 'string',
  resource: 'string',
  subresource: 'string',
  namespace: 'string',
  name: 'string',
} as const satisfies Readonly<Record<string, FactKind>>

/** `more`: facts beside those of the request; `named` what of them the log's header may hold. */
export const factsOf = (
  effect: Effect,
  what: What,
  version: string,
  more: Readonly<Record<string, FactValue>> = {},
  named: Readonly<Record<string, FactValue>> = more,
): KubeFacts => {
  const { verb, group, resource, subresource, namespace, name } = what
  const asked = { verb, group, resource, subresource, namespace, name }
  return { effect, what, version, policy: { ...asked, ...more }, names: { ...asked, ...named } }
}

const wordsOf = ({ plural, singular, short, kind }: Resource): readonly string[] => [
  plural,
  singular,
  ...short,
  kind.toLowerCase(),
]

/** `pods`, `po`, `Pod`, `deployments.apps`, `deployments.v1.apps`; the first group that has it, as the cluster orders them. */
const find = (word: string, { resources }: Catalogue): Resource | undefined => {
  const [name = '', ...rest] = word.toLowerCase().split('.')
  const group = rest.join('.')
  const called = resources.filter((one) => wordsOf(one).includes(name))
  if (rest.length === 0) return called.find(({ preferred }) => preferred) ?? called[0]
  const inGroup = called.filter((one) => one.group === group)
  const exact = called.find((one) => `${one.version}.${one.group}` === group)
  return exact ?? inGroup.find(({ preferred }) => preferred) ?? inGroup[0]
}

/** Throws INPUT_REFUSED with the nearest name. */
export const resourceOf = async (word: string, look: Look<KubernetesTarget>): Promise<Resource> => {
  const catalogue = await look.catalogue<Catalogue>()
  const found = find(word, catalogue)
  if (found) return found
  // It may have come since; asked again at most once a second.
  const fresh = await look.catalogue<Catalogue>({ fresh: true })
  const after = find(word, fresh)
  if (after) return after
  const near = nearest(word.split('.')[0] ?? '', fresh.resources.flatMap(wordsOf))
  const full = near === undefined ? undefined : find(near, fresh)
  throw new GateError('INPUT_REFUSED', `${look.target.name} has no such kind of object.`, {
    hint: full
      ? `Did you mean ${full.plural}${full.group ? `.${full.group}` : ''}?`
      : 'Plural, singular, short name or kind of what the cluster serves; one at a time.',
  })
}

/** Where a request goes. Throws INPUT_REFUSED or NOT_ALLOWED for namespaces outside the target's own. */
export const placeOf = async (
  target: KubernetesTarget,
  { namespaced, plural }: Pick<Resource, 'namespaced' | 'plural'>,
  asked: {
    readonly namespace?: string | undefined
    readonly all?: boolean | undefined
    readonly name?: string | undefined
  },
): Promise<string> => {
  if (asked.namespace !== undefined) checkNamespace(asked.namespace)
  if (asked.namespace !== undefined && asked.all)
    throw new GateError('INPUT_REFUSED', 'Give either namespace or all_namespaces.')
  const { namespaces } = target
  if (!namespaced) {
    // A namespace by its own name is what lies inside the bounds.
    const own = plural === 'namespaces' && namespaces?.includes(asked.name ?? '')
    if (namespaces && !own) throw outside(target, `${plural} belong to no namespace`)
    return ''
  }
  if (asked.all) {
    if (namespaces) throw outside(target, 'all_namespaces reaches others')
    return ''
  }
  const namespace = asked.namespace ?? (await contextOf(target)).namespace
  if (namespaces && !namespaces.includes(namespace))
    throw outside(target, `${namespace} is none of them`)
  return namespace
}

const outside = (target: KubernetesTarget, why: string): GateError =>
  new GateError('NOT_ALLOWED', `${target.name} is open for some namespaces only, and ${why}.`, {
    hint: `Give namespace: ${(target.namespaces ?? []).slice(0, 20).join(', ')}.`,
  })

/** Throws INPUT_REFUSED for a name that no object of this kind can have. */
export const nameOf = (name: string | undefined, { group }: Resource): string =>
  name === undefined ? '' : checkName(name, group)

/** Path of the request on the API server, each segment encoded. */
export const pathOf = (what: What, version: string): string =>
  [
    what.group ? `/apis/${encodeURIComponent(what.group)}` : '/api',
    encodeURIComponent(version),
    ...(what.namespace ? ['namespaces', encodeURIComponent(what.namespace)] : []),
    encodeURIComponent(what.resource),
    ...(what.name ? [encodeURIComponent(what.name)] : []),
    ...(what.subresource ? [encodeURIComponent(what.subresource)] : []),
  ].join('/')

/** Whether the Secrets of a namespace are hidden from the gateway, so that their values can't be masked. */
export const secretsUnknown = async (
  look: Look<KubernetesTarget>,
  namespace: string,
): Promise<boolean> => {
  const { secrets } = await look.catalogue<Catalogue>()
  return secrets !== 'all' && !secrets.has(namespace)
}
