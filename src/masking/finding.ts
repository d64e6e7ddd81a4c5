/** What is to be masked in a text, and how the text reads without it. */

export interface Finding {
  readonly start: number
  /** Exclusive. */
  readonly end: number
  /** What it is: `email`, `card`, `known` ...: the key in the log's counts. */
  readonly type: string
}

/** Type -> count. */
export type Hits = Map<string, number>

export const count = (hits: Hits, type: string, by = 1): void => {
  hits.set(type, (hits.get(type) ?? 0) + by)
}

/** What stands in the place of what was masked. */
export const standIn = (type: string): string => `[masked:${type}]`

/** Sorted, and those that overlap made one, under the type of the first. */
export const merged = (findings: readonly Finding[]): readonly Finding[] => {
  if (findings.length < 2) return findings
  const sorted = [...findings].sort((a, b) => a.start - b.start || b.end - a.end)
  const result: Finding[] = []
  for (const finding of sorted) {
    const last = result.at(-1)
    if (last === undefined || finding.start >= last.end) result.push(finding)
    else if (finding.end > last.end) result[result.length - 1] = { ...last, end: finding.end }
  }
  return result
}

/** The text with each finding replaced; `findings` as `merged` gives them. */
export const replaced = (text: string, findings: readonly Finding[], hits: Hits): string => {
  let result = ''
  let at = 0
  for (const { start, end, type } of findings) {
    result += text.slice(at, start) + standIn(type)
    at = end
    count(hits, type)
  }
  return result + text.slice(at)
}
