import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { GateError } from '../../../errors.ts'
import { formHere } from './elsewhere.ts'
import { nearest } from './nearest.ts'
import { type Body, bodyOf, isBody, listOf } from './node.ts'
import { checkText } from './text.ts'

type Parser = typeof import('libpg-query')

let loaded: Promise<Parser> | undefined
let reloads = 0

const load = async (): Promise<Parser> => {
  const fresh: Parser =
    reloads === 0 ? await import('libpg-query') : await import(freshCopy(reloads))
  await fresh.loadModule()
  return fresh
}

// A module under another URL is another instance, with a memory of its own.
const freshCopy = (n: number): string => {
  const entry = createRequire(import.meta.url).resolve('libpg-query')
  return `${pathToFileURL(join(dirname(entry), 'index.js')).href}?instance=${n}`
}

const keywords =
  `select from where group order by having limit offset insert into values update set delete
  merge using create alter drop truncate table view index join left right inner outer full cross on as and or not
  in is null like ilike between exists case when then else end union intersect except distinct with recursive
  returning explain analyze show window over partition asc desc`
    .trim()
    .split(/\s+/)

const syntaxError = (sql: string, message: string, cursor: number): GateError => {
  const position = cursor + 1
  const elsewhere = formHere(sql)
  if (elsewhere !== undefined)
    return new GateError('SYNTAX_ERROR', `Syntax error at character ${position}.`, {
      position,
      hint: elsewhere,
    })
  const found = /at or near "(.*)"$/su.exec(message)?.[1]
  if (found === undefined)
    return new GateError('SYNTAX_ERROR', 'The statement ends too early or is not complete.', {
      position,
      hint: 'Check for a quote, a bracket or a comment that is not closed.',
    })
  // The word before may be the misspelt one: `selct a from` fails at `selct`, `select a form t` at `t`.
  const before = [
    ...[...sql]
      .slice(0, cursor)
      .join('')
      .matchAll(/[\p{L}_]+/gu),
  ].at(-1)?.[0]
  for (const word of [before ?? '', found]) {
    const near = keywords.includes(word.toLowerCase()) ? undefined : nearest(word, keywords)
    if (near !== undefined && word.length > 1)
      return new GateError('SYNTAX_ERROR', `Syntax error at character ${position}.`, {
        position,
        hint: `Did you mean ${near.toUpperCase()}?`,
      })
  }
  return new GateError('SYNTAX_ERROR', `Syntax error at character ${position}.`, {
    position,
    hint: 'The statement is read by the grammar of PostgreSQL 18; string constants take single quotes.',
  })
}

const isSyntaxError = (
  e: unknown,
): e is { message: string; sqlDetails?: { cursorPosition: number } } =>
  e instanceof Error && e.name === 'SqlError'

let parser: Parser | undefined

/** Loads the parser, once; `parseText` needs it. */
export const parserReady = async (): Promise<void> => {
  if (parser !== undefined) return
  loaded ??= load()
  parser = await loaded
}

/**
 * The statements of a text as the parser's nodes; after `parserReady()`.
 * Throws SYNTAX_ERROR with a position in characters from 1, INPUT_REFUSED for what is too big or too deep.
 */
export const parseText = (sql: string): readonly Body[] => {
  checkText(sql)
  if (sql.trim() === '') return []
  if (parser === undefined) throw new GateError('INTERNAL', 'The SQL parser is not loaded.')
  let tree: unknown
  try {
    tree = parser.parseSync(sql)
  } catch (e) {
    if (isSyntaxError(e)) throw syntaxError(sql, e.message, e.sqlDetails?.cursorPosition ?? 0)
    // A trap or an overrun stack leaves the module's memory in an unknown state: never parse with it again.
    reloads++
    loaded = undefined
    parser = undefined
    throw new GateError('INPUT_REFUSED', 'The parser gave up on this statement.', {
      hint: 'Write it simpler.',
      cause: e,
    })
  }
  if (!isBody(tree)) throw new GateError('INPUT_REFUSED', 'The parser gave nothing.')
  return listOf(tree, 'stmts').map((s) => bodyOf(s, 'stmt'))
}

/** The one statement of a text; none and several are refused. */
export const parseOne = (sql: string): Body => {
  const statements = parseText(sql)
  const [only] = statements
  if (only === undefined)
    throw new GateError('INPUT_REFUSED', 'There is no statement in this input.', {
      hint: 'Send one SQL statement.',
    })
  if (statements.length > 1)
    throw new GateError(
      'INPUT_REFUSED',
      `There are ${statements.length} statements in this input.`,
      {
        hint: 'Send one statement a call.',
      },
    )
  return only
}
