/** `countersign pause` and `resume`: stop calls at once, everywhere, as an event of a proven approver. */
import type { Command } from 'commander'
import { suggestion } from '../config/nearest.ts'
import type { Config } from '../config/types.ts'
import { gatewayClient, type ProofOptions } from './client.ts'
import { configOf, globalsOf, print, Usage } from './common.ts'

interface Scope extends ProofOptions {
  readonly caller?: string
  readonly target?: string
  readonly reason?: string
}

const wordsOf = ({ caller, target }: Scope): string => {
  const parts = [
    ...(caller === undefined ? [] : [`calls of ${caller}`]),
    ...(target === undefined ? [] : [`calls on ${target}`]),
  ]
  const words = parts.length === 0 ? 'all calls' : parts.join(' and ')
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`
}

/** A mistyped name would stop nothing; but another gateway of the store may know targets that this configuration does not. */
const unknownTarget = (config: Config, target: string | undefined): string => {
  const names = config.targets.map(({ name }) => name)
  return target === undefined || names.includes(target)
    ? ''
    : `\nThis configuration has no target ${target}${suggestion(target, names)}`
}

const checkScope = ({ caller, target }: Scope): void => {
  if (caller === '' || target === '') throw new Usage('--caller and --target take a name.')
}

export const register = (program: Command): void => {
  scoped(program, 'pause', 'refuse calls from now on, on every gateway of the store')
    .option('--reason <text>', 'why, for the record', '')
    .action(async (options: Scope, command: Command) => {
      const { caller, target, reason = '' } = options
      const globals = globalsOf(command)
      checkScope(options)
      const config = configOf(globals)
      const client = gatewayClient(config, options)
      const answer = await client.ask('POST', '/api/pause', { caller, target, reason })
      print(
        globals,
        answer,
        `${wordsOf(options)} are refused until \`countersign resume\`.${unknownTarget(config, target)}`,
      )
    })
  scoped(
    program,
    'resume',
    'take calls again that were paused with the same --caller and --target',
  ).action(async (options: Scope, command: Command) => {
    const { caller, target } = options
    const globals = globalsOf(command)
    checkScope(options)
    const client = gatewayClient(configOf(globals), options)
    const answer = await client.ask('POST', '/api/resume', { caller, target })
    print(globals, answer, `${wordsOf(options)} are taken again.`)
  })
}

const scoped = (program: Command, name: string, description: string): Command =>
  withProof(program.command(name).description(description))
    .option('--caller <subject>', 'calls of this person')
    .option('--target <name>', 'calls on this target')

/** The options by which a command's user is proven an approver. */
export const withProof = (command: Command): Command =>
  command
    .option('--as <subject>', 'approver whose passphrase is asked on the terminal')
    .option('--token-file <file>', 'file with an access token of an issuer')
