/** Connections that are kept: by host, account, pins and version of the credential; several calls share one. */
import { GateError } from '../../errors.ts'
import type { Session, SshTarget } from '../../types.ts'
import { Turns } from '../turns.ts'
import { type Connection, connect } from './connect.ts'

/** OpenSSH lets ten sessions run on a connection (MaxSessions). */
const sessionsEach = 8
const idleMs = 60_000
/** Commands are short, and agents send them in hundreds. */
const room = { all: 1024, ofOne: 512 }
const mostRefusals = 6

interface Kept {
  readonly connection: Connection
  /** Lower when the host refused a session. */
  capacity: number
  busy: number
  idle: NodeJS.Timeout | undefined
}
interface Group {
  /** What this host has been seen to allow on one connection. */
  capacity: number
  readonly kept: Set<Kept>
  connecting: Promise<Kept> | undefined
}

/** Thrown by a user of a connection when the host would not open one more session on it. */
export class NoSession extends Error {}

const keyOf = ({ target, credential }: Session<SshTarget>): string =>
  JSON.stringify([
    target.host,
    target.port,
    target.user,
    target.hostKeys,
    credential.name,
    credential.version,
  ])

export class Pool {
  readonly #groups = new Map<string, Group>()
  readonly #turns = new Map<string, Turns>()
  #closed = false

  /**
   * Runs `use` on a connection, in the caller's turn. Throws TARGET_UNREACHABLE, TARGET_FAILED, TIMEOUT, CANCELLED, and what
   * `use` throws; a `NoSession` makes it try on another connection.
   */
  async use<T>(
    session: Session<SshTarget>,
    use: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw new GateError('CANCELLED', 'The gateway is stopping.')
    const done = await this.#turnsOf(session).take(
      JSON.stringify([session.caller.iss, session.caller.sub]),
      session.limits.seconds * 1_000,
      session.signal,
    )
    try {
      for (let refusals = 0; ; refusals += 1) {
        const kept = await this.#take(session)
        try {
          return await use(kept.connection)
        } catch (error) {
          if (!(error instanceof NoSession)) throw error
          this.#narrow(session, kept)
          if (refusals >= mostRefusals) {
            throw new GateError(
              'TARGET_FAILED',
              `${session.target.name} refused to open a session.`,
              { retry: true, cause: error.cause },
            )
          }
        } finally {
          this.#give(session, kept)
        }
      }
    } finally {
      done()
    }
  }

  /** The host has too few sessions left on this connection: fewer at once from now on, or none at all. */
  #narrow(session: Session<SshTarget>, kept: Kept): void {
    const capacity = Math.max(1, kept.busy - 1)
    if (kept.busy <= 1) kept.connection.retire()
    kept.capacity = Math.min(kept.capacity, capacity)
    const group = this.#groups.get(keyOf(session))
    if (group) group.capacity = Math.min(group.capacity, kept.capacity)
  }

  /** How many connections are open now. */
  get size(): number {
    return [...this.#groups.values()].reduce((sum, { kept }) => sum + kept.size, 0)
  }

  async close(): Promise<void> {
    this.#closed = true
    const all = [...this.#groups.values()]
    this.#groups.clear()
    const pending = all.flatMap(({ connecting }) =>
      connecting ? [connecting.catch(() => undefined)] : [],
    )
    for (const kept of [...all.flatMap((g) => [...g.kept]), ...(await Promise.all(pending))]) {
      if (!kept) continue
      clearTimeout(kept.idle)
      kept.connection.end()
    }
  }

  #turnsOf({ target, limits }: Session<SshTarget>): Turns {
    const key = `${target.name}\n${limits.concurrency}`
    const known = this.#turns.get(key) ?? new Turns(target.name, limits.concurrency, room)
    this.#turns.set(key, known)
    return known
  }

  async #take(session: Session<SshTarget>): Promise<Kept> {
    const key = keyOf(session)
    for (;;) {
      const group = this.#groups.get(key) ?? {
        kept: new Set<Kept>(),
        connecting: undefined,
        capacity: sessionsEach,
      }
      this.#groups.set(key, group)
      const free = [...group.kept].find((k) => k.busy < k.capacity && usable(k))
      if (free) {
        clearTimeout(free.idle)
        free.busy += 1
        return free
      }
      // One at a time: hosts refuse many that knock at once (MaxStartups).
      group.connecting ??= this.#open(session, group)
      await abandonable(group.connecting, session.signal)
    }
  }

  #open(session: Session<SshTarget>, group: Group): Promise<Kept> {
    // Others wait for it too: the one who asked may leave without ending it.
    const signal = new AbortController().signal
    const opening = connect({ ...session, signal }).then((connection) => {
      const kept: Kept = { connection, capacity: group.capacity, busy: 0, idle: undefined }
      group.kept.add(kept)
      connection.onEnd(() => group.kept.delete(kept))
      return kept
    })
    const over = (): void => {
      group.connecting = undefined
    }
    opening.then(over, over)
    return opening
  }

  #give(session: Session<SshTarget>, kept: Kept): void {
    kept.busy -= 1
    if (kept.busy > 0) return
    const end = (): void => {
      kept.connection.end()
      const key = keyOf(session)
      const group = this.#groups.get(key)
      group?.kept.delete(kept)
      if (group?.kept.size === 0 && !group.connecting) this.#groups.delete(key)
    }
    if (!usable(kept) || this.#closed) end()
    else kept.idle = setTimeout(end, idleMs).unref()
  }
}

const usable = ({ connection }: Kept): boolean =>
  connection.ended() === undefined && !connection.retired()

const abandonable = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((done, failed) => {
    const leave = (): void =>
      failed(new GateError('CANCELLED', 'The call was cancelled before it ran.'))
    if (signal.aborted) return leave()
    signal.addEventListener('abort', leave, { once: true })
    work.then(done, failed).finally(() => signal.removeEventListener('abort', leave))
  })
