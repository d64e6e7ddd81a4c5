/** A held call: sealed, shown to people, waited for; once approved, decided again and run once. */
import { asGateError, GateError } from '../errors.ts'
import type { Approval, Call, Json, Masked, Need, Receipt, Tool, Verdict } from '../types.ts'
import { shownInput } from './admit.ts'
import { canonicalJson } from './canonical.ts'
import { decide, denial, stopIfPaused } from './decide.ts'
import * as entries from './entries.ts'
import { execute } from './execute.ts'
import { uuidv7 } from './id.ts'
import type { Looks } from './look.ts'
import type { Ports } from './ports.ts'
import type { Start } from './run.ts'
import { receivedOf, type Step } from './step.ts'

/** Records the request for approval; the call waits from here on. */
export const requestApproval = async (
  step: Step,
  known: entries.Known,
  call: Call,
  verdict: Verdict & { kind: 'hold' },
  tool: Tool,
  ports: Ports,
): Promise<{ expiresAt: Date; receipt: Receipt | undefined }> => {
  const context = { target: call.target, profile: verdict.masking, known: [] }
  const view = {
    input: ports.masker.fields(shownInput(tool, call.input), context),
    facts: shownFacts(call.facts),
    preview: await preview(call, known, tool, ports),
    reason: ports.masker.text(call.reason ?? '', context),
  }
  const { claim, expiresAt } = await ports.approvals.request({
    call,
    targetIdentity: known.targetIdentity ?? '',
    needs: verdict.needs,
    rules: verdict.rules,
    masking: verdict.masking,
    view,
  })
  const shown = JSON.stringify(view) as Masked<string>
  const receipts = await ports.log.append(
    [receivedOf(step, known, ports), entries.requested(known, verdict, expiresAt, shown)],
    claim,
  )
  return { expiresAt, receipt: receipts.at(-1) }
}

/** What an approver sees beside the facts: a run of its own, which changes nothing, with its own intent and result. */
const preview = async (
  call: Call,
  known: entries.Known,
  tool: Tool,
  ports: Ports,
): Promise<Masked<Json>> => {
  const make = tool.preview?.bind(tool)
  if (!make) return {} as unknown as Masked<Json>
  const own: entries.Known = {
    ...known,
    callId: uuidv7(),
    caller: ports.self,
    tool: `${tool.name}.preview`,
  }
  const finished = await execute(
    {
      known: own,
      target: call.target,
      // EXPLAIN of a write asks for the right to write; the tool runs it where nothing can change.
      purpose: tool.credential(call.facts),
      masking: [],
      callerView: call.caller,
      before: [],
      intent: { ...entries.intent(own, undefined), effect: 'read', detail: { for: call.id } },
      writes: false,
      run: async (session) => ({
        kind: 'fields',
        fields: await make(call.input, call.facts, session),
      }),
    },
    ports,
    new AbortController(),
  )
  // The text was masked and recorded; this is the same text as a value.
  if (finished.ok) return JSON.parse(finished.json) as Masked<Json>
  if (finished.error.code === 'AUDIT_UNAVAILABLE') throw finished.error
  return {
    unavailable: finished.error.code,
    message: finished.error.message,
  } as unknown as Masked<Json>
}

const sameNeeds = (a: readonly Need[], b: readonly Need[]): boolean => {
  const text = (needs: readonly Need[]) =>
    needs
      .map((need) =>
        JSON.stringify([[...need.groups].sort(), need.quorum, need.withinMs, need.self]),
      )
      .sort()
      .join('\n')
  return text(a) === text(b)
}

/** What approvers are told that the call does. */
const shownFacts = ({ effect, policy }: Call['facts']): Json => ({ effect, ...policy }) as Json

/** Names of the facts that are not what they were: the same text may mean another thing once a view, a link or a pod is another. */
const differing = (approved: Json, now: Json): readonly string[] => {
  const membersOf = (facts: Json): ReadonlyMap<string, string> =>
    new Map(
      Object.entries(facts as { readonly [key: string]: Json }).map(([key, value]) => [
        key,
        canonicalJson(value),
      ]),
    )
  const [before, after] = [membersOf(approved), membersOf(now)]
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (key) => before.get(key) !== after.get(key),
  )
}

/** An approved call on its way to its one run: opened, checked against what was approved, decided again by today's policy. */
export const approvedStart = async (
  approval: Approval,
  step: Step,
  ports: Ports,
  looks: Looks,
  toolDefs: ReadonlyMap<string, string>,
): Promise<Start> => {
  const { caller } = step.request
  const tool = ports.tools.get(approval.tool)
  const target = ports.targets.get(approval.target)
  if (!tool || !target || target.kind !== tool.kind || !ports.mayEver(caller, tool.name, target))
    throw new GateError(
      'APPROVAL_MISMATCH',
      'What was approved can no longer be run: the tool or the target is gone, or you may not use it any more.',
      { hint: 'Send the call again to ask for a new approval.' },
    )
  step.target = target
  step.tool = tool
  stopIfPaused(step, target, ports)
  const identity = await looks.identity(target, { fresh: true })
  const spend = await ports.approvals.spend(approval.callId, caller, {
    name: target.name,
    identity,
  })
  const facts = await tool.facts(spend.input, looks.look(target))
  const changed = differing(approval.view.facts, shownFacts(facts))
  if (changed.length > 0)
    throw new GateError(
      'APPROVAL_MISMATCH',
      `What this call would do has changed since it was approved (${changed.join(', ')}): its target is not as it was.`,
      { hint: 'Send the call again to ask for a new approval.' },
    )
  const call: Call = {
    id: approval.callId,
    at: new Date(),
    caller,
    tool: tool.name,
    target,
    input: spend.input,
    facts,
  }
  step.call = call
  step.targetIdentity = identity
  const verdict = await decide(call, ports.guards, (thrown) =>
    ports.report(asGateError(thrown), { call_id: call.id, step: 'guard' }),
  )
  step.verdict = verdict
  if (verdict.kind === 'deny') throw denial(verdict)
  if (verdict.kind === 'hold' && !sameNeeds(verdict.needs, approval.needs))
    throw new GateError(
      'APPROVAL_MISMATCH',
      'The policy asks for other approvers now than when this call was approved.',
      { rules: verdict.rules, hint: 'Send the call again to ask for a new approval.' },
    )
  const def = toolDefs.get(tool.name)
  const known: entries.Known = {
    callId: call.id,
    caller,
    tool: tool.name,
    target: target.name,
    targetIdentity: identity,
    call,
    ...(def === undefined ? {} : { toolDef: def }),
  }
  return {
    call,
    tool,
    known,
    verdict,
    before: [],
    claim: spend.claim,
    approved: approval.view.preview,
    approval: { requested: spend.requested, by: spend.by, ...(spend.self ? { self: 'true' } : {}) },
  }
}

/** Why a held call will never run, or undefined while it may. */
export const endedHeld = (approval: Approval): GateError | undefined => {
  const again = {
    hint: 'Send the call again only if something has changed.',
    rules: approval.rules,
  }
  if (approval.state === 'rejected')
    return new GateError(
      'APPROVAL_REJECTED',
      'A person looked at this call and rejected it. Nothing was run.',
      again,
    )
  if (approval.state === 'expired')
    return new GateError(
      'APPROVAL_EXPIRED',
      'Nobody approved this call in time, or it was not fetched in time. Nothing was run.',
      { ...again, hint: 'Send the call again to ask anew.' },
    )
  if (approval.state === 'cancelled')
    return new GateError(
      'CANCELLED',
      'The request for approval was withdrawn. Nothing was run.',
      again,
    )
  return undefined
}
