/** Joins what clients saw, what targets did and what the log says, and judges the invariants I1 to I7 over them. */
import type pg from 'pg'
import { openReader, type StoredEvent, storedEvent } from '../../../src/audit/reading/read.ts'
import { openCompact } from '../../../src/audit/tree/compact.ts'
import { type AskRows, grow } from '../../../src/audit/tree/tree-read.ts'
import { verifyStore } from '../../../src/audit/verify/verify.ts'
import { logName } from './gateway.ts'
import type { Asked } from './history.ts'
import { leaks } from './leaks.ts'
import { keysOf, type Noted, type Scene } from './scene.ts'
import type { Effect } from './target.ts'
import { eventually } from './wait.ts'

export type { Noted } from './scene.ts'

export interface Judgement {
  /** `I1` to `I7`: whether it held, for `verdict`; a broken one's name says where. */
  readonly checks: Readonly<Record<string, boolean>>
  readonly effects: readonly Effect[]
  readonly events: readonly StoredEvent[]
  /** Events that a valid checkpoint covers. */
  readonly signed: number
  /** In short: calls, effects, events. */
  readonly figure: string
}

const ends = new Set(['call.result', 'call.error', 'call.unknown'])

export const askRows =
  (pool: pg.Pool): AskRows =>
  async (text, values) =>
    (await pool.query(text, [...values])).rows

/** The newest checkpoint that the store holds. */
export const notedCheckpoint = async (pool: pg.Pool): Promise<Noted> => {
  const { rows } = await pool.query<{ size: string; note: string }>(
    'select size::text, note from audit.checkpoint order by checkpoint.size desc limit 1',
  )
  return { size: Number(rows[0]?.size ?? 0), note: rows[0]?.note ?? '' }
}

/** Resolves when every intent has its end and every event is signed (or, `signed: false`, with the ends alone). */
export const settled = async (
  pool: pg.Pool,
  { ms = 60_000, signed = true }: { readonly ms?: number; readonly signed?: boolean } = {},
): Promise<void> => {
  await eventually('every intent has its end', ms, async () => {
    const { rows } = await pool.query<{ open: string }>(
      `select count(*)::text as open from audit.event i where type = 'call.intent' and not exists (
         select from audit.event t where t.header ->> 'parent' = encode(i.leaf, 'hex')
           and t.type in ('call.result', 'call.error', 'call.unknown'))`,
    )
    return rows[0]?.open === '0'
  })
  if (!signed) return
  await eventually('what is there is signed', ms, async () => {
    const { rows } = await pool.query<{ whole: boolean }>(
      `select (select count(*) from audit.event) <= coalesce((select max(size) from audit.checkpoint), 0) as whole`,
    )
    return rows[0]?.whole === true
  })
}

const eventsOf = async (pool: pg.Pool): Promise<readonly StoredEvent[]> => {
  const { rows } = await pool.query<{ header_jcs: Buffer; leaf: Buffer }>(
    'select header_jcs, leaf from audit.event order by stream_id, seq',
  )
  return rows.map(storedEvent)
}

/** Word of each call, as the log recorded its input. */
const wordsOf = async (
  pool: pg.Pool,
  events: readonly StoredEvent[],
): Promise<ReadonlyMap<string, string>> => {
  const reader = openReader({ pool, keys: keysOf(), log: logName })
  const found = new Map<string, string>()
  const received = events.filter(({ header }) => header.type === 'call.received')
  const queue = [...received]
  const work = async (): Promise<void> => {
    for (let one = queue.pop(); one !== undefined; one = queue.pop()) {
      const parts = await reader.parts(one)
      const input = parts.find((part) => part.kind === 'input')
      if (input === undefined || !('bytes' in input)) continue
      const word = /word-\d+-\d+/.exec(input.bytes.toString('utf8'))?.[0]
      // A repetition's own event names the call that it attached to; that one has the word already.
      if (
        word !== undefined &&
        one.header.call_id !== undefined &&
        one.header.detail?.attached === undefined
      )
        found.set(one.header.call_id, word)
    }
  }
  await Promise.all([work(), work(), work(), work()])
  return found
}

interface Joined extends Scene {
  readonly effects: readonly Effect[]
  readonly events: readonly StoredEvent[]
  readonly words: ReadonlyMap<string, string>
}

const byCall = (events: readonly StoredEvent[], type: string): ReadonlyMap<string, StoredEvent> =>
  new Map(
    events
      .filter(({ header }) => header.type === type)
      .map((one) => [one.header.call_id ?? '', one]),
  )

/** Each effect has an intent that was acknowledged before it. */
const unaudited = ({ effects, events, gateways, words }: Joined): string[] => {
  const intents = byCall(events, 'call.intent')
  const calls = new Map(
    [...words].filter(([call]) => intents.has(call)).map(([call, word]) => [word, call]),
  )
  const acknowledged = new Map(
    gateways
      .flatMap((one) => one.journal())
      .filter(({ type }) => type === 'call.intent')
      .map(({ call, wall }) => [call, wall]),
  )
  return effects
    .filter(({ wall, word }) => {
      const call = calls.get(word)
      const at = call === undefined ? undefined : acknowledged.get(call)
      // Both clocks are this machine's; the database's has more digits.
      return at === undefined || wall + 2 < at
    })
    .map(({ word }) => word)
}

