/** A simple command of a script: its substitutions, redirections, variables and words. */
import { type Command, forEachChild, type Redirection, type Word } from 'unbash'
import { plainName } from './dialect.ts'
import { argumentsAt, valuesAt } from './evaluate.ts'
import { settingRefused } from './evaluated.ts'
import { refuse } from './findings.ts'
import { setting } from './programs/wrappers.ts'
import { portAt, runWords } from './run.ts'
import { variableKind } from './scope.ts'
import { type Place, type State, unknownProgram } from './state.ts'
import { any, isLiteral } from './wildcard.ts'
import { wordTexts } from './words.ts'

export const visitCommand = (state: State, place: Place, node: Command): void => {
  for (const part of [...node.prefix, ...node.suffix]) {
    forEachChild(part, (child) => state.visit(child, place))
  }
  if (node.name) forEachChild(node.name, (child) => state.visit(child, place))
  redirect(state, place, node.redirects)
  const inner = fedBy(node.redirects, place)
  assign(state, inner, node)
  if (!node.name) return
  if (!written(node.name)) unknownProgram()
  const before = state.findings.effect
  for (const words of argumentsAt(state, inner, node)) runWords(state, inner, words, true)
  if (!plainName(node) && state.findings.effect !== before) {
    refuse(
      'The name of the program is written so that it is hard to recognise.',
      'Write it without quotes and backslashes.',
    )
  }
}

/** Nothing in the name is alive. */
const written = (word: Word): boolean =>
  word.parts?.every(
    (p) =>
      p.type === 'Literal' ||
      p.type === 'SingleQuoted' ||
      (p.type === 'DoubleQuoted' && p.parts.every((q) => q.type === 'Literal')),
  ) ?? true

const takesStdin = (r: Redirection): boolean =>
  r.type !== 'Redirect' || r.operator === '<' || r.operator === '<>' || r.operator === '<&'

/** With stdin from elsewhere, what the pipe brings is not what is read. */
export const fedBy = (redirects: readonly Redirection[], place: Place): Place => {
  if (!redirects.some(takesStdin)) return place
  const empty = redirects
    .filter(takesStdin)
    .every((r) => r.type === 'Redirect' && r.operator === '<' && r.target?.text === '/dev/null')
  return { ...place, lines: empty ? [''] : undefined, piped: true }
}

const assign = (state: State, place: Place, node: Command): void => {
  const values = valuesAt(state, place)
  const port = portAt(state, place)
  for (const part of node.prefix) {
    if (part.type !== 'Assignment') continue
    if (part.name === 'IFS' && node.name?.value === 'read') continue
    if (part.index && !/^([0-9]+|\w+)$/.test(part.index.text)) {
      refuse('A subscript that is computed can run code.')
    }
    const texts = part.value.type === 'Word' ? wordTexts(part.value, values, state.home) : [any]
    for (const text of texts) {
      if (node.name) setting(part.name, text, port)
      else if (variableKind(part.name, isLiteral(text) ? text : undefined) === 'bad') {
        settingRefused(part.name)
      }
    }
  }
}

export const redirect = (state: State, place: Place, redirects: readonly Redirection[]): void => {
  const values = valuesAt(state, place)
  const port = portAt(state, place)
  for (const r of redirects) {
    forEachChild(r, (child) => state.visit(child, place))
    if (r.type !== 'Redirect' || !r.target) continue
    const joins = r.operator === '>&' || r.operator === '<&'
    if (joins && !r.target.parts && /^([0-9]+-?|-)$/.test(r.target.value)) continue
    for (const text of wordTexts(r.target, values, state.home)) {
      if (/^\/dev\/(tcp|udp)\//.test(text)) {
        refuse('A redirection must not open a network connection.')
      }
      if (!isLiteral(text) && (r.operator !== '<' || text.includes(any))) {
        refuse('Which file this is is only known when it runs.', 'Write the path out.')
      }
      port.path({ text, many: false }, r.operator === '<' ? 'file' : 'out')
    }
  }
}
