/** Fresh databases on the run's own cluster, for tests. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

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
