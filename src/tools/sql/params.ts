/** Parameters of a statement as PostgreSQL's text, types left to the server. */
import { GateError } from '../../errors.ts'

// PostgreSQL's text holds no NUL, and half a surrogate pair is no character: both would change what was judged.
const unfit = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/

/** Throws INPUT_REFUSED for text that can't reach the server as it is. */
export const checkText = (text: string, what: string): void => {
  if (unfit.test(text))
    throw new GateError('INPUT_REFUSED', `${what} has a NUL or half a character in it.`)
}

const textOf = (value: unknown, at: number): string | null => {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (typeof value !== 'number') return JSON.stringify(value)
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new GateError(
      'INPUT_REFUSED',
      `Parameter $${at + 1} is beyond what a JSON number holds exactly.`,
      {
        hint: 'Send large integers as strings.',
      },
    )
  return String(value)
}

/** Arrays and objects become JSON text; an SQL array is sent as its text, `{1,2}`. Throws INPUT_REFUSED. */
export const paramTexts = (params: readonly unknown[] = []): (string | null)[] =>
  params.map((value, at) => {
    const text = textOf(value, at)
    if (text !== null) checkText(text, `Parameter $${at + 1}`)
    return text
  })
