/** Places where bash evaluates text as code, though it looks like a number or a name. */
import type { Word, WordPart } from 'unbash'
import { valuesAt } from './evaluate.ts'
import { refuse } from './findings.ts'
import { variableKind } from './scope.ts'
import type { Place, State } from './state.ts'
import { token } from './wildcard.ts'
import { wordTexts } from './words.ts'

const number = (text: string): boolean => text === token || /^\s*-?[0-9]*\s*$/.test(text)
const subscript = (): never => refuse('A subscript that is computed can run code.')

/** A variable in arithmetic: its text is evaluated, and so is the text of a variable that it names. */
export const checkArithmetic = (state: State, place: Place, name: string, at: number): void => {
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    if (name.includes('[')) subscript()
    return
  }
  if (!valuesAt(state, place).variable(name, at).every(number)) {
    refuse(
      `${name} may hold something else than a number, which bash would run as code.`,
      'Compute with numbers that are written out.',
    )
  }
}

/** What stands beside `-eq` and the like in `[[ ]]`. */
export const checkNumber = (state: State, place: Place, word: Word): void => {
  if (!wordTexts(word, valuesAt(state, place)).every(number)) {
    refuse('bash evaluates what stands beside -eq in [[ ]] as code.', 'Use [ .. -eq .. ].')
  }
}

export const checkParameter = (node: Extract<WordPart, { type: 'ParameterExpansion' }>): void => {
  if (node.index && !/^([0-9]+|[@*])$/.test(node.index.text)) subscript()
  const operation = node.operation
  if (operation?.type === 'Default' && operation.operator.endsWith('=')) {
    if (variableKind(node.parameter, undefined) === 'bad') settingRefused(node.parameter)
  }
  if (operation?.type !== 'Slice') return
  for (const word of [operation.offset, operation.length]) {
    if (word && !/^\s*-?[0-9]+\s*$/.test(word.text)) {
      refuse('A computed slice can run code.', 'Write the numbers out.')
    }
  }
}

export const settingRefused = (name: string): never =>
  refuse(`Setting ${name} can change which code runs.`, 'Leave the variable out.')
