/** RFC 8785-like text: equal values give equal text, whatever the order of their keys; of an input without its `reason`. */
import type { Json } from '../types.ts'

export const canonicalJson = (value: Json): string => {
  if (Array.isArray(value))
    return `[${value.map((item: Json) => canonicalJson(item ?? null)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const object = value as Readonly<Record<string, Json>>
  const members = Object.keys(object)
    .filter((key) => object[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(object[key] ?? null)}`)
  return `{${members.join(',')}}`
}

export const canonicalInput = (input: unknown): string => {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return canonicalJson(input as Json)
  const { reason: _reason, idempotency_key: _key, ...rest } = input as Record<string, Json>
  return canonicalJson(rest)
}
