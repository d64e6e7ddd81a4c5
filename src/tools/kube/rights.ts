/** What an account may do, by the cluster's own word (authorization.k8s.io). */
import { z } from 'zod'
import type { Api } from './api.ts'
import type { What } from './failure.ts'

const review = z.object({ status: z.object({ allowed: z.boolean() }) })
const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'

/** SelfSubjectAccessReview. Throws as `Api.json`; an answer that can't be read is a no. */
export const may = async (api: Api, what: What): Promise<boolean> => {
  const { verb, group, resource, subresource, namespace, name } = what
  const resourceAttributes = { verb, group, resource, subresource, namespace, name }
  const answer = await api.json({
    method: 'POST',
    path,
    body: {
      type: 'application/json',
      text: JSON.stringify({
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes },
      }),
    },
  })
  const read = review.safeParse(answer)
  return read.success && read.data.status.allowed
}
