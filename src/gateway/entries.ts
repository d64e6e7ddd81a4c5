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

type Common = Omit<Entry, 'type'>
type Writable<T> = { -readonly [K in keyof T]: T[K] }

// The events of one call share these objects: whoever writes them out does so once.
const made = new WeakMap<Known, Common>()

const common = (known: Known): Common => {
  const kept = made.get(known)
  if (kept) return kept
  const { call, caller } = known
  const fields: Writable<Common> = {
    callId: known.callId,
    actor: { iss: caller.iss, sub: caller.sub, client: caller.client, groups: caller.groups },
    origin: { via: caller.via, session: caller.session, auth: caller.auth },
    tool: known.tool,
  }
  if (known.toolDef !== undefined) fields.toolDef = known.toolDef
  if (known.target !== undefined) fields.target = known.target
  if (known.targetIdentity !== undefined) fields.targetIdentity = known.targetIdentity
  if (call) {
    fields.effect = call.facts.effect
    fields.facts = call.facts.names
  }
  made.set(known, fields)
  return fields
}

const decided = (verdict: Verdict): Pick<Entry, 'policy'> & { parts: readonly Part[] } => {
  const { record } = verdict
  if (!record) return { parts: [] }
  return {
    policy: {
      set: record.set,
      schema: record.schema,
      engine: record.engine,
      rules: verdict.rules,
      decision: verdict.kind,
      ...(record.shadow === undefined ? {} : { shadow: record.shadow }),
    },
    // The request holds facts (names), groups and ids: the same words as the header, nothing of the input.
    parts: [{ kind: 'decision', bytes: record.request as Masked<string> }],
  }
}

export const received = (
  known: Known,
  parts: readonly Part[],
  detail: Readonly<Record<string, string>>,
): Entry => ({ ...common(known), type: 'call.received', detail, parts })

export const denied = (known: Known, verdict: Verdict, error: GateError): Entry => {
  const { parts, ...policy } = decided(verdict)
  return {
    ...common(known),
    ...policy,
    type: 'call.denied',
    outcome: { status: 'denied', code: error.code },
    parts: [...parts, { kind: 'error', bytes: refusal(error) }],
  }
}

export const refused = (known: Known, error: GateError): Entry => ({
  ...common(known),
  type: 'call.refused',
  outcome: { status: 'refused', code: error.code },
  parts: [{ kind: 'error', bytes: refusal(error) }],
})

export const requested = (
  known: Known,
  verdict: Verdict & { kind: 'hold' },
  expiresAt: Date,
  view: Masked<string>,
): Entry => {
  const { parts, ...policy } = decided(verdict)
  return {
    ...common(known),
    ...policy,
    type: 'approval.requested',
    approval: {
      needs: verdict.needs.map(
        (need) => `${need.quorum} of ${need.groups.join(', ')}${need.self ? ' (self)' : ''}`,
      ),
      expires: expiresAt.toISOString(),
    },
    parts: [...parts, { kind: 'preview', bytes: view }],
  }
}

export const intent = (
  known: Known,
  verdict: Verdict | undefined,
  approval?: Readonly<Record<string, string | readonly string[]>>,
): Entry => {
  const { parts, ...policy } = verdict ? decided(verdict) : { parts: [] }
  return {
    ...common(known),
    ...policy,
    type: 'call.intent',
    ...(approval === undefined ? {} : { approval }),
    parts,
  }
}

export const prepared = (
  known: Known,
  parent: string,
  detail: Readonly<Record<string, string>>,
): Entry => ({
  ...common(known),
  type: 'call.prepared',
  parent,
  detail,
})

export const result = (
  known: Known,
  parent: string,
  output: MaskedOutput,
  rules: string,
  durationUs: number,
): Entry => {
  const outcome: Record<string, string | boolean> = {
    status: 'ok',
    code: 'OK',
    bytes: String(output.bytes),
    truncated: output.truncated,
    duration_us: String(durationUs),
  }
  if (output.rows !== undefined) outcome.rows = String(output.rows)
  const parts: Part[] = [{ kind: 'output', bytes: output.json }]
  if (output.timeline)
    parts.push({
      kind: 'timeline',
      bytes: JSON.stringify(
        output.timeline.map((t) => [t.stream, t.atMs, t.text]),
      ) as Masked<string>,
    })
  return {
    ...common(known),
    type: 'call.result',
    parent,
    outcome,
    mask: { rules, hits: output.hits },
    parts,
  }
}

export const failed = (
  known: Known,
  parent: string,
  error: GateError,
  durationUs: number,
): Entry => ({
  ...common(known),
  type: error.code === 'OUTCOME_UNKNOWN' ? 'call.unknown' : 'call.error',
  parent,
  outcome: {
    status: error.code === 'OUTCOME_UNKNOWN' ? 'unknown' : 'error',
    code: error.code,
    duration_us: String(durationUs),
    ...(error.teaching.targetCode === undefined ? {} : { target_code: error.teaching.targetCode }),
  },
  parts: [{ kind: 'error', bytes: refusal(error) }],
})

export const maskFailed = (known: Known, parent: string): Entry => ({
  ...common(known),
  type: 'mask.failed',
  detail: { intent: parent },
})
