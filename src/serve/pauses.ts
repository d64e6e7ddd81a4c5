/** Pauses: calls of a caller, on a target, or all calls are stopped at once, on every gateway of the store, as an event. */
import { uuidv7 } from '../gateway/id.ts'
import type { Denial, Ports } from '../gateway/ports.ts'
import type { Store } from '../store/port.ts'
import type { Caller, Entry, Guard, Json, Log, Target } from '../types.ts'

export interface Scope {
  readonly caller?: string | undefined
  readonly target?: string | undefined
}

export interface Pauses {
  readonly guard: Guard
  /** The same, before there is a call. */
  readonly stopped: NonNullable<Ports['paused']>
  list(): Promise<readonly Json[]>
  set(scope: Scope, by: Caller, reason: string): Promise<void>
  lift(scope: Scope, by: Caller): Promise<void>
  close(): Promise<void>
}

const channel = 'countersign_pause'
/** A gateway that missed the notice sees the pause this late at most. */
const pollMs = 1_000

interface Row {
  scope: 'caller' | 'target' | 'all'
  value: string
  set_by: string
  set_at: Date
}

const columns = (scope: Scope): [Row['scope'], string][] => {
  const found: [Row['scope'], string][] = []
  if (scope.caller !== undefined) found.push(['caller', scope.caller])
  if (scope.target !== undefined) found.push(['target', scope.target])
  return found.length === 0 ? [['all', '']] : found
}

export const openPauses = async (
  store: Store,
  log: Log,
  failed: (error: unknown) => void,
): Promise<Pauses> => {
  let inForce: readonly Row[] = []
  // Unknown is not "none": until the table was read, and when it can't be read for long, calls stop.
  let readAt = Number.NEGATIVE_INFINITY
  const staleMs = 10 * pollMs

  const read = async (): Promise<void> => {
    const { rows } = await store.pool.query<Row>(
      'select scope, value, set_by, set_at from countersign.pause where lifted_at is null',
    )
    inForce = rows
    readAt = performance.now()
  }
  await read()
  const unlisten = await store.listen(channel, () => void read().catch(failed))
  const timer = setInterval(() => void read().catch(failed), pollMs)
  timer.unref()

  const event = (
    type: 'pause.set' | 'pause.lifted',
    by: Caller,
    scope: Row['scope'],
    value: string,
  ): Entry => ({
    type,
    actor: { iss: by.iss, sub: by.sub, client: by.client, groups: by.groups },
    origin: { via: by.via, session: by.session, auth: by.auth },
    detail: {
      scope,
      ...(scope === 'caller' ? { caller: value } : scope === 'target' ? { target: value } : {}),
    },
  })

  const stopped = (caller: Caller, target: Target): Denial | undefined => {
    if (performance.now() - readAt > staleMs)
      return {
        kind: 'deny',
        code: 'PAUSED',
        rules: ['pause'],
        reason: "Whether calls are paused can't be read, so they are.",
      }
    const hit = inForce.find(
      ({ scope, value }) =>
        scope === 'all' || (scope === 'caller' ? value === caller.sub : value === target.name),
    )
    return (
      hit && {
        kind: 'deny',
        code: 'PAUSED',
        rules: ['pause'],
        reason: 'Calls like this one were paused by a person.',
        hint: 'Wait until it is lifted; nothing was run.',
      }
    )
  }

  return {
    stopped,
    guard: async (call) => stopped(call.caller, call.target),
    list: async () => {
      await read()
      return inForce.map(({ scope, value, set_by, set_at }) => ({
        scope,
        value,
        set_by,
        set_at: set_at.toISOString(),
      }))
    },
    set: async (scope, by, reason) => {
      for (const [kind, value] of columns(scope))
        await log.append(
          [
            {
              ...event('pause.set', by, kind, value),
              parts: [{ kind: 'input', bytes: Buffer.from(reason) }],
            },
          ],
          {
            sql: `with set as (insert into countersign.pause (id, scope, value, set_by) values ($1, $2, $3, $4) returning id)
            select id, pg_notify('${channel}', '') from set`,
            values: [uuidv7(), kind, value, by.sub],
          },
        )
      await read()
    },
    lift: async (scope, by) => {
      for (const [kind, value] of columns(scope))
        await log.append([event('pause.lifted', by, kind, value)], {
          sql: `with lifted as (update countersign.pause set lifted_at = now(), lifted_by = $3 where scope = $1 and value = $2 and lifted_at is null returning id)
            select count(*), pg_notify('${channel}', '') from lifted having count(*) > 0`,
          values: [kind, value, by.sub],
        })
      await read()
    },
    close: async () => {
      clearInterval(timer)
      await unlisten()
    },
  }
}
