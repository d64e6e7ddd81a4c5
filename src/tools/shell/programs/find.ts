/** find and xargs: what they run is judged with what they will hand over. */
import type { Arg, Judge, Port } from '../types.ts'
import { any, below, fromGlob, isLiteral } from '../wildcard.ts'
import { aimedAt } from './arguments.ts'

const arg = (text: string, many = false): Arg => ({ text, many })
/** Tests and actions that take one value. */
const valued =
  /^-(name|iname|path|ipath|wholename|iwholename|regex|iregex|lname|ilname|type|xtype|size|mtime|atime|ctime|mmin|amin|cmin|newer|anewer|cnewer|newer[aBcm][aBcmt]|user|group|uid|gid|perm|links|inum|samefile|fstype|maxdepth|mindepth|used|printf|regextype|context|flags)$/
const plain =
  /^(-(print|print0|ls|prune|quit|depth|d|mount|xdev|follow|daystart|empty|readable|writable|executable|true|false|nouser|nogroup|noleaf|not|a|and|o|or|ignore_readdir_race|noignore_readdir_race|warn|nowarn|help|version)|[()!,])$/

/** What the tests on names aim at, where they are not turned round. */
const meantBy = (tests: readonly Arg[]): readonly string[] =>
  tests.flatMap((test, i) => {
    const kind = /^-(i?name|i?path|i?wholename)$/.exec(test.text)?.[1]
    if (kind === undefined || kind === 'name' || /^(!|-not)$/.test(tests[i - 1]?.text ?? ''))
      return []
    const pattern = tests[i + 1]?.text ?? ''
    return aimedAt(kind.startsWith('i') ? pattern.toLowerCase() : pattern).filter((m) => m !== '')
  })

/** The names that are asked for, not those that are left out; of an expression over the whole path, how it ends. */
const namesIn = (tests: readonly Arg[]): readonly string[] =>
  tests.flatMap((test, i) => {
    if (/^(!|-not)$/.test(tests[i - 1]?.text ?? '')) return []
    const value = tests[i + 1]?.text ?? ''
    if (test.text === '-name') return [value]
    if (!/^-i?regex$/.test(test.text)) return []
    const end = value.slice(value.lastIndexOf('/') + 1).replace(/[$]$/, '')
    return [end.replace(/\.\*/g, '*').replace(/\\([^(|)])/g, '$1')]
  })

/** What `{}` becomes: anything below the starting points, with the name when it is known for sure. */
export const foundPaths = (roots: readonly string[], tests: readonly Arg[]): readonly string[] => {
  const names = tests.flatMap((t, i) => (t.text === '-name' ? [tests[i + 1]?.text ?? ''] : []))
  const sure =
    names.length === 1 && !tests.some((t) => /^(!|-not|-o|-or|,|-iname|-path|-regex)$/.test(t.text))
  const name = names[0] ?? ''
  const found = roots.map((r) =>
    sure && isLiteral(name) ? `${r}${below}/${fromGlob(name)}` : `${r}${below}`,
  )
  // Where several tests hold together or apart, each name may be the one that is meant.
  const meant = sure ? [] : namesIn(tests).filter(isLiteral)
  return [
    ...found,
    ...roots.flatMap((r) => meant.map((n) => `${r}${below}/${fromGlob(n)}`)),
    ...meantBy(tests).map((m) => `${roots[0] ?? '.'}/${m}`),
  ]
}

const action = (words: readonly Arg[], i: number, found: readonly string[], port: Port): number => {
  const start = i + 1
  let end = start
  while (
    end < words.length &&
    words[end]?.text !== ';' &&
    !(words[end]?.text === '+' && words[end - 1]?.text === '{}')
  )
    end += 1
  if (end >= words.length)
    port.refuse('The command that find runs does not end.', 'End it with {} + or with \\;')
  for (const path of found) {
    port.run(
      words
        .slice(start, end)
        .map((w) => (w.text.includes('{}') ? arg(w.text.replaceAll('{}', path)) : w)),
    )
  }
  return end
}

