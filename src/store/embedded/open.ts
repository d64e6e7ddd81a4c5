/** The embedded store: its server, its database, its schema, and how the gateway connects. */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import pg from 'pg'
import { withClient } from '../connect.ts'
import { migrateOver, refuseNewer } from '../migrate.ts'
import type { StoreLog } from '../port.ts'
import { foundSchema, knownSchema } from '../version.ts'
import { GATEWAY, type Home, openHome } from './home.ts'
import { enter, type Presence } from './presence.ts'
import { gatewayConnection, ownerConnection } from './run.ts'

const DATABASE = 'countersign'

export interface Embedded {
  readonly connection: pg.ClientConfig
  readonly folder: string
  close(): Promise<void>
}

/** `state` is an existing folder. Throws CONFIG_INVALID or AUDIT_UNAVAILABLE. */
export const openEmbedded = async (
  state: string,
  name: string,
  log: StoreLog,
  rootFolder?: string,
): Promise<Embedded> => {
  const home = await openHome(state, rootFolder)
  const presence = await enter(home, log)
  try {
    await prepare(home)
  } catch (thrown) {
    await presence.leave()
    throw thrown
  }
  log.info(
    { folder: home.folder, started: presence.started, version: home.native.version },
    'store: embedded PostgreSQL',
  )
  return {
    connection: gatewayConnection(home, DATABASE, name),
    folder: home.folder,
    close: () => closeOnce(presence),
  }
}

const closeOnce = async (presence: Presence): Promise<void> => {
  await presence.leave()
}

/** Brings the database to this version's schema; a few milliseconds when it is there already. */
const prepare = async (home: Home): Promise<void> => {
  await withClient(ownerConnection(home, 'postgres', 'countersign prepare'), async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [
      DATABASE,
    ])
    if (rowCount === 0) await tolerate(client, `create database ${DATABASE}`, '42P04', '23505')
  })
  const owner = ownerConnection(home, DATABASE, 'countersign migrate')
  const ready = await withClient(owner, async (client) => {
    const found = await foundSchema(client)
    refuseNewer(found)
    const { rowCount } = await client.query(
      "select from pg_auth_members where member = to_regrole($1) and roleid = to_regrole('countersign_writer')",
      [GATEWAY],
    )
    return found === knownSchema() && rowCount === 1
  })
  if (ready) return
  await migrateOver(owner)
  await withClient(owner, async (client) => {
    await tolerate(
      client,
      `create role ${GATEWAY} login password ${pg.escapeLiteral(scramVerifier(home.keys.gateway))}`,
      '42710',
      '23505',
    )
    // XX000 "tuple concurrently updated": another gateway grants the same at the same moment.
    await tolerate(client, `grant countersign_writer to ${GATEWAY}`, 'XX000')
  })
}

/** Runs it; an error of these states says that somebody else did the same first. */
const tolerate = async (client: pg.Client, sql: string, ...states: string[]): Promise<void> => {
  try {
    await client.query(sql)
  } catch (thrown) {
    const state = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
    if (!states.includes(state)) throw thrown
  }
}

/** RFC 5803 as PostgreSQL stores it, so that the password itself is never in a statement. */
const scramVerifier = (password: string): string => {
  const salt = randomBytes(16)
  const iterations = 4096
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const stored = createHash('sha256').update(hmac(salted, 'Client Key')).digest('base64')
  const server = hmac(salted, 'Server Key').toString('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${server}`
}
