/** Opens the store: a PostgreSQL by URL, or the embedded one; checked, as the writer. */
import type pg from 'pg'
import { asGateError, GateError } from '../errors.ts'
import { checkStore } from './checks.ts'
import { connectionOf, openPool, unavailable, withClient } from './connect.ts'
import { openEmbedded } from './embedded/open.ts'
import { openListener } from './listen.ts'
import type { Store, StoreLog } from './port.ts'

export interface StoreOptions {
  /** `postgres://..` of the writer; left out: the embedded store. */
  readonly url?: string
  /** The state folder, which exists; the embedded store lives in it. */
  readonly state: string
  /** Most connections of the pool; one more is for notices. */
  readonly maxConnections?: number
  readonly applicationName?: string
  /** Where root keeps embedded clusters of state folders that no system user can enter. */
  readonly rootFolder?: string
}

const MAX_CONNECTIONS = 12
/** Payload partitions are made this many months ahead, when the store is opened and once a day. */
const MONTHS_AHEAD = 3
const DAY_MS = 86_400_000

/** Throws CONFIG_INVALID (says what to run or to change) or AUDIT_UNAVAILABLE (may pass by itself). */
export const open = async (options: StoreOptions, log: StoreLog): Promise<Store> => {
  const name = options.applicationName ?? 'countersign'
  const embedded =
    options.url === undefined
      ? await openEmbedded(options.state, name, log, options.rootFolder)
      : undefined
  try {
    const connection = embedded?.connection ?? connectionOf(options.url ?? '', name)
    const checked = await withClient(connection, checkedBy)
    const pool = openPool(connection, options.maxConnections ?? MAX_CONNECTIONS, log)
    const listener = openListener(connection, log)
    const months = await keepMonths(pool, log)
    return {
      kind: embedded ? 'embedded' : 'url',
      id: checked.id,
      serverVersion: checked.serverVersion,
      pool,
      connection,
      ...(embedded && { folder: embedded.folder }),
      listen: listener.listen,
      close: once(async () => {
        clearInterval(months)
        await listener.close()
        await endWithin(pool, 5_000)
        await embedded?.close()
      }),
    }
  } catch (thrown) {
    await embedded?.close()
    throw thrown
  }
}

const checkedBy = async (client: pg.Client): ReturnType<typeof checkStore> => {
  try {
    return await checkStore(client)
  } catch (thrown) {
    throw thrown instanceof GateError ? thrown : unavailable(thrown)
  }
}

const keepMonths = async (pool: pg.Pool, log: StoreLog): Promise<NodeJS.Timeout> => {
  const make = async (): Promise<void> => {
    try {
      await pool.query('select audit.make_payload_months($1)', [MONTHS_AHEAD])
    } catch (thrown) {
      // Payloads then land in the default partition: nothing is lost, and tomorrow is another try.
      log.warn({ err: asGateError(thrown) }, 'store: no partitions made for the months ahead')
    }
  }
  await make()
  return setInterval(make, DAY_MS).unref()
}

/** `pool.end()` waits for connections that are in use; who holds one past the deadline loses it with the process. */
const endWithin = async (pool: pg.Pool, ms: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((wake) => {
    timer = setTimeout(wake, ms)
  })
  await Promise.race([pool.end(), late])
  clearTimeout(timer)
}

const once = (work: () => Promise<void>): (() => Promise<void>) => {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}
