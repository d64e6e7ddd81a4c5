/** The folder of an embedded cluster: `data`, its passwords, its socket, its log. Made whole or not at all. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { endianness } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import { type Native, native } from './native.ts'
import { isThere, socketFolder } from './socket-folder.ts'
import { mayEnter, type SystemUser, systemUser } from './system-user.ts'

/** Superuser of the cluster: migrates, and nothing else. */
export const OWNER = 'countersign_owner'
/** What the gateway connects as. */
export const GATEWAY = 'countersign_gateway'

const Keys = z.object({ cluster: z.string(), owner: z.string(), gateway: z.string() })
export type Keys = z.output<typeof Keys>

export interface Home {
  /** Real path. A copy of this folder, made while the cluster is stopped, is a backup of it. */
  readonly folder: string
  readonly data: string
  readonly log: string
  readonly socketFolder: string
  readonly keys: Keys
  readonly native: Native
  /** Whom PostgreSQL runs as, when not as ourselves. */
  readonly user: SystemUser | undefined
}

const NAME = 'postgres'
/** Where root keeps clusters of state folders that the system user can't enter. */
const ROOT_FOLDER = '/var/lib/countersign'

/** `state` exists already. Makes the cluster at the first time; takes a second or two. */
export const openHome = async (state: string, rootFolder = ROOT_FOLDER): Promise<Home> => {
  if (process.platform === 'win32') {
    throw new GateError(
      'CONFIG_INVALID',
      'The embedded store does not run on Windows; set store.url.',
    )
  }
  const user = systemUser()
  const at = join(realpathSync(state), NAME)
  if (!isThere(at)) await makeHome(at, user, rootFolder)
  if (!existsSync(at)) {
    throw new GateError(
      'CONFIG_INVALID',
      `${at} points to a folder that is gone; restore it, or remove the link to start anew.`,
    )
  }
  const folder = realpathSync(at)
  const binaries = native(join(folder, 'native'), user)
  const data = join(folder, 'data')
  refuseOtherMajor(data, binaries)
  return {
    folder,
    data,
    log: join(folder, 'postgres.log'),
    socketFolder: socketFolder(folder, user),
    keys: readKeys(folder),
    native: binaries,
    user,
  }
}

const readKeys = (folder: string): Keys => {
  try {
    return Keys.parse(JSON.parse(readFileSync(join(folder, 'keys.json'), 'utf8')))
  } catch (cause) {
    throw new GateError(
      'CONFIG_INVALID',
      `${join(folder, 'keys.json')} is missing or unreadable; without it the embedded store can't be opened. Restore the folder from a backup.`,
      { cause },
    )
  }
}

const refuseOtherMajor = (data: string, { major }: Native): void => {
  let found: string
  try {
    found = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()
  } catch (cause) {
    throw new GateError(
      'CONFIG_INVALID',
      `${data} holds no PostgreSQL data. Restore it from a backup.`,
      { cause },
    )
  }
  if (found === String(major)) return
  throw new GateError(
    'CONFIG_INVALID',
    `The embedded store in ${data} is of PostgreSQL ${found}; this version of countersign brings ${major}. To upgrade: start the ` +
      'earlier version of countersign, take a pg_dump of its store, move the folder away, start this version once, restore the dump. ' +
      'Or run pg_upgrade on the folder, or restore the dump on a server of your own and set store.url.',
  )
}

/** Prepared aside and put in place by one rename or one link, so that of two that start at once one wins, and a half-made one is never seen. */
const makeHome = async (
  at: string,
  user: SystemUser | undefined,
  rootFolder: string,
): Promise<void> => {
  const inState = user === undefined || mayEnter(user, join(at, '..'))
  const aside = inState ? `${at}.${randomBytes(6).toString('hex')}` : asideOfRoot(rootFolder)
  mkdirSync(aside, { mode: user ? 0o711 : 0o700, recursive: true })
  if (user) chmodSync(aside, 0o711)
  try {
    await initialise(aside, user)
    if (inState) renameSync(aside, at)
    else symlinkSync(aside, at)
  } catch (thrown) {
    rmSync(aside, { recursive: true, force: true })
    if (!isThere(at)) throw thrown
  }
}

const asideOfRoot = (rootFolder: string): string => {
  mkdirSync(rootFolder, { recursive: true, mode: 0o711 })
  return join(rootFolder, randomBytes(8).toString('hex'))
}

const initialise = async (folder: string, user: SystemUser | undefined): Promise<void> => {
  const keys = { owner: randomBytes(24).toString('hex'), gateway: randomBytes(24).toString('hex') }
  const { initdb } = native(join(folder, 'native'), user)
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'first-password')
  mkdirSync(data, { mode: 0o700 })
  writeFileSync(passwordFile, keys.owner, { mode: 0o600 })
  if (user) for (const path of [data, passwordFile]) chownSync(path, user.uid, user.gid)
  const settings = [
    '-A',
    'scram-sha-256',
    `--pwfile=${passwordFile}`,
    '-E',
    'UTF8',
    '--locale=C',
    '--no-instructions',
  ]
  try {
    await promisify(execFile)(initdb, ['-D', data, '-U', OWNER, ...settings], {
      ...(user && { uid: user.uid, gid: user.gid }),
      cwd: data,
      env: { TZ: 'UTC', LC_ALL: 'C' },
    })
  } catch (cause) {
    throw new GateError(
      'CONFIG_INVALID',
      `The embedded PostgreSQL could not make its data folder ${data}. The reason is in the log; on a system without glibc (Alpine) set store.url instead.`,
      { cause },
    )
  }
  rmSync(passwordFile)
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ cluster: clusterOf(data), ...keys }), {
    mode: 0o600,
  })
}

/** The system identifier: the first eight bytes of the control file, in this machine's order. */
export const clusterOf = (data: string): string => {
  const control = readFileSync(join(data, 'global', 'pg_control'))
  return String(endianness() === 'LE' ? control.readBigUInt64LE() : control.readBigUInt64BE())
}
