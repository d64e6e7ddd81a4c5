/** A TCP or TLS stream to a PostgreSQL server, ready for the startup message. */
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { PostgresTarget } from '../../../types.ts'
import { sslRequest } from './messages.ts'

export type Address = Pick<PostgresTarget, 'host' | 'port' | 'tls' | 'ca'>

/** The server has no TLS, or said something else when asked for it. */
export class NoTls extends Error {
  override readonly name = 'NoTls'
}

const open = (address: Address): Socket => {
  const socket = address.host.startsWith('/')
    ? connectTcp(`${address.host}/.s.PGSQL.${address.port}`)
    : connectTcp(address.port, address.host)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 30_000)
  return socket
}

/** Resolves with exactly one byte: more, unencrypted, would be somebody's injection (CVE-2021-23222). */
const oneByte = (socket: Socket): Promise<number> =>
  new Promise((done, failed) => {
    socket.once('data', (bytes) => {
      socket.pause()
      if (bytes.length === 1) done(bytes[0] ?? 0)
      else failed(new NoTls())
    })
  })

const secure = (socket: Socket, address: Address): Promise<Socket> =>
  new Promise((done, failed) => {
    // `require` encrypts and checks nobody, as libpq's sslmode=require; `verify` is verify-full.
    const stream = connectTls({
      socket,
      host: address.host,
      ...(isIP(address.host) === 0 ? { servername: address.host } : {}),
      rejectUnauthorized: address.tls === 'verify',
      ...(address.ca === undefined ? {} : { ca: address.ca }),
    })
    stream.once('secureConnect', () => done(stream))
    stream.once('error', failed)
  })

/**
 * Connects until `signal` aborts. Rejects with the system's or TLS's error, `NoTls`, or the signal's reason.
 * The stream has no listeners of ours left but one for late errors, which ends nothing.
 */
export const openSocket = (address: Address, signal: AbortSignal): Promise<Socket> =>
  new Promise((done, failed) => {
    const socket = open(address)
    const stop = (): void => void socket.destroy()
    const fail = (cause: unknown): void => {
      signal.removeEventListener('abort', stop)
      socket.destroy()
      failed(signal.aborted ? signal.reason : cause)
    }
    signal.addEventListener('abort', stop, { once: true })
    socket.on('error', fail)
    socket.once('close', () => fail(new Error('the connection was closed')))
    const finish = (stream: Socket): void => {
      signal.removeEventListener('abort', stop)
      stream.on('error', () => undefined)
      if (signal.aborted) fail(signal.reason)
      else done(stream)
    }
    socket.once('connect', () => {
      if (address.tls === 'disable') {
        finish(socket)
        return
      }
      socket.write(sslRequest)
      oneByte(socket)
        .then((answer) => {
          if (answer !== 0x53) throw new NoTls()
          return secure(socket, address)
        })
        .then(finish, fail)
    })
    if (signal.aborted) stop()
  })