export const find: Judge = (args, port) => {
  let i = 0
  while (/^-([HLP]|O[0-9]|D)$/.test(args[i]?.text ?? '')) i += args[i]?.text === '-D' ? 2 : 1
  const roots: Arg[] = []
  for (; i < args.length; i += 1) {
    const t = args[i]?.text ?? ''
    if (/^[-(!,)]/.test(t) && t !== '-') break
    if (t.startsWith(any))
      port.refuse(
        'Where find starts is not known before it runs, and could be an action such as -delete.',
        'Write the starting point out.',
      )
    // A glob may meet a file that is called like an action.
    if (/^[\uE000-\uE002]/.test(t)) port.raise('write')
    const root = args[i]
    if (root) roots.push(root)
  }
  for (const root of roots) port.path(root, 'meta')
  const words = args.slice(i)
  const found = foundPaths(roots.length > 0 ? roots.map((r) => r.text) : ['.'], words)
  for (let at = 0; at < words.length; at += 1) {
    const t = words[at]?.text ?? ''
    if (valued.test(t)) at += 1
    else if (plain.test(t)) continue
    else if (/^-(exec|execdir|ok|okdir)$/.test(t)) at = action(words, at, found, port)
    else if (t === '-delete') {
      port.raise('admin')
      for (const path of found) port.path(arg(path), 'out')
    } else if (/^-(fprint|fprint0|fls|fprintf)$/.test(t)) {
      const file = words[at + 1]
      if (file) port.path(file, 'out')
      at += t === '-fprintf' ? 2 : 1
    } else if (t === '-files0-from') {
      port.refuse(
        'find -files0-from takes its starting points from a file.',
        'Name the starting points.',
      )
    } else
      port.refuse(
        `find does not know ${isLiteral(t) ? t.slice(0, 30) : 'an argument that is only known when it runs'}.`,
        'Quote patterns, and use the tests of GNU find.',
      )
  }
}

const xargsValued =
  /^(-[InPLsdEa]|--max-args|--max-procs|--max-lines|--max-chars|--delimiter|--arg-file|--replace|--process-slot-var)$/
/** The words that `xargs` makes of a line: at blanks, unless it was told otherwise. */
const handed = (line: string, whole: boolean, marked: boolean): readonly string[] => {
  if (marked && isLiteral(line)) return [any]
  return whole ? [line] : line.split(/\s+/)
}
/** What it appends is what it is fed: known for find, ls and the like, else unknown. */
export const xargs: Judge = (args, port) => {
  let replace: string | undefined
  let lines = port.lines
  let i = 0
  for (; i < args.length; i += 1) {
    const t = args[i]?.text ?? ''
    if (!t.startsWith('-')) break
    if (t === '--') {
      i += 1
      break
    }
    const value = xargsValued.test(t)
      ? args[i + 1]?.text
      : /^-[IadE]./.test(t)
        ? t.slice(2)
        : t.split('=')[1]
    if (/^(-I|--replace|-i)/.test(t)) replace = value && value !== '' ? value : '{}'
    if (/^(-a|--arg-file)/.test(t)) {
      port.path(arg(value ?? ''), 'file')
      lines = undefined
    }
    if (xargsValued.test(t)) i += 1
    else if (
      !/^-([0rtpxo]+|[InPLsdEaile][\s\S]*)$|^--(null|no-run-if-empty|verbose|exit|open-tty|[a-z-]+=[\s\S]*)$/.test(
        t,
      )
    )
      port.raise('write')
  }
  const inner = args.slice(i)
  if (inner.length === 0) return
  const name = inner[0]?.text ?? ''
  const split = args.slice(0, i).some((a) => /^(-[I0d]|--(null|replace|delim))/.test(a.text))
  const marked = args.slice(0, i).some((a) => /^(-d|--delim)/.test(a.text))
  for (const line of (lines ?? [any]).flatMap((l) => handed(l, split, marked))) {
    if (replace === undefined) {
      port.run([...inner, arg(line, true)])
      continue
    }
    const mark = replace
    if (name.includes(mark))
      port.refuse('xargs would run a program whose name comes from its input.')
    port.run(
      inner.map((w) => (w.text.includes(mark) ? arg(w.text.replaceAll(mark, line), w.many) : w)),
    )
  }
}
