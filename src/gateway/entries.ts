/** Events of a call, made from what is known of it at each step. Names only in the header; contents are masked parts. */
import type { GateError } from '../errors.ts'
import type { Call, Caller, Entry, Masked, MaskedOutput, Part, Verdict } from '../types.ts'
import { refusal } from './reply.ts'

/** What is known of a request before and after it became a call. */
export interface Known {
  readonly callId: string
  readonly caller: Caller
  readonly tool: string
  readonly toolDef?: string
  readonly target?: string
  readonly targetIdentity?: string
  readonly call?: Call
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

// The events of one call share these objects: whoever writes them out does so once.
const made = new WeakMap<Known, Pick<Entry, 'actor' | 'origin'>>()

const people = (known: Known): Pick<Entry, 'actor' | 'origin'> => {
  const kept = made.get(known)
  if (kept) return kept
  const { auth, client, groups, iss, session, sub, via } = known.caller
  const fresh = { actor: { iss, sub, client, groups }, origin: { via, session, auth } }
  made.set(known, fresh)
  return fresh
}

/** The event as far as it is the same for all of a call; its maker adds the rest. Assigned, since spreading costs a microsecond a time. */
const begun = (known: Known, type: Entry['type']): Writable<Entry> => {
  const { actor, origin } = people(known)
  const entry: Writable<Entry> = { type, callId: known.callId, actor, origin, tool: known.tool }
  if (known.toolDef !== undefined) entry.toolDef = known.toolDef
  if (known.target !== undefined) entry.target = known.target
  if (known.targetIdentity !== undefined) entry.targetIdentity = known.targetIdentity
  if (known.call) {
    entry.effect = known.call.facts.effect
    entry.facts = known.call.facts.names
  }
  return entry
}

/** What was decided, onto its event; the parts that go with it. */
const decided = (entry: Writable<Entry>, verdict: Verdict): Part[] => {
  const { record } = verdict
  if (!record) return []
  const { engine, request, schema, set, shadow } = record
  entry.policy =
    shadow === undefined
      ? { set, schema, engine, rules: verdict.rules, decision: verdict.kind }
      : { set, schema, engine, rules: verdict.rules, decision: verdict.kind, shadow }
  // The request holds facts (names), groups and ids: the same words as the header, nothing of the input.
  return [{ kind: 'decision', bytes: request as Masked<string> }]
}

export const received = (
  known: Known,
  parts: readonly Part[],
  detail: Readonly<Record<string, string>>,
): Entry => {
  const entry = begun(known, 'call.received')
  entry.detail = detail
  entry.parts = parts
  return entry
}

export const denied = (known: Known, verdict: Verdict, error: GateError): Entry => {
  const entry = begun(known, 'call.denied')
  const parts = decided(entry, verdict)
  entry.outcome = { status: 'denied', code: error.code }
  entry.parts = [...parts, { kind: 'error', bytes: refusal(error) }]
  return entry
}

export const refused = (known: Known, error: GateError): Entry => {
  const entry = begun(known, 'call.refused')
  entry.outcome = { status: 'refused', code: error.code }
  entry.parts = [{ kind: 'error', bytes: refusal(error) }]
  return entry
}

export const requested = (
  known: Known,
  verdict: Verdict & { kind: 'hold' },
  expiresAt: Date,
  view: Masked<string>,
): Entry => {
  const entry = begun(known, 'approval.requested')
  const parts = decided(entry, verdict)
  entry.approval = {
    needs: verdict.needs.map(
      (need) => `${need.quorum} of ${need.groups.join(', ')}${need.self ? ' (self)' : ''}`,
    ),
    expires: expiresAt.toISOString(),
  }
  entry.parts = [...parts, { kind: 'preview', bytes: view }]
  return entry
}

export const intent = (
  known: Known,
  verdict: Verdict | undefined,
  approval?: Readonly<Record<string, string | readonly string[]>>,
): Entry => {
  const entry = begun(known, 'call.intent')
  entry.parts = verdict ? decided(entry, verdict) : []
  if (approval !== undefined) entry.approval = approval
  return entry
}

export const prepared = (
  known: Known,
  parent: string,
  detail: Readonly<Record<string, string>>,
): Entry => {
  const entry = begun(known, 'call.prepared')
  entry.parent = parent
  entry.detail = detail
  return entry
}

export const result = (
  known: Known,
  parent: string,
  output: MaskedOutput,
  rules: string,
  durationUs: number,
): Entry => {
  const entry = begun(known, 'call.result')
  entry.parent = parent
  const outcome: Record<string, string | boolean> = {
    status: 'ok',
    code: 'OK',
    bytes: String(output.bytes),
    truncated: output.truncated,
    duration_us: String(durationUs),
  }
  if (output.rows !== undefined) outcome.rows = String(output.rows)
  entry.outcome = outcome
  entry.mask = { rules, hits: output.hits }
  const parts: Part[] = [{ kind: 'output', bytes: output.json }]
  if (output.timeline)
    parts.push({
      kind: 'timeline',
      bytes: JSON.stringify(
        output.timeline.map((t) => [t.stream, t.atMs, t.text]),
      ) as Masked<string>,
    })
  entry.parts = parts
  return entry
}

export const failed = (
  known: Known,
  parent: string,
  error: GateError,
  durationUs: number,
): Entry => {
  const unknown = error.code === 'OUTCOME_UNKNOWN'
  const entry = begun(known, unknown ? 'call.unknown' : 'call.error')
  entry.parent = parent
  const outcome: Record<string, string> = {
    status: unknown ? 'unknown' : 'error',
    code: error.code,
    duration_us: String(durationUs),
  }
  if (error.teaching.targetCode !== undefined) outcome.target_code = error.teaching.targetCode
  entry.outcome = outcome
  entry.parts = [{ kind: 'error', bytes: refusal(error) }]
  return entry
}

export const maskFailed = (known: Known, parent: string): Entry => {
  const entry = begun(known, 'mask.failed')
  entry.detail = { intent: parent }
  return entry
}
