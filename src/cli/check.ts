/** `countersign check`: is the configuration right, and what would happen under it? Starts nothing, reaches no target. */
import { access, readFile } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import type { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { showPath } from '../config/problems.ts'
import { configJsonSchema } from '../config/schema.ts'
import { type Path, readSource } from '../config/source.ts'
import type { Config, SecretRef } from '../config/types.ts'
import { GateError } from '../errors.ts'
import type { PolicyGuard } from '../guards/index.ts'
import { exitCodes, type Globals, globalsOf, pathOf, print } from './common.ts'
import { builtIn, guardFor, type PolicyWiring } from './policy-wiring.ts'

/** `wire` gives the tools of this build; tests give their own. */
export const register = (program: Command, wire: () => Promise<PolicyWiring> = builtIn): void => {
  program
    .command('check')
    .description('check the configuration and its policies, and say what would happen under them')
    .option('--schema', 'print the JSON Schema of the configuration file instead')
    .action(async (options: { readonly schema?: boolean }, command: Command) => {
      const globals = globalsOf(command)
      if (options.schema === true) {
        process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`)
        return
      }
      await check(globals, await wire())
    })
}

const check = async (globals: Globals, { tools }: PolicyWiring): Promise<void> => {
  const file = pathOf(globals)
  await access(file).catch((cause: unknown) => {
    throw new GateError('CONFIG_INVALID', `${file} is not there, or cannot be read.`, {
      cause,
      hint: 'countersign init writes a configuration; --config names one.',
    })
  })
  try {
    const config = loadConfig(file, process.env, tools)
    const guard = guardFor(config, tools)
    const problems = await missing(config)
    const warnings = [...config.warnings, ...guard.warnings, ...unanswered(config, guard)]
    say(globals, { file, problems, warnings, happens: happens(config, guard), set: guard.set })
  } catch (error) {
    if (!(error instanceof GateError) || error.code !== 'CONFIG_INVALID') throw error
    say(globals, { file, problems: error.message.split('\n'), warnings: [], happens: [] })
  }
}

interface Found {
  readonly file: string
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
  readonly happens: readonly string[]
  readonly set?: string
}

const say = (globals: Globals, found: Found): void => {
  const ok = found.problems.length === 0
  const lines = [
    ...found.problems,
    ...found.warnings.map((warning) => `warning: ${warning}`),
    ...found.happens,
    ok ? `${found.file} is fine.` : `${found.file} is not right: ${found.problems.length} to mend.`,
  ]
  print(globals, { ok, ...found, problems: found.problems.map(placed) }, lines.join('\n'))
  process.exitCode = ok ? exitCodes.fine : exitCodes.notSo
}

/** `FILE:LINE: MESSAGE` apart. */
const placed = (problem: string) => {
  const parts = /^(?<file>.*?):(?<line>\d+): (?:(?<key>[^\s:]+): )?(?<message>.*)$/.exec(
    problem,
  )?.groups
  return parts === undefined
    ? { message: problem }
    : { file: parts.file, line: Number(parts.line), key: parts.key ?? null, message: parts.message }
}

/** References whose secret can't be there at start. */
const missing = async (config: Config): Promise<readonly string[]> => {
  const asked: readonly (readonly [Path, SecretRef])[] = [
    [['vault', 'key'], config.vault.key],
    [['masking', 'tokenKey'], config.masking.tokenKey],
    ...(config.store.url === undefined || config.store.url.kind === 'text'
      ? []
      : [[['store', 'url'], config.store.url] as const]),
    ...(config.log.notary?.token === undefined
      ? []
      : [[['log', 'notary', 'token'], config.log.notary.token] as const]),
    ...Object.entries(config.credentials).map(
      ([name, ref]) => [['credentials', name], ref] as const,
    ),
  ]
  const { source } = readSource(await readFile(config.file, 'utf8'))
  const found = await Promise.all(asked.map(async ([at, ref]) => [at, await lacks(ref)] as const))
  return found.flatMap(([at, lack]) =>
    lack === undefined ? [] : [`${config.file}:${source.line(at)}: ${showPath(at)}: ${lack}`],
  )
}

const lacks = async (ref: SecretRef): Promise<string | undefined> => {
  switch (ref.kind) {
    case 'env':
      return (process.env[ref.name] ?? '') === ''
        ? `${ref.name} is not set in this environment`
        : undefined
    case 'file':
      return access(ref.path).then(
        () => undefined,
        () => `${ref.path} is not there, or cannot be read`,
      )
    case 'store':
      return undefined
  }
}

/** Approvals that nobody could give. */
const unanswered = (config: Config, { policies }: PolicyGuard): readonly string[] => {
  if (config.identity.issuers.length > 0) return []
  return policies.flatMap(({ id, need }) => {
    if (need === undefined) return []
    const able = config.identity.approvers.filter(
      ({ subject, groups }) =>
        groups.some((group) => need.groups.includes(group)) &&
        (need.self || subject !== config.identity.local?.subject),
    )
    return able.length >= need.quorum
      ? []
      : [
          `${id}: needs ${need.quorum} of ${need.groups.join(', ')}, and identity.approvers names ${able.length}: such calls would wait in vain`,
        ]
  })
}

const happens = (config: Config, guard: PolicyGuard): readonly string[] => {
  const { server, identity, store } = config
  const callers = [
    ...(identity.local === undefined
      ? []
      : [
          `${identity.local.subject} (${identity.local.groups.join(', ') || 'no groups'}) at this machine`,
        ]),
    ...identity.issuers.map(({ issuer }) => `whom ${issuer} names`),
  ]
  const where =
    store.url === undefined ? `the embedded PostgreSQL in ${config.state}` : refText(store.url)
  return [
    `It would listen on ${server.host}:${server.port} as ${server.publicUrl}, and keep its log in ${where}.`,
    `Calls come from ${callers.join('; ')}.`,
    `Held calls are answered by ${identity.approvers.map(({ subject }) => subject).join(', ') || (identity.issuers.length > 0 ? 'people of the issuers' : 'nobody')}.`,
    `${config.targets.length} targets, ${config.grants.length} grants, ${config.policies.length} policy files: ${guard.policies.length} policies (${guard.set.slice(0, 19)}).`,
    'countersign policy access shows who may do what.',
  ]
}

const refText = (ref: NonNullable<Config['store']['url']>): string => {
  switch (ref.kind) {
    case 'env':
      return `the PostgreSQL of ${ref.name}`
    case 'file':
      return `the PostgreSQL of ${isAbsolute(ref.path) ? ref.path : `./${ref.path}`}`
    case 'text':
      return `the PostgreSQL at ${new URL(ref.text).host || 'a socket'}`
  }
}
