/** Text for people who decide by it: what would hide, move or fake characters is written out. */

// Controls but line feed; zero-width and other invisible characters; bidirectional controls (UAX #9); variation selectors
// and tags; lone surrogates; blanks that look like a space and are none; marks that strike out or enclose what they follow;
// letters and digits that are drawn like ASCII's.
const hiding =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: each character stands for itself here
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}\u0334-\u0338\u20d0-\u20f0\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\u{1d400}-\u{1d7ff}\p{Cs}\p{Co}]/gu

// A word of Latin letters with some of a script that has look-alikes of them (UTS #39): `users` with a Cyrillic e.
const word = /[\p{L}\p{M}\p{N}_]+/gu
const latin = /\p{Script=Latin}/u
const alike =
  /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}\p{Script=Lisu}]/gu
const unmixed = (text: string): string =>
  text.replace(word, (one) => (latin.test(one) ? one.replace(alike, written) : one))

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
  const shown = unmixed(kept.replace(hiding, written))
  const left = text.length - kept.length
  const oneLine = lines ? shown : shown.replaceAll('\n', '\\n')
  return left > 0 ? `${oneLine} [... ${left} more characters]` : oneLine
}

/** The same JSON, in which what would hide is escaped: for a terminal as good as for a program. */
export const visibleJson = (json: string): string =>
  json.replace(hiding, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )

/** Long runs of blanks and of empty lines as their number, so that nothing is pushed out of sight. */
export const unpadded = (text: string): string =>
  text
    .replace(/[ \t]{40,}/g, (run) => `[${run.length} blanks]`)
    .replace(/\n(?:[ \t]*\n){8,}/g, (run) => `\n[${run.split('\n').length - 2} empty lines]\n`)
