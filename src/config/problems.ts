/** What is wrong in a file, in our words: file, line, key, and what would be right. All problems at once. */
import type { z } from 'zod'
import { GateError } from '../errors.ts'
import { nearest, suggestion } from './nearest.ts'
import type { Path, Problem, Source } from './source.ts'

const most = 50

/** `targets.shop.host`, `grants[0].tools`. */
export const showPath = (path: Path): string =>
  path
    .map((step, at) => (typeof step === 'number' ? `[${step}]` : at === 0 ? step : `.${step}`))
    .join('')

/** One CONFIG_INVALID for all problems, a line each, in the order of the file. */
export const configError = (file: string, problems: readonly Problem[]): GateError => {
  const lines = [...problems]
    .sort((left, right) => left.line - right.line)
    .slice(0, most)
    .map(
      ({ line, key, message, file: other }) =>
        `${other ?? file}:${line}: ${key === '' ? '' : `${key}: `}${message}`,
    )
  const rest = problems.length > most ? [`... and ${problems.length - most} more`] : []
  return new GateError('CONFIG_INVALID', [...lines, ...rest].join('\n'))
}

type RawIssue = Parameters<z.core.$ZodErrorMap>[0]

/** Words for an issue that the schema has none for, and the keys that an object may have, by path. */
export const issueWords = (): {
  readonly error: z.core.$ZodErrorMap
  allowed(path: Path): readonly string[]
} => {
  const keys = new Map<string, readonly string[]>()
  const error = (issue: RawIssue): string => {
    if (issue.code === 'unrecognized_keys') {
      const path = (issue.path ?? []).map(String)
      keys.set(JSON.stringify(path), shapeKeys(issue.inst))
    }
    return words(issue)
  }
  return { error, allowed: (path) => keys.get(JSON.stringify(path.map(String))) ?? [] }
}

const shapeKeys = (schema: unknown): readonly string[] => {
  // zod puts the schema that found the issue into `inst`; an object's has its shape in `_zod.def`.
  const def = (schema as { _zod?: { def?: { shape?: object } } } | undefined)?._zod?.def
  return Object.keys(def?.shape ?? {})
}

const words = (issue: RawIssue): string => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined || issue.input === null
        ? `is missing: write ${typeWords(issue.expected)}`
        : `is ${typeWords(typeOf(issue.input))}; write ${typeWords(issue.expected)}`
    case 'invalid_value':
      return choose(issue.input, [...issue.values].map(String))
    case 'invalid_union':
      return issue.discriminator === undefined
        ? 'is of no form that is known here'
        : choose(
            (issue.input as Record<string, unknown> | undefined)?.[issue.discriminator], // an object, or zod would say invalid_type
            Array.isArray(issue.options) ? issue.options.map(String) : [],
          )
    case 'too_big':
      return `is too large: at most ${issue.maximum}`
    case 'too_small':
      return `is too small: at least ${issue.minimum}`
    default:
      return 'is not written as it must be'
  }
}

const choose = (given: unknown, options: readonly string[]): string => {
  const near = typeof given === 'string' ? nearest(given, options) : undefined
  const said = given === undefined ? 'is missing' : `is ${JSON.stringify(given)?.slice(0, 80)}`
  return `${said}; write ${near === undefined ? `one of ${options.join(', ')}` : `${near} (one of ${options.join(', ')})`}`
}

const typeOf = (value: unknown): string =>
  Array.isArray(value) ? 'array' : Number.isNaN(value) ? 'nan' : typeof value

const typeWords = (type: string): string =>
  ({
    array: 'a list',
    object: 'keys and values',
    record: 'keys and values',
    string: 'a text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
  })[type] ?? type

/** The schema's issues at their lines. */
export const problemsOf = (
  issues: readonly z.core.$ZodIssue[],
  source: Source,
  allowed: (path: Path) => readonly string[],
): readonly Problem[] =>
  issues.flatMap((issue): readonly Problem[] => {
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({
        line: source.line([...path, key]),
        key: showPath([...path, key]),
        message: `is no key that is known here${suggestion(key, allowed(path))}`,
      }))
    const inner = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined
    const absent = issue.input === undefined && !issue.message.startsWith('is missing')
    const message = `${absent ? 'is missing; ' : ''}${inner ?? issue.message}`
    return [{ line: source.line(path), key: showPath(path), message }]
  })
