/** Values under a telling name, in whatever text: `KEY=value`, YAML, JSON, headers, flags, XML, SQL. */
import { charset, runEnd, runStart } from './charsets.ts'
import type { Finding } from './finding.ts'
import { isSensitiveName } from './names.ts'

const nameCharacters = charset('A-Za-z0-9_.-')
const longestName = 128
const schemes = /(?:bearer|basic|digest|token|negotiate|apikey|aws4-hmac-sha256|splunk|key)[ \t]+/iy
const oneWord = /(?:ssn|cvv|cvc|otp)2?$/i
const toLineEnd = /(?:authorization|cookies?)$/i
const nothing =
  /^(?:null|none|nil|true|false|undefined|yes|no|\?|\$\d{1,3}|%s|\$\{[A-Za-z_][A-Za-z0-9_.]*\}|\$\([A-Za-z_][A-Za-z0-9_.]*\)|\{\{[^{}]*\}\}|\[masked:[a-z_0-9]+\]|\*+|\[\]|\{\}|""|'')$/i
const valueSibling =
  /["'\\]{0,4}[ \t]{0,32},?[ \t]{0,32}\r?\n?[ \t]{0,64}["'\\]{0,4}(?:value|val|Value)["'\\]{0,4}[ \t]{0,16}[:=][ \t]{0,16}/y

/** The extent of the name around a stem that ends before `stemEnd`. */
export const nameAround = (
  text: string,
  stemEnd: number,
): { readonly start: number; readonly end: number } => ({
  start: runStart(nameCharacters, text, stemEnd, longestName),
  end: runEnd(nameCharacters, text, stemEnd, stemEnd + longestName),
})

/** The value that stands under the name at `[start, end)`, when the name tells that it is secret. */
export const namedValue = (
  text: string,
  name: { readonly start: number; readonly end: number },
): Finding | undefined => {
  const end = trimmedEnd(text, name.start, name.end)
  const word = text.slice(name.start, end).replace(/^[-.]+/, '')
  if (!isSensitiveName(word)) return undefined
  const from = valueStart(text, name.start, end)
  if (from === undefined) return undefined
  const found = extent(text, from, name.start, word)
  if (found === undefined || found.end <= found.start) return undefined
  const value = text.slice(found.start, Math.min(found.end, found.start + 64)).trim()
  if (value === '' || nothing.test(value)) return undefined
  if (/^(?:OLD)?PWD$/.test(word) && value.startsWith('/')) return undefined
  return { ...found, type: 'named' }
}

const trimmedEnd = (text: string, start: number, end: number): number => {
  let at = end
  while (at > start && (text[at - 1] === '.' || text[at - 1] === '-')) at--
  return at
}

const skipBlanks = (text: string, at: number): number => {
  const stop = Math.min(text.length, at + 256)
  let next = at
  while (next < stop && (text[next] === ' ' || text[next] === '\t')) next++
  return next
}
const skipQuote = (text: string, at: number): number => {
  let next = at
  while (next < at + 8 && text[next] === '\\') next++
  const quote = text[next]
  return quote === '"' || quote === "'" || quote === '`' ? next + 1 : at
}

