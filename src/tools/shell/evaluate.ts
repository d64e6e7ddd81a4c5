/** What words become: variables by their scope, substitutions by what their commands print. */
import type { Command, CommandNode, Redirection, Word, WordPart } from 'unbash'
import { refuse } from './findings.ts'
import { linesOf as printedBy, type Stage } from './outputs.ts'
import { trusted } from './programs/index.ts'
import type { Place, State } from './state.ts'
import type { Arg } from './types.ts'
import { any } from './wildcard.ts'
import { cross, expand, type Values, wordTexts } from './words.ts'

export const valuesAt = (state: State, place: Place): Values => {
  const values: Values = {
    refuse,
    variable: (name, at) =>
      place.scope.values(name, at, {
        text: (word) => wordTexts(word, values, state.home),
        lines: (commands) => linesAt(state, place, commands),
      }),
    substitution: (part) => substitution(state, place, part),
  }
  return values
}

const substitution = (state: State, place: Place, part: WordPart): readonly string[] => {
  const script = part.type === 'CommandExpansion' ? part.script : undefined
  const only = script?.commands.length === 1 ? script.commands[0]?.command : undefined
  if (only?.type === 'Command') return linesAt(state, place, [only]) ?? [any]
  if (only?.type !== 'Pipeline' || only.operators.includes('|&')) return [any]
  return linesAt(state, place, only.commands) ?? [any]
}

/** Error messages that are thrown away; anything else on stdout, or another stdin, would change the lines. */
const quiet = (r: Redirection): boolean =>
  r.type === 'Redirect' &&
  r.operator === '>' &&
  r.descriptor?.type === 'FileDescriptor' &&
  r.descriptor.value === 2

/** Lines that these commands of a pipeline print, undefined when they can't be known. */
export const linesAt = (
  state: State,
  place: Place,
  commands: readonly CommandNode[],
): readonly string[] | undefined => {
  const stages: Stage[] = []
  for (const node of commands) {
    if (node.type !== 'Command' || !node.name || node.name.parts) return undefined
    const name = node.name.value.replace(trusted, '$3')
    if (!node.redirects.every(quiet) || place.functions.has(name)) return undefined
    const all = argumentsAt(state, place, node)
    const [words] = all
    if (all.length !== 1 || !words) return undefined
    stages.push({ name, args: words.slice(1) })
  }
  return printedBy(stages, state.folders.all)
}

/** Every list of words that the command can become. */
export const argumentsAt = (
  state: State,
  place: Place,
  node: Command,
): readonly (readonly Arg[])[] => {
  const values = valuesAt(state, place)
  let all: readonly (readonly Arg[])[] = [[]]
  for (const word of node.name ? [node.name, ...node.args] : []) {
    const next =
      word.type === 'Word' ? expand(word, values, state.home) : declared(state, word, values)
    all = cross(all, next, values)
  }
  return all
}

type Declared = Exclude<Command['args'][number], Word>
/** `export A=$x`: one word in bash; dash may split it, so that what isn't known is refused. */
const declared = (state: State, node: Declared, values: Values): readonly (readonly Arg[])[] => {
  if (node.value.type === 'ArrayValue') return [[{ text: `${node.name}=`, many: false }]]
  const bare = node.value.parts?.some((p) => p.type.endsWith('Expansion')) ?? false
  const index = node.index ? '[' : ''
  return wordTexts(node.value, values, state.home).map((text) => {
    if (bare && /[\s\uE003]/.test(text)) {
      refuse('A value with blanks in a declaration must be in quotes.', `Write ${node.name}="..".`)
    }
    return [{ text: `${node.name}${index}=${text}`, many: false }]
  })
}
