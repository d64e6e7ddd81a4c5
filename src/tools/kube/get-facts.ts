/** Facts of kube_get: what is asked of the API, or of the cluster as a whole. */
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import type { KubernetesTarget, Look } from '../../types.ts'
import { factsOf, type KubeFacts, nameOf, placeOf, resourceOf } from './facts.ts'
import { name, namespace, reason, resource, target } from './inputs.ts'
import { parsePath } from './pick.ts'
import { isVirtual } from './virtual.ts'

export const getInput = z.strictObject({
  target,
  resource,
  name: name.optional(),
  namespace: namespace.optional(),
  all_namespaces: z.boolean().optional(),
  label_selector: z.string().max(999).optional(),
  field_selector: z.string().max(999).optional(),
  fields: z.array(z.string().max(250)).max(30).optional(),
  format: z.enum(['table', 'names', 'yaml']).optional(),
  limit: z.int().min(1).max(5000).optional(),
  cursor: z.string().max(9999).optional(),
  reason,
})
export type GetInput = z.output<typeof getInput>

export interface GetFacts extends KubeFacts {
  readonly all: boolean
}

const wordForm = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/

const checkWord = (given: GetInput): void => {
  if (wordForm.test(given.resource)) return
  const [kind, ...rest] = given.resource.split('/')
  throw new GateError(
    'INPUT_REFUSED',
    'resource is one kind of object, such as pods or deployments.apps.',
    {
      hint: given.resource.includes(',')
        ? 'Ask for one kind at a time.'
        : rest.length === 1 && kind && wordForm.test(kind)
          ? `Give resource ${kind.toLowerCase()} and the name as name. Subresources are not read this way.`
          : 'Raw paths of the API are not taken.',
    },
  )
}

/** Throws INPUT_REFUSED for what is no kind, name or path of fields, NOT_ALLOWED outside the target's namespaces. */
export const getFacts = async (
  given: GetInput,
  look: Look<KubernetesTarget>,
): Promise<GetFacts> => {
  checkWord(given)
  for (const path of given.fields ?? []) parsePath(path)
  if (given.fields && given.format !== undefined && given.format !== 'table')
    throw new GateError('INPUT_REFUSED', 'fields come as a table; leave out format.')
  const all = given.all_namespaces ?? false
  const word = given.resource.toLowerCase()
  if (isVirtual(word)) {
    // What the cluster says of itself belongs to no namespace; rights are asked in one.
    const where =
      word === 'access'
        ? await placeOf(
            look.target,
            { namespaced: true, plural: word },
            { namespace: given.namespace },
          )
        : ''
    const what = {
      verb: 'get',
      group: '',
      resource: word,
      subresource: '',
      namespace: where,
      name: '',
    }
    return { ...factsOf('read', what, '', { all_namespaces: false }), all: false }
  }
  const found = await resourceOf(given.resource, look)
  const at = await placeOf(look.target, found, {
    namespace: given.namespace,
    all,
    name: given.name,
  })
  if (given.name !== undefined && (all || given.cursor !== undefined))
    throw new GateError(
      'INPUT_REFUSED',
      'An object with a name lies in one namespace, and is no list.',
    )
  const verb = given.name === undefined ? 'list' : 'get'
  if (!found.verbs.includes(verb))
    throw new GateError('INPUT_REFUSED', `The cluster does not offer ${verb} for ${found.plural}.`)
  const what = {
    verb,
    group: found.group,
    resource: found.plural,
    subresource: '',
    namespace: at,
    name: nameOf(given.name, found),
  }
  return {
    ...factsOf('read', what, found.version, { all_namespaces: all }),
    all: all && found.namespaced,
  }
}
