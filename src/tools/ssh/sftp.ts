/** Files over SFTP: promises for what is needed of it, and its failures in our words. */
import type { SFTPWrapper, Stats } from 'ssh2'
import { GateError } from '../../errors.ts'
import type { Session } from '../../types.ts'
import type { Connection } from './connect.ts'
import { NoSession } from './pool.ts'

const piece = 32_768

/** SFTP's own codes (draft-ietf-secsh-filexfer-02, 7): 2 no such file, 3 permission denied. */
const codeOf = (error: unknown): number | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number'
    ? error.code
    : undefined
export const isMissing = (error: unknown): boolean =>
  error instanceof GateError && error.teaching.targetCode === '2'

const words: Readonly<Record<number, string>> = {
  2: 'There is no such file or folder.',
  3: 'The account may not do this with the file.',
  8: 'The host does not offer this.',
}
const failed = (error: unknown): GateError => {
  if (error instanceof GateError) return error
  const code = codeOf(error)
  if (code === undefined)
    return new GateError('TARGET_UNREACHABLE', 'The connection was lost.', {
      retry: true,
      cause: error,
    })
  return new GateError(
    'TARGET_FAILED',
    words[code] ?? 'The host could not do this with the file.',
    { targetCode: String(code), cause: error },
  )
}

export interface Sftp {
  realpath(path: string): Promise<string>
  /** Follows links. */
  stat(path: string): Promise<Stats>
  lstat(path: string): Promise<Stats>
  /** At most `length` bytes from `offset`. */
  read(path: string, offset: number, length: number): Promise<Buffer>
  /** Creates a file that must not be there yet, writes it whole, and makes it durable where the host can. */
  create(path: string, content: Buffer, mode: number): Promise<void>
  /** Replaces `to` in one step. Throws TARGET_FAILED (`8`) where the host can't. */
  replace(from: string, to: string): Promise<void>
  /** Gives a file its name, where nothing has that name yet. */
  rename(from: string, to: string): Promise<void>
  chmod(path: string, mode: number): Promise<void>
  remove(path: string): Promise<void>
}

/** One answer of the wrapped session, or the loss of its connection. */
type Ask = <T>(call: (answer: (error: unknown, value?: T) => void) => void) => Promise<T>

const asker =
  (session: SFTPWrapper, signal: AbortSignal): Ask =>
  (call) =>
    new Promise((done, refused) => {
      const settle = (act: () => void) => (): void => {
        session.removeListener('close', lost)
        signal.removeEventListener('abort', abort)
        act()
      }
      const lost = settle(() => refused(failed(undefined)))
      const abort = settle(() => refused(signal.reason))
      session.once('close', lost)
      signal.addEventListener('abort', abort, { once: true })
      if (signal.aborted) return abort()
      try {
        call((error, value) =>
          settle(() => {
            if (error) refused(failed(error))
            // Calls without a value resolve with nothing, as their types say.
            else done(value as never)
          })(),
        )
      } catch (error) {
        // ssh2 throws at once when the host never offered an extension.
        settle(() =>
          refused(
            new GateError('TARGET_FAILED', words[8] ?? '', { targetCode: '8', cause: error }),
          ),
        )()
      }
    })

const wrap = (session: SFTPWrapper, ask: Ask): Sftp => {
  const withFile = async <T>(
    path: string,
    flags: string,
    mode: number,
    use: (handle: Buffer) => Promise<T>,
  ): Promise<T> => {
    const handle = await ask<Buffer>((answer) => session.open(path, flags as never, mode, answer))
    try {
      return await use(handle)
    } finally {
      await ask<void>((answer) => session.close(handle, answer)).catch(() => undefined)
    }
  }
  return {
    realpath: (path) => ask((answer) => session.realpath(path, answer)),
    stat: (path) => ask((answer) => session.stat(path, answer)),
    lstat: (path) => ask((answer) => session.lstat(path, answer)),
    read: (path, offset, length) =>
      withFile(path, 'r', 0, async (handle) => {
        const parts: Buffer[] = []
        let got = 0
        while (got < length) {
          const buffer = Buffer.alloc(Math.min(piece, length - got))
          const n = await ask<number>((answer) =>
            session.read(handle, buffer, 0, buffer.length, offset + got, (error, bytes) =>
              answer(codeOf(error) === 1 ? undefined : error, codeOf(error) === 1 ? 0 : bytes),
            ),
          )
          if (n <= 0) break
          parts.push(buffer.subarray(0, n))
          got += n
        }
        return Buffer.concat(parts)
      }),
    create: (path, content, mode) =>
      withFile(path, 'wx', mode, async (handle) => {
        for (let at = 0; at < content.length; at += piece) {
          const part = content.subarray(at, at + piece)
          await ask<void>((answer) => session.write(handle, part, 0, part.length, at, answer))
        }
        // Without the extension the file is as durable as the host's own writes are.
        await ask<void>((answer) => session.ext_openssh_fsync(handle, answer)).catch(
          (error: unknown) => {
            if (
              error instanceof GateError &&
              error.code !== 'TARGET_FAILED' &&
              error.code !== 'TARGET_UNREACHABLE'
            )
              throw error
          },
        )
      }),
    replace: (from, to) => ask((answer) => session.ext_openssh_rename(from, to, answer)),
    rename: (from, to) => ask((answer) => session.rename(from, to, answer)),
    chmod: (path, mode) => ask((answer) => session.chmod(path, mode, answer)),
    remove: (path) => ask((answer) => session.unlink(path, answer)),
  }
}

const late = (): GateError =>
  new GateError('TIMEOUT', 'The host did not answer in time.', { retry: true })

/**
 * Opens a file session on the connection for `use` and closes it after; all of it takes `seconds` at most. Throws
 * NoSession, TARGET_FAILED, TARGET_UNREACHABLE, TIMEOUT, CANCELLED.
 */
export const withSftp = async <T>(
  connection: Connection,
  { signal, limits }: Pick<Session, 'signal' | 'limits'>,
  use: (sftp: Sftp) => Promise<T>,
): Promise<T> => {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(late()), limits.seconds * 1000)
  const cancel = (): void => stop.abort(new GateError('CANCELLED', 'The call was cancelled.'))
  signal.addEventListener('abort', cancel, { once: true })
  if (signal.aborted) cancel()
  try {
    const session = await openSession(connection, stop.signal)
    try {
      return await use(wrap(session, asker(session, stop.signal)))
    } finally {
      session.end()
    }
  } catch (error) {
    // Whatever did not answer in time holds a session of this connection.
    if (stop.signal.aborted) connection.retire()
    throw error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', cancel)
  }
}

const openSession = (connection: Connection, signal: AbortSignal): Promise<SFTPWrapper> =>
  new Promise((done, refused) => {
    const settle = (): void => {
      connection.client.removeListener('close', lost)
      signal.removeEventListener('abort', abort)
    }
    const lost = (): void => {
      settle()
      refused(failed(undefined))
    }
    const abort = (): void => {
      settle()
      refused(signal.reason)
    }
    connection.client.once('close', lost)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) return abort()
    try {
      connection.client.sftp((error, opened) => {
        settle()
        if (error) {
          return refused(
            'reason' in error
              ? new NoSession('refused', { cause: error })
              : new GateError('TARGET_FAILED', 'The host offers no file transfer (SFTP).', {
                  cause: error,
                }),
          )
        }
        opened.on('error', () => {})
        if (signal.aborted) opened.end()
        done(opened)
      })
    } catch (error) {
      settle()
      refused(failed(error))
    }
  })
