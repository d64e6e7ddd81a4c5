/** Before anything is touched: is the input sane, is there such a tool, may this caller ever use it on this target? */
import { GateError } from '../errors.ts'
import type { Caller, Json, Target, Tool } from '../types.ts'
import type { Ports, Request } from './ports.ts'

/** Larger arguments are refused; their length is recorded. */
export const maxInputBytes = 1024 * 1024
const maxDepth = 32
const maxNodes = 20_000

/** Refuses what must not even be kept: oversized, deeply nested, NUL-bearing or half-character input. */
export const sane = (request: Request): Readonly<Record<string, unknown>> => {
  if (request.rawBytes > maxInputBytes)
    throw new GateError(
      'INPUT_REFUSED',
      `The arguments have ${request.rawBytes} bytes; at most ${maxInputBytes} are taken.`,
      { hint: 'Send less at once.' },
    )
  let nodes = 0
  const walk = (value: unknown, depth: number): void => {
    if (depth > maxDepth)
      throw new GateError(
        'INPUT_REFUSED',
        `The arguments are nested deeper than ${maxDepth} levels.`,
      )
    if (++nodes > maxNodes)
      throw new GateError('INPUT_REFUSED', `The arguments have more than ${maxNodes} values.`)
    if (typeof value === 'string') text(value)
    if (typeof value !== 'object' || value === null) return
    if (Array.isArray(value)) {
      for (const item of value) walk(item, depth + 1)
      return
    }
    for (const key of Object.keys(value)) {
      text(key)
      if (key === '__proto__')
        throw new GateError('INPUT_REFUSED', 'The key "__proto__" is not taken.')
      walk((value as Record<string, unknown>)[key], depth + 1)
    }
  }
  walk(request.args, 0)
  if (typeof request.args !== 'object' || request.args === null || Array.isArray(request.args))
    throw new GateError('INPUT_REFUSED', 'The arguments have to be an object.')
  return request.args as Readonly<Record<string, unknown>>
}

const text = (value: string): void => {
  if (value.includes('\0'))
    throw new GateError(
      'INPUT_REFUSED',
      'The arguments hold a NUL character, which no target takes.',
    )
  if (!value.isWellFormed())
    throw new GateError(
      'INPUT_REFUSED',
      'The arguments hold half of a surrogate pair, which is no text.',
    )
}

/** A target that does not exist, one of another kind and one that the caller has no grant for all read the same. */
export const admit = (
  request: Request,
  args: Readonly<Record<string, unknown>>,
  ports: Ports,
): { tool: Tool; target: Target } => {
  const tool = ports.tools.get(request.tool)
  if (!tool)
    throw new GateError('INPUT_REFUSED', 'There is no tool of that name.', {
      hint: 'tools/list names the tools that you may use.',
    })
  const name = args.target
  if (typeof name !== 'string')
    throw new GateError(
      'INPUT_REFUSED',
      '`target` is missing: the name of the target to work on.',
      hintOf(request.caller, tool, ports),
    )
  const target = ports.targets.get(name)
  if (!target || target.kind !== tool.kind || !ports.mayEver(request.caller, tool.name, target))
    throw new GateError(
      'TARGET_UNKNOWN',
      `There is no target of that name that you may use ${tool.name} on.`,
      hintOf(request.caller, tool, ports),
    )
  return { tool, target }
}

const hintOf = (caller: Caller, tool: Tool, ports: Ports): { hint: string } => {
  const names = usable(caller, tool, ports).map((target) => target.name)
  return {
    hint:
      names.length === 0
        ? `You may use ${tool.name} on no target.`
        : `You may use ${tool.name} on: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', ...' : ''}.`,
  }
}

/** Targets that this caller may ever use this tool on. */
export const usable = (caller: Caller, tool: Tool, ports: Ports): readonly Target[] =>
  [...ports.targets.values()].filter(
    (target) => target.kind === tool.kind && ports.mayEver(caller, tool.name, target),
  )

/** Input by the tool's own schema; unknown keys and mistypes are named, their values are not. */
export const parseInput = (tool: Pick<Tool, 'input' | 'name'>, args: unknown): unknown => {
  const parsed = tool.input.safeParse(args)
  if (parsed.success) return parsed.data
  const said = parsed.error.issues
    .slice(0, 5)
    .map(
      (issue) =>
        `${issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ` : ''}${issue.message}`,
    )
  throw new GateError(
    'INPUT_REFUSED',
    `The arguments of ${tool.name} are not right: ${said.join('; ').slice(0, 600)}.`,
    {
      hint: "The tool's input schema says what it takes.",
    },
  )
}

/** What log and approvers may see of the arguments, yet to be masked; a tool that can't say what is secret in them withholds them. */
export const shownInput = (tool: Pick<Tool, 'shown'> | undefined, args: unknown): Json => {
  if (!tool?.shown) return args as Json
  try {
    return tool.shown(args) as Json
  } catch {
    return { withheld: 'These arguments could not be told from the secrets in them.' }
  }
}
