/** LISTEN on one connection of its own, which comes back by itself. Notices wake; nobody relies on them alone. */
import pg from 'pg'
import type { StoreLog, Unlisten } from './port.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000

export interface Listener {
  listen(channel: string, heard: (payload: string) => void): Promise<Unlisten>
  close(): Promise<void>
}

/** Connects at the first `listen`. A connection that fails is tried again with growing pauses, for as long as it takes. */
export const openListener = (connection: pg.ClientConfig, log: StoreLog): Listener => {
  const ears = new Map<string, Set<(payload: string) => void>>()
  let client: pg.Client | undefined
  let connecting: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let pauseMs = FIRST_PAUSE_MS
  let closed = false

  const tell = (channel: string, payload: string): void => {
    for (const heard of ears.get(channel) ?? []) {
      try {
        heard(payload)
      } catch (err) {
        log.error({ err, channel }, 'store: a listener threw')
      }
    }
  }

  const connect = async (): Promise<void> => {
    const fresh = new pg.Client({ ...connection, idle_in_transaction_session_timeout: 0 })
    fresh.on('error', () => undefined)
    fresh.on('notification', ({ channel, payload }) => tell(channel, payload ?? ''))
    try {
      await fresh.connect()
      for (const channel of ears.keys()) await fresh.query(`listen ${pg.escapeIdentifier(channel)}`)
    } catch (thrown) {
      await fresh.end().catch(() => undefined)
      throw thrown
    }
    if (closed) return fresh.end()
    client = fresh
    fresh.once('end', () => {
      if (client !== fresh || closed) return
      client = undefined
      log.warn({}, 'store: the connection for notices was lost')
      again()
    })
    pauseMs = FIRST_PAUSE_MS
  }

  const again = (): void => {
    if (closed || timer !== undefined) return
    timer = setTimeout(
      async () => {
        timer = undefined
        try {
          await ready()
          for (const channel of ears.keys()) tell(channel, '')
        } catch (err) {
          log.warn({ err }, 'store: no connection for notices yet')
          again()
        }
      },
      pauseMs * (0.5 + Math.random()),
    )
    timer.unref()
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  }

  const ready = async (): Promise<void> => {
    if (client !== undefined) return
    connecting ??= connect().finally(() => {
      connecting = undefined
    })
    await connecting
  }

  return {
    async listen(channel, heard) {
      const set = ears.get(channel) ?? new Set()
      ears.set(channel, set.add(heard))
      const had = client
      try {
        await ready()
        // A connection that was there before does not know of a new channel.
        if (set.size === 1 && had !== undefined && client === had) {
          await had.query(`listen ${pg.escapeIdentifier(channel)}`)
        }
      } catch (err) {
        log.warn({ err, channel }, 'store: no connection for notices yet')
        if (client === undefined) again()
      }
      return async () => {
        set.delete(heard)
        if (set.size > 0 || ears.get(channel) !== set) return
        ears.delete(channel)
        await client?.query(`unlisten ${pg.escapeIdentifier(channel)}`).catch(() => undefined)
      }
    },
    async close() {
      closed = true
      clearTimeout(timer)
      await connecting?.catch(() => undefined)
      await client?.end().catch(() => undefined)
    },
  }
}
