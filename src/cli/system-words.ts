/** What the system refused, in words for whoever runs the command: which file or address, and what is wrong with it. */

const known: Readonly<Record<string, string>> = {
  EACCES: 'may not be used by this user',
  EADDRINUSE: 'is taken: something else listens there',
  EADDRNOTAVAIL: 'is no address of this machine',
  EEXIST: 'is there already',
  EISDIR: 'is a folder',
  ENOENT: 'is not there',
  ENOSPC: 'cannot be written: the disk is full',
  ENOTDIR: 'lies in something that is no folder',
  EPERM: 'may not be used by this user',
  EROFS: 'cannot be written: the file system is read-only',
}

/** Undefined when it is no error of the system that we have words for. */
export const systemWords = (thrown: unknown): string | undefined => {
  if (!(thrown instanceof Error)) return undefined
  const { address, code, path, port } = thrown as NodeJS.ErrnoException & {
    readonly address?: string
    readonly port?: number
  } // every field is optional; other errors have none of them
  const words = known[code ?? '']
  if (words === undefined) return undefined
  const what = path ?? (address === undefined ? undefined : place(address, port))
  if (what !== undefined) return `${what} ${words}.`
  // Writing and closing name no file.
  return code === 'ENOSPC' ? 'The disk is full.' : undefined
}

const place = (address: string, port: number | undefined): string =>
  port === undefined ? address : `${address.includes(':') ? `[${address}]` : address}:${port}`
