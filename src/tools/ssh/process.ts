/** One command on a connection: its output stamped with time and capped, its end by exit code or signal, its stop by INT, TERM, KILL. */
import type { ClientChannel } from 'ssh2'
import { GateError } from '../../errors.ts'
import type { Chunk, Output } from '../../types.ts'
import { timeIsUp } from '../time-up.ts'
import type { Connection } from './connect.ts'
import { NoSession } from './pool.ts'

export interface Process {
  readonly line: string
  /** Undefined: none, and the line itself sees to that. */
  readonly stdin: string | undefined
  /** It only reads: at a cap or a limit it is stopped; else it is drained and waited for. */
  readonly reads: boolean
  readonly bytes: number
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** How long each of INT, TERM and KILL is given. */
const graceMs: readonly (readonly [string, number])[] = [
  ['INT', 1500],
  ['TERM', 1500],
  ['KILL', 1500],
]
/** Pieces of one stream that come this close together are kept as one. */
const joinMs = 5
const joinBytes = 65_536

type Stop = 'bytes' | 'seconds' | 'cancelled'

/** Output up to the cap; what is over is counted and let go, so that memory stays flat. */
class Collector {
  readonly #cap: number
  readonly #start = performance.now()
  readonly #parts: { stream: Chunk['stream']; atMs: number; buffers: Buffer[]; bytes: number }[] =
    []
  kept = 0
  total = 0
  constructor(cap: number) {
    this.#cap = cap
  }
  get elapsedMs(): number {
    return Math.round(performance.now() - this.#start)
  }
  /** Says whether all of it found room. */
  add(stream: Chunk['stream'], data: Buffer): boolean {
    this.total += data.length
    const room = this.#cap - this.kept
    if (room > 0) {
      const taken = data.length > room ? data.subarray(0, room) : data
      this.kept += taken.length
      const last = this.#parts.at(-1)
      const atMs = this.elapsedMs
      if (last && last.stream === stream && atMs - last.atMs < joinMs && last.bytes < joinBytes) {
        last.buffers.push(Buffer.from(taken))
        last.bytes += taken.length
      } else this.#parts.push({ stream, atMs, buffers: [Buffer.from(taken)], bytes: taken.length })
    }
    return data.length <= room
  }
  chunks(): readonly Chunk[] {
    return this.#parts.map(({ stream, atMs, buffers }) => ({
      stream,
      atMs,
      bytes: buffers.length === 1 && buffers[0] ? buffers[0] : Buffer.concat(buffers),
    }))
  }
}

/**
 * Starts the command; `listen` is called at once, since the end may come in the same packet as the start. Throws
 * NoSession, TARGET_UNREACHABLE and TARGET_FAILED where it was surely not started.
 */
const open = (
  connection: Connection,
  asked: Process,
  listen: (channel: ClientChannel) => void,
): Promise<ClientChannel> =>
  new Promise((done, failed) => {
    const { client } = connection
    let late = false
    const settle = (): void => {
      late = true
      clearTimeout(timer)
      client.removeListener('close', lost)
      asked.signal.removeEventListener('abort', abort)
    }
    const giveUp = (error: Error): void => {
      settle()
      connection.retire()
      failed(error)
    }
    // A host that doesn't answer may have started it all the same.
    const unheard = (otherwise: GateError): void => giveUp(asked.reads ? otherwise : lostSight())
    const lost = (): void => unheard(gone())
    const abort = (): void =>
      unheard(new GateError('CANCELLED', 'The call was cancelled while the command was started.'))
    const timer = setTimeout(
      () =>
        unheard(
          new GateError('TIMEOUT', 'The host did not start the command in time.', { retry: true }),
        ),
      asked.timeoutMs,
    )
    client.once('close', lost)
    asked.signal.addEventListener('abort', abort, { once: true })
    try {
      client.exec(asked.line, { pty: false, x11: false }, (error, channel) => {
        if (late) {
          channel?.destroy()
          return
        }
        settle()
        if (!error) {
          listen(channel)
          return done(channel)
        }
        // A refused channel carries a reason (RFC 4254, 5.1); a refused request does not, and was not run either.
        failed(
          'reason' in error
            ? new NoSession('refused', { cause: error })
            : new GateError('TARGET_FAILED', 'The host refused to run commands.', { cause: error }),
        )
      })
    } catch (error) {
      giveUp(gone(error))
    }
  })

const gone = (cause?: unknown): GateError =>
  new GateError('TARGET_UNREACHABLE', 'The connection was lost before the command was started.', {
    retry: true,
    cause,
  })

interface Ending {
  readonly code: number | undefined
  readonly signal: string | undefined
  readonly known: boolean
}

/**
 * A signal after stdin was closed. ssh2's own `signal()` keeps quiet then, though a signal has nothing to do with stdin
 * (RFC 4254, 6.9), so that this goes by what it calls itself.
 */
