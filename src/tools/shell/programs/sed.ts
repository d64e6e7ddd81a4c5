/** sed: its script is parsed, since `w`, `e` and `s///e` write and run. GNU sed 4.9's grammar. */
import type { Arg, Judge, Port } from '../types.ts'
import { isLiteral } from '../wildcard.ts'

interface Found {
  readonly reads: string[]
  readonly writes: string[]
  runs: boolean
}

/** Where the text up to the next `delimiter` ends; `brackets`: a delimiter inside `[..]` is none (POSIX; GNU says otherwise). */
const closing = (s: string, from: number, delimiter: string, brackets: boolean): number => {
  let inside = false
  for (let i = from; i < s.length; i += 1) {
    const c = s[i]
    if (c === '\\') i += 1
    else if (brackets && inside && c === ']') inside = false
    else if (brackets && !inside && c === '[') inside = true
    else if (!inside && c === delimiter) return i
  }
  return -1
}
const lineEnd = (s: string, from: number): number => {
  const at = s.indexOf('\n', from)
  return at < 0 ? s.length : at
}
/** `a`, `i`, `c`: text goes on over lines that end in a backslash. */
const textEnd = (s: string, from: number): number => {
  let end = lineEnd(s, from)
  while (end < s.length && s[end - 1] === '\\') end = lineEnd(s, end + 1)
  return end
}

/** Index after an address, or -1 when it doesn't close. */
const address = (s: string, from: number, brackets: boolean): number => {
  let i = from
  const c = s[i]
  if (c === '/' || c === '\\') {
    const delimiter = c === '/' ? '/' : (s[i + 1] ?? '')
    const end = closing(s, i + (c === '/' ? 1 : 2), delimiter, brackets)
    if (end < 0) return -1
    i = end + 1
    while (s[i] === 'I' || s[i] === 'M') i += 1
    return i
  }
  while (i < s.length && /[0-9$~+]/.test(s[i] ?? '')) i += 1
  return i
}

/** `s/../../flags` from behind the `s`; the index after it, or -1. */
const substitute = (s: string, from: number, brackets: boolean, found: Found): number => {
  const delimiter = s[from] ?? '\n'
  const middle = closing(s, from + 1, delimiter, brackets)
  const end = middle < 0 ? -1 : closing(s, middle + 1, delimiter, false)
  if (end < 0) return -1
  let i = end + 1
  for (; i < s.length; i += 1) {
    const c = s[i] ?? ''
    if (c === 'e') found.runs = true
    else if (c === 'w') {
      const stop = lineEnd(s, i)
      found.writes.push(s.slice(i + 1, stop).trim())
      return stop
    } else if (!/[0-9gpiImM]/.test(c)) break
  }
  return i
}

/** What a script reads, writes and runs; undefined when it doesn't parse. */
export const sedScript = (s: string, brackets: boolean): Found | undefined => {
  const found: Found = { reads: [], writes: [], runs: false }
  let i = 0
  while (i < s.length) {
    const c = s[i] ?? ''
    if (/[\s;{}]/.test(c)) {
      i += 1
      continue
    }
    if (c === '#') {
      i = lineEnd(s, i)
      continue
    }
    for (let n = 0; n < 2; n += 1) {
      if (/[0-9$/\\~+]/.test(s[i] ?? '')) i = address(s, i, brackets)
      if (i < 0) return undefined
      while (s[i] === ' ') i += 1
      if (s[i] !== ',') break
      i += 1
      while (s[i] === ' ') i += 1
    }
    while (s[i] === '!' || s[i] === ' ') i += 1
    const next = command(s, i, brackets, found)
    if (next < 0) return undefined
    i = next
  }
  return found
}

const command = (s: string, at: number, brackets: boolean, found: Found): number => {
  const c = s[at] ?? ''
  if (c === '{' || c === '}') return at + 1
  if ('=dDgGhHnNpPxzF'.includes(c)) return at + 1
  if ('lLqQ'.includes(c)) return at + 1 + (/^\s*[0-9]*/.exec(s.slice(at + 1))?.[0].length ?? 0)
  if ('aic'.includes(c)) return textEnd(s, at + 1)
  if (':btTv'.includes(c)) return at + 1 + (/^[^;\n}]*/.exec(s.slice(at + 1))?.[0].length ?? 0)
  if (c === 's') return substitute(s, at + 1, brackets, found)
  if (c === 'y') {
    const middle = closing(s, at + 2, s[at + 1] ?? '\n', false)
    const end = middle < 0 ? -1 : closing(s, middle + 1, s[at + 1] ?? '\n', false)
    return end < 0 ? -1 : end + 1
  }
  if ('rRwW'.includes(c)) {
    const end = lineEnd(s, at)
    ;(c === 'r' || c === 'R' ? found.reads : found.writes).push(s.slice(at + 1, end).trim())
    return end
  }
  if (c === 'e') {
    found.runs = true
    return lineEnd(s, at)
  }
  return -1
}

const judgeText = (script: string, port: Port): void => {
  if (!isLiteral(script)) {
    port.raise('write')
    return
  }
  const both = [sedScript(script, false), sedScript(script, true)].filter((f) => f !== undefined)
  if (both.length === 0) port.raise('write')
  for (const found of both) {
    if (found.runs)
      port.refuse('The sed script runs commands (e).', 'Leave out the e command or flag.')
    for (const path of found.reads) port.path({ text: path, many: false }, 'file')
    for (const path of found.writes) port.path({ text: path, many: false }, 'out')
  }
}

const takesValue = /^(-l|--line-length)$/
/** Options as getopt takes them; the first operand is the script unless -e or -f gave one. */
export const sed: Judge = (args, port) => {
  const scripts: string[] = []
  const operands: Arg[] = []
  let inPlace = false
  let scripted = false
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i]
    if (!arg) break
    const t = arg.text
    const long = /^--(exp[a-z]*|fil[a-z]*)(?:=([\s\S]*))?$/.exec(t)
    const short = /^-([nErszub]*)([ef])([\s\S]*)$/.exec(t)
    if (t === '--') {
      operands.push(...args.slice(i + 1))
      break
    } else if (long || short) {
      const attached = long ? long[2] : short?.[3] || undefined
      const value = attached ?? args[i + 1]?.text ?? ''
      if (attached === undefined) i += 1
      scripted = true
      if (long ? long[1]?.startsWith('e') : short?.[2] === 'e') scripts.push(value)
      else {
        port.path({ text: value, many: false }, 'file')
        port.raise('write')
      }
    } else if (/^-[nErszu]*i|^--in?/.test(t)) inPlace = true
    else if (takesValue.test(t)) i += 1
    else if (!t.startsWith('-') || t === '-') {
      // An unknown first word could be an option; an unknown later one a file.
      if (!isLiteral(t) && !/^[/.~\w]/.test(t)) port.raise('write')
      operands.push(arg)
    } else if (
      !/^-([nErszub]+|l[0-9]+)$|^--(quiet|silent|regexp-extended|separate|posix|null-data|unbuffered|sandbox|debug|zero-terminated|version|help|follow-symlinks|line-length=[0-9]+)$/.test(
        t,
      )
    ) {
      port.raise('write')
    }
  }
  if (!scripted) {
    const first = operands.shift()
    if (first) scripts.push(first.text)
  }
  judgeText(scripts.join('\n'), port)
  for (const file of operands) port.path(file, inPlace ? 'out' : 'file')
  if (inPlace) port.raise('write')
}
