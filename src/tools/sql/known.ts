/** What is known of each target's database: its catalogue, as last read, and the numbers of its columns. */
import { createHash } from 'node:crypto'
import pg from 'pg'
import { GateError } from '../../errors.ts'
import type { PostgresTarget, Session } from '../../types.ts'
import { type Catalogue, sessionSettings } from './facts/catalogue.ts'
import { readCatalogue } from './facts/catalogue-read.ts'
import { failure } from './failure.ts'
import type { Lent, Pool } from './pool.ts'
import { ended } from './run.ts'
import { bind, describePortal, execute, parse, plain, sync } from './wire/messages.ts'
import type { Part } from './wire/reply.ts'

export interface Known {
  readonly catalogue: Catalogue
  /** Oid of a table with dropped columns -> attribute numbers of its columns, in the catalogue's order; the others count from 1. */
  readonly numbers: ReadonlyMap<number, readonly number[]>
  /** What runs on this target must have as their search path. */
  readonly searchPath: string
}

const caps = { rows: 10_000, bytes: 67_108_864, cellBytes: 67_108_864 }
const numbersSql = `
select c.oid::pg_catalog.int8::pg_catalog.text, (select pg_catalog.string_agg(a.attnum::pg_catalog.text, ',' order by a.attnum)
  from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
from pg_catalog.pg_class c
where exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attisdropped)`

const only = async (
  { connection, until }: Lent,
  session: Session<PostgresTarget>,
  ...messages: Buffer[]
): Promise<Part> => {
  const { signal, target, limits } = session
  const wait = { until, signal, stoppable: true }
  const { reply, end, cause } = await connection.exchange(
    Buffer.concat([...messages, sync]),
    caps,
    wait,
  )
  const told = { target: target.name, seconds: limits.seconds }
  if (end !== 'ready') throw ended(end, told, cause)
  if (reply.error) throw failure(reply.error, told)
  const part = reply.parts[0]
  if (!part || part.cut)
    throw new GateError('TARGET_FAILED', `The catalogue of ${target.name} can not be read.`)
  return part
}

const rowsOf = ({ columns, rows }: Part): Record<string, unknown>[] =>
  rows.map((row) =>
    Object.fromEntries(
      columns.map(({ name, type }, i) => {
        const cell = row[i] ?? null
        return [name, cell === null ? null : pg.types.getTypeParser(type, 'text')(cell)]
      }),
    ),
  )

const read = (pool: Pool, session: Session<PostgresTarget>): Promise<Known> =>
  pool.use(session, 'bare', undefined, async (lent) => {
    await only(lent, session, plain('BEGIN READ ONLY'))
    const ask = (sql: string) =>
      only(lent, session, parse(sql), bind([]), describePortal, execute(0))
    const dropped = await ask(numbersSql)
    const catalogue = await readCatalogue(async (sql) => rowsOf(await ask(sql)))
    await only(lent, session, plain('ROLLBACK'))
    const numbers = new Map(
      dropped.rows.map(([oid, list]) => [Number(oid), (list ?? '').split(',').map(Number)]),
    )
    return {
      catalogue,
      numbers,
      searchPath: sessionSettings(catalogue).search_path ?? 'pg_catalog',
    }
  })

const hash = (known: Known): string =>
  createHash('sha256')
    .update(known.catalogue.version)
    .update(JSON.stringify([...known.numbers]))
    .digest('hex')

const keyOf = ({ name, host, port, database }: PostgresTarget): string =>
  JSON.stringify([name, host, port, database])

export class Databases {
  private readonly pool: Pool
  private readonly known = new Map<string, Known>()
  /** On `performance.now()`'s clock: when the last look began, and when a statement of ours last changed the schema. */
  private readonly lookedAt = new Map<string, number>()
  private readonly changedAt = new Map<string, number>()

  constructor(pool: Pool) {
    this.pool = pool
  }

  /** Asks the target. The same object as before when nothing changed, so that what was derived from it stays. */
  async read(session: Session<PostgresTarget>): Promise<Known> {
    const key = keyOf(session.target)
    const before = this.known.get(key)
    const began = performance.now()
    const now = await read(this.pool, session)
    this.lookedAt.set(key, began)
    if (before && hash(before) === hash(now)) return before
    this.known.set(key, now)
    return now
  }

  /** A statement of ours changed the schema, or may have: what was read before it is not to be judged by. */
  changed(target: PostgresTarget): void {
    this.changedAt.set(keyOf(target), performance.now())
  }

  /** Whether the last look is older than a change that came through here. */
  behind(target: PostgresTarget): boolean {
    const key = keyOf(target)
    return (this.lookedAt.get(key) ?? 0) < (this.changedAt.get(key) ?? 0)
  }

  /** As last read, or read now: a statement never runs under a search path that it was not judged by. */
  async of(session: Session<PostgresTarget>): Promise<Known> {
    return this.known.get(keyOf(session.target)) ?? this.read(session)
  }
}
