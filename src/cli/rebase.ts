/** `countersign audit rebase`: after the store was put back from a backup, or is another copy, the log goes on from what is there, over a gap that the notary signs. */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { openCompact } from '../audit/tree/compact.ts'
import { grow, treeSize } from '../audit/tree/tree-read.ts'
import { GateError } from '../errors.ts'
import { folderHolder } from '../identity/state-folder.ts'
import { notaryFolder } from '../serve/embedded-notary.ts'
import { openEvidence } from '../serve/evidence.ts'
import { configOf, globalsOf, NotSo, print } from './common.ts'
import { applyGap, type Gap } from './gap.ts'
import { withNotaryFolder } from './notary.ts'

interface Options {
  readonly reason: string
  readonly confirm?: string
  readonly signed?: string
}

export const register = (program: Command): void => {
  const audit = program.commands.find((command) => command.name() === 'audit')
  audit
    ?.command('rebase')
    .description('go on from what the store holds, where it does not continue what was signed')
    .requiredOption('--reason <text>', 'why the store is not what was signed; it is signed too')
    .option('--confirm <sizes>', 'FROM:TO, the sizes that this command shows')
    .option('--signed <size>', 'what the notary says it signed, where it runs elsewhere')
    .action(rebaseCommand)
}

const storedPoint = async (config: ReturnType<typeof configOf>) => {
  const evidence = await openEvidence(config)
  try {
    const ask = async (text: string, values: readonly unknown[]) =>
      (await evidence.store.pool.query(text, [...values])).rows
    const range = openCompact()
    await grow(ask, range, await treeSize(ask))
    return { size: range.size, root: range.root().toString('hex') }
  } finally {
    await evidence.close()
  }
}

const rebaseCommand = async (options: Options, command: Command): Promise<void> => {
  const globals = globalsOf(command)
  const config = configOf(globals)
  const running = await folderHolder(config.state)
  if (running !== undefined)
    throw new GateError('CONFIG_INVALID', `Process ${running} runs this gateway: stop it first.`)
  const { reason } = options
  const { root, size } = await storedPoint(config)
  const gapOf = (from: number): Gap => ({
    v: 1,
    log: config.log.name,
    from,
    to: size,
    root,
    reason,
  })
  if (config.log.notary !== undefined) {
    const from = Number(options.signed ?? options.confirm?.split(':')[0] ?? 0)
    const file = resolve('gap.json')
    await writeFile(file, `${JSON.stringify(gapOf(from))}\n`, { mode: 0o600 })
    print(
      globals,
      { file, to: size, root },
      `The store holds ${size} events. ${file} says so; with the notary stopped, its operator runs:\n  countersign notary recover --state FOLDER --gap gap.json --confirm SIGNED:${size}`,
    )
    return
  }
  const folder = notaryFolder(config.state)
  const statement = await withNotaryFolder(folder, undefined, async (open) => {
    const signed = open.signed?.size ?? 0
    if (options.confirm === undefined)
      throw new NotSo(
        `The notary signed ${signed} events and the store holds ${size}. What lies between is given up for good, and the log says so. To go on: --confirm ${signed}:${size}`,
      )
    return applyGap(open, gapOf(signed), options.confirm)
  })
  print(globals, { statement }, statement)
}
