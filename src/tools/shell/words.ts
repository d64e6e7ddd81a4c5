/** What a word of a script can become: every alternative, each a list of arguments, unknown parts as wildcards. */
import type { Word, WordPart } from 'unbash'
import type { Arg } from './types.ts'
import { any, isLiteral, one, star, token } from './wildcard.ts'

/** Answers for what a word refers to; all are sets of possible values. */
export interface Values {
  variable(name: string, at: number): readonly string[]
  substitution(part: WordPart): readonly string[]
  refuse(message: string, hint?: string): never
}

/** More combinations than this are refused: nobody reviews them either. */
const mostAlternatives = 64

/** The text of a glob or of a literal that stands unquoted: its wildcards come alive. */
const globbed = (text: string): string =>
  text
    .replace(/\*/g, star)
    .replace(/\?/g, one)
    .replace(/\[[^\]/]+\]/g, one)

interface Piece {
  readonly alternatives: readonly string[]
  readonly splits: boolean
}
const piece = (text: string): Piece => ({ alternatives: [text], splits: false })

const doubleQuoted = (parts: readonly WordPart[], values: Values): readonly string[] => {
  let all: readonly string[] = ['']
  for (const part of parts) {
    const next = pieceOf(part, values).alternatives
    all = all.flatMap((a) => next.map((b) => a + b))
    if (all.length > mostAlternatives) all = [any]
  }
  return all
}

/** Escapes inside double quotes are already gone from `value`. */
const pieceOf = (part: WordPart, values: Values): Piece => {
  switch (part.type) {
    case 'Literal':
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      return piece(part.value)
    case 'DoubleQuoted':
    case 'LocaleString':
      return { alternatives: doubleQuoted(part.parts, values), splits: false }
    case 'Glob':
      return piece(part.kind === 'star' ? star : one)
    case 'SimpleExpansion':
      return { alternatives: values.variable(part.text.slice(1), part.pos), splits: true }
    case 'ParameterExpansion':
      return { alternatives: parameter(part, values), splits: true }
    case 'CommandExpansion':
      return { alternatives: values.substitution(part), splits: true }
    case 'ArithmeticExpansion':
      return piece(token)
    case 'ProcessSubstitution':
      return piece('/dev/fd/1')
    case 'ExtendedGlob':
      return values.refuse('Extended globs mean different things to different shells.')
    case 'BraceExpansion':
      return values.refuse('Braces within braces are too hard to review.', 'Write the words out.')
  }
}

type Parameter = Extract<WordPart, { type: 'ParameterExpansion' }>
const parameter = (part: Parameter, values: Values): readonly string[] => {
  if (part.prefix === '#') return [token]
  if (part.prefix === '!') return values.refuse('Indirect expansion hides which variable is meant.')
  const known = values.variable(part.parameter, part.pos)
  const operation = part.operation
  if (!operation) return known
  switch (operation.type) {
    case 'Default':
      return [...known, ...wordTexts(operation.operand, values)]
    case 'Remove':
      // `${f##*/}` leaves a name, the others a part of what was.
      if (operation.operator === '##' && operation.operand.text === '*/') return known.map(nameOf)
      return known.every((k) => k === token) ? [token] : [any]
    case 'Slice':
    case 'Replace':
    case 'CaseModification':
      return [any]
    case 'Transform':
    case 'Names':
    case 'Unknown':
      return values.refuse('This kind of expansion can run code or hide what is meant.')
  }
}

/** The name at the end of a path, as far as it is known. */
const nameOf = (path: string): string => {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return path.includes(any) || /\uE004$/.test(name) ? any : name
}

/** As one text each, without splitting: values of assignments, redirection targets, here-documents. */
export const wordTexts = (word: Word, values: Values, home = '~'): readonly string[] => {
  const texts = word.parts ? doubleQuoted(word.parts, values) : [word.value]
  return texts.map((t) => tilde(t, word.text, home))
}

