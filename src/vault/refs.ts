/** Reads what a secret reference points to: `env:`, `file:`; `store:` is in secrets.ts. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { GateError } from '../errors.ts'

export type SecretRef =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'store'; readonly key: string }

export type EarlyRef = Exclude<SecretRef, { kind: 'store' }>

/** A longer file is no secret. */
const mostBytes = 64 * 1024

/** The environment as it was at start; taken out of process.env, so that children and cores don't get it. */
export interface SecretEnvironment {
  read(name: string): string | undefined
}

/** Takes the named variables out of `env`. Call once, at start, before any child process. */
export const takeEnvironment = (
  names: Iterable<string>,
  env: Record<string, string | undefined>,
): SecretEnvironment => {
  const taken = new Map<string, string>()
  for (const name of names) {
    const value = env[name]
    if (value === undefined) continue
    taken.set(name, value)
    delete env[name]
  }
  return { read: (name) => taken.get(name) }
}

/** Text of a reference. Throws CONFIG_INVALID with what would be right; the message names the place, never the value. */
export const readRef = async (ref: EarlyRef, env: SecretEnvironment): Promise<string> => {
  if (ref.kind === 'env') {
    const value = env.read(ref.name)
    if (value === undefined || value === '')
      throw new GateError('CONFIG_INVALID', `The environment variable ${ref.name} is not set.`)
    return value
  }
  return readSecretFile(ref.path)
}

/** A file that only its owner can read. */
export const readSecretFile = async (path: string): Promise<string> => {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (cause: NodeJS.ErrnoException) => {
      throw new GateError('CONFIG_INVALID', `${path} can't be read (${cause.code ?? 'unknown'}).`, {
        cause,
      })
    },
  )
  try {
    // Looked at through the open handle: what is checked is what is read.
    const found = await handle.stat()
    if (!found.isFile()) throw new GateError('CONFIG_INVALID', `${path} is no file.`)
    if (found.size > mostBytes)
      throw new GateError('CONFIG_INVALID', `${path} is longer than ${mostBytes} bytes.`)
    if ((found.mode & 0o077) !== 0)
      throw new GateError('CONFIG_INVALID', `${path} can be read by others: chmod 600 it.`)
    const foreign =
      process.getuid !== undefined && found.uid !== process.getuid() && found.uid !== 0
    if (foreign) throw new GateError('CONFIG_INVALID', `${path} belongs to another user.`)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}
