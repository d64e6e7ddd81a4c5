/** A command in a container over WebSocket, `v5.channel.k8s.io`: one byte for the channel, then its data. */
import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import type { Chunk } from '../../types.ts'
import { Refused, type Status, statusOf } from './failure.ts'
import { addressOf, Lost, type Way } from './wire.ts'

const protocol = 'v5.channel.k8s.io'
const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, close: 255 } as const
const stdinPiece = 32_768
const largestMessage = 16_777_216
const refusalBytes = 65_536

export interface ExecAsked {
  /** Path with query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly stdin: string | undefined
  readonly connectMs: number
  /** Until the cluster has begun the command. */
  readonly startMs: number
}

export interface Listener {
  data(stream: Chunk['stream'], bytes: Buffer): void
  /** The connection is over; without a status nobody knows how the command ended. */
  end(status: Status | undefined): void
}

export interface Running {
  /** Cuts the connection. The command hears of it when it next reads or writes; there is no signal over this protocol. */
  stop(): void
}

/** Resolves once the command runs. Rejects with `Refused`, or `Lost` (`sent`: it may run all the same). */
export const openExec = (way: Way, asked: ExecAsked, listener: Listener): Promise<Running> =>
  new Promise((done, failed) => {
    const { server, tls, proof } = way
    const authorization = proof.authorization()
    const scheme = server.protocol === 'https:' ? 'wss:' : 'ws:'
    let sent = false
    let status: Status | undefined
    let over = false
    const socket = new WebSocket(
      `${scheme}//${server.host}${addressOf(server, asked.path)}`,
      protocol,
      {
        ...tls,
        headers: {
          ...Object.fromEntries(
            Object.entries(asked.headers).map(([name, value]) => [
              name,
              typeof value === 'string' ? value : [...value],
            ]),
          ),
          ...(authorization === undefined ? {} : { authorization }),
          'user-agent': 'countersign',
        },
        agent: false,
        followRedirects: false,
        perMessageDeflate: false,
        maxPayload: largestMessage,
        handshakeTimeout: asked.startMs,
        finishRequest: (request) => {
          request.once('socket', (raw) =>
            raw.once(scheme === 'wss:' ? 'secureConnect' : 'connect', () => {
              sent = true
              clearTimeout(timer)
            }),
          )
          request.end()
        },
      },
    )
    const fail = (error: Error): void => {
      clearTimeout(timer)
      if (over) return
      over = true
      failed(error)
      socket.terminate()
    }
    const timer = setTimeout(
      () => fail(new Lost('no connection in time', false, false)),
      asked.connectMs,
    )
    // Handled always: an error without a listener would end the process.
    socket.on('error', (cause) => fail(new Lost('the connection failed', sent, false, cause)))
    socket.on('unexpected-response', (_request, response) => {
      void bodyOf(response).then((body) => fail(new Refused(response.statusCode ?? 0, body)))
    })
    socket.on('open', () => {
      clearTimeout(timer)
      sendStdin(socket, asked.stdin)
      done({ stop: () => socket.terminate() })
    })
    socket.on('message', (data) => {
      const bytes = Buffer.isBuffer(data) ? data : Buffer.concat([data].flat() as Buffer[])
      const payload = bytes.subarray(1)
      switch (bytes[0]) {
        case channels.stdout:
          return listener.data('stdout', payload)
        case channels.stderr:
          return listener.data('stderr', payload)
        case channels.error:
          status = statusOf(payload.subarray(0, refusalBytes).toString('utf8'))
          // Nothing comes after it; a server that keeps its half open is not waited for.
          socket.close()
          return listener.end(status)
      }
    })
    socket.on('close', () => {
      fail(new Lost('the connection was closed', sent, false))
      listener.end(status)
    })
  })

const sendStdin = (socket: WebSocket, stdin: string | undefined): void => {
  if (stdin === undefined) return
  const bytes = Buffer.from(stdin)
  for (let at = 0; at < bytes.length; at += stdinPiece)
    socket.send(Buffer.concat([Buffer.of(channels.stdin), bytes.subarray(at, at + stdinPiece)]))
  socket.send(Buffer.of(channels.close, channels.stdin))
}

const bodyOf = (response: IncomingMessage): Promise<string> =>
  new Promise((done) => {
    const pieces: Buffer[] = []
    let bytes = 0
    const end = (): void => done(Buffer.concat(pieces).toString('utf8'))
    response.on('data', (piece: Buffer) => {
      pieces.push(piece)
      bytes += piece.length
      if (bytes < refusalBytes) return
      response.destroy()
      end()
    })
    response.on('end', end)
    response.on('error', end)
    response.on('close', end)
  })
