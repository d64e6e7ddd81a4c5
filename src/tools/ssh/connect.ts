/** One authenticated connection to a host whose key is pinned. */
import { connect as connectSocket } from 'node:net'
import ssh2, { type Client, type ConnectConfig } from 'ssh2'
import { GateError } from '../../errors.ts'
import type { Credential, Session, SshTarget } from '../../types.ts'
import { algorithms, hostKeyKinds } from './algorithms.ts'
import { certify, nameSignatures } from './certificate.ts'
import { PinnedHost } from './host-key.ts'

export interface Connection {
  readonly client: Client
  /** Fingerprint of the key that the host proved to have. */
  readonly hostKey: string
  /** Undefined while it lives, then why it ended (for the operator's log). */
  readonly ended: () => unknown
  readonly onEnd: (done: () => void) => void
  /** Nobody else shall use it; it is ended when its last user is done. */
  readonly retire: () => void
  readonly retired: () => boolean
  /** Says goodbye, and hangs up whether or not there is an answer. */
  readonly end: () => void
}
const goodbyeMs = 200

const unreachable = (target: SshTarget, text: string, cause?: unknown): GateError =>
  new GateError('TARGET_UNREACHABLE', `${target.name} ${text}`, { retry: true, cause })

/** How the account proves itself; passwords only where there is no key. */
const authentication = (
  client: Client,
  target: SshTarget,
  credential: Credential,
): Partial<ConnectConfig> => {
  const { privateKey, passphrase, certificate, password } = credential.reveal()
  const username = target.user
  if (privateKey !== undefined && certificate !== undefined) {
    const certified = certify(privateKey, passphrase, certificate)
    let tried = false
    return {
      username,
      authHandler: (_left, _partial, next) => {
        if (tried) return next(false as never)
        tried = true
        nameSignatures(client, certified)
        // ssh2 takes a parsed key here, which its types don't say.
        next({ type: 'publickey', username, key: certified.key as never })
      },
    }
  }
  if (privateKey !== undefined)
    return {
      username,
      privateKey,
      ...(passphrase !== undefined ? { passphrase } : {}),
      authHandler: ['publickey'],
    }
  if (password !== undefined) return { username, password, authHandler: ['password'] }
  throw new GateError(
    'TARGET_FAILED',
    `The credential of ${target.name} holds neither a key nor a password.`,
  )
}

const failure = (
  target: SshTarget,
  host: PinnedHost,
  connectMs: number,
  error: unknown,
): GateError => {
  const level =
    typeof error === 'object' && error !== null && 'level' in error ? error.level : undefined
  if (host.shown !== undefined && !host.matches()) {
    return new GateError(
      'TARGET_UNREACHABLE',
      `${target.name} showed a host key that is not pinned; nothing was sent to it.`,
      {
        hint: 'Somebody has to find out whether the host was replaced, and pin its new key in the configuration.',
        retry: false,
        cause: { shown: host.shown },
      },
    )
  }
  if (level === 'client-authentication' || level === 'agent') {
    return new GateError('TARGET_FAILED', `${target.name} did not accept the credential.`, {
      retry: false,
      cause: error,
    })
  }
  if (level === 'client-timeout')
    return unreachable(target, `did not finish its handshake in ${connectMs} ms.`, error)
  return unreachable(target, 'could not be connected to.', error)
}

const attempt = (
  session: Session<SshTarget>,
  kinds: typeof hostKeyKinds,
  host: PinnedHost,
): Promise<Connection> =>
  new Promise((done, failed) => {
    const { target, limits, signal } = session
    const client = new ssh2.Client()
    // A socket of our own: ssh2 does not close its own for good once it has said goodbye.
    const socket = connectSocket({
      host: target.host,
      port: target.port,
      noDelay: true,
      keepAlive: true,
    })
    let over: unknown
    const listeners = new Set<() => void>()
    const finish = (error: unknown): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      over ??= error ?? true
      socket.destroy()
      for (const tell of listeners) tell()
      listeners.clear()
      failed(failure(target, host, limits.connectMs, error))
    }
    const abort = (): void => {
      failed(new GateError('CANCELLED', 'The call was cancelled before it ran.'))
      finish(undefined)
    }
    // ssh2's own timer ends when the handshake does; a host may still hang in authentication.
    const timer = setTimeout(() => finish({ level: 'client-timeout' }), limits.connectMs)
    signal.addEventListener('abort', abort, { once: true })
    client.on('error', finish)
    client.on('close', () => finish(undefined))
    client.on('ready', () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      let retired = false
      const retire = (): void => {
        retired = true
      }
      const end = (): void => {
        client.end()
        setTimeout(() => socket.destroy(), goodbyeMs).unref()
      }
      done({
        client,
        end,
        retire,
        retired: () => retired,
        hostKey: host.shown ?? '',
        ended: () => over,
        onEnd: (tell) => (over === undefined ? listeners.add(tell) : tell()),
      })
    })
    try {
      client.connect({
        sock: socket,
        ...authentication(client, target, session.credential),
        algorithms: algorithms(kinds.flat()),
        hostVerifier: host.verify,
        readyTimeout: limits.connectMs,
        keepaliveInterval: 15_000,
        keepaliveCountMax: 3,
        agentForward: false,
      })
    } catch (error) {
      if (error instanceof GateError) {
        failed(error)
        finish(error)
      } else {
        // ssh2 throws on keys that it can't read, before anything is sent.
        failed(
          new GateError('TARGET_FAILED', `The credential of ${target.name} could not be used.`, {
            retry: false,
            cause: error,
          }),
        )
        finish(error)
      }
    }
  })

/**
 * Connects and signs in. A host has keys of several kinds and any one of them may be pinned, so that each kind is
 * asked for in turn. Throws TARGET_UNREACHABLE, TARGET_FAILED, CANCELLED; never with the library's words.
 */
export const connect = async (session: Session<SshTarget>): Promise<Connection> => {
  let last: unknown
  for (let from = 0; from < hostKeyKinds.length; from += 1) {
    const host = new PinnedHost(session.target.hostKeys)
    try {
      return await attempt(session, hostKeyKinds.slice(from), host)
    } catch (error) {
      // The first word on a key that isn't pinned is the one that tells.
      last ??= error
      const wrongKey = host.shown !== undefined && !host.matches()
      if (!wrongKey) throw host.shown === undefined && from > 0 ? last : error
    }
  }
  throw last
}
