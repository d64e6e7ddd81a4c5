/** Reads the tree back from the store: leaves in order, compact ranges, what was signed. */
import { z } from 'zod'
import { type CompactRange, openCompact } from './compact.ts'
import { LogContradicted } from './notary-port.ts'

/** Runs one statement; rows as objects. */
export type AskRows = (
  text: string,
  values: readonly unknown[],
) => Promise<readonly Readonly<Record<string, unknown>>[]>

const PAGE = 16_384

/** Leaf hashes `from` to `to` - 1. Throws LogContradicted when one is not there. */
export const readLeaves = async (
  ask: AskRows,
  from: number,
  to: number,
): Promise<readonly Buffer[]> => {
  const [row] = await ask(
    `select string_agg(leaf, ''::bytea order by idx) as leaves from audit.leaf where idx >= $1 and idx < $2`,
    [from, to],
  )
  const bytes = row?.leaves instanceof Buffer ? row.leaves : Buffer.alloc(0)
  if (bytes.length !== (to - from) * 32)
    throw new LogContradicted(`The store's tree has no whole events ${from} to ${to - 1}.`)
  return Array.from({ length: to - from }, (_, at) => bytes.subarray(at * 32, at * 32 + 32))
}

/** Adds leaves from the store until the range has `size` leaves. Throws LogContradicted. */
export const grow = async (ask: AskRows, range: CompactRange, size: number): Promise<void> => {
  while (range.size < size) {
    const to = Math.min(size, range.size + PAGE)
    for (const leaf of await readLeaves(ask, range.size, to)) range.append(Buffer.from(leaf))
  }
}

/** Leaves in the store's tree. */
export const treeSize = async (ask: AskRows): Promise<number> => {
  const [row] = await ask('select coalesce(max(idx) + 1, 0)::text as size from audit.leaf', [])
  return Number(row?.size)
}

export interface StoredCheckpoint {
  readonly size: number
  readonly note: string
}

export const lastCheckpoint = async (ask: AskRows): Promise<StoredCheckpoint | undefined> => {
  const [row] = await ask(
    'select size::text, note from audit.checkpoint order by audit.checkpoint.size desc limit 1',
    [],
  )
  return row && { size: Number(row.size), note: String(row.note) }
}

const rangeForm = z.object({
  size: z.int().min(0),
  hashes: z.array(z.string().regex(/^[0-9a-f]{64}$/)),
})

export const rangeText = (range: CompactRange): string => {
  const { hashes, size } = range.state()
  return JSON.stringify({ size, hashes: hashes.map((one) => one.toString('hex')) })
}

/** The range that a leader left behind; only a shortcut, so what can't be read is no range. */
export const storedRange = async (ask: AskRows): Promise<CompactRange | undefined> => {
  const text = await readMeta(ask, 'log.range')
  try {
    const { hashes, size } = rangeForm.parse(JSON.parse(text ?? ''))
    return openCompact({ size, hashes: hashes.map((one) => Buffer.from(one, 'hex')) })
  } catch {
    return undefined
  }
}

export const readMeta = async (ask: AskRows, key: string): Promise<string | undefined> => {
  const [row] = await ask('select value from countersign.meta where key = $1', [key])
  return row === undefined ? undefined : String(row.value)
}

export const writeMeta = async (ask: AskRows, key: string, value: string): Promise<void> => {
  await ask(
    'insert into countersign.meta (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value',
    [key, value],
  )
}

/** The checkpoint and the leader's range, in one commit. */
export const storeCheckpoint = async (
  ask: AskRows,
  { note, size }: StoredCheckpoint,
  range: CompactRange,
): Promise<void> => {
  await ask(
    `with kept as (insert into countersign.meta (key, value) values ('log.range', $3)
       on conflict (key) do update set value = excluded.value)
     insert into audit.checkpoint (size, note) values ($1, $2) on conflict (size) do nothing`,
    [size, note, rangeText(range)],
  )
}
