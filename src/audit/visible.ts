/** Text that was written by others, for a terminal: nothing in it moves the cursor, hides, or turns direction. */

// C0 and C1 controls, soft hyphen, Arabic letter mark, zero-width and bidi marks, line and paragraph separators,
// invisible operators, variation selectors, byte order mark, interlinear and tag characters, lone surrogates.
const unseen =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115f\u1160\u3164\uffa0]|\p{Variation_Selector}|\u034f|\u17b4|\u17b5|[\u{e0000}-\u{e0fff}]/gu

const spelled = (char: string): string => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`

/** One line: control, bidi, zero-width and other unseen characters as `\u{..}`. */
export const visible = (text: string): string => text.replace(unseen, spelled)

/** The same, keeping line breaks and tabs. */
export const visibleLines = (text: string): string =>
  text.replace(unseen, (char) => (char === '\n' || char === '\t' ? char : spelled(char)))

/** One line of at most `most` characters, saying how many were left out. */
export const brief = (text: string, most: number): string => {
  const shown = visible(text)
  const chars = [...shown]
  if (chars.length <= most) return shown
  return `${chars.slice(0, most).join('')}… (${chars.length - most} more)`
}
