/** `countersign notary`: the process that signs the log's checkpoints, with a key and a memory of its own; and its ceremonies. */
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { vkeyOf } from '../audit/tree/note.ts'
import { GateError } from '../errors.ts'
import { FolderTaken, openPrivateFolder, takeFolder } from '../identity/state-folder.ts'
import { readIfThere } from '../notary/files.ts'
import { type NotaryFolder, openFolder } from '../notary/folder.ts'
import type { Listen } from '../notary/server.ts'
import { globalsOf, print, Usage } from './common.ts'

interface RunOptions {
  readonly state: string
  readonly listen: string
  readonly log?: string
  readonly token?: string
  readonly tlsTerminated?: boolean
  readonly withParent?: boolean
}

interface CeremonyOptions {
  readonly state?: string
  readonly reason: string
  readonly anchor?: string
  readonly gap?: string
  readonly confirm?: string
}

export const register = (program: Command): void => {
  const notary = program
    .command('notary')
    .description('sign the log: a process of its own, best on another machine and account')
    .option(
      '--state <folder>',
      "the notary's own folder: its key and what it has signed",
      './notary',
    )
    .option('--listen <address>', '127.0.0.1:7421, [::1]:7421 or unix:/path', '127.0.0.1:7421')
    .option('--log <name>', 'log.name of the gateways; needed at the first start')
    .option('--token <file>', 'token of the feed (made in the folder when left out)')
    .option(
      '--tls-terminated',
      'listen beyond loopback, where something before this process ends TLS',
    )
    .option('--with-parent', 'stop when standard input ends')
    .action(runCommand)
  notary
    .command('rotate')
    .description('a new key, signed by the old one; with the notary stopped')
    .option('--reason <text>', 'why, for the record', 'rotation')
    .action(rotateCommand)
  notary
    .command('recover')
    .description(
      'go on from an anchor, or over a gap that `audit rebase` wrote; with the notary stopped',
    )
    .option('--anchor <file>', 'the newest checkpoint that lies outside')
    .option('--gap <file>', 'what `countersign audit rebase` wrote')
    .option('--confirm <sizes>', 'SIZE of the anchor, or FROM:TO of the gap')
    .option('--reason <text>', 'why, for the record', 'recovery')
    .action(recoverCommand)
}

const loopback = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost|::1)$/

const listenOf = ({ listen, tlsTerminated }: RunOptions): Listen => {
  if (listen.startsWith('unix:/')) return { kind: 'unix', path: listen.slice('unix:'.length) }
  const [, six, four, port] =
    /^(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(listen) ?? []
  const host = six ?? four
  if (host === undefined || Number(port) > 65_535)
    throw new Usage('--listen takes 127.0.0.1:7421, [::1]:7421 or unix:/path.')
  if (!loopback.test(host) && tlsTerminated !== true)
    throw new Usage(
      `${listen} is no loopback address: put something before it that ends TLS, and say --tls-terminated.`,
    )
  return { kind: 'tcp', host, port: Number(port) }
}

/** Runs `work` as the one process of the folder. */
export const withNotaryFolder = async <T>(
  folder: string,
  log: string | undefined,
  work: (open: NotaryFolder) => Promise<T>,
): Promise<T> => {
  await openPrivateFolder(folder)
  const give = await takeFolder(folder).catch((thrown: unknown) => {
    if (!(thrown instanceof FolderTaken)) throw thrown
    throw new GateError('CONFIG_INVALID', `Process ${thrown.pid} runs the notary of ${folder}.`, {
      hint: 'Stop it first; the gateways go on for as long as log.notary.maxUnsigned.',
    })
  })
  try {
    return await work(await openFolder(folder, log))
  } finally {
    await give()
  }
}

const tokenOf = async (folder: string, file: string | undefined): Promise<string> => {
  const path = file === undefined ? join(folder, 'token') : resolve(file)
  const found = (await readIfThere(path))?.trim()
  if (found !== undefined && found.length >= 16) return found
  if (found !== undefined || file !== undefined)
    throw new GateError('CONFIG_INVALID', `${path} holds no token of at least 16 characters.`)
  const made = randomBytes(32).toString('base64url')
  await writeFile(path, `${made}\n`, { flag: 'wx', mode: 0o600 })
  return made
}

const untilStopped = (withParent: boolean): Promise<void> =>
  new Promise((stop) => {
    process.once('SIGTERM', () => stop())
    process.once('SIGINT', () => stop())
    if (!withParent) return
    process.stdin.once('end', () => stop())
    process.stdin.once('error', () => stop())
    process.stdin.resume()
  })

const runCommand = async (options: RunOptions, command: Command): Promise<void> => {
  const globals = globalsOf(command)
  const listen = listenOf(options)
  if (options.log !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._/-]*$/.test(options.log))
    throw new Usage('--log takes the log.name of the gateways, such as acme/prod.')
  const folder = resolve(options.state)
  await withNotaryFolder(folder, options.log, async (open) => {
    const token = await tokenOf(folder, options.token)
    const { openNotary } = await import('../notary/sign.ts')
    const { startServer } = await import('../notary/server.ts')
    const stopped = untilStopped(options.withParent === true)
    const notary = openNotary(open)
    const failed = (error: unknown): void =>
      void process.stderr.write(
        `notary: ${error instanceof Error ? error.message : String(error)}\n`,
      )
    const server = await startServer(notary, { listen, token, failed })
    const key = vkeyOf(open.signer)
    print(
      globals,
      { notary: server.url, log: open.log, key, size: notary.signed().size, pid: process.pid },
      `Notary of ${open.log} on ${server.url}\n${key}`,
    )
    await stopped
    await server.close()
  })
  // Standard input may still be open.
  process.exit()
}

/** `--state` is the notary's, before or after the ceremony's name. */
const folderOf = (command: Command): string =>
  resolve(command.optsWithGlobals<{ state: string }>().state)

const rotateCommand = async ({ reason }: CeremonyOptions, command: Command): Promise<void> => {
  const globals = globalsOf(command)
  const { rotate } = await import('../notary/ceremony.ts')
  const folder = folderOf(command)
  const statement = await withNotaryFolder(folder, undefined, (open) => rotate(open, reason))
  const keys = (await readFile(join(folder, 'notary.pub'), 'utf8')).trim().split('\n')
  print(globals, { statement, keys }, `The key in force is now\n${keys.at(-1)}`)
}

const recoverCommand = async (options: CeremonyOptions, command: Command): Promise<void> => {
  const { anchor, confirm, gap, reason } = options
  if ((anchor === undefined) === (gap === undefined))
    throw new Usage('Name what to go on from: --anchor FILE or --gap FILE.')
  const globals = globalsOf(command)
  const { recover } = await import('../notary/ceremony.ts')
  const { applyGap, readGap } = await import('./gap.ts')
  const folder = folderOf(command)
  const statement = await withNotaryFolder(folder, undefined, async (open) => {
    if (gap !== undefined) return applyGap(open, await readGap(resolve(gap)), confirm)
    const size = Number(/^\d{1,16}$/.exec(confirm ?? '')?.[0] ?? Number.NaN)
    const note = await readFile(resolve(anchor ?? ''), 'utf8')
    if (!note.includes('\n\n\u2014 '))
      throw new GateError('CONFIG_INVALID', `${anchor} is no signed checkpoint.`)
    if (Number.isNaN(size))
      throw new Usage(`Confirm the size of the anchor: --confirm ${note.split('\n')[1]}`)
    return recover(open, note, size, reason)
  })
  print(globals, { statement }, statement)
}
