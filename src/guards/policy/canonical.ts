/** RFC 8785 for what policy needs: strings, booleans, whole numbers, lists and objects. */
import { createHash } from 'node:crypto'

/** Text with sorted keys. Throws TypeError on null, fractions, unsafe numbers, and text that is not well-formed Unicode. */
export const canonical = (value: unknown): string => {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError('only whole numbers have one form here')
    return String(value === 0 ? 0 : value)
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null)
    throw new TypeError(`no form for ${typeof value}`)
  const fields = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))
  return `{${fields.map(([key, inner]) => `${quoted(key)}:${canonical(inner)}`).join(',')}}`
}

const quoted = (text: string): string => {
  // A lone surrogate would reach Cedar as another character (RFC 8785 section 3.2.2.2 refuses it too).
  if (/\p{Surrogate}/u.test(text)) throw new TypeError('text that is not well-formed Unicode')
  return JSON.stringify(text)
}

export const sha256 = (text: string): string =>
  `sha256:${createHash('sha256').update(text).digest('hex')}`