/** Options of `{a,b}` or `{1..3}` without anything alive inside; undefined when there is. */
const braceOptions = (text: string): readonly string[] | undefined => {
  const body = text.slice(1, -1)
  if (/[$`'"\\{}]/.test(body)) return undefined
  return body.includes(',') ? body.split(',') : [token]
}

interface Draft {
  readonly done: readonly Arg[]
  readonly current: string | undefined
  readonly many: boolean
}
const blank = /[ \t\n]+/

/** Adds what an unquoted expansion gave: split at blanks, its globs alive. */
const addSplit = (draft: Draft, text: string): Draft => {
  if (text === '') return draft
  const fields = globbed(text).split(blank)
  const done = [...draft.done]
  let current = draft.current
  let many = draft.many || !isLiteral(text)
  fields.forEach((field, i) => {
    if (i > 0 && current !== undefined && current !== '') {
      done.push({ text: current, many })
      many = false
    }
    if (i > 0) current = undefined
    if (field !== '') current = (current ?? '') + field
  })
  return { done, current, many: many || !isLiteral(text) }
}

/** `"$@"` and `"${a[@]}"` stand for several words even in quotes. */
const spreads = (part: WordPart): boolean =>
  part.type === 'DoubleQuoted' && part.parts.some((p) => /^\$(@|\{@|\{\w+\[@\])/.test(p.text))

const expandParts = (parts: readonly WordPart[], values: Values): readonly (readonly Arg[])[] => {
  let drafts: readonly Draft[] = [{ done: [], current: undefined, many: false }]
  for (const part of parts) {
    const { alternatives, splits } = pieceOf(part, values)
    drafts = drafts.flatMap((draft) =>
      alternatives.map((text) =>
        splits
          ? addSplit(draft, text)
          : { ...draft, current: (draft.current ?? '') + text, many: draft.many || spreads(part) },
      ),
    )
    if (drafts.length > mostAlternatives)
      values.refuse('A word of this command has too many possible values.', 'Write them out.')
  }
  return drafts.map((d) =>
    d.current === undefined ? d.done : [...d.done, { text: d.current, many: d.many }],
  )
}

/** Tilde at the front of a word that is not quoted: `~`, `~/x`, `~user/x`. `home` is where `~` lies. */
const tilde = (text: string, raw: string, home: string): string => {
  if (!raw.startsWith('~')) return text
  const name = /^~([a-z_][\w-]*)?(?=\/|$)/.exec(text)
  if (!name) return text
  return (name[1] === undefined ? home : `/~${name[1]}`) + text.slice(name[0].length)
}

/** Alternatives of one word as a shell would expand it into arguments. */
export const expand = (word: Word, values: Values, home: string): readonly (readonly Arg[])[] => {
  if (!word.parts) return [[{ text: tilde(word.value, word.text, home), many: false }]]
  const at = word.parts.findIndex((p) => p.type === 'BraceExpansion')
  if (at < 0) {
    const all = expandParts(word.parts, values)
    if (!word.text.startsWith('~')) return all
    return all.map(([first, ...rest]) =>
      first ? [{ ...first, text: tilde(first.text, word.text, home) }, ...rest] : rest,
    )
  }
  const brace = word.parts[at]
  const options = brace ? braceOptions(brace.text) : undefined
  if (!options)
    return values.refuse(
      'Braces with expansions inside are too hard to review.',
      'Write the words out.',
    )
  return options
    .map((option) => {
      const literal: WordPart = {
        type: 'Literal',
        pos: word.pos,
        end: word.end,
        value: globbed(option),
        text: option,
      }
      const parts = [
        ...(word.parts ?? []).slice(0, at),
        literal,
        ...(word.parts ?? []).slice(at + 1),
      ]
      const { text } = word
      return expand(
        { type: 'Word', text, value: word.value, pos: word.pos, end: word.end, parts },
        values,
        home,
      )
    })
    .reduce((all, next) => cross(all, next, values), [[]] as readonly (readonly Arg[])[])
}

/** Every way to go on; refuses when they are more than a person would look at. */
export const cross = (
  all: readonly (readonly Arg[])[],
  next: readonly (readonly Arg[])[],
  values: Pick<Values, 'refuse'>,
): readonly (readonly Arg[])[] => {
  if (all.length * next.length > mostAlternatives) {
    values.refuse(
      'This command can become too many different ones.',
      'Write it out for the values that you mean.',
    )
  }
  return all.flatMap((a) => next.map((b) => [...a, ...b]))
}
