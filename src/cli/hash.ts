/** `countersign approvals hash`: what a passphrase becomes in `identity.approvers`; for a further approver, or a new passphrase. */
import type { Command } from 'commander'
import { hashPassphrase, shortest } from '../identity/passphrase.ts'
import { globalsOf, print, Usage } from './common.ts'
import { openTerminal, type Terminal } from './terminal.ts'

/** Asks twice. Throws Usage when the two differ or are too short. */
export const newPassphrase = async (terminal: Terminal): Promise<string> => {
  const passphrase = await terminal.ask(`Passphrase (at least ${shortest} characters): `, {
    hidden: true,
  })
  if ((await terminal.ask('Once more: ', { hidden: true })) !== passphrase)
    throw new Usage('The two passphrases differ; nothing was written.')
  if (passphrase.length < shortest)
    throw new Usage(`A passphrase has at least ${shortest} characters; nothing was written.`)
  return passphrase
}

/** Adds itself to `approvals`, which is registered before. */
export const register = (program: Command): void => {
  program.commands
    .find((command) => command.name() === 'approvals')
    ?.command('hash')
    .description('ask for a passphrase on the terminal and print its hash for identity.approvers')
    .action(async (_options: unknown, command: Command) => {
      const terminal = openTerminal()
      try {
        const hash = await hashPassphrase(await newPassphrase(terminal))
        print(globalsOf(command), { passphrase: hash }, hash)
      } finally {
        terminal.close()
      }
    })
}
