/** A refusal of the cluster's, worded with what the cluster says on being asked again: the missing right, the nearest name. */
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import type { Api } from './api.ts'
import { TooLarge } from './api.ts'
import { pathOf } from './facts.ts'
import { placeOf, Refused, refusal, type What, wordsOf } from './failure.ts'
import { isLabel, nearest, plain } from './names.ts'
import { may } from './rights.ts'

const list = z.object({
  items: z.array(
    z.object({ metadata: z.object({ name: z.string(), namespace: z.string().optional() }) }),
  ),
})
const namesOnly =
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json'

type Named = { readonly name: string; readonly namespace?: string | undefined }

/** Names in a list, as far as this account may see them; never throws. */
const names = async (
  api: Api,
  what: What,
  version: string,
  query: Readonly<Record<string, string>>,
): Promise<readonly Named[]> => {
  try {
    const path = pathOf({ ...what, name: '', subresource: '' }, version)
    const answer = await api.json({ path, query, accept: namesOnly, maxBytes: 4_194_304 })
    const read = list.safeParse(answer)
    return read.success ? read.data.items.map(({ metadata }) => metadata) : []
  } catch {
    return []
  }
}

const notFound = async (
  refused: Refused,
  api: Api,
  what: What,
  version: string,
): Promise<GateError> => {
  const plainly = refusal(refused, api.session, what)
  const teach = (hint: string): GateError =>
    new GateError(plainly.code, plainly.message, { ...plainly.teaching, hint, cause: refused })
  const { target } = api.session
  if (what.namespace) {
    const spaces = await names(
      api,
      { ...what, group: '', resource: 'namespaces', namespace: '' },
      'v1',
      {
        limit: '500',
      },
    )
    const visible = spaces.filter(
      ({ name }) => !target.namespaces || target.namespaces.includes(name),
    )
    if (spaces.length > 0 && !spaces.some(({ name }) => name === what.namespace)) {
      const near = nearest(what.namespace, visible.map(({ name }) => name).filter(isLabel))
      return teach(
        `There is no namespace ${what.namespace}.${near ? ` Did you mean ${near}?` : ''}`,
      )
    }
  }
  const here = await names(api, what, version, { limit: '500' })
  const near = nearest(
    what.name,
    here.map(({ name }) => name).filter((name) => plain(name) !== undefined),
  )
  if (near) return teach(`Did you mean ${near}?`)
  if (what.namespace && !target.namespaces) {
    const elsewhere = await names(api, { ...what, namespace: '' }, version, {
      fieldSelector: `metadata.name=${what.name}`,
      limit: '5',
    })
    const places = elsewhere.flatMap(({ namespace }) =>
      namespace && isLabel(namespace) ? [namespace] : [],
    )
    if (places.length > 0)
      return teach(`There is one of that name in namespace ${places.join(', ')}.`)
  }
  return teach('kube_get with format names lists what there is.')
}

const forbidden = async (refused: Refused, api: Api, what: What): Promise<GateError> => {
  const teaching = { targetCode: '403', cause: refused }
  const { target } = api.session
  const impersonating = Object.keys(api.headers).length > 0
  if (impersonating && /cannot impersonate/.test(refused.said.message ?? ''))
    return new GateError(
      'TARGET_FAILED',
      `The gateway's account on ${target.name} may not work as you.`,
      {
        ...teaching,
        hint: 'An administrator of the cluster grants it the verb impersonate on your user and groups.',
      },
    )
  const allowed = await may(api, what).catch(() => false)
  if (allowed)
    return new GateError(
      'TARGET_FAILED',
      'A rule of the cluster (admission or quota) refused the request. Nothing was changed.',
      teaching,
    )
  const who = impersonating ? 'You' : "The gateway's account"
  return new GateError(
    'TARGET_FAILED',
    `${who} may not ${what.verb} ${wordsOf(what)}${placeOf(what)} on ${target.name}.`,
    {
      ...teaching,
      hint: `The missing right is the verb ${what.verb} on ${wordsOf(what)}; kube_get access shows what is allowed.`,
    },
  )
}

/** Anything thrown by a call to the API, as the GateError that the agent hears. */
export const taught = async (
  thrown: unknown,
  api: Api,
  what: What,
  version: string,
): Promise<GateError> => {
  if (thrown instanceof GateError) return thrown
  if (thrown instanceof TooLarge)
    return new GateError(
      'TARGET_FAILED',
      'The answer of the cluster is larger than the gateway reads.',
      {
        hint: 'Ask for fewer objects, or with format names.',
      },
    )
  if (!(thrown instanceof Refused)) throw thrown
  if (thrown.status === 403) return forbidden(thrown, api, what)
  if (thrown.status === 404) {
    if (what.name) return notFound(thrown, api, what, version)
    return refusal(thrown, api.session, what)
  }
  return refusal(thrown, api.session, what)
}

/** Runs `work`, whose refusals are taught as refusals of `what`. */
export const teaching = async <T>(
  api: Api,
  what: What,
  version: string,
  work: () => Promise<T>,
): Promise<T> => {
  try {
    return await work()
  } catch (thrown) {
    throw await taught(thrown, api, what, version)
  }
}
