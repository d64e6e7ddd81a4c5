/** What the rooms see of the store. */
import type pg from 'pg'

/** A logger in the shape of pino's. */
export interface StoreLog {
  info(detail: object, message: string): void
  warn(detail: object, message: string): void
  error(detail: object, message: string): void
}

/** Ends the subscription. */
export type Unlisten = () => Promise<void>

export interface Store {
  readonly kind: 'url' | 'embedded'
  /** Identity of this store, made when it was first migrated. */
  readonly id: string
  /** Such as `18.4`. */
  readonly serverVersion: string
  /** Connects as the writer; bounded, with timeouts. */
  readonly pool: pg.Pool
  /** How the pool connects, for who needs a connection of its own. Holds the password: never to be logged. */
  readonly connection: pg.ClientConfig
  /** Everything of the embedded cluster. A copy of it, made while the cluster is stopped, is a backup. */
  readonly folder?: string
  /**
   * Calls `heard` with the payload of each NOTIFY on the channel, and with '' whenever notices may have been missed
   * (the connection was lost and is back). Who listens also polls.
   */
  listen(channel: string, heard: (payload: string) => void): Promise<Unlisten>
  /** Ends connections; the last gateway on an embedded store stops it. */
  close(): Promise<void>
}
