/** One try to commit a batch: the single statement, or the transaction of a batch that holds claims. */
import pg from 'pg'
import { ClaimLost, GateError } from '../../errors.ts'
import { type Batch, buildBatch, type Position, samePosition } from './batch.ts'
import type { Timekeeper } from './clock.ts'
import type { StreamFrame } from './header.ts'
import type { Item } from './item.ts'
import type { Link } from './link.ts'
import { appendStatement, readStream, type StreamState } from './statement.ts'

/** A batch that was sent, or is about to be: the stream's head tells later whether it landed. */
export interface Candidate {
  /** The items that the try was made for; `batch.items` are those of them that won their claims. */
  readonly of: readonly Item[]
  readonly batch: Batch
  readonly losers: ReadonlyMap<Item, Error>
}

export interface Try {
  readonly link: Link
  readonly frame: StreamFrame
  readonly position: Position
  readonly time: Timekeeper
  readonly leaseMs: number
  readonly timeoutMs: number
}

/** True when the batch was inserted whole; false when the compare-and-set was lost. */
export const append = async (attempt: Try, batch: Batch): Promise<boolean> => {
  const { frame, leaseMs, link, timeoutMs } = attempt
  const { rowCount } = await link.query(appendStatement(batch, frame, leaseMs), timeoutMs)
  return rowCount === batch.headers.length
}

const lost = (): Error => new ClaimLost('taken by somebody else')

/** A claim that the store refuses must not take the others with it: one at a time, each in a savepoint. */
const claimOne = async ({ link, timeoutMs }: Try, item: Item): Promise<Error | undefined> => {
  if (item.claim === undefined) return undefined
  const run = (text: string, values: readonly unknown[] = []) =>
    link.query({ text, values }, timeoutMs)
  await run('savepoint claim')
  try {
    const { rows } = await run(item.claim.sql, item.claim.values)
    if (rows.length === 1) {
      await run('release savepoint claim')
      return undefined
    }
    await run('rollback to savepoint claim')
    return lost()
  } catch (cause) {
    if (!(cause instanceof pg.DatabaseError)) throw cause
    await run('rollback to savepoint claim')
    return new GateError('AUDIT_UNAVAILABLE', 'The log could not take this record.', {
      retry: true,
      cause,
    })
  }
}

type Losers = ReadonlyMap<Item, Error>

const claimInTurn = async (attempt: Try, items: readonly Item[]): Promise<Losers> => {
  const losers = new Map<Item, Error>()
  for (const item of items) {
    const error = await claimOne(attempt, item)
    if (error) losers.set(item, error)
  }
  return losers
}

// The same order everywhere, so that two gateways that claim the same rows don't wait for each other in a ring.
const inClaimOrder = (items: readonly Item[]): Item[] => {
  const key = ({ claim }: Item) =>
    JSON.stringify([claim?.sql, claim?.values], (_, v) => (typeof v === 'bigint' ? String(v) : v))
  return items
    .filter(({ claim }) => claim !== undefined)
    .map((item) => ({ item, key: key(item) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ item }) => item)
}

/**
 * The stream's row is locked first: whatever an earlier try of ours did is settled before this one claims. Lock and claims
 * travel together, so that a batch costs the same few journeys to the store however many claims it holds.
 * `sent` is told of the batch before it is sent. False when the stream does not stand where we left it.
 */
export const appendWithClaims = async (
  attempt: Try,
  items: readonly Item[],
  sent: (candidate: Candidate) => void,
): Promise<Candidate | false> => {
  const { frame, link, position, time, timeoutMs } = attempt
  const run = (text: string, values: readonly unknown[] = []) =>
    link.query({ text, values }, timeoutMs)
  const ours = (state: StreamState | undefined): boolean =>
    state?.epoch === frame.epoch && !state.closed && samePosition(state.position, position)
  const claiming = inClaimOrder(items)
  try {
    const [begun, locked, ...claimed] = await Promise.allSettled([
      run('begin'),
      readStream(link, frame.stream, timeoutMs, true),
      ...claiming.map(({ claim }) => run(claim?.sql ?? '', claim?.values)),
    ])
    if (begun.status === 'rejected') throw begun.reason
    if (locked.status === 'rejected') throw locked.reason
    let stands = ours(locked.value)
    let losers: Losers = new Map()
    const broken = claimed.find((one) => one.status === 'rejected')
    if (broken === undefined)
      losers = new Map(
        claiming.flatMap((item, at) => {
          const one = claimed[at]
          return one?.status === 'fulfilled' && one.value.rows.length === 1 ? [] : [[item, lost()]]
        }),
      )
    else {
      if (!(broken.reason instanceof pg.DatabaseError)) throw broken.reason
      await run('rollback')
      await run('begin')
      stands &&= ours(await readStream(link, frame.stream, timeoutMs, true))
      if (stands) losers = await claimInTurn(attempt, claiming)
    }
    if (!stands) {
      await run('rollback')
      return false
    }
    const winners = items.filter((item) => !losers.has(item))
    const candidate = { of: items, losers, batch: buildBatch(winners, position, frame, time) }
    if (winners.length === 0) {
      await run('rollback')
      return candidate
    }
    sent(candidate)
    if (!(await append(attempt, candidate.batch))) {
      await run('rollback')
      return false
    }
    const { command } = await run('commit')
    return command === 'COMMIT' ? candidate : false
  } catch (thrown) {
    if (!link.broken) await run('rollback').catch(() => link.destroy())
    throw thrown
  }
}
