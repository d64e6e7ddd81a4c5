/** Erasures and legal holds as proven approvers ask for them: each an event first. What erases rows is another process, as the eraser. */
import { randomUUID } from 'node:crypto'
import { type EraseScope, nameErasures } from '../audit/retention/erase.ts'
import { readHolds, sparedBy } from '../audit/retention/erase-holds.ts'
import { windowsOf } from '../audit/retention/retain.ts'
import type { AskRows } from '../audit/tree/tree-read.ts'
import type { Config } from '../config/types.ts'
import { GateError } from '../errors.ts'
import type { Caller, Entry, Json, Log } from '../types.ts'

/** `retention`: what the configured windows say; else what the members name together. */
export interface EraseRequest {
  readonly call?: string | undefined
  readonly caller?: string | undefined
  /** ISO 8601. */
  readonly before?: string | undefined
  readonly retention?: boolean | undefined
}
export interface HoldRequest {
  readonly call?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
}

export interface Erasures {
  /** The number of events that were named to be erased. */
  erase(request: EraseRequest, by: Caller, reason: string): Promise<{ readonly named: number }>
  /** Names what the configured windows keep no longer; the number of events. */
  retain(by: Caller, now: Date): Promise<number>
  holds(): Promise<readonly Json[]>
  /** The hold's id. */
  hold(request: HoldRequest, by: Caller, reason: string): Promise<string>
  /** Records that it is lifted; the event's id, by which the eraser lifts it. */
  lift(hold: string, by: Caller, reason: string): Promise<string>
}

export const openErasures = (by: {
  readonly ask: AskRows
  readonly log: Log
  readonly config: Pick<Config, 'targets' | 'log'>
}): Erasures => {
  const { ask, config, log } = by
  const entry = (
    type: 'retention.erase' | 'legal.hold',
    who: Caller,
    reason: string | undefined,
    detail: NonNullable<Entry['detail']>,
    callId?: string,
  ): Entry => ({
    type,
    ...(callId === undefined ? {} : { callId }),
    actor: { iss: who.iss, sub: who.sub, client: who.client, groups: who.groups },
    origin: { via: who.via, session: who.session, auth: who.auth },
    detail,
    ...(reason === undefined ? {} : { parts: [{ kind: 'input', bytes: Buffer.from(reason) }] }),
  })
  const recorded = async (one: Entry): Promise<string> => {
    const [receipt] = await log.append([one])
    const [row] = await ask(
      'select event_id::text as id from audit.event where stream_id = $1 and seq = $2',
      [receipt?.stream, receipt?.seq],
    )
    return String(row?.id)
  }

  const scopesOf = ({ before, call, caller, retention }: EraseRequest): readonly EraseScope[] => {
    if (retention === true) {
      if (call !== undefined || caller !== undefined || before !== undefined)
        throw new GateError('INPUT_REFUSED', 'The configured windows stand alone.')
      return windowsOf(config.log.retention, config.targets, new Date())
    }
    if (call === undefined && caller === undefined && before === undefined)
      throw new GateError('INPUT_REFUSED', 'Say what to erase: a call, a caller, or an age.')
    return [
      {
        ...(call === undefined ? {} : { call }),
        ...(caller === undefined ? {} : { caller }),
        ...(before === undefined ? {} : { before: new Date(before) }),
      },
    ]
  }

  const name = async (
    scopes: readonly EraseScope[],
    how: Readonly<Record<string, string>>,
    who: Caller,
    reason?: string,
  ): Promise<number> => {
    const spared = sparedBy(await readHolds(ask), config.targets)
    let named = 0
    for (const scope of scopes)
      named += await nameErasures(ask, scope, spared, async (events) => {
        const age = scope.before ? { before: scope.before.toISOString() } : {}
        await log.append([entry('retention.erase', who, reason, { ...how, ...age, events })])
      })
    return named
  }

  return {
    async erase(request, who, reason) {
      const how: Record<string, string> = { by: request.retention ? 'retention' : 'request' }
      if (request.call !== undefined) how.call = request.call
      if (request.caller !== undefined) how.caller = request.caller
      return { named: await name(scopesOf(request), how, who, reason) }
    },
    retain: (who, now) =>
      name(windowsOf(config.log.retention, config.targets, now), { by: 'retention' }, who),
    holds: async () =>
      (await readHolds(ask)).map(({ callId, id, labels }) => ({
        id,
        ...(callId === undefined ? {} : { call: callId }),
        ...(labels === undefined ? {} : { labels }),
      })),
    async hold({ call, labels }, who, reason) {
      if ((call === undefined) === (labels === undefined))
        throw new GateError('INPUT_REFUSED', 'A hold is of one call, or of labels.')
      const id = randomUUID()
      const of: Readonly<Record<string, string>> = labels ?? { call: call ?? '' }
      const detail = {
        hold: id,
        action: 'set',
        of: Object.entries(of).map(([key, value]) => `${key}=${value}`),
      }
      const event = await recorded(entry('legal.hold', who, reason, detail, call))
      await ask(
        'insert into audit.legal_hold (hold_id, call_id, labels, held_event) values ($1, $2, $3, $4)',
        [id, call ?? null, labels === undefined ? null : JSON.stringify(labels), event],
      )
      return id
    },
    async lift(hold, who, reason) {
      const found = (await readHolds(ask)).find(({ id }) => id === hold)
      if (found === undefined) throw new GateError('TARGET_UNKNOWN', 'There is no such hold.')
      const detail = { hold, action: 'lift' }
      return recorded(entry('legal.hold', who, reason, detail, found.callId))
    },
  }
}