/** Each result that a client was told is in the log, as it was told. */
const lost = async ({ admin, events, history }: Joined): Promise<string[]> => {
  const reader = openReader({ pool: admin, keys: keysOf(), log: logName })
  const byLeaf = new Map(events.map((one) => [one.leaf, one]))
  const missing: string[] = []
  for (const { answer, word } of history.asked) {
    if (answer?.receipt === undefined || answer.status !== 'ok') continue
    const event = byLeaf.get(answer.receipt.leaf)
    if (event?.header.type !== 'call.result' || event.header.call_id !== answer.call_id) {
      missing.push(word)
      continue
    }
    const output = (await reader.parts(event)).find(({ kind }) => kind === 'output')
    const recorded = output && 'bytes' in output ? JSON.parse(output.bytes.toString('utf8')) : {}
    const told = Object.entries(recorded).every(
      ([name, value]) => JSON.stringify(answer[name]) === JSON.stringify(value),
    )
    if (!told) missing.push(word)
  }
  return missing
}

const twice = ({ effects }: Joined): string[] => {
  const counts = new Map<string, number>()
  for (const { word } of effects) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].filter(([, count]) => count > 1).map(([word, count]) => `${word} x${count}`)
}

/** Intents that have no end, or more than one. */
const unended = ({ events }: Joined): string[] => {
  const counts = new Map<string, number>()
  for (const { header } of events)
    if (ends.has(header.type) && header.parent !== undefined)
      counts.set(header.parent, (counts.get(header.parent) ?? 0) + 1)
  return events
    .filter(({ header, leaf }) => header.type === 'call.intent' && counts.get(leaf) !== 1)
    .map(({ header, leaf }) => `${header.call_id} has ${counts.get(leaf) ?? 0}`)
}

const rootOf = (note: string): string => note.split('\n')[2] ?? ''

/** Checkpoints that were noted on the way are not of the tree that the store holds now. */
const shrunk = async ({ admin, noted = [] }: Joined): Promise<string[]> => {
  const wrong: string[] = []
  const { size: now } = await notedCheckpoint(admin)
  for (const { note, size } of noted) {
    if (size === 0) continue
    if (now < size) {
      wrong.push(`a checkpoint of ${size} was seen and ${now} is the newest`)
      continue
    }
    const range = openCompact()
    await grow(askRows(admin), range, size)
    if (range.root().toString('base64') !== rootOf(note))
      wrong.push(`the root at ${size} is another`)
  }
  return wrong
}

const stranger = (asked: Asked | undefined): boolean => asked === undefined || asked.badToken

/** Effects of calls without a valid token, or without the approval that they need. */
const letIn = ({ effects, events, history, words }: Joined): string[] => {
  const asked = new Map(history.asked.map((one) => [one.word, one]))
  const calls = new Map([...words].map(([call, word]) => [word, call]))
  const granted = byCall(events, 'approval.granted')
  const intents = byCall(events, 'call.intent')
  return effects
    .filter(({ word }) => {
      const one = asked.get(word)
      if (stranger(one)) return true
      if (one?.guarded !== true) return false
      const call = calls.get(word) ?? ''
      return !granted.has(call) || intents.get(call)?.header.approval === undefined
    })
    .map(({ word }) => word)
}

/** Of a history that is over: everything has settled, and the store can be read. */
export const judge = async (scene: Scene): Promise<Judgement> => {
  const { admin, damaged = false, history, target } = scene
  const events = await eventsOf(admin)
  const effects = await target.effects()
  const joined: Joined = { ...scene, events, effects, words: await wordsOf(admin, events) }
  const verified = await verifyStore({ pool: admin, log: logName, keys: keysOf() })
  const shrinking = damaged ? [] : await shrunk(joined)
  const checks: Record<string, boolean> = {}
  const put = (name: string, wrong: readonly string[]): void => {
    checks[
      wrong.length === 0
        ? name
        : `${name} ${wrong.slice(0, 3).join(', ')}${wrong.length > 3 ? ` and ${wrong.length - 3} more` : ''}`
    ] = wrong.length === 0
  }
  put('I1', unaudited(joined))
  put('I2', await lost(joined))
  put('I3', twice(joined))
  put('I4', unended(joined))
  if (!damaged)
    put('I5', [
      ...verified.findings.map(({ seq, stream, what }) => `${stream}/${seq} ${what}`),
      ...(verified.exit === 0
        ? []
        : [`verify exits ${verified.exit}: ${verified.notChecked.join(', ')}`]),
      ...shrinking,
    ])
  put('I6', letIn(joined))
  put('I7', await leaks(joined, events))
  const answered = history.asked.filter(({ answer }) => answer?.status === 'ok').length
  return {
    checks,
    effects,
    events,
    signed: verified.signed,
    figure: `${history.asked.length} calls, ${answered} ok, ${effects.length} effects, ${events.length} events, ${verified.signed} signed`,
  }
}
