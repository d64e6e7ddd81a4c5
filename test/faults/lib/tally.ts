/** Figures of many calls: how long, how often what. */

export interface Timed<T> {
  readonly done: T
  readonly ms: number
}

/** With the milliseconds that it took. */
export const took = async <T>(work: Promise<T>): Promise<Timed<T>> => {
  const started = performance.now()
  const done = await work
  return { done, ms: Math.round(performance.now() - started) }
}

/** `share` in (0, 1]; 1 is the slowest. */
export const percentile = (all: readonly Timed<unknown>[], share: number): number => {
  const sorted = all.map(({ ms }) => ms).sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}

/** `12 ok, 3 AUDIT_UNAVAILABLE`; the most frequent first. */
export const counted = (words: readonly string[]): string => {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([word, count]) => `${count} ${word}`)
    .join(', ')
}
