/** Values that are no table: inputs, plans, notices, documents; walked, every key and string looked at. */
import type { Json } from '../types.ts'
import { maskedJson } from './json-text.ts'
import { isSensitiveName, references } from './names.ts'
import type { Pass } from './pass.ts'

const deepest = 200

const isObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value masked. `frame`: its own keys are ours, so that their names tell nothing. Throws when it is nested deeper than 200. */
export const maskedValue = (value: Json, pass: Pass, frame = false): Json =>
  walk(value, pass, 0, false, frame)

const walk = (value: Json, pass: Pass, depth: number, hidden: boolean, frame: boolean): Json => {
  if (depth > deepest) throw new RangeError('nested too deeply to be masked')
  if (typeof value === 'string')
    return hidden && value !== '' ? pass.named() : documentText(value, pass)
  if (typeof value === 'number') return hidden ? pass.named() : maskedNumber(value, pass)
  if (value === null || typeof value === 'boolean') return value
  if (!isObject(value)) return value.map((item) => walk(item, pass, depth + 1, hidden, false))
  return object(value, pass, depth, hidden, frame)
}

const object = (
  value: { readonly [key: string]: Json },
  pass: Pass,
  depth: number,
  hidden: boolean,
  frame: boolean,
): Json => {
  const entries = Object.entries(value)
  const telling = entries.some(
    ([key, name]) =>
      /^(?:name|key)$/i.test(key) && typeof name === 'string' && isSensitiveName(name),
  )
  // `fromEntries` defines own members, so a key `__proto__` stays a key.
  return Object.fromEntries(
    entries
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => {
        const under =
          (hidden && !references.has(key)) ||
          (!frame && (depth === 0 ? isSensitiveName(key) : pass.telling(key))) ||
          (telling && /^val(?:ue)?$/i.test(key))
        return [frame ? key : pass.text(key), walk(member, pass, depth + 1, under, false)]
      }),
  )
}

const maskedNumber = (value: number, pass: Pass): Json => {
  if (!Number.isFinite(value)) return String(value)
  if (Math.abs(value) < 10_000_000) return value
  const text = String(value)
  const masked = pass.text(text)
  return masked === text ? value : masked
}

/** A document that is JSON is read as such: names, escapes and all. What is not changed by that keeps its form. */
const documentText = (text: string, pass: Pass): string => {
  const first = /^\s*([{[])/.exec(text.slice(0, 64))
  if (first === null || text.length < 8) return pass.text(text)
  const before = hitsOf(pass)
  const rewritten = maskedJson(text, pass)
  if (rewritten === undefined || hitsOf(pass) === before) return pass.text(text)
  return rewritten
}

const hitsOf = (pass: Pass): number => [...pass.hits.values()].reduce((sum, hits) => sum + hits, 0)