const signalTo = (channel: ClientChannel, name: string): void => {
  const inner = channel as unknown as {
    _client?: { _protocol?: { signal?(id: number, name: string): void } }
    outgoing?: { id: number; state: string }
  }
  const { outgoing } = inner
  try {
    if (outgoing && outgoing.state !== 'closed' && outgoing.state !== 'closing')
      inner._client?._protocol?.signal?.(outgoing.id, name)
  } catch {
    // The connection is gone, and with it whoever could be signalled.
  }
}

/** Sends the signals one after another until the command has ended; resolves false when it never did. */
const stopIt = async (channel: ClientChannel, ended: Promise<unknown>): Promise<boolean> => {
  for (const [name, ms] of graceMs) {
    signalTo(channel, name)
    const gone = await Promise.race([
      ended.then(() => true),
      new Promise<boolean>((done) => setTimeout(() => done(false), ms).unref()),
    ])
    if (gone) return true
  }
  return false
}

/**
 * Runs one command to its end. Throws NoSession (not started), TARGET_UNREACHABLE (not started), TARGET_FAILED,
 * CANCELLED, and OUTCOME_UNKNOWN when a command that may have changed something was lost sight of.
 */
export const runProcess = async (connection: Connection, asked: Process): Promise<Output> => {
  const collector = new Collector(asked.bytes)
  let stop: Stop | undefined
  let halt = (_: Stop): void => {}
  const halted = new Promise<void>((done) => {
    halt = (why) => {
      stop ??= why
      done()
    }
  })
  let finish = (_: Ending): void => {}
  const ended = new Promise<Ending>((done) => {
    finish = done
  })
  const take =
    (stream: Chunk['stream']) =>
    (data: Buffer): void => {
      if (!collector.add(stream, data) && asked.reads) halt('bytes')
    }
  const channel = await open(connection, asked, (opened) => {
    let code: number | undefined
    let signal: string | undefined
    opened.on('exit', (exitCode: number | null, exitSignal?: string) => {
      code = exitCode ?? undefined
      signal = exitSignal
    })
    opened.on('close', () =>
      finish({ code, signal, known: code !== undefined || signal !== undefined }),
    )
    opened.on('data', take('stdout'))
    opened.stderr.on('data', take('stderr'))
    // A host that closes its end of stdin early is no failure of the command.
    opened.on('error', () => {})
    opened.stdin.on('error', () => {})
    // Without a word on stdin it stays open here until the command has said its last.
    opened.on('end', () => opened.end())
    if (asked.stdin !== undefined) opened.end(asked.stdin)
  })
  const timer = setTimeout(() => halt('seconds'), asked.timeoutMs)
  const abort = (): void => halt(timeIsUp(asked.signal) ? 'seconds' : 'cancelled')
  asked.signal.addEventListener('abort', abort, { once: true })
  if (asked.signal.aborted) abort()
  try {
    await Promise.race([ended, halted])
    const sure = stop === undefined || (await stopIt(channel, ended))
    // What is still there holds a session of this connection for good.
    if (!sure) connection.retire()
    const ending = sure ? await ended : { code: undefined, signal: undefined, known: false }
    return result(asked, collector, ending, stop)
  } finally {
    clearTimeout(timer)
    asked.signal.removeEventListener('abort', abort)
    channel.destroy()
  }
}

const lostSight = (): GateError =>
  new GateError(
    'OUTCOME_UNKNOWN',
    'The command may have changed something, and nobody saw it end.',
    {
      hint: 'Look at what it should have changed before you send it again.',
      retry: false,
    },
  )

const result = (
  asked: Process,
  collector: Collector,
  ending: Ending,
  stop: Stop | undefined,
): Output => {
  if (stop === 'cancelled')
    throw asked.reads
      ? new GateError('CANCELLED', 'The call was cancelled; the command was stopped.')
      : lostSight()
  if (!ending.known && stop === undefined) {
    if (!asked.reads) throw lostSight()
    throw new GateError('TARGET_UNREACHABLE', 'The connection was lost before the command ended.', {
      retry: true,
    })
  }
  if (!ending.known && !asked.reads) throw lostSight()
  const over = collector.total - collector.kept
  return {
    kind: 'process',
    chunks: collector.chunks(),
    truncated: over > 0 || stop !== undefined,
    fields: {
      ...(ending.code !== undefined ? { exit_code: ending.code } : {}),
      ...(ending.signal !== undefined ? { signal: `SIG${ending.signal.replace(/^SIG/, '')}` } : {}),
      ...(stop !== undefined ? { stopped: stop } : over > 0 ? { stopped: 'bytes' } : {}),
      ...(over > 0 && !asked.reads ? { output_bytes: collector.total } : {}),
      duration_ms: collector.elapsedMs,
    },
  }
}
