/** `targets` and `call_wait`: the two tools that touch no target, need no grant and decide nothing. */
import { z } from 'zod'
import { GateError } from '../errors.ts'
import type { Json, Tool } from '../types.ts'
import { parseInput } from './admit.ts'
import * as entries from './entries.ts'
import { finish } from './execute.ts'
import { type Following, follow } from './follow.ts'
import type { Reply } from './ports.ts'
import { finishedReply } from './run.ts'
import { knownOf, receivedOf, type Step } from './step.ts'
import { targetsInput, targetsOf } from './targets.ts'

type Builtin = Pick<Tool, 'name' | 'title' | 'description' | 'input' | 'output' | 'annotations'>

const readOnly = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
}

const waitInput = z.strictObject({
  call_id: z.uuid(),
  timeout_s: z.number().int().min(0).max(45).optional(),
  reason: z.string().max(500).optional(),
})

const targets: Builtin = {
  name: 'targets',
  title: 'What may I reach',
  description:
    'Lists the targets that you may use, with tools, mode (allow, or hold for approval) and limits.',
  input: targetsInput,
  output: { targets: { type: 'array' }, note: { type: 'string' } },
  annotations: readOnly,
}

const callWait: Builtin = {
  name: 'call_wait',
  title: 'Wait for a call',
  description:
    'Waits for your call that answered pending_approval or running, and returns its result. An approved call runs here, once.',
  input: waitInput,
  output: {},
  // It may run an approved write.
  annotations: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: true,
    openWorldHint: true,
  },
}

export const builtins: ReadonlyMap<string, Builtin> = new Map([
  [targets.name, targets],
  [callWait.name, callWait],
])

export const runBuiltin = async (
  name: string,
  args: Readonly<Record<string, unknown>>,
  step: Step,
  f: Following,
): Promise<Reply> => (name === targets.name ? runTargets(args, step, f) : runWait(args, step, f))

const recordOf = (step: Step, f: Following) => knownOf(step, f.toolDefs, new Set(builtins.keys()))

const runTargets = async (
  args: Readonly<Record<string, unknown>>,
  step: Step,
  f: Following,
): Promise<Reply> => {
  const { ports } = f
  const { kind } = targetsInput.parse(parseInput(targets, args))
  step.input = JSON.stringify(kind === undefined ? {} : { kind }) as Step['input']
  const known = recordOf(step, f)
  const startedAt = performance.now()
  const receipts = await ports.log.append([
    receivedOf(step, known, ports),
    { ...entries.intent(known, undefined), effect: 'read' },
  ])
  const parent = receipts.at(-1)?.leaf
  if (parent === undefined)
    throw new GateError('AUDIT_UNAVAILABLE', 'This call could not be recorded, so it was not run.')
  const masked = await ports.masker.output(targetsOf(step.request.caller, kind, ports), {
    profile: [],
    known: [],
  })
  const tookUs = Math.round((performance.now() - startedAt) * 1_000)
  return finishedReply(
    step.callId,
    await finish(
      ports,
      entries.result(known, parent, masked, ports.masker.rules, tookUs),
      masked.json,
    ),
  )
}

const runWait = async (
  args: Readonly<Record<string, unknown>>,
  step: Step,
  f: Following,
): Promise<Reply> => {
  const input = waitInput.parse(parseInput(callWait, args))
  const detail: Json = { call_id: input.call_id }
  step.input = JSON.stringify(detail) as Step['input']
  const ms =
    input.timeout_s === undefined ? f.ports.waitMs : Math.min(input.timeout_s * 1_000, 45_000)
  // The call itself is checked first: an id that the agent made up stays out of the header.
  const reply = await follow(input.call_id, step, ms, f)
  await f.ports.log.append([receivedOf(step, recordOf(step, f), f.ports, { for: input.call_id })])
  return reply
}
