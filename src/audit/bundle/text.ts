/** RFC 8785 text of whatever a bundle's line holds: strings, booleans, integers that every reader keeps, lists, objects. */
import { jcsString } from '../stream/jcs.ts'

/** A value that no line of a bundle may hold. */
export class NotCanonical extends Error {
  override readonly name = 'NotCanonical'
}

/** Levels of lists and objects that a line may have. */
export const DEEPEST = 32

/** Throws NotCanonical. */
export const canonicalText = (value: unknown, depth = 0): string => {
  if (typeof value === 'string') return jcsString(value)
  if (value === true) return 'true'
  if (value === false) return 'false'
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new NotCanonical('holds a number that is no integer')
    return String(value === 0 ? 0 : value)
  }
  if (typeof value !== 'object' || value === null) throw new NotCanonical('holds null')
  if (depth >= DEEPEST) throw new NotCanonical('is nested too deep')
  if (Array.isArray(value))
    return `[${value.map((one) => canonicalText(one, depth + 1)).join(',')}]`
  let text = '{'
  // JSON.parse makes plain objects; code units are what RFC 8785 sorts by and what sort() compares.
  const members = value as Readonly<Record<string, unknown>>
  for (const key of Object.keys(members).sort())
    text += `${text === '{' ? '' : ','}${jcsString(key)}:${canonicalText(members[key], depth + 1)}`
  return `${text}}`
}
