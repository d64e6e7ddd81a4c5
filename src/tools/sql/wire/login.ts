/** Authentication of a fresh stream: SCRAM-SHA-256, MD5, a clear password under TLS only, or none. */
import { createHash } from 'node:crypto'
import type { Duplex } from 'node:stream'
import sasl from 'pg/lib/crypto/sasl.js'
import { errorOf, type ServerError } from './decode.ts'
import { FrameReader, type FrameSink, ProtocolError } from './frames.ts'
import { password, saslInitial, saslResponse, startup } from './messages.ts'

export interface Login {
  readonly user: string
  readonly password: string
  readonly database: string
  /** Whether the stream is encrypted. */
  readonly secure: boolean
  /** Settings of the session (`-c name=value`), which RESET ALL comes back to. */
  readonly options: string
}

/** The server refused us, by its SQLSTATE. */
export class LoginRefused extends Error {
  override readonly name = 'LoginRefused'
  readonly server: ServerError
  constructor(server: ServerError) {
    super(`the server refused the login: ${server.sqlState}`, { cause: server.text })
    this.server = server
  }
}

/** Nothing of a login is larger; a server that sends more is none. */
const maxBytes = 262_144

const md5 = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('md5')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

interface Conversation {
  /** What to send back to an authentication request. */
  next(body: Buffer): Promise<Buffer | undefined>
  granted(): boolean
}

const authenticate = (login: Login): Conversation => {
  let session: ReturnType<typeof sasl.startSession> | undefined
  let proven = true
  let granted = false
  const next = async (body: Buffer): Promise<Buffer | undefined> => {
    const kind = body.length >= 4 ? body.readInt32BE(0) : -1
    const rest = body.subarray(4)
    switch (kind) {
      case 0:
        // A server that begins SCRAM and then lets us in unproven is not the one that knows the password.
        if (!proven) throw new ProtocolError('a login was cut short')
        granted = true
        return undefined
      case 3:
        if (!login.secure) throw new ProtocolError('a password was asked for in the clear')
        return password(login.password)
      case 5:
        return password(`md5${md5(md5(login.password, login.user), rest.subarray(0, 4))}`)
      case 10:
        session = sasl.startSession(rest.toString('latin1').split('\0').filter(Boolean))
        proven = false
        return saslInitial(session.mechanism, session.response)
      case 11:
        if (!session) throw new ProtocolError('a login out of order')
        await sasl.continueSession(session, login.password, rest.toString('utf8'))
        return saslResponse(session.response)
      case 12:
        if (!session) throw new ProtocolError('a login out of order')
        sasl.finalizeSession(session, rest.toString('utf8'))
        proven = true
        return undefined
      default:
        throw new ProtocolError('no way to log in that we know')
    }
  }
  return { next, granted: () => granted }
}

/** Logs in; resolves with the key for CancelRequest. The stream has no data listener afterwards. Time is the caller's to limit. */
export const logIn = (stream: Duplex, login: Login): Promise<Buffer> =>
  new Promise((done, failed) => {
    const answer = authenticate(login)
    const reader = new FrameReader()
    let key: Buffer = Buffer.alloc(0)
    let seen = 0
    let turn: Promise<void> = Promise.resolve()
    const end = (settle: () => void): void => {
      stream.removeListener('data', onData)
      stream.removeListener('close', onClose)
      settle()
    }
    const fail = (cause: unknown): void =>
      end(() => {
        stream.destroy()
        failed(cause)
      })
    const sink: FrameSink = {
      keepBytes: 0,
      largeRow: () => fail(new ProtocolError('rows before a login')),
      frame: (type, bytes, start, stop) => {
        const body = Buffer.from(bytes.subarray(start, stop))
        switch (String.fromCharCode(type)) {
          case 'R':
            turn = turn
              .then(() => answer.next(body))
              .then((reply) => void (reply && stream.writable && stream.write(reply)))
            turn.catch(fail)
            return
          case 'K':
            key = body
            return
          case 'Z':
            turn = turn.then(() => {
              if (!answer.granted()) throw new ProtocolError('ready before a login')
              end(() => done(key))
            })
            turn.catch(fail)
            return
          case 'E':
            return fail(new LoginRefused(errorOf(body, 0, body.length)))
          case 'S':
          case 'N':
          case 'v':
            return
          default:
            throw new ProtocolError('out of order')
        }
      },
    }
    const onData = (chunk: Buffer): void => {
      seen += chunk.length
      try {
        if (seen > maxBytes) throw new ProtocolError('too much for a login')
        reader.feed(chunk, sink)
      } catch (cause) {
        fail(cause)
      }
    }
    const onClose = (): void => fail(new Error('the connection was closed'))
    stream.on('data', onData)
    stream.once('close', onClose)
    stream.write(
      startup({
        user: login.user,
        database: login.database,
        client_encoding: 'UTF8',
        options: login.options,
      }),
    )
  })
