/** The Kubernetes tools and what they tell of a cluster. */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import type { Family, KubernetesTarget, Tool } from '../../types.ts'
import type { Api } from './api.ts'
import { kubeChange } from './change.ts'
import { cursors } from './cursor.ts'
import { Desk } from './desk.ts'
import { type Catalogue, describe } from './discovery.ts'
import { kubeExec } from './exec.ts'
import { kubeGet } from './get.ts'
import { contextOf } from './kubeconfig.ts'
import { kubeLogs } from './logs.ts'
import { teaching } from './teach.ts'

export interface KubeFamily {
  readonly family: Family<KubernetesTarget, Catalogue>
  readonly tools: readonly Tool[]
}

const namespace = z.object({ metadata: z.object({ uid: z.uuid() }) })

/** UID of the namespace kube-system, which lives as long as the cluster. */
const identify = async (api: Api): Promise<string> => {
  const what = {
    verb: 'get',
    group: '',
    resource: 'namespaces',
    subresource: '',
    namespace: '',
    name: 'kube-system',
  }
  const answer = await teaching(api, what, 'v1', () =>
    api.json({ path: '/api/v1/namespaces/kube-system' }),
  )
  const read = namespace.safeParse(answer)
  if (read.success) return `k8s:${read.data.metadata.uid}`
  throw new GateError(
    'TARGET_FAILED',
    `${api.session.target.name} does not say which cluster it is.`,
  )
}

/** `cursorKey`: 32 bytes under which cursors are sealed; random for this process unless given. */
export const kubeFamily = ({
  cursorKey = randomBytes(32),
}: {
  readonly cursorKey?: Uint8Array
} = {}): KubeFamily => {
  const desk = new Desk(cursors(cursorKey))
  return {
    family: {
      kind: 'kubernetes',
      identify: (session) => desk.use(session, 'gateway', identify),
      describe: (session) =>
        desk.use(session, 'gateway', async (api) =>
          describe(api, (await contextOf(session.target)).namespace),
        ),
      close: async () => desk.close(),
    },
    // The gateway validates input by each tool's own schema before it calls it, so the narrower types hold.
    tools: [
      kubeGet(desk),
      kubeLogs(desk),
      kubeExec(desk),
      kubeChange(desk),
    ] as unknown as readonly Tool[],
  }
}
