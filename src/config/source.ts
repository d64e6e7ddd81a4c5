/** The text of the file as plain data, with the line of every key: no aliases, no tags, nothing twice. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml'

export type Path = readonly (string | number)[]

export interface Problem {
  readonly line: number
  /** Dotted path; '' for the file as a whole. */
  readonly key: string
  readonly message: string
  /** When it is in another file than the configuration. */
  readonly file?: string
}

export interface Source {
  readonly data: unknown
  /** Line, from 1, of the key at the path, or of the nearest thing above that is there. */
  line(path: Path): number
}

export const largestFile = 1024 ** 2
const deepest = 32
// Own properties of every object: zod and plain code would read them as something else.
const reserved = new Set(['__proto__', 'constructor', 'prototype'])

/** Reads YAML 1.2 text. Problems instead of data when it is not one plain document. */
export const readSource = (
  text: string,
): { readonly source: Source; readonly problems: readonly Problem[] } => {
  const failed = (line: number, message: string) => ({
    source: { data: undefined, line: () => line },
    problems: [{ line, key: '', message }],
  })
  const tooDeep = deepLine(text)
  if (tooDeep !== undefined) return failed(tooDeep, `is nested more than ${deepest} levels deep`)
  const lines = new LineCounter()
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line)
  const parsed = (() => {
    try {
      return parseDocument(text, {
        lineCounter: lines,
        uniqueKeys: true,
        version: '1.2',
        schema: 'core',
        merge: false,
        prettyErrors: false,
      })
    } catch {
      return undefined
    }
  })()
  if (parsed === undefined) return failed(1, 'is no YAML that can be read')
  const problems: Problem[] = [...parsed.errors, ...parsed.warnings].map((found) => ({
    line: lineAt(found.pos[0]),
    key: found.code === 'DUPLICATE_KEY' ? wordAt(text, found.pos[0]) : '',
    message: yamlWords(found.code, found.message),
  }))
  visit(parsed, {
    Node: (_, node: Node, above) => {
      const at = lineAt(node.range?.[0] ?? 0)
      if (isAlias(node))
        problems.push({ line: at, key: '', message: 'uses an alias (*); write it out' })
      if (above.length > deepest * 2) {
        problems.push({ line: at, key: '', message: `is nested more than ${deepest} levels deep` })
        return visit.BREAK
      }
      return undefined
    },
    Pair: (_, pair) => {
      const at = lineAt(isScalar(pair.key) ? (pair.key.range?.[0] ?? 0) : 0)
      if (!isScalar(pair.key) || typeof pair.key.value === 'object')
        problems.push({ line: at, key: '', message: 'has a key that is no plain word' })
      else if (reserved.has(String(pair.key.value)))
        problems.push({
          line: at,
          key: String(pair.key.value),
          message: 'is no name that can be used',
        })
    },
  })
  if (problems.length > 0) return { source: { data: undefined, line: () => 1 }, problems }
  const line = (path: Path): number => {
    let node: unknown = parsed.contents
    let found = isMap(node) || isSeq(node) ? lineAt(node.range?.[0] ?? 0) : 1
    for (const step of path) {
      if (isMap(node)) {
        const pair = node.items.find(
          (item) => isScalar(item.key) && String(item.key.value) === String(step),
        )
        if (pair === undefined || !isScalar(pair.key)) return found
        found = lineAt(pair.key.range?.[0] ?? 0)
        node = pair.value
      } else if (isSeq(node)) {
        const item: unknown = node.items[Number(step)]
        if (!isScalar(item) && !isMap(item) && !isSeq(item)) return found
        found = lineAt(item.range?.[0] ?? 0)
        node = item
      } else return found
    }
    return found
  }
  return { source: { data: parsed.toJS({ maxAliasCount: 0 }), line }, problems }
}

// The parser recurses on flow collections: what could exhaust its stack is refused before it starts.
const deepLine = (text: string): number | undefined => {
  let depth = 0
  let line = 1
  for (const character of text) {
    if (character === '\n') line += 1
    else if (character === '[' || character === '{') depth += 1
    else if (character === ']' || character === '}') depth = Math.max(0, depth - 1)
    if (depth > deepest * 8) return line
  }
  const indented = text.split('\n').findIndex((one) => /^[ -]{400,}\S/.test(one))
  return indented === -1 ? undefined : indented + 1
}

const wordAt = (text: string, offset: number): string =>
  /^[^\s:]{1,80}/.exec(text.slice(offset, offset + 80))?.[0] ?? ''

const yamlWords = (code: string, message: string): string => {
  if (code === 'DUPLICATE_KEY') return 'is written twice'
  if (code === 'TAG_RESOLVE_FAILED') return 'uses a tag (!); only plain YAML is read'
  if (code === 'MULTIPLE_DOCS') return 'holds more than one document (---)'
  if (code === 'TAB_AS_INDENT') return 'is indented with a tab; use spaces'
  return `is no valid YAML: ${message.split('\n')[0] ?? code}`
}
