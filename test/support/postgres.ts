/** Fresh databases on the run's own cluster, for tests. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { migrate } from '../../src/store/migrate.ts'

export interface TestDatabase {
  /** Superuser, fresh database, loopback. */
  readonly url: string
  readonly name: string
  readonly admin: pg.Pool
  drop(): Promise<void>
}

/** A fresh, empty database on the cluster that `global-postgres.ts` started. */
export const testDatabase = async (): Promise<TestDatabase> => {
  const root = inject('postgresUrl')
  const name = `t_${randomBytes(6).toString('hex')}`
  const onRoot = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: root })
    await client.connect()
    try {
      await client.query(sql)
    } finally {
      await client.end()
    }
  }
  await onRoot(`create database ${name}`)
  const url = urlFor(root, { database: name })
  const admin = new pg.Pool({ connectionString: url, max: 4 })
  // A dropped database ends its connections; that is no error of the test.
  admin.on('error', () => undefined)
  return {
    url,
    name,
    admin,
    async drop() {
      await admin.end()
      await onRoot(`drop database if exists ${name} with (force)`)
    },
  }
}

/** The same server by another user or in another database. */
export const urlFor = (
  url: string,
  change: { readonly user?: string; readonly password?: string; readonly database?: string },
): string => {
  const changed = new URL(url)
  if (change.user !== undefined) changed.username = change.user
  if (change.password !== undefined) changed.password = change.password
  if (change.database !== undefined) changed.pathname = `/${change.database}`
  return changed.href
}

export interface MigratedDatabase extends TestDatabase {
  /** A login of its own that is a member of `countersign_writer`, as a gateway connects. */
  readonly writerUrl: string
  readonly writer: string
}

/** A fresh database with the current schema, and a writer's login. */
export const migratedDatabase = async (): Promise<MigratedDatabase> => {
  const database = await testDatabase()
  await migrate(database.url)
  const writer = `w_${database.name}`
  await database.admin.query(
    `create role ${writer} login password 'writer' in role countersign_writer`,
  )
  return {
    ...database,
    writer,
    writerUrl: urlFor(database.url, { user: writer, password: 'writer' }),
    async drop() {
      await database.admin.query(`drop owned by ${writer}`)
      await database.admin.query(`drop role ${writer}`)
      await database.drop()
    },
  }
}
