/** The names of a stored intent, as an entry that can be ended. */
import type { Entry } from '../../types.ts'
import type { StoredEvent } from '../reading/read.ts'

export const entryOf = (header: StoredEvent['header']): Entry => ({
  // Headers are written from entries, so these members have an entry's types.
  type: header.type as Entry['type'],
  actor: header.actor,
  origin: header.origin as Entry['origin'],
  ...(header.call_id === undefined ? {} : { callId: header.call_id }),
  ...(header.tool === undefined ? {} : { tool: header.tool }),
  ...(header.tool_def === undefined ? {} : { toolDef: header.tool_def }),
  ...(header.target === undefined ? {} : { target: header.target }),
  ...(header.target_identity === undefined ? {} : { targetIdentity: header.target_identity }),
  ...(header.effect === undefined ? {} : { effect: header.effect as NonNullable<Entry['effect']> }),
})
