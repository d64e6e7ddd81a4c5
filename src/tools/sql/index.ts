/** The SQL tools for PostgreSQL and what they tell of a target. */
import type { Family, PostgresTarget, Session, Tool } from '../../types.ts'
import type { Desk } from './desk.ts'
import { sqlExecute } from './execute.ts'
import { sqlExplain } from './explain.ts'
import type { Catalogue } from './facts/catalogue.ts'
import { identify } from './identity.ts'
import { Databases } from './known.ts'
import { type Outcome, resolveXid as resolve } from './outcome.ts'
import { Pool } from './pool.ts'
import { sqlQuery } from './query.ts'
import { sqlSchema } from './schema.ts'

export interface SqlFamily {
  readonly family: Family<PostgresTarget, Catalogue>
  readonly tools: readonly Tool[]
  /** What became of a transaction whose id `session.prepared` recorded; for recovery after a crash. */
  resolveXid(session: Session<PostgresTarget>, xid: string): Promise<Outcome>
}

/** One pool of connections under all four tools; `family.close()` ends it. */
export const sqlFamily = (): SqlFamily => {
  const pool = new Pool()
  const databases = new Databases(pool)
  const desk: Desk = { pool, databases }
  const tools = [sqlQuery(desk), sqlExecute(desk), sqlSchema(desk), sqlExplain(desk)]
  return {
    family: {
      kind: 'postgres',
      identify: (session) => identify(pool, session),
      describe: async (session) => (await databases.read(session)).catalogue,
      close: () => pool.close(),
    },
    // The gateway validates input by each tool's own schema before it calls it, so the narrower types hold.
    tools: tools as unknown as readonly Tool[],
    resolveXid: (session, xid) => resolve(pool, session, xid),
  }
}
