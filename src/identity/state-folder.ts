/** The state folder: this user's alone, so that reaching a socket in it proves to be this user. One gateway a folder. */
import { createHash, randomBytes } from 'node:crypto'
import {
  chmod,
  link,
  lstat,
  mkdir,
  readFile,
  rename,
  rm,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { GateError } from '../errors.ts'

export interface SocketPaths {
  /** MCP for the local principal, line by line. */
  readonly mcp: string
  /** The HTTP API that the command line uses. */
  readonly api: string
}

// sun_path holds 104 bytes on macOS and 108 on Linux, with the final zero.
const longestPath = 100
const names = { mcp: 'mcp.sock', api: 'api.sock' }

const shortFolderOf = (folder: string): string => {
  const hash = createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 16)
  return join(tmpdir(), `countersign-${process.getuid?.() ?? 0}-${hash}`)
}

/** Where the gateway of a state folder listens; in a short folder of its own when the state folder's path is too long for a socket. */
export const socketPaths = (folder: string): SocketPaths => {
  const there = join(resolve(folder), names.mcp)
  const base = Buffer.byteLength(there) <= longestPath ? resolve(folder) : shortFolderOf(folder)
  return { mcp: join(base, names.mcp), api: join(base, names.api) }
}

/** Makes the folder 0700, or checks that it is ours and closes it to others. Throws CONFIG_INVALID. */
export const openPrivateFolder = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const found = await lstat(folder)
  const foreign = process.getuid !== undefined && found.uid !== process.getuid()
  if (!found.isDirectory() || foreign)
    throw new GateError(
      'CONFIG_INVALID',
      `${folder} has to be a folder of the user that the gateway runs as.`,
    )
  if ((found.mode & 0o077) !== 0) await chmod(folder, 0o700)
}

/** Makes state folder and socket folder ready. Throws CONFIG_INVALID. */
export const openStateFolder = async (folder: string): Promise<SocketPaths> => {
  await openPrivateFolder(resolve(folder))
  const paths = socketPaths(folder)
  const base = resolve(paths.mcp, '..')
  if (base !== resolve(folder)) await openPrivateFolder(base)
  return paths
}

/** Removes what a dead gateway left; only for whoever has taken the folder. */
export const removeSockets = async ({ mcp, api }: SocketPaths): Promise<void> => {
  await rm(mcp, { force: true })
  await rm(api, { force: true })
}

/** A gateway runs on this folder already. */
export class FolderTaken extends Error {
  override readonly name = 'FolderTaken'
  readonly pid: number
  constructor(pid: number) {
    super(`Process ${pid} runs a gateway on this state folder.`)
    this.pid = pid
  }
}

interface Holder {
  readonly pid: number
  /** What tells a process from a later one with the same id; '' where the system does not say. */
  readonly started: string
}

/**
 * Takes the folder for this process: whoever holds it may remove stale sockets. Returns what gives it back.
 * Throws FolderTaken while its holder lives.
 */
export const takeFolder = async (folder: string): Promise<() => Promise<void>> => {
  const file = join(resolve(folder), 'gateway.lock')
  const mine = `${process.pid} ${await startedAt(process.pid)} ${randomBytes(8).toString('hex')}`
  const aside = `${file}.${randomBytes(6).toString('hex')}`
  for (let tries = 0; tries < 50; tries += 1) {
    // Written aside and linked, so that a lock never exists without its holder in it.
    await writeFile(aside, mine, { flag: 'wx', mode: 0o600 })
    const taken = await link(aside, file).then(
      () => true,
      () => false,
    )
    await unlink(aside)
    if (taken)
      return async () => {
        if ((await read(file)) === mine) await rm(file, { force: true })
      }
    const seen = await read(file)
    if (seen === undefined) continue
    const holder = holderOf(seen)
    if (holder !== undefined && (await isAlive(holder))) throw new FolderTaken(holder.pid)
    await removeStale(file, seen)
  }
  throw new GateError('CONFIG_INVALID', `${file} can't be taken.`)
}

/** The process that holds the folder; undefined when none that lives does. */
export const folderHolder = async (folder: string): Promise<number | undefined> => {
  const seen = await read(join(resolve(folder), 'gateway.lock'))
  const holder = seen === undefined ? undefined : holderOf(seen)
  return holder !== undefined && (await isAlive(holder)) ? holder.pid : undefined
}

// Another starter may have replaced the stale lock between our look and our move: what was moved is looked at again.
const removeStale = async (file: string, seen: string): Promise<void> => {
  const moved = `${file}.${randomBytes(6).toString('hex')}`
  const done = await rename(file, moved).then(
    () => true,
    () => false,
  )
  if (!done) return
  if ((await read(moved)) !== seen) await link(moved, file).catch(() => undefined)
  await rm(moved, { force: true })
}

const read = (file: string): Promise<string | undefined> =>
  readFile(file, 'utf8').catch(() => undefined)

const holderOf = (text: string): Holder | undefined => {
  const [, pid, started] = /^(\d{1,10}) (\S*) [0-9a-f]{16}$/.exec(text) ?? []
  return pid === undefined ? undefined : { pid: Number(pid), started: started ?? '' }
}

const isAlive = async ({ pid, started }: Holder): Promise<boolean> => {
  // We hold nothing yet: our own id in it is a former process's (in a container, every start has the same id).
  if (pid === process.pid) return false
  if (!(await isRunning(pid))) return false
  const now = await startedAt(pid)
  return now === '' || started === '' || now === started
}

/** Whether a process of this id runs. One that has ended and that nobody has waited for yet holds nothing any more. */
export const isRunning = async (pid: number): Promise<boolean> => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' // kill throws nothing else
  }
  return !/^[ZX]$/.test(await stateOf(pid))
}

/** State letter of a process (proc(5), field 3 of stat); '' where the system does not say. */
const stateOf = async (pid: number): Promise<string> => {
  const stat = await read(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) ?? ''
}

/** Start time in the kernel's ticks (proc(5), field 22 of stat). */
const startedAt = async (pid: number): Promise<string> => {
  const stat = await read(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
