/** PostgreSQL refuses to run as root, so a gateway that is root runs it as a system user. */
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { GateError } from '../../errors.ts'

export interface SystemUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** In order of preference: a user of our own, the one that PostgreSQL packages make, and the two that every system has. */
const candidates = ['countersign', 'postgres', '_postgres', 'nobody', 'daemon']

/** From the file that every Unix has; `id` knows those of a directory, where there is one. */
const idsOf = (name: string): readonly [uid: number, gid: number] => {
  const line = localUsers().find((one) => one.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid === undefined || gid === undefined
    ? [idOf('-u', name), idOf('-g', name)]
    : [Number(uid), Number(gid)]
}

const localUsers = (): readonly string[] => {
  try {
    return readFileSync('/etc/passwd', 'utf8').split('\n')
  } catch {
    return []
  }
}

const idOf = (flag: '-u' | '-g', name: string): number =>
  Number(
    execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  )

/**
 * Whom to run PostgreSQL as; undefined when this process is not root, and then it runs as ourselves.
 * Throws CONFIG_INVALID when this process is root and the machine has no unprivileged user.
 */
export const systemUser = (): SystemUser | undefined => {
  if (process.geteuid?.() !== 0) return undefined
  for (const name of candidates) {
    try {
      const [uid, gid] = idsOf(name)
      // `nobody` is -2 on some systems; spawn takes it as an unsigned number.
      if (uid !== 0) return { name, uid: uid >>> 0, gid: gid >>> 0 }
    } catch {
      // No such user: the next one.
    }
  }
  throw new GateError(
    'CONFIG_INVALID',
    `PostgreSQL does not run as root, and none of the users ${candidates.join(', ')} exists here. ` +
      'Create one (useradd --system countersign), or run countersign as an ordinary user.',
  )
}

/** Whether the user may enter the folder, and every folder above it. */
export const mayEnter = (user: SystemUser, folder: string): boolean => {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const { mode, uid, gid } = statSync(at)
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001
    if ((mode & bit) === 0) return false
    if (at === dirname(at)) return true
  }
}
