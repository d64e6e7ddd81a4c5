/** What every step of a start is given, and what a started gateway tells of itself. */
import type { Config } from '../config/types.ts'
import type { Closer } from './closer.ts'
import type { Logger } from './logger.ts'

export interface ServeOptions {
  readonly version: string
  /** Of the configuration: tells a client that another one runs. */
  readonly configHash: string
  /** Stop when nothing was connected or running for so long. */
  readonly idleExitMs?: number
  readonly logLevel?: string
}

export interface Start {
  readonly config: Config
  readonly options: ServeOptions
  readonly logger: Logger
  /** From here on each line of the log passes through `mask`. */
  setMask(mask: (text: string) => string): void
  /** Whoever opens something adds how it is closed, at once. */
  readonly closing: Closer
  /** Tells the operator of something that went wrong beside a call. */
  readonly failed: (error: unknown) => void
}

export interface Served {
  /** `http://127.0.0.1:7420` */
  readonly url: string
  /** File with the local token; undefined when no local principal is configured. */
  readonly tokenFile: string | undefined
  /** Where the embedded store keeps its data: beside the state folder when PostgreSQL runs as another user. */
  readonly storeFolder: string | undefined
  /** Drains and stops; resolves when everything has ended. */
  close(): Promise<void>
  /** Resolves when the gateway has stopped, for whatever reason. */
  readonly closed: Promise<void>
}

/** How long calls under way may take to end when the gateway stops. */
export const drainMs = 20_000
