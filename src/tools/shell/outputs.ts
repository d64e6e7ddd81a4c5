/** What a command prints, as far as it can be known before: so that `$(..)`, `xargs` and `while read` can be judged. */
import { foundPaths } from './programs/find.ts'
import type { Arg } from './types.ts'
import { any, below, isLiteral, star, token } from './wildcard.ts'

const text = (args: readonly Arg[], i: number): string => args[i]?.text ?? ''
const operands = (args: readonly Arg[], takes = ''): readonly string[] => {
  const found: string[] = []
  for (let i = 0; i < args.length; i += 1) {
    const arg = text(args, i)
    if (arg === '--') return [...found, ...args.slice(i + 1).map((a) => a.text)]
    if (!arg.startsWith('-') || arg === '-') found.push(arg)
    else if (arg.length === 2 && takes.includes(arg.slice(1))) i += 1
  }
  return found
}
const has = (args: readonly Arg[], option: RegExp): boolean => args.some((a) => option.test(a.text))

const findLines = (args: readonly Arg[]): readonly string[] | undefined => {
  if (has(args, /^-(printf|exec|execdir|ok|okdir|ls|fprintf|fls)$/)) return undefined
  const cut = args.findIndex((a, i) => /^[-(!]/.test(a.text) && !/^-[HLPDO]/.test(a.text) && i >= 0)
  const roots = (cut < 0 ? args : args.slice(0, cut))
    .map((a) => a.text)
    .filter((t) => !t.startsWith('-'))
  return foundPaths(roots.length > 0 ? roots : ['.'], args)
}

const listed = (args: readonly Arg[]): readonly string[] => {
  const named = operands(args, 'ITw')
  return [star, ...named]
}
const words = (): readonly string[] => [token]
/** `date +FORMAT` of nothing but numbers; its letters could spell any name. */
const dateLines = (args: readonly Arg[]): readonly string[] | undefined =>
  args.some((a) => /^\+(%-?[YmdHMSsjFTuVyGgN]|[-_:.T])+$/.test(a.text)) ? [token] : undefined

/** By program: lines for its arguments, undefined when nothing is known. */
const printers: Readonly<
  Record<string, (args: readonly Arg[], cwd: readonly string[]) => readonly string[] | undefined>
> = {
  find: findLines,
  ls: (args) => (has(args, /^-[a-zA-Z]*[lRsiaAfbQm]|^--/) ? undefined : listed(args)),
  pwd: (_, cwd) => cwd,
  date: dateLines,
  uname: (args) => (has(args, /^-[a-z]*[av]|^--a/) ? undefined : [token]),
  hostname: words,
  whoami: words,
  nproc: words,
  arch: words,
  pgrep: (args) => (has(args, /^-[a-z]*[ald]|^--(list|delim)/) ? undefined : [token]),
  pidof: (args) => (has(args, /^-[a-z]*[Sd]/) ? undefined : [token]),
  seq: (args) => (args.every((a) => /^-?[0-9.]+$/.test(a.text)) ? [token] : undefined),
  logname: words,
  tty: () => undefined,
  id: (args) => (has(args, /^-[a-zA-Z]*[ugnG]/) ? [token] : undefined),
  basename: (args) =>
    args.length === 1 && isLiteral(text(args, 0))
      ? [text(args, 0).replace(/\/+$/, '').replace(/^.*\//, '')]
      : undefined,
  wc: (args) => (operands(args).length === 0 ? [token] : undefined),
  echo: (args) => said(args.filter((a) => !/^-[neE]+$/.test(a.text))),
  printf: (args) => printed(args),
  docker: (args) =>
    /^(ps|images|container|image|volume|network)$/.test(text(args, 0)) &&
    has(args, /^(-[a-z]*q[a-z]*|--quiet)$/) &&
    !has(args, /^--format/)
      ? [token]
      : undefined,
  git: (args) => gitLines(args),
  grep: (args) => grepLines(args),
  dirname: () => undefined,
  readlink: () => undefined,
}
const said = (args: readonly Arg[]): readonly string[] | undefined =>
  args.some((a) => a.many || /\\/.test(a.text)) ? undefined : [args.map((a) => a.text).join(' ')]

/** `%s` joins what it is given; with a line break each is a line of its own. */
const printed = ([format, ...args]: readonly Arg[]): readonly string[] | undefined => {
  if (!format || args.some((a) => a.many)) return undefined
  if (format.text === '%s') return [args.map((a) => a.text).join('')]
  if (format.text === '%s\\n') return args.map((a) => a.text)
  return args.length === 0 && !/[%\\]/.test(format.text) ? [format.text] : undefined
}

const gitLines = (args: readonly Arg[]): readonly string[] | undefined => {
  const verb = text(args, 0)
  if (verb === 'ls-files' || (verb === 'diff' && has(args, /^--name-only$/)))
    return [`.${below}/${star}`]
  if (
    verb === 'rev-parse' &&
    args.slice(1).every((a) => /^(--short|--verify|-q|HEAD|@)$/.test(a.text))
  )
    return [token]
  return undefined
}
const grepLines = (args: readonly Arg[]): readonly string[] | undefined => {
  if (!has(args, /^(-[a-zA-Z]*[lL][a-zA-Z]*|--files-with(out)?-match(es)?)$/)) return undefined
  if (has(args, /^--(regexp|file)(=|$)|^-[a-zA-Z]*[cZ]/)) return undefined
  const paths = has(args, /^-e/) ? operands(args, 'eABCmf') : operands(args, 'eABCmf').slice(1)
  return has(args, /^-[a-zA-Z]*[rR]/)
    ? (paths.length > 0 ? paths : ['.']).map((p) => p + below)
    : paths
}

/** Programs whose lines are some of the lines that they are fed. */
const filters: Readonly<Record<string, (args: readonly Arg[]) => boolean>> = {
  head: (args) => operands(args, 'nc').length === 0 && !has(args, /^-[a-z]*c|^--bytes/),
  tail: (args) => operands(args, 'nc').length === 0 && !has(args, /^-[a-z]*c|^--bytes/),
  sort: (args) => operands(args, 'ktST').length === 0,
  uniq: (args) => operands(args, 'fsw').length === 0 && !has(args, /^-[a-z]*c|^--count/),
  grep: (args) =>
    operands(args, 'eABCmf').length <= (has(args, /^-[a-zA-Z]*[ef]/) ? 0 : 1) &&
    !has(args, /^-[a-zA-Z]*[oncbHrRd]|^--/),
  tac: (args) => args.length === 0,
  cat: (args) => operands(args).length === 0 && !has(args, /^-[a-zA-Z]*[AbeEnTv]|^--/),
  tee: (args) => operands(args).length === 0,
}

/** What `read` would trim, or `xargs` unquote. */
const awkward = /^\s|\s$|[\n'"\\]/

export interface Stage {
  readonly name: string
  readonly args: readonly Arg[]
}
/** Lines that a pipeline prints; undefined when they can't be known. */
export const linesOf = (
  stages: readonly Stage[],
  cwd: readonly string[],
): readonly string[] | undefined => {
  const [first, ...rest] = stages
  if (!first) return undefined
  const own = Object.hasOwn(printers, first.name)
    ? printers[first.name]?.(first.args, cwd)
    : undefined
  return rest
    .reduce<readonly string[] | undefined>((lines, stage) => {
      if (stage.name === 'wc' && operands(stage.args).length === 0) return [token]
      const filter = Object.hasOwn(filters, stage.name) ? filters[stage.name] : undefined
      return lines && filter?.(stage.args) ? lines : undefined
    }, own)
    ?.map((l) => (awkward.test(l) ? any : l))
}
