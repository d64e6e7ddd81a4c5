/** One request and the beginning of its answer, on a connection that only goes where it may. */
import http, { type Agent, type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { LookupFunction, Socket } from 'node:net'
import { type Stage, Stopped } from './failure.ts'

export interface Ask {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
}
export interface Way {
  /** `false`: a connection of its own, closed afterwards. */
  readonly agent: Agent | false
  readonly lookup: LookupFunction
  readonly tls: {
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
    readonly passphrase?: string
  }
  readonly connectMs: number
  /** On `performance.now()`'s clock. */
  readonly until: number
  readonly signal: AbortSignal
}

/** An answer that has begun. `close` must be called; a body that was read to its end leaves the connection usable. */
export interface Answering {
  readonly response: IncomingMessage
  close(): void
}

/** Thrown when there is no answer. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  readonly stage: Stage
  /** The connection had served before: its other end may have closed it just now. */
  readonly reused: boolean
  constructor(stage: Stage, reused: boolean, cause: unknown) {
    super('no answer', { cause })
    this.stage = stage
    this.reused = reused
  }
}

const mostHeaderBytes = 32 * 1024

/** Resolves when the answer's headers are there; the time and the signal also end its body (with `Stopped`). Throws `NoAnswer`. */
export const exchange = (ask: Ask, way: Way): Promise<Answering> =>
  new Promise((done, failed) => {
    const secure = ask.url.protocol === 'https:'
    let stage: Stage = 'connect'
    let response: IncomingMessage | undefined
    const options: https.RequestOptions = {
      method: ask.method,
      agent: way.agent,
      lookup: way.lookup,
      headers: {
        ...ask.headers,
        'user-agent': 'countersign',
        'accept-encoding': 'gzip, deflate, br',
        ...(ask.body === undefined ? {} : { 'content-length': ask.body.length }),
      },
      maxHeaderSize: mostHeaderBytes,
      insecureHTTPParser: false,
      ...(secure ? { ...way.tls, minVersion: 'TLSv1.2' as const, rejectUnauthorized: true } : {}),
    }
    let request: http.ClientRequest
    try {
      request = (secure ? https : http).request(ask.url, options)
    } catch (cause) {
      failed(new NoAnswer('connect', false, cause))
      return
    }
    const stop = (why: Stopped['why']): void => {
      const error = new Stopped(why)
      response?.destroy(error)
      request.destroy(error)
    }
    const cancel = (): void =>
      stop(
        way.signal.reason instanceof Error && way.signal.reason.name === 'TimeoutError'
          ? 'time'
          : 'cancel',
      )
    const left = Math.max(1, way.until - performance.now())
    const overall = setTimeout(() => stop('time'), left)
    const connecting = setTimeout(() => stop('connect'), way.connectMs)
    const close = (): void => {
      clearTimeout(overall)
      clearTimeout(connecting)
      way.signal.removeEventListener('abort', cancel)
      if (!response?.complete) request.destroy()
    }
    const connected = (): void => {
      stage = 'asked'
      clearTimeout(connecting)
    }
    request.on('socket', (socket: Socket) => {
      if (!socket.connecting) connected()
      else socket.once(secure ? 'secureConnect' : 'connect', connected)
    })
    request.on('response', (message) => {
      response = message
      done({ response: message, close })
    })
    request.on('upgrade', (_, socket) => {
      socket.destroy()
      request.destroy(new Error('an answer of another protocol'))
    })
    request.on('error', (cause) => {
      close()
      failed(new NoAnswer(stage, request.reusedSocket, cause))
    })
    request.on('close', () => {
      if (response) return
      close()
      failed(new NoAnswer(stage, request.reusedSocket, new Error('closed without an answer')))
    })
    if (way.signal.aborted) cancel()
    else way.signal.addEventListener('abort', cancel, { once: true })
    request.end(ask.body)
  })
