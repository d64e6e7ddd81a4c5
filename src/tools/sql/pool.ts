/** Connections to targets, kept by target, credential and purpose, and lent to one run at a time. */
import { GateError } from '../../errors.ts'
import type { PostgresTarget, Session } from '../../types.ts'
import { timeIsUp } from '../time-up.ts'
import { Turns } from '../turns.ts'
import { checkContact } from './contact.ts'
import { unreachable } from './unreachable.ts'
import { Connection } from './wire/connection.ts'
import { plain, sync } from './wire/messages.ts'

/** `bare` has the role's own search path: to look at the catalogue. `read` and `write` have the judged one. */
export type Purpose = 'bare' | 'read' | 'write'

const idleMs = 60_000
const sweepMs = 15_000
const resetMs = 5_000
// Not in a transaction by its nature, so it is the one statement between two Syncs.
const discardAll = Buffer.concat([plain('DISCARD ALL'), sync])
const nothing = { rows: 0, bytes: 0, cellBytes: 0 }

export interface Lent {
  readonly connection: Connection
  /** When the run must have ended, on `performance.now()`'s clock. */
  readonly until: number
}

/** `options` of the startup message: white space and backslashes are escaped (postgres(1), PGOPTIONS). */
const option = (name: string, value: string | number): string =>
  `-c ${name}=${String(value).replace(/[\\\s]/g, (found) => `\\${found}`)}`

// Given at startup, so that DISCARD ALL comes back to them.
const settings = (
  target: PostgresTarget,
  purpose: Purpose,
  searchPath: string | undefined,
): string =>
  [
    option('statement_timeout', Math.ceil(target.limits.seconds * 1_000)),
    option('lock_timeout', target.limits.lockMs),
    option('idle_in_transaction_session_timeout', Math.ceil(target.limits.seconds * 1_000) + 5_000),
    option('default_transaction_read_only', purpose === 'write' ? 'off' : 'on'),
    option('application_name', 'countersign'),
    option('DateStyle', 'ISO, YMD'),
    option('IntervalStyle', 'postgres'),
    option('extra_float_digits', 1),
    option('bytea_output', 'hex'),
    option('standard_conforming_strings', 'on'),
    option('row_security', 'on'),
    option('client_min_messages', 'error'),
    ...(searchPath === undefined ? [] : [option('search_path', searchPath)]),
  ].join(' ')

export class Pool {
  private readonly turns = new Map<string, Turns>()
  private readonly idle = new Map<string, Connection[]>()
  private readonly all = new Set<Connection>()
  private readonly sweeper: NodeJS.Timeout
  private closed = false

  constructor() {
    this.sweeper = setInterval(() => this.sweep(), sweepMs)
    this.sweeper.unref()
  }

  /**
   * Lends a connection for one run: waits for a turn, connects if need be. The connection is kept afterwards when it
   * is still usable and outside a transaction. Throws TARGET_UNREACHABLE, TIMEOUT, CANCELLED, CONFIG_INVALID, or
   * what `work` throws.
   */
  async use<T>(
    session: Session<PostgresTarget>,
    purpose: Purpose,
    searchPath: string | undefined,
    work: (lent: Lent) => Promise<T>,
  ): Promise<T> {
    const { target, limits, signal, caller } = session
    const until = performance.now() + limits.seconds * 1_000
    const done = await this.turnsOf(target).take(
      JSON.stringify([caller.iss, caller.sub]),
      limits.seconds * 1_000,
      signal,
    )
    let connection: Connection | undefined
    const key = JSON.stringify([
      ...[target.host, target.port, target.database, target.tls, target.ca ?? ''],
      ...[target.limits.seconds, target.limits.lockMs, target.allowSuperuser],
      ...[session.credential.name, session.credential.version, purpose, searchPath ?? ''],
    ])
    try {
      connection = this.take(key) ?? (await this.open(session, purpose, searchPath, until))
      return await work({ connection, until })
    } finally {
      void this.giveBack(key, connection, purpose).then(done, done)
    }
  }

  /** A connection of its own without waiting for a turn, for what a run asks beside itself; closed afterwards. */
  async aside<T>(session: Session<PostgresTarget>, work: (lent: Lent) => Promise<T>): Promise<T> {
    const until = performance.now() + session.limits.connectMs
    const connection = await this.open(session, 'bare', undefined, until)
    try {
      return await work({ connection, until })
    } finally {
      connection.close()
    }
  }

