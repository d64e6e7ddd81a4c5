/** What kube_get answers that is no object: the cluster's health, and what may be done in a namespace. */
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import type { Json, Output } from '../../types.ts'
import type { Api } from './api.ts'
import { Refused } from './failure.ts'

export const virtual = ['health', 'access'] as const
export type Virtual = (typeof virtual)[number]
export const isVirtual = (word: string): word is Virtual =>
  (virtual as readonly string[]).includes(word)

const checkLine = /^\[([+-])\]([a-z0-9][\w./-]{0,100})/
const version = z.object({ gitVersion: z.string().regex(/^v[\w.+-]{1,60}$/) })

const probe = async (api: Api, path: string): Promise<{ ok: boolean; failed: string[] }> => {
  const read = (body: string): string[] =>
    body.split('\n').flatMap((line) => {
      const [, sign, name] = checkLine.exec(line) ?? []
      return sign === '-' && name !== undefined ? [name] : []
    })
  try {
    return {
      ok: true,
      failed: read(await api.text({ path, query: { verbose: '' }, accept: '*/*' })),
    }
  } catch (thrown) {
    // An unhealthy server answers 500 with its list of checks.
    if (thrown instanceof Refused && thrown.status === 500)
      return { ok: false, failed: read(thrown.message) }
    throw thrown
  }
}

/** `{ready, live, version, failed}`: `failed` names the checks that do not pass. */
export const health = async (api: Api): Promise<Output> => {
  const [ready, live, said] = await Promise.all([
    probe(api, '/readyz'),
    probe(api, '/livez'),
    api.json({ path: '/version' }),
  ])
  const read = version.safeParse(said)
  return {
    kind: 'fields',
    fields: {
      ready: ready.ok,
      live: live.ok,
      ...(read.success ? { version: read.data.gitVersion } : {}),
      failed: [...new Set([...ready.failed, ...live.failed])],
    },
  }
}

const words = z.array(z.string().max(253)).max(1_000)
const rules = z.object({
  status: z.object({
    incomplete: z.boolean(),
    resourceRules: z.array(
      z.object({
        verbs: words,
        apiGroups: words.optional(),
        resources: words.optional(),
        resourceNames: words.optional(),
      }),
    ),
  }),
})

/** SelfSubjectRulesReview as rows of verbs, groups, resources, names. */
export const access = async (api: Api, namespace: string): Promise<Output> => {
  const answer: Json = await api.json({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    body: {
      type: 'application/json',
      text: JSON.stringify({
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectRulesReview',
        spec: { namespace },
      }),
    },
  })
  const read = rules.safeParse(answer)
  if (!read.success)
    throw new GateError(
      'TARGET_FAILED',
      `${api.session.target.name} does not answer as Kubernetes does.`,
      {
        cause: read.error,
      },
    )
  const { incomplete, resourceRules } = read.data.status
  return {
    kind: 'table',
    columns: ['verbs', 'groups', 'resources', 'names'].map((name) => ({
      name,
      as: 'text',
      type: 'text',
      from: [],
    })),
    rows: resourceRules.map(({ verbs, apiGroups, resources, resourceNames }) =>
      [verbs, apiGroups, resources, resourceNames].map((list) => (list ?? []).join(' ')),
    ),
    truncated: false,
    fields: { namespace, ...(incomplete ? { incomplete } : {}) },
  }
}
