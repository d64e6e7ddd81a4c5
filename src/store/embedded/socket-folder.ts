/** Where the server's socket is: in a folder that only its user may enter, with a path that is short enough for a socket. */
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SOCKET_PORT } from '../connect.ts'
import type { SystemUser } from './system-user.ts'

/** macOS allows 104 bytes with the final NUL, Linux 108. */
const SOCKET_PATH_BYTES = 103

/** Also true for a link that leads nowhere. */
export const isThere = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false }) !== undefined

/** In the home when its path is short enough; else in the folder for temporary files, behind a link. */
export const socketFolder = (folder: string, user: SystemUser | undefined): string => {
  const at = join(folder, 'run')
  if (isThere(at)) {
    const found = existsSync(at) ? realpathSync(at) : undefined
    if (found !== undefined && isPrivate(found, user) && belongsTo(found, folder)) return found
    rmSync(at, { recursive: true, force: true })
  }
  const short = Buffer.byteLength(join(at, `.s.PGSQL.${SOCKET_PORT}`)) <= SOCKET_PATH_BYTES
  if (short) mkdirSync(at, { mode: 0o700, recursive: true })
  else symlinkSync(mkdtempSync(join(tmpdir(), 'cs-')), at)
  const made = realpathSync(at)
  if (!short) writeFileSync(join(made, MARK), folder, { mode: 0o600 })
  if (user) chownSync(made, user.uid, user.gid)
  return made
}

/** Says in a socket folder outside the home whose it is: a copy of the home must not meet the original's server. */
const MARK = 'home'
const belongsTo = (socket: string, folder: string): boolean => {
  if (socket === join(folder, 'run')) return true
  try {
    return readFileSync(join(socket, MARK), 'utf8') === folder
  } catch {
    return false
  }
}

const isPrivate = (folder: string, user: SystemUser | undefined): boolean => {
  const { uid, mode } = lstatSync(folder)
  return uid === (user?.uid ?? process.geteuid?.()) && (mode & 0o077) === 0
}
