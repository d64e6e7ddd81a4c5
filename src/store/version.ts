/** Which schema this program knows, and which one a database has. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClientBase } from 'pg'
import { z } from 'zod'

/** `migrations/` of the package; the same from `src/store` and from `dist/store`. */
export const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url))

export const MIGRATIONS_SCHEMA = 'countersign'
export const MIGRATIONS_TABLE = 'migration'

/** The oldest server that we test on, as `server_version_num`. */
export const OLDEST_SERVER = 140_000

const Journal = z.object({
  entries: z.array(z.object({ when: z.number(), tag: z.string() })).min(1),
})

/** When the newest migration of this program was made (ms): drizzle orders by it. */
export const knownSchema = (): number => {
  const journal = readFileSync(join(migrationsFolder, 'meta', '_journal.json'), 'utf8')
  return Math.max(...Journal.parse(JSON.parse(journal)).entries.map(({ when }) => when))
}

/** The same of a database; 0 when it was never migrated. */
export const foundSchema = async (client: Pick<ClientBase, 'query'>): Promise<number> => {
  const name = `${MIGRATIONS_SCHEMA}.${MIGRATIONS_TABLE}`
  const there = await client.query<{ there: boolean }>(
    'select to_regclass($1) is not null as there',
    [name],
  )
  if (!there.rows[0]?.there) return 0
  const { rows } = await client.query<{ at: string | null }>(
    `select max(created_at)::text as at from ${name}`,
  )
  return Number(rows[0]?.at ?? 0)
}
