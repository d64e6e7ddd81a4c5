/** Judges a command by its entry in the grammar: options, subcommands, operands. */
import type { Effect } from '../../types.ts'
import type { Arg, Kind, OptionRule, Port, Program } from './types.ts'
import { any, isLiteral, mayBeOption } from './wildcard.ts'

const order: readonly OptionRule[] = [
  'flag',
  'value',
  'meta',
  'host',
  'file',
  'tree',
  'out',
  'write',
  'write=',
  'admin',
  'admin=',
  'refuse',
  'refuse=',
]
const worse = (a: OptionRule, b: OptionRule): OptionRule =>
  order.indexOf(a) >= order.indexOf(b) ? a : b
const takesValue = (rule: OptionRule): boolean =>
  rule !== 'flag' && rule !== 'write' && rule !== 'admin' && rule !== 'refuse'
const dangerous = (rule: OptionRule): boolean => order.indexOf(rule) >= order.indexOf('out')

const spellings = new WeakMap<Program, ReadonlyMap<string, OptionRule>>()
/** One entry a spelling; built once a program. */
const optionsOf = (program: Program): ReadonlyMap<string, OptionRule> => {
  const known = spellings.get(program)
  if (known) return known
  const map = new Map<string, OptionRule>()
  for (const [names, rule] of Object.entries(program.opts ?? {}))
    for (const name of names.split(' ')) map.set(name, rule)
  spellings.set(program, map)
  return map
}
const subs = new WeakMap<Program, ReadonlyMap<string, Program>>()
const subsOf = (program: Program): ReadonlyMap<string, Program> => {
  const known = subs.get(program)
  if (known) return known
  const map = new Map<string, Program>()
  for (const [names, sub] of Object.entries(program.sub ?? {}))
    for (const name of names.split(' ')) map.set(name, sub)
  subs.set(program, map)
  return map
}

/** A long option as getopt reads it: exact, or any prefix (the worst of all that it may mean). */
const longRule = (
  options: ReadonlyMap<string, OptionRule>,
  name: string,
): OptionRule | undefined => {
  const exact = options.get(name)
  if (exact) return exact
  let found: OptionRule | undefined
  for (const [spelling, rule] of options) {
    if (spelling.startsWith(name)) found = found ? worse(found, rule) : rule
  }
  return found
}

interface Reading {
  readonly program: Program
  readonly name: string
  readonly port: Port
  readonly operands: Arg[]
}

const apply = (
  reading: Reading,
  rule: OptionRule,
  option: string,
  value: Arg | undefined,
): void => {
  const { port, name } = reading
  switch (rule) {
    case 'flag':
    case 'value':
      return
    case 'write':
    case 'write=':
      port.raise('write')
      return
    case 'admin':
    case 'admin=':
      port.raise('admin')
      return
    case 'refuse':
    case 'refuse=':
      port.refuse(
        `The option ${option} of ${name} is not allowed: it runs other code, or goes around what is judged here.`,
      )
      return
    case 'host':
      if (value) port.host(value)
      return
    case 'file':
    case 'meta':
    case 'tree':
    case 'out':
      if (value) port.path(value, rule)
  }
}

const readLong = (
  reading: Reading,
  args: readonly Arg[],
  i: number,
  options: ReadonlyMap<string, OptionRule>,
): number => {
  const arg = args[i] ?? { text: '', many: false }
  const equals = arg.text.indexOf('=')
  const name = equals < 0 ? arg.text : arg.text.slice(0, equals)
  // Who begins long options with one dash takes two as well.
  const rule = reading.program.dash
    ? (options.get(name) ?? options.get(name.replace(/^--/, '-')))
    : longRule(options, name)
  if (rule === undefined) {
    if (reading.program.strict) reading.port.raise(reading.program.strict)
    if (!isLiteral(name) && name.includes(any)) uncertain(reading)
    return i
  }
  const attached = equals < 0 ? undefined : { text: arg.text.slice(equals + 1), many: arg.many }
  const value = attached ?? (takesValue(rule) ? args[i + 1] : undefined)
  apply(reading, rule, name, value)
  return attached === undefined && takesValue(rule) ? i + 1 : i
}

const readShort = (
  reading: Reading,
  args: readonly Arg[],
  i: number,
  options: ReadonlyMap<string, OptionRule>,
): number => {
  const arg = args[i] ?? { text: '', many: false }
  for (let at = 1; at < arg.text.length; at += 1) {
    const letter = arg.text[at] ?? ''
    const rule = options.get(`-${letter}`)
    if (rule === undefined) {
      if (letter === any) uncertain(reading)
      else if (reading.program.strict && !/[0-9]/.test(letter))
        reading.port.raise(reading.program.strict)
      continue
    }
    if (!takesValue(rule)) {
      apply(reading, rule, `-${letter}`, undefined)
      continue
    }
    const rest = arg.text.slice(at + 1)
    apply(reading, rule, `-${letter}`, rest === '' ? args[i + 1] : { text: rest, many: arg.many })
    return rest === '' ? i + 1 : i
  }
  return i
}

