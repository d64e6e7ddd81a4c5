/** Facts of a shell command: what it runs, reads and writes, found by a real parser before anything runs. */
import { Findings } from './findings.ts'
import { plainWords } from './plain.ts'
import { checkText } from './text.ts'
import type { Dialect, ShellFacts, ShellOptions } from './types.ts'
import { Walk } from './walk.ts'

const whole = (record: Findings, words: readonly string[] | undefined): ShellFacts => {
  const facts = record.facts()
  return {
    ...facts,
    ...(words ? { words } : {}),
    policy: { ...facts.policy, statements: record.statements },
  }
}

/**
 * Facts of shell text, as the shell of this dialect would read it. Throws SYNTAX_ERROR where it does not parse and
 * INPUT_REFUSED where it can't be judged, or is for nobody. What is not known to only read is a write.
 */
export const shellFacts = (script: string, dialect: Dialect, options: ShellOptions): ShellFacts => {
  const record = new Findings(options)
  const tree = new Walk(record, options).script(script, {
    dialect,
    params: undefined,
    depth: 0,
    hidden: false,
    inside: false,
  })
  return whole(record, plainWords(tree))
}

/** Facts of a command given as words that no shell reads; `sh -c TEXT` and the like are followed into the text. */
export const argvFacts = (argv: readonly string[], options: ShellOptions): ShellFacts => {
  for (const word of argv) checkText(word)
  const record = new Findings(options)
  new Walk(record, options).words(argv.map((text) => ({ text, many: false })))
  return whole(record, argv)
}
