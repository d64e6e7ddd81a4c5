/** kube_logs: the end of a container's log, filtered here, masked with the Secrets of its pod. */
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import type { KubernetesTarget, Output, Tool } from '../../types.ts'
import type { Api } from './api.ts'
import type { Desk } from './desk.ts'
import type { Resource } from './discovery.ts'
import {
  factsOf,
  type KubeFacts,
  kubeFactKinds,
  pathOf,
  placeOf,
  resourceOf,
  secretsUnknown,
} from './facts.ts'
import { Refused } from './failure.ts'
import { name, namespace, outputs, reason, target } from './inputs.ts'
import { LogLines } from './log-lines.ts'
import { checkName, isLabel } from './names.ts'
import { containerOf, podOf, podOfWorkload } from './pods.ts'
import { readSecretsOf } from './secrets.ts'
import { teaching } from './teach.ts'

const input = z.strictObject({
  target,
  namespace,
  /** A pod's name, or `kind/name`. */
  pod: z.string().max(400),
  container: name.optional(),
  tail: z.int().min(1).max(10_000).optional(),
  since_s: z.int().min(1).max(31_536_000).optional(),
  previous: z.boolean().optional(),
  filter: z.string().max(500).optional(),
  timestamps: z.boolean().optional(),
  reason,
})
type Input = z.output<typeof input>

export interface LogFacts extends KubeFacts {
  /** The workload that the pod is one of. */
  readonly workload?: { readonly resource: Resource; readonly name: string }
  readonly unknown: boolean
}

const facts: Tool<typeof input, LogFacts, KubernetesTarget>['facts'] = async (given, look) => {
  const pods = { namespaced: true, plural: 'pods' }
  const where = await placeOf(look.target, pods, { namespace: given.namespace })
  if (given.container !== undefined && !isLabel(given.container))
    throw new GateError('INPUT_REFUSED', 'The name of the container is not valid (RFC 1123 label).')
  const unknown = await secretsUnknown(look, where)
  const [first = '', second, ...rest] = given.pod.split('/')
  if (rest.length > 0)
    throw new GateError('INPUT_REFUSED', 'pod is the name of a pod, or kind/name.')
  const log = (called: string): KubeFacts =>
    factsOf(
      'read',
      {
        verb: 'get',
        group: '',
        resource: 'pods',
        subresource: 'log',
        namespace: where,
        name: called,
      },
      'v1',
      { secrets_unknown: unknown },
    )
  if (second === undefined) return { ...log(checkName(first, '')), unknown }
  const resource = await resourceOf(first, look)
  const own = checkName(second, resource.group)
  if (resource.plural === 'pods' && resource.group === '') return { ...log(own), unknown }
  if (!resource.namespaced)
    throw new GateError('INPUT_REFUSED', `${resource.plural} have no pods in a namespace.`)
  const full = `${resource.plural}${resource.group ? `.${resource.group}` : ''}/${own}`
  return { ...log(full), unknown, workload: { resource, name: own } }
}

const longTail = 1_000
const shortTail = 100
/** What is left of a run's time for masking and sending, when a log is longer than it. */
const reserveMs = 1_000

const run = async (desk: Desk, api: Api, given: Input, found: LogFacts): Promise<Output> => {
  const { limits, target: on } = api.session
  const until =
    performance.now() + Math.max(limits.seconds * 1_000 - reserveMs, limits.seconds * 500)
  const { namespace: where } = found.what
  const chosen = found.workload
    ? await podOfWorkload(api, found.workload.resource, where, found.workload.name)
    : { name: found.what.name, pods: 1 }
  const pod = await podOf(api, where, chosen.name)
  const container = containerOf(pod, given.container)
  // Side by side with the log, which nobody sees before they are known.
  let refused = false
  const secrets = readSecretsOf(api, pod, where, found.unknown).catch((thrown: unknown) => {
    refused = true
    throw thrown
  })
  const tail = given.tail ?? (given.filter || given.since_s ? longTail : shortTail)
  const lines = new LogLines({ filter: given.filter, lines: tail, bytes: limits.bytes })
  const what = { ...found.what, name: chosen.name }
  const call = {
    path: pathOf(what, 'v1'),
    query: {
      container,
      // With a filter the last lines are those that pass it.
      ...(given.filter ? {} : { tailLines: String(tail) }),
      ...(given.since_s ? { sinceSeconds: String(given.since_s) } : {}),
      ...(given.previous ? { previous: 'true' } : {}),
      ...(given.timestamps ? { timestamps: 'true' } : {}),
    },
    accept: '*/*',
  }
  const reading = teaching(api, what, 'v1', () =>
    api
      .stream(call, (piece) => {
        lines.add(piece)
        return !refused && performance.now() < until
      })
      .catch((thrown: unknown) => {
        throw notReady(thrown, given) ?? thrown
      }),
  )
  const [told, read] = await Promise.allSettled([secrets, reading])
  if (told.status === 'rejected') throw told.reason
  desk.seen.add(on.name, told.value)
  if (read.status === 'rejected') throw read.reason
  const whole = read.value
  const log = lines.end()
  return {
    kind: 'fields',
    fields: {
      log,
      pod: chosen.name,
      container,
      lines: lines.count,
      ...(found.workload ? { pods: chosen.pods } : {}),
      ...(whole ? {} : { stopped: 'seconds' }),
    },
    truncated: lines.cut || !whole,
  }
}

/** The server says in words only why there is no log; its words are not told. */
const notReady = (thrown: unknown, given: Input): GateError | undefined => {
  if (!(thrown instanceof Refused) || thrown.status !== 400) return undefined
  const said = thrown.said.message ?? ''
  const teaching = { targetCode: '400', cause: thrown }
  if (given.previous && /previous terminated container/.test(said))
    return new GateError('TARGET_FAILED', 'There is no earlier run of this container.', {
      ...teaching,
      hint: 'Leave out previous.',
    })
  if (
    /waiting to start|PodInitializing|ContainerCreating|image can't be pulled|not (yet )?available/i.test(
      said,
    )
  )
    return new GateError('TARGET_FAILED', 'The container has not started, so that it has no log.', {
      ...teaching,
      retry: true,
      hint: 'kube_get events with field_selector involvedObject.name=POD says why.',
    })
  return new GateError('TARGET_FAILED', 'The cluster gives no log of this container now.', teaching)
}

export const kubeLogs = (desk: Desk): Tool<typeof input, LogFacts, KubernetesTarget> => ({
  name: 'kube_logs',
  title: 'Read logs',
  description:
    'Last lines of a container. pod may be kind/name; filter keeps lines with this text.',
  kind: 'kubernetes',
  input,
  output: {
    log: outputs.text,
    pod: outputs.text,
    container: outputs.text,
    truncated: outputs.boolean,
  },
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  factKinds: { ...kubeFactKinds, secrets_unknown: 'boolean' },
  ceiling: 'read',
  facts,
  credential: () => 'read',
  run: (given, found, session) =>
    desk.use(session, 'caller', async (api) =>
      desk.withKnown(api, await run(desk, api, given, found)),
    ),
})
