/** The story of a call with its contents, for a person who says why; that it was looked at is recorded first. */
import type { LogReader } from '../audit/reading/read.ts'
import { GateError } from '../errors.ts'
import type { Caller, Json, Log, Masked } from '../types.ts'

export const storyTeller =
  (reader: LogReader, log: Log) =>
  async (callId: string, by: Caller, reason: string): Promise<Json> => {
    const events = await reader.story(callId)
    if (events.length === 0)
      throw new GateError('TARGET_UNKNOWN', 'The log has no call with this id.')
    await log.append([
      {
        type: 'access.viewed',
        callId,
        actor: { iss: by.iss, sub: by.sub, client: by.client, groups: by.groups },
        origin: { via: by.via, session: by.session, auth: by.auth },
        parts: [{ kind: 'input', bytes: reason as Masked<string> }],
      },
    ])
    const told: Json[] = []
    for (const event of events) {
      const parts: Record<string, Json> = {}
      for (const part of await reader.parts(event))
        parts[part.kind] = 'missing' in part ? { missing: part.missing } : textOf(part.bytes)
      told.push({
        header: event.header as unknown as Json,
        leaf: event.leaf,
        parts,
      })
    }
    return { call_id: callId, events: told }
  }

const textOf = (bytes: Uint8Array): Json => {
  const text = Buffer.from(bytes).toString('utf8')
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
