/** Structured logs on stderr, each line masked before it leaves; stdout belongs to MCP. */
import { writeSync } from 'node:fs'
import pino, { type Logger } from 'pino'

export type { Logger } from 'pino'

/** `mask` is set once the masker is open; until then lines hold no more than what start-up says of itself. */
export const openLogger = (
  level: string,
): { logger: Logger; setMask(mask: (text: string) => string): void } => {
  let mask = (text: string): string => text
  const logger = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: errorOf, error: errorOf, cause: errorOf },
    },
    {
      write: (line: string) => {
        try {
          writeSync(2, masked(mask, line))
        } catch {
          // stderr is closed: there is nobody left to tell.
        }
      },
    },
  )
  return {
    logger,
    setMask: (next) => {
      mask = next
    },
  }
}

/** A line that can't be masked is not written; that it was withheld is. */
const masked = (mask: (text: string) => string, line: string): string => {
  try {
    return `${mask(line.trimEnd())}\n`
  } catch {
    return '{"level":50,"msg":"a log line was withheld: it could not be masked"}\n'
  }
}

const shortStack = 6

const errorOf = (thrown: unknown): unknown => {
  if (!(thrown instanceof Error)) return String(thrown).slice(0, 500)
  return {
    name: thrown.name,
    message: thrown.message.slice(0, 500),
    ...('code' in thrown ? { code: String(thrown.code) } : {}),
    stack: (thrown.stack ?? '')
      .split('\n')
      .slice(1, shortStack)
      .map((line) => line.trim()),
    ...(thrown.cause === undefined ? {} : { cause: errorOf(thrown.cause) }),
  }
}
