/** Facts of a change: which object, and how far it reaches. */
import { GateError } from '../../errors.ts'
import type { KubernetesTarget, Look } from '../../types.ts'
import type { ChangeInput } from './change-input.ts'
import type { Catalogue, Resource } from './discovery.ts'
import { mintsCredential, reachOf, touchesNode } from './effects.ts'
import { factsOf, type KubeFacts, nameOf, placeOf, resourceOf } from './facts.ts'
import { type Manifest, parseManifest } from './manifest.ts'
import { nearest } from './names.ts'

export interface ChangeFacts extends KubeFacts {
  readonly manifest?: Manifest
}

const refuse = (message: string, hint?: string): GateError =>
  new GateError('INPUT_REFUSED', message, hint === undefined ? {} : { hint })

const kindOf = async (manifest: Manifest, look: Look<KubernetesTarget>): Promise<Resource> => {
  const search = ({ resources }: Catalogue): Resource | undefined =>
    resources.find(
      ({ group, version, kind }) =>
        group === manifest.group && version === manifest.version && kind === manifest.kind,
    )
  const found = search(await look.catalogue<Catalogue>())
  if (found) return found
  const fresh = await look.catalogue<Catalogue>({ fresh: true })
  const after = search(fresh)
  if (after) return after
  const sameKind = fresh.resources.find(({ kind }) => kind === manifest.kind)
  const near = nearest(
    manifest.kind,
    fresh.resources.map(({ kind }) => kind),
  )
  const other = sameKind ?? fresh.resources.find(({ kind }) => kind === near)
  throw refuse(
    `${look.target.name} has no such kind of object in that version.`,
    other
      ? `Did you mean apiVersion ${other.group ? `${other.group}/` : ''}${other.version}, kind ${other.kind}?`
      : 'The cluster does not serve it.',
  )
}

const applied = async (given: ChangeInput, look: Look<KubernetesTarget>): Promise<ChangeFacts> => {
  if (given.manifest === undefined) throw refuse('apply needs a manifest.')
  if (given.resource !== undefined || given.name !== undefined || given.replicas !== undefined)
    throw refuse(
      'apply takes a manifest alone.',
      'resource, name and replicas belong into the manifest.',
    )
  const manifest = parseManifest(given.manifest)
  const resource = await kindOf(manifest, look)
  if (!resource.verbs.includes('patch')) throw refuse(`${resource.plural} can not be applied.`)
  const own = manifest.namespace
  if (own !== undefined && given.namespace !== undefined && own !== given.namespace)
    throw refuse('namespace is not the one of the manifest.')
  const asked = own ?? given.namespace
  if (asked !== undefined && !resource.namespaced)
    throw refuse(`${resource.plural} belong to no namespace.`)
  const namespace = await placeOf(look.target, resource, { namespace: asked, name: manifest.name })
  const { object } = manifest
  const reach =
    touchesNode(object) || (resource.plural === 'secrets' && mintsCredential(object))
      ? 'admin'
      : reachOf(resource, namespace)
  return {
    ...change(given, resource, namespace, nameOf(manifest.name, resource), '', 'patch', reach),
    manifest,
  }
}

const change = (
  given: ChangeInput,
  resource: Resource,
  namespace: string,
  name: string,
  subresource: string,
  verb: 'patch' | 'delete',
  reach: KubeFacts['effect'],
): ChangeFacts => {
  const dryRun = given.dry_run ?? false
  const what = {
    verb,
    group: resource.group,
    resource: resource.plural,
    subresource,
    namespace,
    name,
  }
  return factsOf(dryRun ? 'read' : reach, what, resource.version, {
    action: given.action,
    dry_run: dryRun,
  })
}

const restartable = new Set(['deployments', 'daemonsets', 'statefulsets'])

/** Throws INPUT_REFUSED and SYNTAX_ERROR for what is no change of one object, NOT_ALLOWED outside the target's namespaces. */
export const changeFacts = async (
  given: ChangeInput,
  look: Look<KubernetesTarget>,
): Promise<ChangeFacts> => {
  if (given.action === 'apply') return applied(given, look)
  if (given.manifest !== undefined) throw refuse(`${given.action} takes no manifest.`)
  if (given.resource === undefined || given.name === undefined)
    throw refuse(`${given.action} needs resource and name of one object.`)
  if ((given.action === 'scale') !== (given.replicas !== undefined))
    throw refuse('scale needs replicas, and nothing else takes them.')
  const resource = await resourceOf(given.resource, look)
  const namespace = await placeOf(look.target, resource, {
    namespace: given.namespace,
    name: given.name,
  })
  if (given.namespace !== undefined && !resource.namespaced)
    throw refuse(`${resource.plural} belong to no namespace.`)
  const name = nameOf(given.name, resource)
  const reach = reachOf(resource, namespace)
  const { plural, group, verbs, subresources } = resource
  switch (given.action) {
    case 'delete':
      if (!verbs.includes('delete')) throw refuse(`${plural} can not be deleted.`)
      return change(given, resource, namespace, name, '', 'delete', reach)
    case 'scale':
      if (!subresources.includes('scale')) throw refuse(`${plural} can not be scaled.`)
      return change(given, resource, namespace, name, 'scale', 'patch', reach)
    case 'restart':
      if (group !== 'apps' || !restartable.has(plural))
        throw refuse(
          `${plural} can not be restarted.`,
          'Deployments, daemonsets and statefulsets can.',
        )
      return change(given, resource, namespace, name, '', 'patch', reach)
  }
}
