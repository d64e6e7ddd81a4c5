/** What the demo prints: headings, tables and answers, in colour on a terminal. */
import type { Answer } from './agent.ts'

export interface Page {
  /** A line of progress, before the story. */
  progress(text: string): void
  step(text: string): void
  says(who: string, text: string): void
  table(columns: readonly string[], rows: readonly (readonly unknown[])[]): void
  refused(answer: Answer): void
  line(text?: string): void
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 }
type Colour = keyof typeof codes

/** \`write\` gets whole lines; nothing is written when it is left out (--json). */
export const openPage = (write: ((line: string) => void) | undefined, colour: boolean): Page => {
  const paint = (name: Colour, text: string): string =>
    colour ? `\u001b[${codes[name]}m${text}\u001b[0m` : text
  const line = (text = ''): void => write?.(text)
  return {
    line,
    progress: (text) => line(paint('dim', `  ${text} ...`)),
    step: (text) => {
      line()
      line(paint('bold', text))
    },
    says: (who, text) => line(`  ${paint('cyan', who.padEnd(9))}${text}`),
    table: (columns, rows) => {
      const cells = [columns, ...rows].map((row) =>
        row.map((cell) => (cell === null ? '' : String(cell)).slice(0, 56)),
      )
      const widths = columns.map((_, at) => Math.max(...cells.map((row) => (row[at] ?? '').length)))
      for (const [at, row] of cells.entries()) {
        const text =
          `           ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd()
        line(at === 0 ? paint('dim', text) : text)
      }
    },
    refused: ({ refused }) => {
      if (!refused) return
      line(`  ${paint('red', 'refused  ')}${refused.code}: ${refused.message}`)
      if (refused.rules?.length) line(`           rules: ${refused.rules.join(', ')}`)
      if (refused.hint) line(`           ${refused.hint}`)
    },
  }
}
