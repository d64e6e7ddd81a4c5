/** Text for people who decide by it: what would hide, move or fake characters is written out. */

// Controls but line feed; zero-width and other invisible characters; bidirectional controls (UAX #9); variation selectors
// and tags; lone surrogates; blanks that look like a space and are none.
const hiding =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: each character stands for itself here
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}\p{Cs}\p{Co}]/gu

const written = (character: string): string => {
  const code = character.codePointAt(0) ?? 0
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`
}

/**
 * The text with everything invisible written as `\uXXXX`; line feeds stay when `lines` is true, else they are written `\n`.
 * Cut to `most` characters, with the number of those left out.
 */
export const visible = (
  text: string,
  { most = 4_000, lines = false }: { readonly most?: number; readonly lines?: boolean } = {},
): string => {
  const characters = [...text.slice(0, most * 2)]
  const kept = text.length <= most ? text : characters.slice(0, most).join('')
  const shown = kept.replace(hiding, written)
  const left = text.length - kept.length
  const oneLine = lines ? shown : shown.replaceAll('\n', '\\n')
  return left > 0 ? `${oneLine} [... ${left} more characters]` : oneLine
}
