/** Where a path really lies: links are followed by the host, and what they lead to is judged again. */
import { GateError } from '../../errors.ts'
import type { SshTarget } from '../../types.ts'
import { pathFacts } from '../shell/path-facts.ts'
import { inside } from '../shell/paths.ts'
import { shellOptions } from './inputs.ts'
import { isMissing, type Sftp } from './sftp.ts'

/** Throws NOT_ALLOWED when the path that was resolved lies outside the roots (resolved too) or is for nobody. */
const judge = async (
  sftp: Sftp,
  resolved: string,
  kind: 'file' | 'out',
  target: SshTarget,
): Promise<string> => {
  const options = shellOptions(target)
  const roots =
    inside(resolved, options.roots) || options.roots.length === 0
      ? options.roots
      : await realRoots(sftp, options.roots)
  try {
    pathFacts(resolved, kind, { ...options, roots })
  } catch (cause) {
    throw new GateError(
      'NOT_ALLOWED',
      'The path leads through a link to where this target may not be read or written.',
      { retry: false, cause },
    )
  }
  return resolved
}
/** A root may itself be a link (`/var/run`). */
const realRoots = async (sftp: Sftp, roots: readonly string[]): Promise<readonly string[]> =>
  Promise.all(roots.map((root) => sftp.realpath(root).catch(() => root)))

/** The real path of a file that is there. Throws TARGET_FAILED when it isn't, NOT_ALLOWED when it lies elsewhere. */
export const resolveExisting = async (
  sftp: Sftp,
  path: string,
  target: SshTarget,
): Promise<string> => judge(sftp, await sftp.realpath(path), 'file', target)

/** The real path that a write of `path` would change, and whether a file is there. */
export const resolveForWrite = async (
  sftp: Sftp,
  path: string,
  target: SshTarget,
): Promise<{ path: string; exists: boolean }> => {
  const clean = path.replace(/\/+$/, '')
  const slash = clean.lastIndexOf('/')
  const name = clean.slice(slash + 1)
  if (name === '' || name === '.' || name === '..')
    throw new GateError('INPUT_REFUSED', 'The path names a folder.')
  const folder = await sftp.realpath(clean.slice(0, slash) || '/')
  const whole = `${folder === '/' ? '' : folder}/${name}`
  const there = await sftp.lstat(whole).catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (!there) return { path: await judge(sftp, whole, 'out', target), exists: false }
  const real = there.isSymbolicLink() ? await sftp.realpath(whole) : whole
  return { path: await judge(sftp, real, 'out', target), exists: true }
}
