/** Shortens an entry whose header would be too long, and counts what it leaves out. */
import type { Entry, FactValue } from '../../types.ts'

export interface Cut {
  readonly entry: Entry
  /** `facts.tables` -> `950` list items, `facts.path:chars` -> characters, `facts:keys` -> members left out. */
  readonly dropped?: Readonly<Record<string, string>>
}

interface Level {
  readonly items: number
  readonly chars: number
  readonly keys: number
}
// The last level holds a header of eight objects, beside 240 payload commitments, below 64 KiB even when each
// character takes the seven bytes of an escaped NUL.
const levels: readonly Level[] = [
  { items: 500, chars: 1024, keys: 64 },
  { items: 100, chars: 512, keys: 48 },
  { items: 25, chars: 128, keys: 32 },
  { items: 4, chars: 64, keys: 12 },
  { items: 1, chars: 48, keys: 2 },
]

const objects = ['actor', 'approval', 'detail', 'facts', 'origin', 'outcome', 'policy'] as const
const texts = ['callId', 'parent', 'target', 'targetIdentity', 'tool', 'toolDef'] as const

const cutEntry = (entry: Entry, level: Level): Cut => {
  const dropped: Record<string, string> = {}
  const text = (path: string, value: string): string => {
    if (value.length <= level.chars) return value
    dropped[`${path}:chars`] = String(value.length - level.chars)
    return value.slice(0, level.chars)
  }
  const value = (path: string, given: FactValue): FactValue => {
    if (typeof given === 'string') return text(path, given)
    if (!Array.isArray(given)) return given
    if (given.length > level.items) dropped[path] = String(given.length - level.items)
    return given.slice(0, level.items).map((item: string) => text(path, item))
  }
  const fields = (path: string, given: Readonly<Record<string, FactValue>>) => {
    const kept = Object.keys(given).slice(0, level.keys)
    const left = Object.keys(given).length - kept.length
    if (left > 0) dropped[`${path}:keys`] = String(left)
    return Object.fromEntries(
      kept.map((key) => {
        const short = key.slice(0, level.chars)
        return [short, value(`${path}.${short}`, given[key] ?? '')]
      }),
    )
  }
  const shorter: Record<string, unknown> = { ...entry }
  for (const name of objects) {
    const given = entry[name]
    if (given !== undefined) shorter[name] = fields(name, given)
  }
  for (const name of texts) {
    const given = entry[name]
    if (given !== undefined) shorter[name] = text(name, given)
  }
  if (entry.mask) {
    shorter.mask = {
      rules: text('mask.rules', entry.mask.rules),
      hits: fields('mask.hits', entry.mask.hits),
    }
  }
  // The members are those of an Entry, each shortened in its own type.
  return { entry: shorter as unknown as Entry, dropped }
}

const lengthOf = (value: FactValue): number => {
  if (typeof value === 'string') return value.length
  if (!Array.isArray(value)) return 1
  let sum = 0
  for (const item of value) sum += item.length
  return sum
}

/** Whether the texts of the entry's header part alone have more characters than `limit`: then it need not be written out to know. */
const isLong = (entry: Entry, limit: number): boolean => {
  let sum = 0
  for (const name of texts) sum += entry[name]?.length ?? 0
  for (const name of objects) {
    const given: Readonly<Record<string, FactValue>> | undefined = entry[name]
    for (const key in given) {
      sum += key.length + lengthOf(given[key] ?? '')
      if (sum > limit) return true
    }
  }
  return sum > limit
}

/** Ever shorter forms of the entry; none that is sure to need more than `limit` bytes. */
export function* forms(entry: Entry, limit: number): Generator<Cut> {
  for (const level of levels) {
    const shorter = cutEntry(entry, level)
    if (!isLong(shorter.entry, limit)) yield shorter
  }
}
