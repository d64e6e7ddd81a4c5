/** What an approver sees of a write: the lines that go and the lines that come, with a little around them. */

const around = 3
const mostCells = 2_000_000
const mostLines = 400

interface Line {
  readonly mark: ' ' | '-' | '+'
  readonly text: string
}

/** Longest common subsequence, where that stays small; else everything goes and everything comes. */
const changed = (before: readonly string[], after: readonly string[]): readonly Line[] => {
  const gone = before.map((text): Line => ({ mark: '-', text }))
  const come = after.map((text): Line => ({ mark: '+', text }))
  if (before.length * after.length > mostCells) return [...gone, ...come]
  const width = after.length + 1
  const length = new Uint32Array((before.length + 1) * width)
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const here = i * width + j
      length[here] =
        before[i] === after[j]
          ? (length[here + width + 1] ?? 0) + 1
          : Math.max(length[here + width] ?? 0, length[here + 1] ?? 0)
    }
  }
  const lines: Line[] = []
  let i = 0
  let j = 0
  while (i < before.length && j < after.length) {
    const here = i * width + j
    if (before[i] === after[j]) {
      lines.push({ mark: ' ', text: before[i] ?? '' })
      i += 1
      j += 1
    } else if ((length[here + width] ?? 0) >= (length[here + 1] ?? 0)) {
      lines.push({ mark: '-', text: before[i] ?? '' })
      i += 1
    } else {
      lines.push({ mark: '+', text: after[j] ?? '' })
      j += 1
    }
  }
  return [...lines, ...gone.slice(i), ...come.slice(j)]
}

/** Line diff of two texts; says how many lines it left out. */
export const diff = (before: string, after: string): string => {
  const a = before === '' ? [] : before.split('\n')
  const b = after === '' ? [] : after.split('\n')
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1
  let tail = 0
  while (
    tail < a.length - head &&
    tail < b.length - head &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  )
    tail += 1
  const middle = changed(a.slice(head, a.length - tail), b.slice(head, b.length - tail))
  if (middle.every((l) => l.mark === ' ')) return ''
  const context = (lines: readonly string[]): readonly Line[] =>
    lines.map((text) => ({ mark: ' ', text }))
  const from = Math.max(0, head - around)
  const all = [
    ...context(a.slice(from, head)),
    ...middle,
    ...context(a.slice(a.length - tail, a.length - tail + around)),
  ]
  const shown = all.slice(0, mostLines).map((l) => l.mark + l.text)
  const left = all.length - shown.length
  return [
    `@@ from line ${from + 1} @@`,
    ...shown,
    ...(left > 0 ? [`(${left} more lines)`] : []),
  ].join('\n')
}
