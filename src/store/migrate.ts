/** `countersign migrate`: brings schema, roles and grants of a database to what this version knows. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator'
import type pg from 'pg'
import { GateError } from '../errors.ts'
import { connectionOf, withClient } from './connect.ts'
import {
  foundSchema,
  knownSchema,
  MIGRATIONS_SCHEMA,
  MIGRATIONS_TABLE,
  migrationsFolder,
  OLDEST_SERVER,
} from './version.ts'

/** Any number that nobody else takes; one migration at a time in a database. */
const MIGRATION_LOCK = '4877001130219841'

export interface Migrated {
  /** False when the schema was current already (roles and grants are applied again in any case). */
  readonly changed: boolean
  readonly serverVersion: string
}

/** `ownerUrl` may create schemas and roles. Safe to run twice, and by several at once. Throws CONFIG_INVALID or AUDIT_UNAVAILABLE. */
export const migrate = (ownerUrl: string): Promise<Migrated> =>
  migrateOver(connectionOf(ownerUrl, 'countersign migrate'))

export const migrateOver = (connection: pg.ClientConfig): Promise<Migrated> =>
  // An index on a large log takes its time; only waiting for others is bounded.
  withClient({ ...connection, statement_timeout: 0, query_timeout: 0 }, async (client) => {
    const server = await serverOf(client)
    await client.query("set lock_timeout = '60s'")
    await client.query('set client_min_messages = warning')
    try {
      await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
      const before = await foundSchema(client)
      refuseNewer(before)
      const db = drizzle(client)
      await applyMigrations(db, {
        migrationsFolder,
        migrationsSchema: MIGRATIONS_SCHEMA,
        migrationsTable: MIGRATIONS_TABLE,
      })
      await applyGrants(client)
      return { changed: before !== knownSchema(), serverVersion: server }
    } catch (thrown) {
      throw explained(thrown)
    }
  })

const serverOf = async (client: pg.Client): Promise<string> => {
  const { rows } = await client.query<{ num: number; version: string }>(
    "select current_setting('server_version_num')::int as num, current_setting('server_version') as version",
  )
  const { num = 0, version = 'unknown' } = rows[0] ?? {}
  refuseOldServer(num, version)
  return version
}

export const refuseOldServer = (num: number, version: string): void => {
  if (num >= OLDEST_SERVER) return
  throw new GateError(
    'CONFIG_INVALID',
    `The store needs PostgreSQL 14 or newer; the server at store.url is ${version}.`,
  )
}

export const refuseNewer = (found: number): void => {
  if (found <= knownSchema()) return
  throw new GateError(
    'CONFIG_INVALID',
    'The schema of the store was made by a newer version of countersign. Run that version, or a newer one.',
  )
}

/** One transaction, so that a running gateway never meets a moment without its rights. */
const applyGrants = async (client: pg.Client): Promise<void> => {
  const grants = readFileSync(join(migrationsFolder, 'grants.sql'), 'utf8')
  await client.query('begin')
  try {
    await client.query(grants)
    await client.query(
      "insert into countersign.meta (key, value) values ('store_id', gen_random_uuid()::text) on conflict (key) do nothing",
    )
    await client.query('commit')
  } catch (thrown) {
    await client.query('rollback').catch(() => undefined)
    throw thrown
  }
}

const stateOf = (thrown: unknown): string => {
  for (let at = thrown; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string' && /^[0-9A-Z]{5}$/.test(at.code)) return at.code
  }
  return ''
}

const explained = (thrown: unknown): GateError => {
  if (thrown instanceof GateError) return thrown
  const state = stateOf(thrown)
  if (state === '42501') {
    return new GateError(
      'CONFIG_INVALID',
      'The user of this URL may not migrate the store. It needs CREATE on the database, to own what an earlier ' +
        'migration made, and CREATEROLE unless the roles countersign_writer, countersign_eraser and countersign_auditor exist.',
      { cause: thrown },
    )
  }
  if (state === '55P03') {
    return new GateError(
      'AUDIT_UNAVAILABLE',
      'Somebody else held the store for 60 s, perhaps another migration. Nothing was changed; try again.',
      { cause: thrown, retry: true },
    )
  }
  return new GateError(
    'AUDIT_UNAVAILABLE',
    `The migration failed${state && ` (SQLSTATE ${state})`} and was rolled back.`,
    { cause: thrown },
  )
}
