/** One masking of one output: the engine, what it has found so far, and the time that it may take. */
import { type Deadline, type Engine, withPersonal } from './engine.ts'
import { count, type Hits, standIn } from './finding.ts'
import type { JsonMask } from './json-text.ts'
import { isSensitiveName } from './names.ts'
import { isPersonalName } from './personal.ts'

export interface Pass extends JsonMask {
  readonly engine: Engine
  readonly tokenKey: Uint8Array
  readonly hits: Hits
  readonly deadline: Deadline
  /** Texts of this output may end in the middle of something. */
  readonly cut: boolean
  /** Masks what is to be masked in text that holds no NUL. */
  mask(text: string): string
}

/** Text with a NUL is no text: UTF-16 and binary files read as such would hide what they hold. */
export const isBinary = (text: string): boolean => text.includes('\0')

export const withheldBytes = (bytes: number, type: string): string =>
  `[withheld: ${bytes} bytes of ${type}]`

/** `personal`: a mask profile asks for personal data to be masked as well. `cut`: the output says that it is not whole. */
export const openPass = (
  plain: Engine,
  tokenKey: Uint8Array,
  deadline: Deadline,
  personal: boolean,
  cut = false,
): Pass => {
  const engine = personal ? withPersonal(plain) : plain
  const hits: Hits = new Map()
  const mask = (text: string): string => engine.mask(text, hits, deadline, cut)
  return {
    engine,
    tokenKey,
    hits,
    deadline,
    cut,
    mask,
    text: (text) => {
      if (isBinary(text)) {
        count(hits, 'binary')
        return withheldBytes(Buffer.byteLength(text), 'binary')
      }
      return mask(text.toWellFormed())
    },
    telling: (name) => isSensitiveName(name) || (personal && isPersonalName(name)),
    named: () => {
      count(hits, 'named')
      return standIn('named')
    },
  }
}