/** An argument that may turn out to be an option: as bad as the worst that this program has. */
const uncertain = (reading: Reading, globbed = false): void => {
  const { program, port, name } = reading
  const rules = [...optionsOf(program).values()]
  if (!globbed && rules.some((r) => r === 'refuse' || r === 'refuse=')) {
    port.refuse(
      `An argument of ${name} is not known before it runs, and could be an option that runs other code.`,
      'Write the argument out, or put it after "--".',
    )
  }
  if (program.strict || rules.some(dangerous))
    port.raise(program.strict === 'admin' ? 'admin' : 'write')
}

const kindAt = (kinds: readonly string[], i: number): Kind =>
  (kinds[Math.min(i, kinds.length - 1)] ?? 'text') as Kind

/** A glob or an expansion may become several words, so that what follows it may stand anywhere behind. */
const several = (arg: Arg): boolean => arg.many || !isLiteral(arg.text)

const judgeOperands = (reading: Reading): void => {
  const { program, port, operands } = reading
  const loose = operands.some(several)
  if (program.max !== undefined && (operands.length > program.max || loose)) {
    port.raise(program.over ?? 'write')
  }
  const kinds = (program.args ?? 'text').split(' ')
  let from = 0
  let shifted = false
  operands.forEach((operand, i) => {
    shifted ||= several(operand)
    const possible = shifted ? kinds.slice(Math.min(from, kinds.length - 1)) : [kindAt(kinds, i)]
    if (!several(operand)) from += 1
    for (const kind of new Set(possible)) {
      if (kind === 'host') port.host(operand)
      else if (kind !== 'text') port.path(operand, kind as Exclude<Kind, 'text' | 'host'>)
      // To some `@file` is more options, out of that file.
      if (kind === 'file' && operand.text.startsWith('@')) {
        port.raise('write')
        port.path({ ...operand, text: operand.text.slice(1) }, kind)
      }
    }
  })
}

const raiseOr = (
  port: Port,
  to: Effect | 'refuse' | undefined,
  otherwise: Effect,
  message: string,
): void => (to === 'refuse' ? port.refuse(message) : port.raise(to ?? otherwise))

/** Judges `args` (without the program's own name) by `program`; `name` is for messages. */
export const judgeTable = (
  program: Program,
  args: readonly Arg[],
  name: string,
  port: Port,
): void => {
  if (program.refuse !== undefined) port.refuse(`${name}: ${program.refuse}`)
  if (program.effect) port.raise(program.effect)
  const options = optionsOf(program)
  const reading: Reading = { program, name, port, operands: [] }
  let rest: readonly Arg[] = []
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i]
    if (!arg) break
    if (arg.text === '--') {
      if (!program.sub) reading.operands.push(...args.slice(i + 1))
      rest = args.slice(i + 1)
      break
    }
    if (mayBeOption(arg.text) && !(program.sub && reading.operands.length > 0)) {
      uncertain(reading, !arg.text.startsWith(any))
    }
    if (!arg.text.startsWith('-') || arg.text === '-') {
      if (program.sub) {
        rest = args.slice(i)
        break
      }
      reading.operands.push(arg)
      continue
    }
    // Before a subcommand, an option whose shape isn't known could hide which subcommand it is.
    if (
      program.sub &&
      !/^-[0-9]+$/.test(arg.text) &&
      !options.has(arg.text.split('=')[0] ?? '') &&
      !(arg.text.length > 2 && !arg.text.startsWith('--') && options.has(arg.text.slice(0, 2)))
    ) {
      port.raise('write')
    }
    i =
      arg.text.startsWith('--') || program.dash
        ? readLong(reading, args, i, options)
        : readShort(reading, args, i, options)
  }
  if (program.sub) judgeSub(reading, rest)
  else judgeOperands(reading)
}

const judgeSub = (reading: Reading, args: readonly Arg[]): void => {
  const { program, port, name } = reading
  const [verb, ...rest] = args
  if (!verb) {
    raiseOr(port, program.bare, 'read', `${name} needs a subcommand here.`)
    return
  }
  if (!isLiteral(verb.text))
    port.refuse(
      `Which subcommand of ${name} runs is not known before it runs.`,
      'Write the subcommand out.',
    )
  const sub = subsOf(program).get(verb.text)
  if (!sub) {
    raiseOr(port, program.rest, 'write', `The subcommand ${verb.text} of ${name} is not allowed.`)
    return
  }
  // What the parent's options mean holds after the subcommand too.
  judgeTable(inherit(program, sub), rest, `${name} ${verb.text}`, port)
}

const inherited = new WeakMap<Program, Map<Program, Program>>()
const inherit = (parent: Program, sub: Program): Program => {
  if (!parent.opts && parent.dash === undefined) return sub
  const made = inherited.get(parent) ?? new Map<Program, Program>()
  inherited.set(parent, made)
  const known = made.get(sub) ?? merge(parent, sub)
  made.set(sub, known)
  return known
}
const merge = (parent: Program, sub: Program): Program => {
  const opts = { ...parent.opts, ...sub.opts }
  return { ...sub, opts, ...(parent.dash !== undefined ? { dash: parent.dash } : {}) }
}
