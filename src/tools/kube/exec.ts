/** kube_exec: one command in a container, judged by what a real parser found in it; no shell of ours, no terminal. */
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import type { Json, KubernetesTarget, Output, Tool } from '../../types.ts'
import { argvFacts } from '../shell/facts.ts'
import type { Api } from './api.ts'
import { checkApproved } from './binding.ts'
import type { Desk } from './desk.ts'
import { factsOf, type KubeFacts, kubeFactKinds, pathOf, placeOf, secretsUnknown } from './facts.ts'
import { idempotencyKey, name, namespace, outputs, reason, target } from './inputs.ts'
import { checkName, isLabel } from './names.ts'
import { textAt } from './objects.ts'
import { checkPowers, containerOf, identityOf, podBinding, podOf } from './pods.ts'
import { runProcess } from './process.ts'
import { readSecretsOf } from './secrets.ts'
import { taught } from './teach.ts'

const input = z.strictObject({
  target,
  namespace,
  pod: name,
  container: name.optional(),
  argv: z.array(z.string().max(20_000)).max(500),
  stdin: z.string().max(1_000_000).optional(),
  timeout_s: z.int().min(1).max(3600).optional(),
  reason,
  idempotency_key: idempotencyKey,
})
type Input = z.output<typeof input>

interface ExecFacts extends KubeFacts {
  readonly unknown: boolean
}

const shellOptions = { roots: [], sensitive: [], programs: new Map() }
/** What a request line holds without trouble on the way. */
const longestArgv = 60_000

const facts: Tool<typeof input, ExecFacts, KubernetesTarget>['facts'] = async (given, look) => {
  const where = await placeOf(
    look.target,
    { namespaced: true, plural: 'pods' },
    { namespace: given.namespace },
  )
  const pod = checkName(given.pod, '')
  if (given.container !== undefined && !isLabel(given.container))
    throw new GateError('INPUT_REFUSED', 'The name of the container is not valid (RFC 1123 label).')
  if (/^-|^$/.test(given.argv[0] ?? ''))
    throw new GateError('INPUT_REFUSED', 'The first word of argv is the name of a program.')
  if (encodeURIComponent(given.argv.join(' ')).length > longestArgv)
    throw new GateError('INPUT_REFUSED', 'The command is too long to be sent.', {
      hint: 'Send long text as stdin.',
    })
  const shell = argvFacts(given.argv, shellOptions)
  const unknown = await secretsUnknown(look, where)
  const what = {
    verb: 'create',
    group: '',
    resource: 'pods',
    subresource: 'exec',
    namespace: where,
    name: pod,
  }
  return {
    ...factsOf(
      shell.effect,
      what,
      'v1',
      { ...shell.policy, container: given.container ?? '', secrets_unknown: unknown },
      { ...shell.names, container: given.container ?? '' },
    ),
    unknown,
  }
}

/** The pod as it is now, fit to run something in. */
const fitPod = async (
  api: Api,
  given: Input,
  found: ExecFacts,
): Promise<{ pod: Json; container: string }> => {
  const pod = await podOf(api, found.what.namespace, given.pod)
  checkPowers(pod)
  return { pod, container: containerOf(pod, given.container) }
}

const run = async (desk: Desk, api: Api, given: Input, found: ExecFacts): Promise<Output> => {
  const { session } = api
  const { pod, container } = await fitPod(api, given, found)
  checkApproved(session.approved, podBinding(pod, container))
  desk.seen.add(
    session.target.name,
    await readSecretsOf(api, pod, found.what.namespace, found.unknown),
  )
  const phase = textAt(pod, 'status', 'phase')
  if (phase !== 'Running')
    throw new GateError(
      'TARGET_FAILED',
      `The pod is not running${/^[A-Za-z]{1,20}$/.test(phase) ? ` (${phase})` : ''}. Nothing was run.`,
      {
        retry: phase === 'Pending',
      },
    )
  await session.prepared(identityOf(pod, container))
  const search = new URLSearchParams([
    ['container', container],
    ['stdin', String(given.stdin !== undefined)],
    ['stdout', 'true'],
    ['stderr', 'true'],
    ['tty', 'false'],
    ...given.argv.map((word): [string, string] => ['command', word]),
  ])
  try {
    return await runProcess(api, {
      path: `${pathOf(found.what, 'v1')}?${search.toString()}`,
      program: given.argv[0] ?? '',
      stdin: given.stdin,
      reads: found.effect === 'read',
      timeoutMs:
        Math.min(given.timeout_s ?? session.limits.seconds, session.limits.seconds) * 1_000,
    })
  } catch (thrown) {
    throw await taught(thrown, api, found.what, 'v1')
  }
}

export const kubeExec = (desk: Desk): Tool<typeof input, ExecFacts, KubernetesTarget> => ({
  name: 'kube_exec',
  title: 'Run a command in a container',
  description:
    'Runs argv (no shell, or sh -c TEXT). No terminal. Reads run at once; changes may need approval.',
  kind: 'kubernetes',
  input,
  output: {
    stdout: outputs.text,
    stderr: outputs.text,
    exit_code: outputs.number,
    stopped: { enum: ['bytes', 'seconds'] },
    duration_ms: outputs.number,
    truncated: outputs.boolean,
  },
  annotations: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
    openWorldHint: true,
  },
  factKinds: {
    ...kubeFactKinds,
    programs: 'strings',
    paths: 'strings',
    writes_paths: 'strings',
    hosts: 'strings',
    statements: 'long',
    container: 'string',
    secrets_unknown: 'boolean',
  },
  ceiling: 'admin',
  facts,
  credential: () => 'run',
  preview: (given, found, session) =>
    desk.use(session, 'caller', async (api) => {
      const { pod, container } = await fitPod(api, given, found)
      return {
        ...identityOf(pod, container),
        container,
        phase: textAt(pod, 'status', 'phase'),
        binding: podBinding(pod, container),
      }
    }),
  run: (given, found, session) =>
    desk.use(session, 'caller', async (api) =>
      desk.withKnown(api, await run(desk, api, given, found)),
    ),
})
