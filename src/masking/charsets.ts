/** Sets of ASCII characters, and how far a run of them goes. */

export type Charset = Uint8Array

/** `'A-Za-z0-9_-'`: as in a regular expression's class, a dash last stands for itself. */
export const charset = (ranges: string): Charset => {
  const set = new Uint8Array(128)
  for (const [range] of ranges.matchAll(/.-.|./gs))
    set.fill(1, range.charCodeAt(0), range.charCodeAt(range.length - 1) + 1)
  return set
}

export const alphanumeric = charset('A-Za-z0-9')
export const digits = charset('0-9')
export const hexDigits = charset('0-9A-Fa-f')
export const base64Characters = charset('A-Za-z0-9+/=_-')
export const tokenCharacters = charset('A-Za-z0-9_-')

/** Blanks and dashes beyond ASCII that stand between groups of digits, also those of no width. */
export const wideGap = /[\u00a0\u2000-\u200b\u2010-\u2015\u202f\u2060\u2212\ufeff]/

export const isIn = (set: Charset, text: string, at: number): boolean =>
  set[text.charCodeAt(at)] === 1

/** Where the run of `set` that holds position `from` ends (exclusive); `from` itself when there is none. */
export const runEnd = (set: Charset, text: string, from: number, most = text.length): number => {
  const stop = Math.min(text.length, most)
  let at = from
  while (at < stop && isIn(set, text, at)) at++
  return at
}

/** Where the run of `set` that ends before `to` starts, at most `most` characters back. */
export const runStart = (set: Charset, text: string, to: number, most: number): number => {
  const stop = Math.max(0, to - most)
  let at = to
  while (at > stop && isIn(set, text, at - 1)) at--
  return at
}
