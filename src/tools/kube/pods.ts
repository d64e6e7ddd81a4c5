/** The pod that logs and exec are about: found, its container chosen, its powers looked at. */
import { GateError } from '../../errors.ts'
import type { Json } from '../../types.ts'
import type { Api } from './api.ts'
import { bindingOf } from './binding.ts'
import type { Resource } from './discovery.ts'
import { pathOf } from './facts.ts'
import { Refused, type What } from './failure.ts'
import { isLabel, isSubdomain, plain } from './names.ts'
import { at, isObject, listAt, textAt } from './objects.ts'
import { teaching } from './teach.ts'

export const podWhat = (namespace: string, name: string): What => ({
  verb: 'get',
  group: '',
  resource: 'pods',
  subresource: '',
  namespace,
  name,
})

/** The pod as it is now, by the gateway's own credential. Throws TARGET_FAILED with the nearest name. */
export const podOf = async (api: Api, namespace: string, name: string): Promise<Json> => {
  const what = podWhat(namespace, name)
  try {
    return await api.own.json({ path: pathOf(what, 'v1') })
  } catch (thrown) {
    // What is told beyond the refusal is what the caller may see.
    const teller = thrown instanceof Refused && thrown.status === 404 ? api : api.own
    return teaching(teller, what, 'v1', () => Promise.reject(thrown))
  }
}

const operators: Readonly<Record<string, string>> = { In: 'in', NotIn: 'notin' }

/** A workload's selector as the API takes it; undefined when it has none. */
const selectorOf = (workload: Json): string | undefined => {
  const selector = at(workload, 'spec', 'selector')
  if (!isObject(selector)) return undefined
  const labels = isObject(selector.matchLabels)
    ? selector.matchLabels
    : 'matchExpressions' in selector
      ? {}
      : selector
  const equal = Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`)
  const more = listAt(selector, 'matchExpressions').map((one) => {
    const key = textAt(one, 'key')
    const operator = textAt(one, 'operator')
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operators[operator] ?? 'in'} (${listAt(one, 'values').map(String).join(',')})`
  })
  const all = [...equal, ...more]
  return all.length > 0 ? all.join(',') : undefined
}

/** The newest running pod of a workload, as the caller sees it; `pods`: how many there are. */
export const podOfWorkload = async (
  api: Api,
  workload: Resource,
  namespace: string,
  name: string,
): Promise<{ readonly name: string; readonly pods: number }> => {
  const { group, plural, version } = workload
  const what = { verb: 'get', group, resource: plural, subresource: '', namespace, name }
  const found = await teaching(api, what, version, () => api.json({ path: pathOf(what, version) }))
  const selector = selectorOf(found)
  if (selector === undefined)
    throw new GateError('INPUT_REFUSED', `${plural} have no pods of their own to read.`, {
      hint: 'Name the pod.',
    })
  const listing = { ...podWhat(namespace, ''), verb: 'list' }
  const answer = await teaching(api, listing, 'v1', () =>
    api.json({ path: pathOf(listing, 'v1'), query: { labelSelector: selector, limit: '500' } }),
  )
  const pods = listAt(answer, 'items')
  const age = (pod: Json): string =>
    `${textAt(pod, 'status', 'phase') === 'Running' ? 1 : 0}${textAt(pod, 'metadata', 'creationTimestamp')}`
  const [newest] = [...pods].sort((a, b) => (age(a) < age(b) ? 1 : -1))
  const chosen = textAt(newest, 'metadata', 'name')
  if (!isSubdomain(chosen))
    throw new GateError('TARGET_FAILED', `${name} has no pods at the moment.`, { retry: true })
  return { name: chosen, pods: pods.length }
}

const containersOf = (pod: Json): readonly Json[] =>
  ['containers', 'initContainers', 'ephemeralContainers'].flatMap((key) => listAt(pod, 'spec', key))

/** The container that was named, the pod's default one, or the first. Throws INPUT_REFUSED with their names. */
export const containerOf = (pod: Json, asked: string | undefined): string => {
  const names = containersOf(pod)
    .map((one) => textAt(one, 'name'))
    .filter(isLabel)
  const wanted =
    asked ??
    (textAt(pod, 'metadata', 'annotations', 'kubectl.kubernetes.io/default-container') || names[0])
  if (wanted !== undefined && names.includes(wanted)) return wanted
  throw new GateError('INPUT_REFUSED', 'The pod has no such container.', {
    hint: `Its containers: ${names.slice(0, 20).join(', ')}.`,
  })
}

/** Which pod it is, whatever is called so later: for the log and for approvers. */
export const identityOf = (pod: Json, container: string): Readonly<Record<string, string>> => {
  const own = containersOf(pod).find((one) => textAt(one, 'name') === container)
  const image = textAt(own, 'image')
  return {
    pod_uid: plain(textAt(pod, 'metadata', 'uid')) ?? '',
    image: /^[\w./:@-]{1,300}$/.test(image) ? image : '',
    node: plain(textAt(pod, 'spec', 'nodeName')) ?? '',
  }
}

/** The very pod, container and image: images are changed in place. */
export const podBinding = (pod: Json, container: string): string => {
  const own = containersOf(pod).find((one) => textAt(one, 'name') === container)
  return bindingOf(textAt(pod, 'metadata', 'uid'), container, textAt(own, 'image'))
}

/** Throws NOT_ALLOWED for pods in which a command would work on the node itself. */
export const checkPowers = (pod: Json): void => {
  const spec = at(pod, 'spec')
  const host = ['hostPID', 'hostIPC'].find((key) => at(spec, key) === true)
  const privileged = containersOf(pod).some(
    (one) => at(one, 'securityContext', 'privileged') === true,
  )
  if (host === undefined && !privileged) return
  throw new GateError(
    'NOT_ALLOWED',
    `Nothing is run in this pod: it is ${host ? `one with ${host}` : 'privileged'}, so a command in it works on the node.`,
    { hint: 'Use kube_get and kube_logs on it.' },
  )
}
