/** The local principal: who the configuration says sits at this machine. Never an approver. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { constants } from 'node:fs'
import { link, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { GateError } from '../errors.ts'
import type { Caller, Fields } from '../types.ts'
import { identified } from './caller.ts'

/** Issuer of everybody that the configuration itself names; approvers have it too, so that a person is one person. */
export const localIssuer = 'local'

export interface LocalPrincipal {
  readonly subject: string
  readonly groups: readonly string[]
}

/** The local principal as a caller; `session` is the id of the connection. */
export const localCaller = (
  principal: LocalPrincipal,
  at: { readonly via: 'http' | 'socket'; readonly session: string; readonly origin: Fields },
): Caller =>
  identified({
    iss: localIssuer,
    sub: principal.subject,
    client: '',
    groups: principal.groups,
    via: at.via,
    auth: 'local',
    session: at.session,
    origin: at.origin,
  })

const tokenFile = 'local.token'
const tokenForm = /^cslocal_[A-Za-z0-9_-]{43}$/

/**
 * The token that lets a program of this user speak for the local principal over loopback HTTP: a 0600 file in the
 * state folder, made at the first start. Throws CONFIG_INVALID when the file is not ours alone.
 */
export const localToken = async (
  stateFolder: string,
): Promise<{ readonly token: string; readonly file: string }> => {
  const file = join(stateFolder, tokenFile)
  const found = await read(file)
  if (found !== undefined) return { token: found, file }
  // Written aside and linked into place, so that two starters end with one token and nobody reads half of one.
  const aside = `${file}.${randomBytes(6).toString('hex')}`
  const handle = await open(aside, 'wx', 0o600)
  try {
    await handle.writeFile(`cslocal_${randomBytes(32).toString('base64url')}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await link(aside, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await unlink(aside)
  const token = await read(file)
  if (token === undefined) throw unusable(file)
  return { token, file }
}

const unusable = (file: string): GateError =>
  new GateError(
    'CONFIG_INVALID',
    `${file} is not a token file of ours alone (mode 0600, this user): delete it and start again.`,
  )

const read = async (file: string): Promise<string | undefined> => {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw unusable(file)
    },
  )
  if (handle === undefined) return undefined
  try {
    const { mode, uid } = await handle.stat()
    const foreign = process.getuid !== undefined && uid !== process.getuid()
    const text = (await handle.readFile('utf8')).trim()
    if (foreign || (mode & 0o077) !== 0 || !tokenForm.test(text)) throw unusable(file)
    return text
  } finally {
    await handle.close()
  }
}

/** Constant-time: equal length digests are compared, so neither length nor place of a difference shows. */
export const sameSecret = (given: string, expected: string): boolean =>
  timingSafeEqual(digest(given), digest(expected))

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
