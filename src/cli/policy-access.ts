/** `countersign policy access`: who may do what on which target, before any call is read. */
import type { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/types.ts'
import type { PolicyGuard } from '../guards/index.ts'
import type { Effect, Tool } from '../types.ts'
import { type Globals, globalsOf, pathOf, print, Usage } from './common.ts'
import { guardFor, type PolicyWiring } from './policy-wiring.ts'

interface Options {
  readonly group?: readonly string[]
  readonly caller?: string
  readonly issuer: string
  readonly target?: string
}

/** One cell: what could come of each effect, before facts are known. */
interface Access {
  readonly who: string
  readonly target: string
  readonly tool: string
  readonly effect: Effect
  readonly verdict: 'allow' | 'hold' | 'deny'
  readonly rules: readonly string[]
}

/** Adds `access` to the command `policy`. */
export const registerAccess = (policy: Command, wire: () => Promise<PolicyWiring>): void => {
  policy
    .command('access')
    .description(
      'who may do what on which target: allow, hold for approval, or deny, and by which rules',
    )
    .option('--group <name...>', 'only who is in exactly these groups')
    .option('--caller <subject>', 'a person, with the groups given or those of the configuration')
    .option('--issuer <issuer>', "that person's issuer", 'local')
    .option('--target <name>', 'only this target')
    .action(async (options: Options, command: Command) => {
      const globals = globalsOf(command)
      const { tools } = await wire()
      const config = loadConfig(pathOf(globals), process.env, tools)
      if (
        options.target !== undefined &&
        !config.targets.some(({ name }) => name === options.target)
      )
        throw new Usage(`The configuration has no target ${options.target}.`)
      const found = matrix(config, tools, guardFor(config, tools), options)
      say(globals, found)
    })
}

const effects = ['read', 'write', 'admin'] as const

interface Who {
  readonly name: string
  readonly sub: string
  readonly groups: readonly string[]
}

const people = (config: Config, guard: PolicyGuard, options: Options): readonly Who[] => {
  const { local, approvers } = config.identity
  const configured = [...(local === undefined ? [] : [local]), ...approvers]
  if (options.caller !== undefined) {
    const known = configured.find(({ subject }) => subject === options.caller)
    return [
      { name: options.caller, sub: options.caller, groups: options.group ?? known?.groups ?? [] },
    ]
  }
  if (options.group !== undefined)
    return [{ name: options.group.join('+'), sub: '', groups: options.group }]
  // One row for each group that any policy names, and one for who is in none.
  return [
    ...guard.groups.map((group) => ({ name: group, sub: '', groups: [group] })),
    { name: '(no group)', sub: '', groups: [] },
  ]
}

const matrix = (
  config: Config,
  tools: readonly Tool[],
  guard: PolicyGuard,
  options: Options,
): readonly Access[] =>
  people(config, guard, options).flatMap(({ name, sub, groups }) =>
    config.targets
      .filter((target) => options.target === undefined || target.name === options.target)
      .flatMap((target) =>
        tools
          .filter(({ kind }) => kind === target.kind)
          .flatMap((tool) =>
            effects.slice(0, effects.indexOf(tool.ceiling) + 1).map((effect): Access => {
              const caller = { iss: options.issuer, sub, client: '', groups }
              const { mode, rules } = guard.foresee(caller, tool.name, target, effect)
              return {
                who: name,
                target: target.name,
                tool: tool.name,
                effect,
                verdict: mode ?? 'deny',
                rules,
              }
            }),
          ),
      ),
  )

const say = (globals: Globals, found: readonly Access[]): void => {
  const open = found.filter(({ verdict }) => verdict !== 'deny')
  const rows = open.map(({ who, target, tool, effect, verdict, rules }) => [
    who,
    target,
    tool,
    effect,
    verdict,
    rules.join(', '),
  ])
  const table = [['who', 'target', 'tool', 'effect', 'verdict', 'rules'], ...rows]
  const widths = [0, 1, 2, 3, 4, 5].map((at) =>
    Math.max(...table.map((row) => row[at]?.length ?? 0)),
  )
  const text = table
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
  const rest = found.length - open.length
  print(
    globals,
    { access: found },
    `${text}\n${rest} more are denied. Rules that look at what is in a call may still forbid or hold it.`,
  )
}
