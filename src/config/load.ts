/** The file -> Config: read, parsed, checked as a whole; every problem is told at once. The only reader of configuration. */
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { GateError } from '../errors.ts'
import { builder } from './build.ts'
import { crossChecks } from './checks.ts'
import { fileMode, readPolicies } from './files.ts'
import { configError, issueWords, problemsOf, showPath } from './problems.ts'
import { configFile } from './schema.ts'
import { largestFile, type Problem, readSource } from './source.ts'
import type { Config, Environment, KnownTool } from './types.ts'

/**
 * Reads the configuration at `path`. `tools` are the tools of this build: with them, `grants` are checked against them.
 * Throws CONFIG_INVALID with a line for each problem: file, line, key, and what would be right.
 */
export const loadConfig = (
  path: string,
  env: Environment,
  tools?: readonly KnownTool[],
): Config => {
  const file = resolve(path)
  const text = readText(file)
  const { source, problems: unreadable } = readSource(text)
  if (unreadable.length > 0) throw configError(file, unreadable)
  const { error, allowed } = issueWords()
  const parsed = configFile.safeParse(source.data ?? {}, { error, reportInput: true })
  if (!parsed.success) throw configError(file, problemsOf(parsed.error.issues, source, allowed))

  const problems: Problem[] = []
  const warnings: string[] = []
  const tell = (at: readonly (string | number)[], message: string): void => {
    problems.push({ line: source.line(at), key: showPath(at), message })
  }
  const folder = dirname(file)
  const policies =
    parsed.data.policies === undefined
      ? []
      : readPolicies(resolve(folder, parsed.data.policies), (message) =>
          tell(['policies'], message),
        )
  const mode = fileMode(file)
  if (mode !== undefined && (mode & 0o002) !== 0)
    problems.push({ line: 1, key: '', message: 'can be written by everybody: chmod o-w' })
  else if (mode !== undefined && (mode & 0o020) !== 0)
    warnings.push(`${file} can be written by its group: chmod g-w`)
  crossChecks(parsed.data, { tell, warn: (warning) => warnings.push(warning), tools, policies })
  const config = builder({ file, folder, env, tell, warnings, policies })(parsed.data)
  if (problems.length > 0) throw configError(file, problems)
  return config
}

const readText = (file: string): string => {
  const unreadable = (message: string, cause?: unknown): GateError =>
    new GateError('CONFIG_INVALID', `${file}:1: ${message}`, { cause })
  try {
    const { size } = statSync(file)
    if (size > largestFile) throw unreadable(`is larger than ${largestFile} bytes`)
    const bytes = readFileSync(file)
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (text.includes('\0')) throw unreadable('holds a NUL byte')
    return text
  } catch (error) {
    if (error instanceof GateError) throw error
    const code = (error as NodeJS.ErrnoException).code // fs and TextDecoder throw errors with codes
    if (code === 'ENOENT')
      throw unreadable(
        'is not there: `countersign init` writes one, or name it with --config',
        error,
      )
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') throw unreadable('is not UTF-8', error)
    throw unreadable(`cannot be read (${code ?? 'unknown'})`, error)
  }
}
