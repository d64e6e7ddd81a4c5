/** The nearest right word, for errors that teach. */

/** Insertions, deletions, substitutions and swaps of neighbours between two words (optimal string alignment). */
const distance = (left: string, right: string): number => {
  let before: number[] = []
  let above = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row += 1) {
    const line = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1]
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      line.push(
        Math.min(
          (above[column] ?? 0) + 1,
          (line[column - 1] ?? 0) + 1,
          (above[column - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
    before = above
    above = line
  }
  return above[right.length] ?? 0
}

/** The candidate that `word` most likely meant; undefined when none is near. */
export const nearest = (word: string, candidates: Iterable<string>): string | undefined => {
  const asked = word.slice(0, 64).toLowerCase()
  let best: { readonly candidate: string; readonly far: number } | undefined
  for (const candidate of candidates) {
    const far = distance(asked, candidate.slice(0, 64).toLowerCase())
    if (best === undefined || far < best.far) best = { candidate, far }
  }
  const most = Math.max(1, Math.floor(asked.length / 2.5))
  return best !== undefined && best.far <= most ? best.candidate : undefined
}

/** ` (did you mean x?)`, or the few there are, or nothing. */
export const suggestion = (word: string, candidates: readonly string[]): string => {
  const near = nearest(word, candidates)
  if (near !== undefined) return `; did you mean ${near}?`
  if (candidates.length === 0) return ''
  const shown = candidates.slice(0, 12).join(', ')
  return `; there ${candidates.length === 1 ? 'is' : 'are'} ${shown}${candidates.length > 12 ? ' ...' : ''}`
}
