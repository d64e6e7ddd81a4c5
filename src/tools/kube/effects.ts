/** How far a change reaches: `admin` when it changes rights or nodes, or holds for a whole namespace or cluster. */
import type { Effect, Json } from '../../types.ts'
import type { Resource } from './discovery.ts'
import { at, isObject, type Obj, textAt } from './objects.ts'

/** Groups whose objects decide who may do what, or what the API does. */
const adminGroups = new Set([
  'rbac.authorization.k8s.io',
  'authorization.k8s.io',
  'authentication.k8s.io',
  'certificates.k8s.io',
  'admissionregistration.k8s.io',
  'apiregistration.k8s.io',
  'apiextensions.k8s.io',
  'node.k8s.io',
  'flowcontrol.apiserver.k8s.io',
])
/** In a namespace, and about all of it or about rights in it. */
const adminKinds = new Set([
  '/serviceaccounts',
  '/resourcequotas',
  '/limitranges',
  // Where a Service's traffic goes, past every selector (CVE-2021-25740).
  '/endpoints',
  'discovery.k8s.io/endpointslices',
  'gateway.networking.k8s.io/referencegrants',
])
/** Kinds of any group that say what may be: network, pod security, admission and access policies, and roles. */
const ruling = /(?:policies|roles|rolebindings)$/
/** Where the cluster's own workings are. */
const systemNamespace = /^kube-(system|public|node-lease)$/

/** The effect of changing an object of this kind there. */
export const reachOf = ({ group, plural, namespaced }: Resource, namespace: string): Effect =>
  !namespaced ||
  adminGroups.has(group) ||
  adminKinds.has(`${group}/${plural}`) ||
  ruling.test(plural) ||
  systemNamespace.test(namespace)
    ? 'admin'
    : 'write'

const hostKeys = new Set([
  'hostPID',
  'hostIPC',
  'hostNetwork',
  'privileged',
  'allowPrivilegeEscalation',
  'hostProcess',
])
/** What takes a wall between a container and its node away, or takes an address or a place there. */
const openings: Readonly<Record<string, (member: Json) => boolean>> = {
  hostPath: isObject,
  hostPort: (member) => typeof member === 'number' && member > 0,
  nodeName: (member) => typeof member === 'string' && member !== '',
  procMount: (member) => member === 'Unmasked',
  seccompProfile: (member) => textAt(member, 'type') === 'Unconfined',
  appArmorProfile: (member) => textAt(member, 'type') === 'Unconfined',
  seLinuxOptions: isObject,
  sysctls: (member) => Array.isArray(member) && member.length > 0,
  // A Service that takes addresses for itself takes the traffic of others (CVE-2020-8554).
  externalIPs: (member) => Array.isArray(member) && member.length > 0,
  capabilities: (member) => {
    const added = at(member, 'add')
    return Array.isArray(added) && added.length > 0
  },
}
const opens = (key: string, member: Json): boolean =>
  (Object.hasOwn(openings, key) && openings[key]?.(member) === true) ||
  (/^(?:container\.(?:apparmor|seccomp)|seccomp)\..*(?:kubernetes\.io|alpha)/.test(key) &&
    member === 'unconfined')

/** Whether a pod in it would work on its node: wherever a pod template may stand, also in kinds that we don't know. */
export const touchesNode = (value: Json, depth = 0): boolean => {
  if (typeof value !== 'object' || value === null || depth > 60) return depth > 60
  if (!isObject(value)) return value.some((member: Json) => touchesNode(member, depth + 1))
  return Object.entries(value).some(
    ([key, member]) =>
      (hostKeys.has(key) && member === true) ||
      opens(key, member) ||
      touchesNode(member, depth + 1),
  )
}

/** A Secret of this type is filled with a credential by the cluster. */
export const mintsCredential = (object: Obj): boolean =>
  /^(kubernetes\.io\/service-account-token|bootstrap\.kubernetes\.io\/token)$/.test(
    textAt(object, 'type'),
  )
