/** What is known of one request as it goes along the path; `refuse` turns what stops it into events and an answer. */
import { asGateError, type GateError } from '../errors.ts'
import type { Call, Entry, Masked, Part, Target, Tool, Verdict } from '../types.ts'
import * as entries from './entries.ts'
import type { Ports, Reply, Request } from './ports.ts'
import { refusal, refusedReply } from './reply.ts'

export interface Step {
  readonly callId: string
  readonly at: Date
  readonly request: Request
  /** Masked input, once it is known to be sane; never of input that was mistyped. */
  input: Masked<string> | undefined
  tool: Tool | undefined
  target: Target | undefined
  targetIdentity: string | undefined
  call: Call | undefined
  verdict: Verdict | undefined
}

export const knownOf = (
  step: Step,
  toolDefs: ReadonlyMap<string, string>,
  names: ReadonlySet<string>,
): entries.Known => {
  const def = toolDefs.get(step.request.tool)
  return {
    callId: step.callId,
    caller: step.request.caller,
    // A name that is no tool's was written by the agent: it stays out of the header.
    tool: names.has(step.request.tool) ? step.request.tool : 'unknown',
    ...(def === undefined ? {} : { toolDef: def }),
    ...(step.target === undefined ? {} : { target: step.target.name }),
    ...(step.targetIdentity === undefined ? {} : { targetIdentity: step.targetIdentity }),
    ...(step.call === undefined ? {} : { call: step.call }),
  }
}

/** `call.received`: committed together with what was decided. */
export const receivedOf = (
  step: Step,
  known: entries.Known,
  ports: Ports,
  detail: Readonly<Record<string, string>> = {},
): Entry => {
  const parts: Part[] = []
  if (step.input !== undefined) parts.push({ kind: 'input', bytes: step.input })
  const origin = ports.masker.fields(step.request.caller.origin, { profile: [], known: [] })
  parts.push({ kind: 'origin', bytes: JSON.stringify(origin) as Masked<string> })
  return entries.received(known, parts, { input_bytes: String(step.request.rawBytes), ...detail })
}

/** Records why a request went no further, and teaches the agent. What can't be recorded is answered AUDIT_UNAVAILABLE. */
export const refuse = async (
  step: Step,
  known: entries.Known,
  error: GateError,
  ports: Ports,
): Promise<Reply> => {
  if (error.cause !== undefined) ports.report(error, { call_id: step.callId, tool: known.tool })
  const { verdict } = step
  const terminal =
    verdict?.kind === 'deny' ? entries.denied(known, verdict, error) : entries.refused(known, error)
  try {
    const receipts = await ports.log.append([receivedOf(step, known, ports), terminal])
    return refusedReply(step.callId, receipts.at(-1), refusal(error))
  } catch (thrown) {
    const unavailable = asGateError(thrown)
    ports.report(unavailable, { call_id: step.callId, step: 'refusal' })
    return refusedReply(
      step.callId,
      undefined,
      refusal(unavailable.code === 'AUDIT_UNAVAILABLE' ? unavailable : error),
    )
  }
}
