/** The SQL tools on the PostgreSQL that the machine has, beside the embedded one of the unit tests. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe } from 'vitest'
import type { PostgresTarget } from '../../src/types.ts'
import { reads } from '../sql/reads.ts'
import { openShop, type Shop } from '../sql/support.ts'
import { tools } from '../sql/tools.ts'
import { type InstalledPostgres, installedPostgres } from '../support/installed-postgres.ts'
import { urlFor } from '../support/postgres.ts'

let server: InstalledPostgres
beforeAll(async () => {
  server = await installedPostgres()
})
afterAll(async () => {
  await server?.stop()
})

const onServer = (over?: Partial<PostgresTarget>): Promise<Shop> =>
  openShop(over, async () => {
    const name = `t_${randomBytes(6).toString('hex')}`
    const root = new pg.Client({ connectionString: server.url })
    await root.connect()
    await root.query(`create database ${name}`)
    await root.end()
    const url = urlFor(server.url, { database: name })
    const admin = new pg.Pool({ connectionString: url, max: 4 })
    admin.on('error', () => undefined)
    return { url, name, admin, drop: () => admin.end() }
  })

describe('reads', () => reads(onServer))
describe('the tools', () => tools(onServer))
