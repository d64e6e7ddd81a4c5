/** `countersign policy`: what the policies say to a call (`explain`), and who may do what (`access`). Nothing runs. */
import { type Command, InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/types.ts'
import { asGateError, type Code } from '../errors.ts'
import type { BaseFacts } from '../types.ts'
import { exitCodes, type Globals, globalsOf, pathOf, print, Usage } from './common.ts'
import { registerAccess } from './policy-access.ts'
import { type Explained, explain, type World } from './policy-ask.ts'
import type { Live } from './policy-live.ts'
import { builtIn, guardFor, offlineFacts, type PolicyWiring, textOf } from './policy-wiring.ts'

interface Options {
  readonly tool?: string
  readonly target?: string
  readonly input?: unknown
  readonly group?: readonly string[]
  readonly caller?: string
  readonly issuer?: string
  readonly at?: Date
  readonly facts?: BaseFacts
  readonly offline?: boolean
  readonly batch?: string | true
}

/** `wire` gives the tools of this build; tests give their own. */
export const register = (program: Command, wire: () => Promise<PolicyWiring> = builtIn): void => {
  const policy = program
    .command('policy')
    .description('what the policies say, without running anything')
  policy
    .command('explain')
    .description('what would become of a call: its verdict, effect and the rules that decide')
    .option('--tool <name>', 'the tool')
    .option('--target <name>', 'the target')
    .option('--input <json>', "the tool's input, without the target", json)
    .option('--group <name...>', "the caller's groups (else the local principal's)")
    .option('--caller <subject>', "the caller's subject (else the local principal's)")
    .option('--issuer <issuer>', "the caller's issuer", 'local')
    .option('--at <time>', 'the time of the call (else now)', time)
    .option(
      '--facts <json>',
      'what the tool found, {"effect":"read","policy":{..}}, instead of looking',
      factsOf,
    )
    .option('--offline', 'never ask the target for what facts depend on (names, definitions)')
    .option(
      '--batch [file]',
      'lines of {"id","tool","target","groups","input"} from a file or standard input',
    )
    .action(async (options: Options, command: Command) => {
      const globals = globalsOf(command)
      const wiring = await wire()
      const config = loadConfig(pathOf(globals), process.env, wiring.tools)
      const live = lookOf(options, config, wiring)
      const world = {
        guard: guardFor(config, wiring.tools),
        tools: wiring.tools,
        targets: config.targets,
        factsFor: live.factsFor,
      }
      try {
        if (options.batch === undefined) await one(globals, options, config, world)
        else await batch(options.batch === true ? '-' : options.batch, options, config, world)
      } finally {
        await live.close()
      }
    })
  registerAccess(policy, wire)
}

const json = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new InvalidArgumentError('write JSON')
  }
}

const time = (text: string): Date => {
  const at = new Date(text)
  if (Number.isNaN(at.getTime()))
    throw new InvalidArgumentError('write a time as 2026-03-02T10:00:00Z')
  return at
}

const factForm = z.strictObject({
  effect: z.enum(['read', 'write', 'admin']),
  policy: z
    .record(z.string(), z.union([z.string(), z.array(z.string()), z.boolean(), z.int()]))
    .default({}),
})
const factsOf = (text: string): BaseFacts => {
  const parsed = factForm.safeParse(json(text))
  if (!parsed.success)
    throw new InvalidArgumentError('write {"effect":"read|write|admin","policy":{..}}')
  return { ...parsed.data, names: {} }
}

const lookOf = (options: Options, config: Config, wiring: PolicyWiring): Live => {
  const { facts } = options
  const close = () => Promise.resolve()
  if (facts !== undefined) return { factsFor: async () => facts, close }
  if (options.offline === true || wiring.live === undefined)
    return { factsFor: offlineFacts, close }
  return wiring.live(config)
}

const callerOf = (options: Options, config: Config, groups: readonly string[] | undefined) => ({
  iss: options.issuer ?? 'local',
  sub: options.caller ?? config.identity.local?.subject ?? 'somebody',
  client: '',
  groups: groups ?? options.group ?? config.identity.local?.groups ?? [],
})

const one = async (
  globals: Globals,
  options: Options,
  config: Config,
  world: World,
): Promise<void> => {
  const { tool, target, input = {} } = options
  if (tool === undefined || target === undefined)
    throw new Usage('Name the call: --tool, --target and --input; or give many with --batch.')
  const at = options.at ?? new Date()
  const caller = callerOf(options, config, undefined)
  const explained = await explain({ tool, target, caller, input, at }, world)
  print(globals, explained, inWords(explained, tool, target))
  if (explained.verdict === 'deny') process.exitCode = exitCodes.notSo
}

const inWords = (explained: Explained, tool: string, target: string): string =>
  [
    `${explained.verdict}: ${tool} on ${target}${explained.effect === null ? '' : `, a ${explained.effect}`}`,
    ...(explained.rules.length > 0 ? [`  by ${explained.rules.join(', ')}`] : []),
    ...(explained.needs ?? []).map(
      ({ groups, quorum, withinMs, self }) =>
        `  needs ${quorum} of ${groups.join(', ')} within ${Math.round(withinMs / 1000)} s${self ? ', the caller too' : ''}`,
    ),
    ...((explained.masking ?? []).length > 0
      ? [`  masked as ${explained.masking?.join(', ')}`]
      : []),
    ...(explained.code === null ? [] : [`  ${explained.code}: ${explained.reason ?? ''}`]),
    ...(explained.hint === undefined ? [] : [`  ${explained.hint}`]),
    ...(explained.shadow === undefined ? [] : [`  in shadow: ${explained.shadow.join(', ')}`]),
    ...(explained.facts === undefined ? [] : [`  facts ${JSON.stringify(explained.facts)}`]),
  ].join('\n')

const lineForm = z.object({
  id: z.union([z.string(), z.number()]),
  tool: z.string(),
  target: z.string(),
  groups: z.array(z.string()).optional(),
  input: z.unknown(),
})

interface Line {
  readonly id: string | number | null
  readonly verdict: Explained['verdict'] | 'error'
  readonly effect: Explained['effect']
  readonly rules: readonly string[]
  readonly code: Code | null
}

/** A line out for each line in, in order; exit 2 when one could not be judged. */
const batch = async (
  file: string,
  options: Options,
  config: Config,
  world: World,
): Promise<void> => {
  const lines = (await textOf(file)).split('\n').filter((line) => line.trim() !== '')
  for (const line of lines) {
    const answer = await answered(line, options, config, world)
    if (answer.verdict === 'error') process.exitCode = exitCodes.failed
    process.stdout.write(`${JSON.stringify(answer)}\n`)
  }
}

const answered = async (
  line: string,
  options: Options,
  config: Config,
  world: World,
): Promise<Line> => {
  const parsed = lineForm.safeParse(parsedLine(line))
  if (!parsed.success)
    return { id: null, verdict: 'error', effect: null, rules: [], code: 'INPUT_REFUSED' }
  const { id, tool, target, groups, input } = parsed.data
  try {
    const caller = callerOf(options, config, groups)
    const { verdict, effect, rules, code } = await explain(
      { tool, target, caller, input, at: options.at ?? new Date() },
      world,
    )
    return { id, verdict, effect, rules, code }
  } catch (thrown) {
    return { id, verdict: 'error', effect: null, rules: [], code: asGateError(thrown).code }
  }
}

const parsedLine = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
