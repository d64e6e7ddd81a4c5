/** Erasure of contents, in two halves: events that name what goes, by the gateway; then the going, by the eraser. Each can die anywhere and run again. */

import type { AskRows } from '../tree/tree-read.ts'
import { notSpared, type Spared } from './erase-holds.ts'

/** What is to go. Members narrow it together. */
export interface EraseScope {
  readonly call?: string
  /** Calls of this subject, with all that others did about them. */
  readonly caller?: string
  /** Events that are older. */
  readonly before?: Date
  /** Calls on these targets; `others` are those that the configuration does not have, and events of no target. */
  readonly targets?: {
    readonly names: readonly string[]
    readonly others: boolean
    readonly known: readonly string[]
  }
}

/** Writes a `retention.erase` event that names these events; resolves when it is durable. */
export type NameErased = (events: readonly string[]) => Promise<void>

/** Events that one retention.erase names: their ids stay far below what a header may hold. */
export const MOST_NAMED = 400

const FIRST = '00000000-0000-0000-0000-000000000000'

/** The smallest id of an event made at `ms`. */
const idAt = (ms: number): string =>
  `${Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0')}${'0'.repeat(20)}`

/** What was named waits for the eraser, maybe for long: naming it again would only make the log grow. */
const NAMED_IDS = `select jsonb_array_elements_text(case when jsonb_typeof(header -> 'detail' -> 'events') = 'array'
    then header -> 'detail' -> 'events' else '[]' end) as id
  from audit.event where type = 'retention.erase'`

const select = (scope: EraseScope, spared: Spared): { sql: string; values: unknown[] } => {
  const values: unknown[] = []
  const value = (given: unknown): string => `$${values.push(given)}`
  const where = ['p.ciphertext is not null', `p.event_id > ${value(FIRST)}`]
  if (scope.before) where.push(`p.event_id < ${value(idAt(scope.before.getTime()))}::uuid`)
  if (scope.call) where.push(`e.call_id = ${value(scope.call)}::uuid`)
  if (scope.caller) {
    const caller = value(scope.caller)
    where.push(`(e.call_id in (select r.call_id from audit.event r
      where r.type = 'call.received' and r.header -> 'actor' ->> 'sub' = ${caller})
      or e.call_id is null and e.header -> 'actor' ->> 'sub' = ${caller})`)
  }
  if (scope.targets) {
    const { known, names, others } = scope.targets
    const target = `(select coalesce(e.header ->> 'target', max(o.header ->> 'target')) from audit.event o where o.call_id = e.call_id)`
    const mine = `coalesce(${target} = any(${value(names)}::text[]), false)`
    where.push(
      others ? `(${mine} or coalesce(not ${target} = any(${value(known)}::text[]), true))` : mine,
    )
  }
  const spare = notSpared(spared, values.length + 1)
  values.push(...spare.values)
  return {
    sql: `with named as materialized (${NAMED_IDS})
      select distinct p.event_id::text as id from audit.payload p join audit.event e on e.event_id = p.event_id
      where ${where.join(' and ')} and ${spare.sql}
        and not exists (select from named where named.id = p.event_id::text) order by 1 limit ${MOST_NAMED}`,
    values,
  }
}

/** Names every event of the scope that still has contents and was not named before; how many. */
export const nameErasures = async (
  ask: AskRows,
  scope: EraseScope,
  spared: Spared,
  name: NameErased,
): Promise<number> => {
  const { sql, values } = select(scope, spared)
  let count = 0
  for (let after = FIRST; ; ) {
    const rows = await ask(
      sql,
      values.map((value, at) => (at === 0 ? after : value)),
    )
    const ids = rows.map(({ id }) => String(id))
    const last = ids.at(-1)
    if (last === undefined) return count
    await name(ids)
    count += ids.length
    after = last
  }
}

export interface CarriedOut {
  /** Payload parts that were emptied. */
  readonly parts: number
  /** Data keys that were destroyed, because nothing under them is kept. */
  readonly keys: number
}

const NAMED = `select event_id::text as id, header -> 'detail' -> 'events' as events from audit.event
  where type = 'retention.erase' order by event_id`

// A key of a month that is over and a day more is used by nobody: gateways fetch the new one as the month turns.
const KEYS = `update audit.data_key k set wrapped = null, destroyed_at = clock_timestamp()
  where wrapped is not null and clock_timestamp() > k.month + interval '1 month 1 day'
    and not exists (select from audit.payload p where p.key_id = k.key_id and p.ciphertext is not null)`

export interface CarryOptions {
  /** As the eraser; each statement is a transaction of its own. */
  readonly ask: (text: string, values: readonly unknown[]) => Promise<number>
  readonly read: AskRows
  readonly spared: Spared
  /** For tests: called between steps, may throw. */
  readonly step?: (what: 'named' | 'emptied' | 'keys') => void
}

/** Empties what retention.erase events name and no hold spares, then destroys the keys of empty months. */
export const carryOut = async ({ ask, read, spared, step }: CarryOptions): Promise<CarriedOut> => {
  let parts = 0
  for (const row of await read(NAMED, [])) {
    const events = Array.isArray(row.events) ? row.events.map(String) : []
    step?.('named')
    const spare = notSpared(spared, 3)
    parts += await ask(
      `update audit.payload p set nonce = null, ciphertext = null, erased_at = clock_timestamp(), erase_event = $1
       from audit.event e where e.event_id = p.event_id and p.event_id = any($2::uuid[]) and p.ciphertext is not null
         and ${spare.sql}`,
      [row.id, events, ...spare.values],
    )
    step?.('emptied')
  }
  const keys = await ask(KEYS, [])
  step?.('keys')
  return { parts, keys }
}
