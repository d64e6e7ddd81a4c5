/** RFC 8785 text for what headers hold: strings, booleans, small integers, lists and objects of these. */
import type { FactValue } from '../../types.ts'

// A lone surrogate has no UTF-8 form and PostgreSQL's jsonb refuses \u0000, so both are made visible
// before anything is hashed: the header holds the six characters \uXXXX. Payload parts hold exact bytes.
const unstorable = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
const suspicious = /[\0\ud800-\udfff]/
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** The text with NUL and lone surrogates written as `\uXXXX`, which any store and any hash can take. */
export const storable = (text: string): string =>
  suspicious.test(text)
    ? text.replace(unstorable, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : text

/** A JSON string as RFC 8785 section 3.2.2.2 writes it: what JSON.stringify does to well-formed text. */
export const jcsString = (text: string): string =>
  plain.test(text) ? `"${text}"` : JSON.stringify(storable(text))

/** Integers that every JSON reader keeps are numbers; all others go in as strings (the record's rule). */
const jcsNumber = (value: number): string =>
  Number.isSafeInteger(value) ? String(value === 0 ? 0 : value) : `"${String(value)}"`

const jcsValue = (value: FactValue): string => {
  if (typeof value === 'string') return jcsString(value)
  if (typeof value === 'number') return jcsNumber(value)
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  return `[${value.map(jcsString).join(',')}]`
}

/** Object members in the order of RFC 8785 section 3.2.3: by UTF-16 code units, which is how JavaScript compares. */
export const jcsObject = (value: Readonly<Record<string, FactValue>>): string => {
  const members = new Map<string, FactValue>()
  for (const key of Object.keys(value)) {
    const member = value[key]
    if (member !== undefined) members.set(storable(key), member)
  }
  const keys = [...members.keys()].sort()
  return `{${keys.map((key) => `${jcsString(key)}:${jcsValue(members.get(key) ?? '')}`).join(',')}}`
}
