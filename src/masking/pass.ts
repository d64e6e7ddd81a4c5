/** One masking of one output: the engine, what it has found so far, and the time that it may take. */
import type { Deadline, Engine } from './engine.ts'
import { count, type Hits, standIn } from './finding.ts'
import type { JsonMask } from './json-text.ts'

export interface Pass extends JsonMask {
  readonly engine: Engine
  readonly tokenKey: Uint8Array
  readonly hits: Hits
  readonly deadline: Deadline
  /** Masks what is to be masked in text that holds no NUL. */
  mask(text: string): string
}

/** Text with a NUL is no text: UTF-16 and binary files read as such would hide what they hold. */
export const isBinary = (text: string): boolean => text.includes('\0')

export const withheldBytes = (bytes: number, type: string): string =>
  `[withheld: ${bytes} bytes of ${type}]`

export const openPass = (engine: Engine, tokenKey: Uint8Array, deadline: Deadline): Pass => {
  const hits: Hits = new Map()
  const mask = (text: string): string => engine.mask(text, hits, deadline)
  return {
    engine,
    tokenKey,
    hits,
    deadline,
    mask,
    text: (text) => {
      if (isBinary(text)) {
        count(hits, 'binary')
        return withheldBytes(Buffer.byteLength(text), 'binary')
      }
      return mask(text.toWellFormed())
    },
    named: () => {
      count(hits, 'named')
      return standIn('named')
    },
  }
}
