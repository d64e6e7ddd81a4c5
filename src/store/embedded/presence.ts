/** Counts the gateways on an embedded server by a shared lock each, brings the server back when it dies, stops it with the last one. */
import pg from 'pg'
import { GateError } from '../../errors.ts'
import type { StoreLog } from '../port.ts'
import type { Home } from './home.ts'
import { stopPostmaster } from './postmaster.ts'
import { ensureRunning, ownerConnection } from './run.ts'

/** Shared: a gateway uses this server. Exclusive: it is being stopped. Gone with the connection, so a killed gateway counts no more. */
const USERS_LOCK = '4877001130219843'
const STOP_WITHIN_MS = 30_000
/** A server that is just coming back when we leave is waited for, to stop it; not for long. */
const GIVE_UP_MS = 5_000
const ATTACH_WITHIN_MS = 60_000
const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))

export interface Presence {
  /** Whether this gateway started the server, or found it running. */
  readonly started: boolean
  /** Returns whether the server was stopped. */
  leave(): Promise<boolean>
}

const attach = async (home: Home): Promise<{ client: pg.Client; started: boolean }> => {
  const until = performance.now() + ATTACH_WITHIN_MS
  let started = false
  while (performance.now() < until) {
    const running = await ensureRunning(home)
    started ||= running.started
    // The lock is held for as long as the connection lives: it must not be closed for idling.
    const client = new pg.Client({
      ...ownerConnection(home, 'postgres', `countersign ${process.pid}`),
      idle_in_transaction_session_timeout: 0,
    })
    client.on('error', () => undefined)
    try {
      await client.connect()
      const { rows } = await client.query<{ got: boolean }>(
        'select pg_try_advisory_lock_shared($1) as got',
        [USERS_LOCK],
      )
      if (rows[0]?.got) return { client, started }
    } catch {
      // It went away under us: the next round starts it again.
    }
    await client.end().catch(() => undefined)
    // The last gateway is stopping it; once it is down it is started again.
    await sleep(50)
  }
  throw new GateError(
    'AUDIT_UNAVAILABLE',
    'The embedded PostgreSQL kept stopping while it was being opened.',
    {
      retry: true,
    },
  )
}

/** Attaches to the cluster, and again whenever its server dies, until `leave()`. */
export const enter = async (home: Home, log: StoreLog): Promise<Presence> => {
  let { client, started } = await attach(home)
  const leaving = new AbortController()

  const keep = async (): Promise<void> => {
    for (let pause = 100; !leaving.signal.aborted; pause = Math.min(pause * 2, 10_000)) {
      try {
        const again = await attach(home)
        client = again.client
        if (leaving.signal.aborted) return
        watch()
        log.warn({ started: again.started }, 'store: the embedded PostgreSQL is back')
        return
      } catch (err) {
        log.error({ err }, 'store: the embedded PostgreSQL does not come back')
        await sleep(pause)
      }
    }
  }
  let back: Promise<void> = Promise.resolve()
  const watch = (): void => {
    client.once('end', () => {
      if (leaving.signal.aborted) return
      log.error({}, 'store: the embedded PostgreSQL was lost')
      back = keep()
    })
  }
  watch()

  return {
    started,
    async leave() {
      leaving.abort()
      await within(GIVE_UP_MS, back)
      try {
        return await stopIfLast(home, client, log)
      } catch (err) {
        log.warn({ err }, 'store: the embedded PostgreSQL was gone before it was stopped')
        return false
      } finally {
        await client.end().catch(() => undefined)
      }
    },
  }
}

/** Waits for it, for `ms` at most. The timer goes with it: a process that has left ends at once. */
const within = async (ms: number, awaited: Promise<void>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<void>((wake) => {
    timer = setTimeout(wake, ms)
  })
  await Promise.race([awaited, over])
  clearTimeout(timer)
}

/** Who holds the lock alone is the last; who comes now finds it taken and waits until the server is down. */
const stopIfLast = async (home: Home, client: pg.Client, log: StoreLog): Promise<boolean> => {
  const { rows } = await client.query<{ last: boolean }>(
    'select pg_advisory_unlock_shared($1), pg_try_advisory_lock($1) as last',
    [USERS_LOCK],
  )
  if (!rows[0]?.last) return false
  const stopped = await stopPostmaster(home, STOP_WITHIN_MS)
  if (!stopped)
    log.error({ within_ms: STOP_WITHIN_MS }, 'store: the embedded PostgreSQL did not stop in time')
  return stopped
}