/** Behind the separator; undefined when nothing is said to stand under the name. */
const valueStart = (text: string, start: number, end: number): number | undefined => {
  valueSibling.lastIndex = end
  if (isSiblingName(text, start) && valueSibling.test(text)) return valueSibling.lastIndex
  const closed = skipQuote(text, end)
  const bracket = text[closed] === ']' ? closed + 1 : closed
  const at = skipBlanks(text, bracket)
  if (text[at] === '>' && (text[start - 1] === '<' || text[start - 1] === ':')) return at + 1
  const separator = /(?::=|=>|===?|!==?|<>|[:=]|\|(?!\|))[ \t]*/y
  separator.lastIndex = at
  if (separator.test(text)) return separator.lastIndex
  // `--password x`, and SQL's `PASSWORD 'x'`.
  const flag = text[start] === '-' && text[start + 1] === '-'
  const quoted = text[at] === "'" && at > end
  const identified = /by[ \t]+(?=['"])/iy
  identified.lastIndex = at
  if (identified.test(text)) return identified.lastIndex
  return (flag && at > end) || quoted ? at : undefined
}

/** `"name": "DB_PASSWORD", "value": ...` as in a pod's environment. */
const isSiblingName = (text: string, start: number): boolean =>
  /(?:name|key|Name|Key)["'\\]{0,4}[ \t]*[:=][ \t]*["'\\]{0,4}$/.test(
    text.slice(Math.max(0, start - 24), start),
  )

const extent = (
  text: string,
  from: number,
  nameStart: number,
  word: string,
): Omit<Finding, 'type'> | undefined => {
  const open = skipQuote(text, from)
  if (open > from) return { start: open, end: closingQuote(text, open, from) }
  if (isBlock(text, from)) return block(text, from, nameStart)
  if (toLineEnd.test(word))
    return {
      start: from,
      end: quotedBefore(text, nameStart)
        ? closingBefore(text, from, nameStart)
        : lineEnd(text, from),
    }
  if (!oneWord.test(word) && startsLine(text, nameStart))
    return { start: from, end: trimEnd(text, from, lineEnd(text, from)) }
  schemes.lastIndex = from
  const start = schemes.test(text) ? schemes.lastIndex : from
  return { start: from, end: wordEnd(text, start) }
}

/** A quoted value's end: the next quote with no more backslashes before it than the opening one had. */
const closingQuote = (text: string, open: number, from: number): number => {
  const quote = text[open - 1]
  const depth = open - 1 - from
  let slashes = 0
  for (let at = open; at < text.length; at++) {
    if (text[at] === '\\') {
      slashes++
      continue
    }
    if (text[at] === quote && slashes <= depth) {
      // SQL doubles a quote to hold it.
      if (quote === "'" && text[at + 1] === "'") at++
      else return Math.max(open, at - slashes)
    }
    slashes = 0
  }
  return text.length
}

const lineEnd = (text: string, from: number): number => {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}
const trimEnd = (text: string, from: number, end: number): number => {
  let at = end
  while (at > from && /\s/.test(text[at - 1] ?? '')) at--
  return at
}

/** Only blanks, a list's dash, `export` and the like before the name on its line. */
const startsLine = (text: string, nameStart: number): boolean => {
  const before = text.slice(Math.max(0, nameStart - 64), nameStart)
  const from = before.lastIndexOf('\n')
  return (
    (from >= 0 || nameStart <= 64) &&
    /^[ \t]*(?:[-+#] ?|export +|set +|ENV +|ARG +|SET +|const +|let +|var +)?["']?$/.test(
      before.slice(from + 1),
    )
  )
}

const quotedBefore = (text: string, nameStart: number): boolean =>
  /["'`]/.test(text[nameStart - 1] ?? '')
const closingBefore = (text: string, from: number, nameStart: number): number => {
  const end = lineEnd(text, from)
  const at = text.indexOf(text[nameStart - 1] ?? '', from)
  return at < 0 || at > end ? end : at
}

const wordEnd = (text: string, from: number): number => {
  for (let at = from; at < text.length; at++) if (/[\s"'`&<>]/.test(text[at] ?? '')) return at
  return text.length
}

const blockHeader = /(?:![A-Za-z!/:.-]{0,32}[ \t]+)?[|>][+-]?\d?[+-]?[ \t]*\r?\n/y
const isBlock = (text: string, from: number): boolean => {
  blockHeader.lastIndex = from
  return blockHeader.test(text)
}

/** A YAML block scalar: every following line that is blank or indented deeper than the name (YAML 1.2 section 8.1). */
const block = (text: string, from: number, nameStart: number): Omit<Finding, 'type'> => {
  const lineStart = text.lastIndexOf('\n', nameStart - 1) + 1
  const indent = /^[ \t]*(?:- +)*/.exec(text.slice(lineStart, nameStart))?.[0].length ?? 0
  const start = lineEnd(text, from) + 1
  let end = start
  while (end < text.length) {
    const next = lineEnd(text, end)
    const line = text.slice(end, next)
    if (line.trim() !== '' && (/^[ \t]*/.exec(line)?.[0].length ?? 0) <= indent) break
    end = Math.min(text.length, next + 1)
  }
  const stop = end > start && text[end - 1] === '\n' ? end - 1 : end
  return { start: skipIndent(text, start), end: stop }
}
const skipIndent = (text: string, from: number): number => {
  let at = from
  while (text[at] === ' ' || text[at] === '\t') at++
  return at
}
