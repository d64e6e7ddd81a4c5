/** What all commands share: global options, the configuration, and how to print and to fail. */
import type { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { configPath } from '../config/location.ts'
import type { Config } from '../config/types.ts'
import { GateError } from '../errors.ts'
import { visible, visibleJson } from '../masking/visible.ts'
import { systemWords } from './system-words.ts'

export interface Globals {
  readonly config?: string
  readonly json?: boolean
}

/** Exit codes: sysexits' EX_USAGE for usage, the others as `grep` and `diff` have them. */
export const exitCodes = { fine: 0, notSo: 1, failed: 2, usage: 64 } as const

/** Thrown by a command whose answer is no: tampered, denied, test failed. Exit 1, its message on stderr. */
export class NotSo extends Error {
  override readonly name = 'NotSo'
}

/** Thrown for arguments that make no sense together. Exit 64. */
export class Usage extends Error {
  override readonly name = 'Usage'
}

export const globalsOf = (command: Command): Globals => command.optsWithGlobals<Globals>()

/** Absolute path of the configuration that a command means. */
export const pathOf = (globals: Globals): string => configPath(globals.config, process.env)

/** Throws CONFIG_INVALID, with a line for each problem. */
export const configOf = (globals: Globals): Config => loadConfig(pathOf(globals), process.env)

/** With `--json` one line of JSON, else the text. */
export const print = (globals: Globals, json: unknown, text: string): void => {
  process.stdout.write(
    globals.json === true ? `${visibleJson(JSON.stringify(json))}\n` : `${text}\n`,
  )
}

/** Whether standard output takes colour: a terminal that can, and nobody who asked for none (no-color.org). */
export const inColour = (env: NodeJS.ProcessEnv = process.env): boolean =>
  process.stdout.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'

/** Of an id that a person typed or pasted. Throws Usage. */
export const callIdOf = (text: string): string => {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text
  throw new Usage(
    'A call id looks like 0198c5a2-7c1e-7a3b-9f00-1234567890ab; `countersign approvals list` and `audit tail` show them.',
  )
}

/** Writes why a command failed and gives its exit code. */
export const report = (thrown: unknown, asJson: boolean): number => {
  const { code, message, hint } = said(thrown)
  if (asJson)
    process.stdout.write(
      `${JSON.stringify({ error: { code, message, ...(hint ? { hint } : {}) } })}\n`,
    )
  else
    process.stderr.write(
      `${visible(message, { lines: true, most: 100_000 })}\n${hint === undefined ? '' : `${visible(hint, { lines: true })}\n`}`,
    )
  if (thrown instanceof NotSo) return exitCodes.notSo
  return thrown instanceof Usage ? exitCodes.usage : exitCodes.failed
}

const said = (thrown: unknown): { code: string; message: string; hint?: string | undefined } => {
  if (thrown instanceof GateError)
    return { code: thrown.code, message: thrown.message, hint: thrown.teaching.hint }
  if (thrown instanceof NotSo) return { code: 'NOT_SO', message: thrown.message }
  if (thrown instanceof Usage) return { code: 'USAGE', message: thrown.message }
  const words = systemWords(thrown)
  if (words !== undefined) return { code: 'CONFIG_INVALID', message: words }
  // At the terminal of whoever runs the command, an unforeseen error may say what it is.
  return { code: 'INTERNAL', message: thrown instanceof Error ? thrown.message : String(thrown) }
}
