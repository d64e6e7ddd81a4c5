import { GateError } from '../../../errors.ts'

/** Bytes of one statement. */
export const maxBytes = 100_000
const maxNesting = 200
// What may nest or chain between two commas of one level, summed over the open levels: a bound on the depth of the tree.
const maxChain = 2_000
const maxSetOperations = 400

const refuse = (message: string, hint: string) => new GateError('INPUT_REFUSED', message, { hint })

// As the scanner of PostgreSQL has them: every character beyond ASCII may stand in a name, also one that looks like a space.
const word = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y
const number = /[0-9][0-9A-Za-z_.]*/y
const dollar = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y
const space = new Set(' \t\n\r\f\v')
const setOperation = new Set(['union', 'intersect', 'except'])

const matchAt = (pattern: RegExp, sql: string, at: number): string | undefined => {
  pattern.lastIndex = at
  return pattern.exec(sql)?.[0]
}

/** Offset behind a quoted text that starts at `at`; doubled quotes stay inside, backslashes only where they escape. */
const behindQuote = (sql: string, at: number, escapes: boolean): number => {
  const quote = sql[at]
  for (let i = at + 1; i < sql.length; i++) {
    if (escapes && sql[i] === '\\') i++
    else if (sql[i] === quote) {
      if (sql[i + 1] !== quote) return i + 1
      i++
    }
  }
  return sql.length
}

const behindComment = (sql: string, at: number): number => {
  let depth = 0
  for (let i = at; i < sql.length; i++) {
    if (sql[i] === '/' && sql[i + 1] === '*') {
      depth++
      i++
    } else if (sql[i] === '*' && sql[i + 1] === '/') {
      i++
      if (--depth === 0) return i + 1
    }
  }
  return sql.length
}

/**
 * Refuses what the parser must never see: NUL, too many bytes, and nesting or chains deep enough to run its stack out.
 * An overrun stack inside WebAssembly is not unwound, and a few of them break the parser for good, so the bound is
 * kept here by counting tokens, on the safe side; the grammar itself is the parser's business.
 */
export const checkText = (sql: string): void => {
  if (sql.includes('\0'))
    throw refuse('The statement holds a NUL byte.', 'Send the statement without it.')
  if (Buffer.byteLength(sql) > maxBytes)
    throw refuse(
      `The statement is longer than ${maxBytes} bytes.`,
      'Pass long values as params, or split the work.',
    )
  const levels: number[] = [0]
  let chain = 0
  let setOperations = 0
  let escapeAt = -1
  const count = () => {
    chain++
    levels[levels.length - 1] = (levels[levels.length - 1] ?? 0) + 1
    if (chain > maxChain)
      throw refuse('The expression is too long.', 'Use IN (..), = ANY(..) or fewer operators.')
  }
  for (let i = 0; i < sql.length; ) {
    const c = sql[i] as string
    if (c === '-' && sql[i + 1] === '-') {
      while (i < sql.length && sql[i] !== '\n' && sql[i] !== '\r') i++
    } else if (c === '/' && sql[i + 1] === '*') {
      i = behindComment(sql, i)
    } else if (c === "'" || c === '"') {
      i = behindQuote(sql, i, c === "'" && i === escapeAt)
    } else if (c === '(' || c === '[') {
      count()
      levels.push(0)
      i++
      if (levels.length > maxNesting)
        throw refuse('The statement is nested too deeply.', 'Use a CTE, or fewer brackets.')
    } else if (c === ')' || c === ']') {
      if (levels.length > 1) chain -= levels.pop() ?? 0
      i++
    } else if (c === ',') {
      chain -= levels[levels.length - 1] ?? 0
      levels[levels.length - 1] = 0
      i++
    } else if (space.has(c)) {
      i++
    } else {
      const open = c === '$' ? matchAt(dollar, sql, i) : undefined
      if (open !== undefined) {
        const end = sql.indexOf(open, i + open.length)
        i = end < 0 ? sql.length : end + open.length
        continue
      }
      const name = matchAt(word, sql, i)
      if (name !== undefined && setOperation.has(name.toLowerCase())) {
        setOperations++
        if (setOperations > maxSetOperations)
          throw refuse('The statement has too many set operations.', 'Use VALUES or = ANY(..).')
      }
      count()
      if (name === 'e' || name === 'E') escapeAt = i + 1
      i += name?.length ?? matchAt(number, sql, i)?.length ?? 1
    }
  }
}
