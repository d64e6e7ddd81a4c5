/** `countersign init`: a starter configuration with its keys in the user's own folder; what is there is left as it is. */
import { randomBytes } from 'node:crypto'
import { access, mkdir, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { configFolder } from '../config/location.ts'
import { starterConfig } from '../config/starter.ts'
import type { Config } from '../config/types.ts'
import { hashPassphrase } from '../identity/passphrase.ts'
import { openPrivateFolder, openStateFolder } from '../identity/state-folder.ts'
import { entriesFor } from './clients.ts'
import { configOf, globalsOf, pathOf, print } from './common.ts'
import { newPassphrase } from './hash.ts'
import { openTerminal } from './terminal.ts'

interface Options {
  readonly subject?: string
  readonly group?: readonly string[]
  readonly approver?: string | false
  readonly approverGroup?: readonly string[]
  readonly listen?: string
  readonly store: boolean
}

export const register = (program: Command): void => {
  program
    .command('init')
    .description(
      'write a starter configuration, its keys and the embedded store; overwrites nothing',
    )
    .option('--subject <name>', 'who sits at this machine (else the login name)')
    .option('--group <name...>', 'groups of that person', ['engineers'])
    .option(
      '--approver <name>',
      'who may answer held calls; the passphrase is asked on the terminal',
    )
    .option('--no-approver', 'name nobody who may answer')
    .option('--approver-group <name...>', 'groups of the approver', ['approvers'])
    .option('--listen <address>', 'address and port for HTTP')
    .option('--no-store', 'leave the embedded store for the first start')
    .action(async (options: Options, command: Command) => {
      const globals = globalsOf(command)
      const file = pathOf(globals)
      const written = await writeAll(file, options)
      const config = configOf(globals)
      if (options.store) await prepareStore(config)
      const entries = entriesFor(config)
      const head =
        written.length === 0
          ? 'Everything was there; nothing was changed.'
          : `Written: ${written.join(', ')}`
      print(
        globals,
        { config: file, written, entries },
        `${head}\n\n${entries.map(({ client, how }) => `${client}:\n${how}\n`).join('\n')}`,
      )
    })
}

/** Gives the files that were written. */
const writeAll = async (file: string, options: Options): Promise<readonly string[]> => {
  const folder = dirname(file)
  if (folder === configFolder(process.env)) await openPrivateFolder(folder)
  else await mkdir(folder, { recursive: true, mode: 0o700 })
  const written: string[] = []
  if (!(await exists(file))) {
    await writeNew(file, await textOf(options))
    written.push(file)
  }
  for (const key of ['vault.key', 'token.key']) {
    const path = join(folder, key)
    if (await exists(path)) continue
    await writeNew(path, `${randomBytes(32).toString('base64')}\n`)
    written.push(path)
  }
  return written
}

const textOf = async (options: Options): Promise<string> => {
  const approver = await approverOf(options)
  return starterConfig({
    subject: options.subject ?? userInfo().username,
    groups: options.group ?? ['engineers'],
    ...(options.listen === undefined ? {} : { listen: options.listen }),
    ...(approver === undefined ? {} : { approver }),
  })
}

const approverOf = async ({ approver, approverGroup, subject }: Options) => {
  if (approver === false) return undefined
  // Without a terminal there is nobody to ask; the configuration says how to name one later.
  if (approver === undefined && !process.stdin.isTTY) return undefined
  const terminal = openTerminal()
  try {
    terminal.tell(
      'Held calls wait for a person. An agent may run commands as you, so a passphrase, typed here, tells you from it.\n',
    )
    const named = approver ?? (await terminal.ask('Name of the approver (empty: nobody yet): '))
    if (named === '') return undefined
    if (named === (subject ?? userInfo().username))
      terminal.tell(
        'This is the person whose agent asks: such an approver can answer only where a policy says `self`.\n',
      )
    const passphrase = await newPassphrase(terminal)
    return {
      subject: named,
      groups: approverGroup ?? ['approvers'],
      passphrase: await hashPassphrase(passphrase),
    }
  } finally {
    terminal.close()
  }
}

/** The database cluster and its schema, so that the first start is quick. Needs no target and no secret. */
const prepareStore = async (config: Config): Promise<void> => {
  await openStateFolder(config.state)
  if (config.store.url !== undefined) return
  const { prepare } = await import('../serve.ts')
  await prepare(config)
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )

const writeNew = (file: string, text: string): Promise<void> =>
  writeFile(file, text, { flag: 'wx', mode: 0o600 })
