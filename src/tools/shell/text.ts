/** The characters that a command may be made of: what an approver sees must be what the shell reads. */
import { GateError } from '../../errors.ts'

/** Controls, format characters (bidi, zero width), private use, and every space but the plain one; tab and line feed stay. */
const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u
const dashes = /(^|[\s'"=])[\u2010-\u2015\u2212\uFE58\uFE63\uFF0D]/u

const refuse = (message: string, hint: string, position: number): never => {
  throw new GateError('INPUT_REFUSED', message, { hint, position })
}

/** Throws INPUT_REFUSED with the place of the first character that a person would not see as it is. */
export const checkText = (text: string): void => {
  const found = unseen.exec(text.replace(/[\t\n]/g, ' '))
  if (found) {
    const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    refuse(
      `The command holds the character U+${code}, which cannot be seen as it is.`,
      'Write the command in plain characters.',
      found.index + 1,
    )
  }
  const dash = dashes.exec(text)
  if (dash) {
    refuse(
      'The command holds a character that only looks like a dash.',
      'Write options with the plain "-".',
      dash.index + 1,
    )
  }
}
