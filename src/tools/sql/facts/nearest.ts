const distance = (a: string, b: string, cap: number): number => {
  if (Math.abs(a.length - b.length) > cap) return cap + 1
  let before = Array.from({ length: b.length + 1 }, (_, i) => i)
  let beforeThat = before
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let best = Math.min((before[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (before[j - 1] ?? 0) + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (beforeThat[j - 2] ?? 0) + 1)
      row.push(best)
    }
    beforeThat = before
    before = row
  }
  return before[b.length] ?? cap + 1
}

/** The candidate that a slip of the hand would turn into `word` (edits and swaps, at most a third of it); undefined when none is near. */
export const nearest = (word: string, candidates: Iterable<string>): string | undefined => {
  const wanted = word.toLowerCase().slice(0, 64)
  let best: string | undefined
  let least = Math.max(1, Math.min(3, Math.floor(wanted.length / 3))) + 1
  for (const candidate of candidates) {
    if (candidate.length > 64) continue
    const other = candidate.toLowerCase()
    // Of two equally near, the one that is as long (`form` is `from` before it is `for`), or that only goes on (`wher`).
    const d =
      distance(wanted, other, Math.floor(least)) +
      (other.startsWith(wanted) ? -0.25 : other.length === wanted.length ? 0 : 0.5)
    if (d >= least) continue
    best = candidate
    least = d
  }
  return best
}
