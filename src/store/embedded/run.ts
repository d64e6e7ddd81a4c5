/** Ends with a server that answers on our data folder: adopted where one runs, started where none does. */
import type { ChildProcess } from 'node:child_process'
import { realpathSync } from 'node:fs'
import pg from 'pg'
import { GateError } from '../../errors.ts'
import { socketConnection } from '../connect.ts'
import { GATEWAY, type Home, OWNER } from './home.ts'
import {
  isPostmasterOf,
  logTail,
  readPidFile,
  setAsideStale,
  startPostmaster,
} from './postmaster.ts'

/** A server that was killed replays its log first; that may take a while, but not for ever. */
const WITHIN_MS = 60_000
const STARTS = 12
const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))

export const ownerConnection = (home: Home, database: string, name: string): pg.ClientConfig =>
  socketConnection(home.socketFolder, OWNER, home.keys.owner, database, name)

export const gatewayConnection = (home: Home, database: string, name: string): pg.ClientConfig =>
  socketConnection(home.socketFolder, GATEWAY, home.keys.gateway, database, name)

type Probe = 'ours' | 'silent' | 'foreign' | 'wrong password'

/** Asks who answers on the socket. A copy of our folder elsewhere has our cluster id and password, but not our path. */
const probe = async (home: Home): Promise<Probe> => {
  const client = new pg.Client(ownerConnection(home, 'postgres', 'countersign start'))
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ cluster: string; data: string }>(
      "select system_identifier::text as cluster, current_setting('data_directory') as data from pg_control_system()",
    )
    const found = rows[0]
    const same = found?.cluster === home.keys.cluster && realpathSync(found.data) === home.data
    return same ? 'ours' : 'foreign'
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === '28P01'
      ? 'wrong password'
      : 'silent'
  } finally {
    await client.end().catch(() => undefined)
  }
}

const ended = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null

/** Returns whether this call started it. Throws AUDIT_UNAVAILABLE, or CONFIG_INVALID when what runs there is not ours. */
export const ensureRunning = async (home: Home): Promise<{ readonly started: boolean }> => {
  const until = performance.now() + WITHIN_MS
  let child: ChildProcess | undefined
  for (let starts = 0; performance.now() < until; await sleep(child === undefined ? 10 : 50)) {
    const answer = await probe(home)
    if (answer === 'ours') return { started: child !== undefined && !ended(child) }
    if (answer !== 'silent') throw notOurs(home, answer)
    if (child !== undefined && !ended(child)) continue
    const file = readPidFile(home.data)
    if (file !== undefined && isPostmasterOf(file.pid, home.data)) {
      // Somebody else's is starting, recovering or stopping.
      await sleep(50)
      continue
    }
    if (starts === STARTS) break
    if (file !== undefined) setAsideIfTaken(home, file)
    // A start fails when another one won, or while the last processes of a killed server are going.
    if (starts > 0) await sleep(100 * starts)
    child = startPostmaster(home)
    starts += 1
  }
  throw new GateError(
    'AUDIT_UNAVAILABLE',
    `The embedded PostgreSQL did not start. Its log is ${home.log}.`,
    { cause: new Error(logTail(home)), retry: true },
  )
}

const setAsideIfTaken = (home: Home, file: Parameters<typeof setAsideStale>[1]): void => {
  try {
    process.kill(file.pid, 0)
  } catch {
    // Nobody has the number, or somebody else's process: PostgreSQL sees that by itself.
    return
  }
  setAsideStale(home.data, file)
}

const notOurs = (home: Home, answer: 'foreign' | 'wrong password'): GateError =>
  new GateError(
    'CONFIG_INVALID',
    answer === 'foreign'
      ? `Another PostgreSQL answers on ${home.socketFolder}; it is not the one of ${home.data}. Stop it, or use another state folder.`
      : `The server of ${home.data} does not take the password in keys.json beside it. Restore both from the same backup.`,
  )
