/** Events that the gateway itself causes: openings, takeovers, ends of calls that nobody else can end. */
import type { Entry, EventType } from '../../types.ts'

export type Detail = NonNullable<Entry['detail']>

/** An event in the name of a gateway process. `writer` is a stable id of it. */
export const systemEntry = (type: EventType, writer: string, detail?: Detail): Entry => ({
  type,
  actor: { iss: 'countersign', sub: writer, client: '', groups: [] },
  origin: { via: 'gateway', session: '', auth: 'gateway' },
  ...(detail ? { detail } : {}),
})

/** What a terminal event repeats of its intent, so that each can be read alone. */
export type IntentNames = Pick<
  Entry,
  'callId' | 'actor' | 'origin' | 'tool' | 'toolDef' | 'target' | 'targetIdentity' | 'effect'
>

/** How a call ended, as far as the log can tell without the process that ran it. */
export type Resolution = 'committed' | 'aborted' | 'not_started' | 'unknown'

const ends: Record<Resolution, readonly [EventType, string, string]> = {
  committed: ['call.result', 'committed', 'OK'],
  aborted: ['call.error', 'aborted', 'CANCELLED'],
  not_started: ['call.unknown', 'not_started', 'OUTCOME_UNKNOWN'],
  unknown: ['call.unknown', 'unknown', 'OUTCOME_UNKNOWN'],
}

/** The terminal event of an intent that the log itself ends; `why` is one of our own words. */
export const endEntry = (
  intent: IntentNames,
  parent: string,
  resolution: Resolution,
  why: string,
): Entry => {
  const { callId, actor, origin, tool, toolDef, target, targetIdentity, effect } = intent
  const [type, status, code] = ends[resolution]
  return {
    type,
    parent,
    actor,
    origin,
    ...(callId === undefined ? {} : { callId }),
    ...(tool === undefined ? {} : { tool }),
    ...(toolDef === undefined ? {} : { toolDef }),
    ...(target === undefined ? {} : { target }),
    ...(targetIdentity === undefined ? {} : { targetIdentity }),
    ...(effect === undefined ? {} : { effect }),
    outcome: { status, code, resolution, by: why },
  }
}
