/** What a cluster serves: its kinds of objects, from aggregated discovery (apidiscovery.k8s.io), and what the gateway may read there. */
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import type { Session } from '../../types.ts'
import type { Api } from './api.ts'
import { Refused, refusal } from './failure.ts'
import { isLabel } from './names.ts'
import { may } from './rights.ts'

export interface Resource {
  /** '' for the core group. */
  readonly group: string
  readonly version: string
  /** Plural name, as in paths. */
  readonly plural: string
  readonly singular: string
  readonly kind: string
  readonly short: readonly string[]
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  readonly subresources: readonly string[]
  /** The first version of its group. */
  readonly preferred: boolean
}

export interface Catalogue {
  readonly resources: readonly Resource[]
  /** Namespaces whose Secrets the gateway's own credential may read; `all` for every one. */
  readonly secrets: 'all' | ReadonlySet<string>
}

const text = z.string().max(253)
const discovery = z.object({
  kind: z.literal('APIGroupDiscoveryList'),
  items: z.array(
    z.object({
      metadata: z.object({ name: text.optional() }),
      versions: z
        .array(
          z.object({
            version: text,
            resources: z
              .array(
                z.object({
                  resource: text,
                  responseKind: z.object({ kind: text }).optional(),
                  scope: text,
                  singularResource: text.optional(),
                  shortNames: z.array(text).optional(),
                  verbs: z.array(text).optional(),
                  subresources: z.array(z.object({ subresource: text })).optional(),
                }),
              )
              .optional(),
          }),
        )
        .optional(),
    }),
  ),
})

const accept = ['v2', 'v2beta1']
  .map((v) => `application/json;g=apidiscovery.k8s.io;v=${v};as=APIGroupDiscoveryList`)
  .join(',')

const part = async (api: Api, path: string, session: Session): Promise<readonly Resource[]> => {
  const answer = await api.json({ path, accept })
  const read = discovery.safeParse(answer)
  if (!read.success)
    throw new GateError(
      'CONFIG_INVALID',
      `${session.target.name} is no Kubernetes of 1.27 or later.`,
      {
        cause: read.error,
      },
    )
  return read.data.items.flatMap(({ metadata, versions }) =>
    (versions ?? []).flatMap(({ version, resources }, index) =>
      (resources ?? []).map((one) => ({
        group: metadata.name ?? '',
        version,
        plural: one.resource,
        singular: one.singularResource || (one.responseKind?.kind ?? '').toLowerCase(),
        kind: one.responseKind?.kind ?? '',
        short: one.shortNames ?? [],
        namespaced: one.scope === 'Namespaced',
        verbs: one.verbs ?? [],
        subresources: (one.subresources ?? []).map(({ subresource }) => subresource),
        preferred: index === 0,
      })),
    ),
  )
}

const mostNamespaces = 200
const namespaceList = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string() }) })),
})

const namespacesOf = async (api: Api, context: string): Promise<readonly string[]> => {
  const { namespaces } = api.session.target
  if (namespaces) return namespaces.slice(0, mostNamespaces)
  try {
    const list = namespaceList.safeParse(
      await api.json({ path: '/api/v1/namespaces', query: { limit: String(mostNamespaces) } }),
    )
    return list.success ? list.data.items.map(({ metadata }) => metadata.name).filter(isLabel) : []
  } catch (thrown) {
    if (thrown instanceof Refused) return [context]
    throw thrown
  }
}

const secretsOf = async (api: Api, context: string): Promise<Catalogue['secrets']> => {
  const ask = (namespace: string): Promise<boolean> =>
    may(api, { verb: 'get', group: '', resource: 'secrets', subresource: '', namespace, name: '' })
  if (await ask('')) return 'all'
  const names = await namespacesOf(api, context)
  const readable = new Set<string>()
  for (let at = 0; at < names.length; at += 8)
    await Promise.all(
      names.slice(at, at + 8).map(async (name) => {
        if (await ask(name)) readable.add(name)
      }),
    )
  return readable
}

/** Asks for everything that facts need. Throws TARGET_UNREACHABLE and its kin. */
export const describe = async (api: Api, context: string): Promise<Catalogue> => {
  const { session } = api
  try {
    const [core, groups, secrets] = await Promise.all([
      part(api, '/api', session),
      part(api, '/apis', session),
      secretsOf(api, context),
    ])
    return { resources: [...core, ...groups], secrets }
  } catch (thrown) {
    if (!(thrown instanceof Refused)) throw thrown
    const what = {
      verb: 'get',
      group: '',
      resource: 'discovery',
      subresource: '',
      namespace: '',
      name: '',
    }
    throw refusal(thrown, session, what)
  }
}
