/** Files that the configuration names: their modes, texts, and the policies folder. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { PolicyFile } from './types.ts'

const largestPolicy = 4 * 1024 ** 2
const mostPolicies = 1000

/** Permission bits; undefined when it is not there, or the system has none. */
export const fileMode = (path: string): number | undefined => {
  if (process.platform === 'win32') return undefined
  try {
    return statSync(path).mode & 0o777
  } catch {
    return undefined
  }
}

/** What is wrong with the permissions of a file that holds a secret; undefined when nothing is, or it is not there. */
export const secretFileProblem = (path: string): string | undefined => {
  const mode = fileMode(path)
  return mode === undefined || (mode & 0o077) === 0
    ? undefined
    : `${path} holds a secret and has mode ${mode.toString(8).padStart(4, '0')}: others can read or write it; chmod 600`
}

/** UTF-8 text of a file of at most `most` bytes, or what is wrong. */
export const readTextFile = (
  path: string,
  most: number,
): { readonly text: string } | { readonly problem: string } => {
  try {
    if (statSync(path).size > most) return { problem: `${path} is larger than ${most} bytes` }
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)) }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code // fs and TextDecoder throw errors with codes
    if (code === 'ENOENT') return { problem: `${path} is not there` }
    return { problem: `${path} cannot be read (${code ?? 'unknown'})` }
  }
}

/** The `*.cedar` files of a folder, by name. */
export const readPolicies = (
  folder: string,
  tell: (message: string) => void,
): readonly PolicyFile[] => {
  const names = (() => {
    try {
      return readdirSync(folder)
        .filter((name) => name.endsWith('.cedar'))
        .sort()
    } catch {
      tell(`${folder} is no folder that can be read`)
      return undefined
    }
  })()
  if (names === undefined) return []
  if (names.length === 0) {
    tell(`${folder} holds no *.cedar file: leave policies out where there are none`)
    return []
  }
  if (names.length > mostPolicies) {
    tell(`${folder} holds more than ${mostPolicies} policy files`)
    return []
  }
  if (((fileMode(folder) ?? 0) & 0o002) !== 0)
    tell(`${folder} can be written by everybody: chmod o-w`)
  return names.flatMap((name) => {
    const file = join(folder, name)
    const read = readTextFile(file, largestPolicy)
    if ('problem' in read) {
      tell(read.problem)
      return []
    }
    if (((fileMode(file) ?? 0) & 0o002) !== 0)
      tell(`${file} can be written by everybody: chmod o-w`)
    return [{ file, text: read.text }]
  })
}
