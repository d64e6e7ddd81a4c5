/** What the policy commands need of the tools: their table, and how facts of an input are found without a gateway. */
import { readFile } from 'node:fs/promises'
import type { Config } from '../config/types.ts'
import { GateError } from '../errors.ts'
import { type PolicyGuard, policyGuard, refuseEmptyPolicies } from '../guards/index.ts'
import type { Tool } from '../types.ts'
import { type FactsFor, type Live, liveFacts } from './policy-live.ts'

export interface PolicyWiring {
  readonly tools: readonly Tool[]
  /** Facts with what the target itself tells; left out: from the input alone. */
  live?(config: Config): Live
}

/** The tools of this build. */
export const builtIn = async (): Promise<PolicyWiring> => {
  const { openTools } = await import('../tools/index.ts')
  const { tools, families } = openTools()
  return { tools, live: (config) => liveFacts(config, families) }
}

/** Facts from the input alone; an input whose facts need the target's catalogue is refused. */
export const offlineFacts: FactsFor = (tool, input, target) =>
  tool.facts(input, {
    target,
    catalogue: () =>
      Promise.reject(
        new GateError(
          'TARGET_UNREACHABLE',
          `What ${tool.name} finds depends on what is in ${target.name}.`,
          {
            hint: 'Ask the target itself (without --offline), or give what was found with --facts.',
          },
        ),
      ),
  })

/** The guard that a gateway with this configuration would have. Throws CONFIG_INVALID. */
export const guardFor = (config: Config, tools: readonly Tool[]): PolicyGuard => {
  refuseEmptyPolicies(config.policies)
  return policyGuard({
    tools,
    grants: config.grants,
    files: config.policies,
    targets: config.targets.map(({ name }) => name),
  })
}

const mostBytes = 256 * 1024 ** 2

/** Text of a file, or of standard input for `-`. Throws when it is longer than 256 MiB. */
export const textOf = async (file: string): Promise<string> => {
  if (file !== '-') return readFile(file, 'utf8')
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of process.stdin) {
    const piece = Buffer.from(chunk)
    bytes += piece.length
    if (bytes > mostBytes) throw new GateError('INPUT_REFUSED', 'Standard input is too long.')
    chunks.push(piece)
  }
  return Buffer.concat(chunks).toString('utf8')
}