  async close(): Promise<void> {
    this.closed = true
    clearInterval(this.sweeper)
    const ending = [...this.all]
    for (const connection of ending) connection.close()
    await Promise.all(ending.map((connection) => connection.settled))
  }

  private turnsOf(target: PostgresTarget): Turns {
    const known = this.turns.get(target.name)
    if (known) return known
    const turns = new Turns(target.name, target.limits.concurrency)
    this.turns.set(target.name, turns)
    return turns
  }

  private take(key: string): Connection | undefined {
    const idle = this.idle.get(key)
    let connection = idle?.pop()
    while (connection && !connection.usable) connection = idle?.pop()
    return connection
  }

  private async open(
    session: Session<PostgresTarget>,
    purpose: Purpose,
    searchPath: string | undefined,
    until: number,
  ): Promise<Connection> {
    const { target, credential, limits } = session
    if (this.closed) throw new GateError('TARGET_UNREACHABLE', 'The gateway is shutting down.')
    this.makeRoom(target)
    const { username, password } = credential.reveal()
    if (!username || !password || /\0/.test(username + password))
      throw new GateError(
        'CONFIG_INVALID',
        `The credential for ${target.name} lacks a name or a password.`,
      )
    const ms = Math.ceil(Math.max(1, Math.min(limits.connectMs, until - performance.now())))
    const signal = AbortSignal.any([session.signal, AbortSignal.timeout(ms)])
    const by = performance.now() + ms
    try {
      const options = settings(target, purpose, searchPath)
      const login = { user: username, password, database: target.database, options }
      const connection = await Connection.open(target, login, signal)
      this.all.add(connection)
      connection.onGone = () => void this.all.delete(connection)
      try {
        await checkContact(connection, target, by, session.signal)
      } catch (cause) {
        connection.close()
        throw cause
      }
      return connection
    } catch (cause) {
      // At its limit the gateway aborts too: that is time, and not a caller who left.
      const left = session.signal.aborted && !timeIsUp(session.signal)
      // What waited for its turn too long is no fault of the target's.
      if (ms < limits.connectMs && performance.now() >= until - 1 && !left)
        throw new GateError('TIMEOUT', `No connection to ${target.name} came free in time.`, {
          retry: true,
          cause,
        })
      throw unreachable(target, cause, left, ms)
    }
  }

  private async giveBack(
    key: string,
    connection: Connection | undefined,
    purpose: Purpose,
  ): Promise<void> {
    if (!connection) return
    // What a committed write left behind in its session is nobody else's.
    if (purpose === 'write' && connection.usable) {
      const until = performance.now() + resetMs
      const { reply } = await connection.exchange(discardAll, nothing, { until, stoppable: true })
      if (reply.error || reply.changed || reply.status !== 'I') connection.close()
    }
    if (purpose === 'bare' || !connection.usable || this.closed) {
      connection.close()
      return connection.settled
    }
    const idle = this.idle.get(key)
    if (idle) idle.push(connection)
    else this.idle.set(key, [connection])
  }

  /** Idle connections of other purposes or older credentials make room, so that a target never has more than about its limit of ours. */
  private makeRoom(target: PostgresTarget): void {
    const keep = Math.max(1, target.limits.concurrency)
    const prefix = JSON.stringify([target.host, target.port, target.database]).slice(0, -1)
    const idle = [...this.idle].filter(([key]) => key.startsWith(prefix))
    const count = idle.reduce((sum, [, list]) => sum + list.length, 0)
    if (count < keep) return
    const oldest = idle
      .map(([, list]) => list)
      .filter((list) => list.length > 0)
      .sort((a, b) => (a[0]?.usedAt ?? 0) - (b[0]?.usedAt ?? 0))[0]
    oldest?.shift()?.close()
  }

  private sweep(): void {
    const before = performance.now() - idleMs
    for (const [key, list] of this.idle) {
      const kept = list.filter((connection) => connection.usable && connection.usedAt >= before)
      for (const connection of list) if (!kept.includes(connection)) connection.close()
      if (kept.length > 0) this.idle.set(key, kept)
      else this.idle.delete(key)
    }
  }
}
