/** One session with a PostgreSQL server: a pipeline in, one gathered reply out, and an end within its limits. */
import type { Socket } from 'node:net'
import { timeIsUp } from '../../time-up.ts'
import { FrameReader } from './frames.ts'
import { type Login, logIn } from './login.ts'
import { cancelRequest, terminate } from './messages.ts'
import { type Caps, Reply } from './reply.ts'
import { type Address, openSocket } from './socket.ts'

/** Limits of one exchange. */
export interface Wait {
  /** On `performance.now()`'s clock. */
  readonly until: number
  /** Absent where the server must be heard out (COMMIT). */
  readonly signal?: AbortSignal
  /** May be stopped when it sends more than is wanted; a write is heard out instead. */
  readonly stoppable: boolean
}

/**
 * How an exchange ended. After anything but `ready` the connection is gone: the server was asked to cancel
 * (`time`, `aborted`, `flood`), or it went away (`lost`), or it broke the protocol (`garbage`).
 */
export type End = 'ready' | 'time' | 'aborted' | 'flood' | 'lost' | 'garbage'
export interface Exchange {
  readonly reply: Reply
  readonly end: End
  readonly cause?: unknown
}

/** What may still come after a cap is reached before the server is stopped, and what may come at all. */
const drainBytes = 1_048_576
const wireBytes = 67_108_864
const cancelMs = 2_000

interface Running {
  readonly reply: Reply
  readonly wait: Wait
  readonly settle: (end: End, cause?: unknown) => void
  received: number
  over: number
}

export class Connection {
  /** `performance.now()` of its last use. */
  usedAt = performance.now()
  /** Called once when it can't be used again. */
  onGone: () => void = () => undefined
  private readonly stream: Socket
  private readonly address: Address
  private readonly key: Uint8Array
  private readonly reader = new FrameReader()
  private running: Running | undefined
  private gone = false
  private cancelled: Promise<void> = Promise.resolve()

  private constructor(stream: Socket, address: Address, key: Uint8Array) {
    this.stream = stream
    this.address = address
    this.key = key
    stream.on('data', (chunk) => this.receive(chunk))
    stream.once('close', () => this.leave('lost'))
    stream.resume()
  }

  /** Connects and logs in, or rejects when `signal` aborts, the network fails or the server refuses (`LoginRefused`, `NoTls`, `ProtocolError`). */
  static async open(
    address: Address,
    login: Omit<Login, 'secure'>,
    signal: AbortSignal,
  ): Promise<Connection> {
    const stream = await openSocket(address, signal)
    const stop = (): void => void stream.destroy()
    signal.addEventListener('abort', stop, { once: true })
    try {
      const key = await logIn(stream, { ...login, secure: address.tls !== 'disable' })
      return new Connection(stream, address, key)
    } catch (cause) {
      stream.destroy()
      throw signal.aborted ? signal.reason : cause
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  get usable(): boolean {
    return !this.gone && !this.running
  }
  /** Settles when the server has taken note of a cancellation, so that the run no longer counts against it. */
  get settled(): Promise<void> {
    return this.cancelled
  }

  /** Sends a pipeline that ends in one Sync. Never rejects. One at a time. */
  exchange(bytes: Uint8Array, caps: Caps, wait: Wait): Promise<Exchange> {
    return new Promise((done) => {
      const reply = new Reply(caps)
      const timer = setTimeout(
        () => this.stop('time'),
        Math.max(0, Math.ceil(wait.until - performance.now())),
      )
      // The gateway's own limit on the run is an abort too; a person's is another.
      const aborted = (): End => (timeIsUp(wait.signal) ? 'time' : 'aborted')
      const abort = (): void => this.stop(aborted())
      const settle = (end: End, cause?: unknown): void => {
        clearTimeout(timer)
        wait.signal?.removeEventListener('abort', abort)
        this.running = undefined
        this.usedAt = performance.now()
        done(cause === undefined ? { reply, end } : { reply, end, cause })
      }
      this.running = { reply, wait, settle, received: 0, over: 0 }
      if (this.gone) return settle('lost')
      if (wait.signal?.aborted) return this.leave(aborted())
      wait.signal?.addEventListener('abort', abort, { once: true })
      this.stream.write(bytes)
    })
  }

  /** Ends the session politely when it is idle, at once when not. */
  close(): void {
    if (!this.running && this.stream.writable) this.stream.end(terminate)
    this.leave('lost')
  }

  private receive(chunk: Buffer): void {
    const { running } = this
    // Nothing is asked for, so this is a goodbye, or settings that changed under us: neither is a session to go on with.
    if (!running) {
      this.leave('lost')
      return
    }
    try {
      this.reader.feed(chunk, running.reply)
    } catch (cause) {
      this.leave('garbage', cause)
      return
    }
    const { reply, wait } = running
    if (reply.copy) this.stop('flood')
    else if (reply.status !== undefined) running.settle('ready')
    else if (wait.stoppable) this.count(running, chunk.length)
  }

  private count(running: Running, bytes: number): void {
    running.received += bytes
    if (running.reply.full) running.over += bytes
    if (running.over > drainBytes || running.received > wireBytes) this.stop('flood')
  }

  private stop(end: End): void {
    if (this.gone) return
    this.cancelled = this.cancel()
    this.leave(end)
  }

  private leave(end: End, cause?: unknown): void {
    if (!this.gone) {
      this.gone = true
      // A cancelled session is closed once the server was told, or it would look for a session that is no more.
      void this.cancelled.then(() => this.stream.destroy())
      this.stream.removeAllListeners('data')
      this.stream.pause()
      this.onGone()
    }
    this.running?.settle(end, cause)
  }

  /** CancelRequest on a connection of its own; resolves when the server has closed it, or it did not in time. */
  private async cancel(): Promise<void> {
    const signal = AbortSignal.timeout(cancelMs)
    try {
      const stream = await openSocket(this.address, signal)
      await new Promise<void>((done) => {
        signal.addEventListener('abort', () => done(), { once: true })
        stream.once('close', () => done())
        stream.resume()
        stream.end(cancelRequest(this.key))
      })
      stream.destroy()
    } catch {
      // The session is destroyed whether or not the server could be told.
    }
  }
}
