/** JSON read without losing what a double can't hold, and cut to size by its own parts. */
import type { Json } from '../../types.ts'
import { isObject } from './select.ts'

const deepest = 100

/** Where a string that begins at `at` ends (behind its quote), or the text's end. */
const stringEnd = (text: string, at: number): number => {
  let end = text.indexOf('"', at + 1)
  while (end >= 0) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === 92) slashes += 1
    if (slashes % 2 === 0) return end + 1
    end = text.indexOf('"', end + 1)
  }
  return text.length
}

const number = /-?[0-9][0-9.eE+-]*/y
const survives = (digits: string): boolean =>
  (digits.length < 16 && !/[eE]/.test(digits)) || String(Number(digits)) === digits

/** The value, with numbers that a double would change as strings of their digits; undefined when it is no JSON or nested deeper than 100. */
export const readJson = (text: string): Json | undefined => {
  const pieces: string[] = []
  let depth = 0
  let kept = 0
  let at = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === 34) {
      at = stringEnd(text, at)
      continue
    }
    if (code === 91 || code === 123) depth += 1
    if (depth > deepest) return undefined
    if (code === 93 || code === 125) depth -= 1
    if (code === 45 || (code >= 48 && code <= 57)) {
      number.lastIndex = at
      const digits = number.exec(text)?.[0] ?? ''
      if (digits !== '' && !survives(digits) && Number.isNaN(Number(digits)) === false) {
        pieces.push(text.slice(kept, at), '"', digits, '"')
        kept = at + digits.length
      }
      at += Math.max(1, digits.length)
      continue
    }
    at += 1
  }
  try {
    return JSON.parse(pieces.length === 0 ? text : pieces.join('') + text.slice(kept)) as Json // what JSON.parse gives
  } catch {
    return undefined
  }
}

export interface Cut {
  /** JSON pointer. */
  readonly path: string
  readonly kept: number
  readonly of: number
  readonly what: 'items' | 'members' | 'characters'
}

const mostCuts = 20

/** The value in at most about `bytes` of JSON: lists and objects lose members, long texts their ends; `cuts` says where. */
export const fitted = (
  value: Json,
  bytes: number,
): { readonly value: Json; readonly cuts: readonly Cut[] } => {
  const sizes = new Map<Json, number>()
  const cuts: Cut[] = []
  const sizeOf = (one: Json): number => {
    if (typeof one !== 'object' || one === null)
      return typeof one === 'string' ? Buffer.byteLength(JSON.stringify(one)) : String(one).length
    let size = 2
    if (Array.isArray(one)) for (const item of one as readonly Json[]) size += sizeOf(item) + 1
    else
      for (const [key, member] of Object.entries(one as { readonly [key: string]: Json }))
        size += Buffer.byteLength(JSON.stringify(key)) + 2 + sizeOf(member)
    sizes.set(one, size)
    return size
  }
  const size = (one: Json): number => sizes.get(one) ?? sizeOf(one)
  const note = (cut: Cut): void => {
    if (cuts.length < mostCuts) cuts.push(cut)
  }

  const shrunk = (one: Json, room: number, path: string): Json => {
    if (size(one) <= room) return one
    if (typeof one === 'string') {
      const kept = cutText(one, Math.max(0, room - 2))
      note({ path, kept: kept.length, of: one.length, what: 'characters' })
      return kept
    }
    if (Array.isArray(one)) return list(one as readonly Json[], room, path)
    return isObject(one) ? object(one, room, path) : one
  }
  const list = (items: readonly Json[], room: number, path: string): Json => {
    const kept: Json[] = []
    let left = room - 2
    for (const [at, item] of items.entries()) {
      // The first one is shown in part rather than nothing at all.
      const whole = size(item) + 1 <= left
      if (!whole && (kept.length > 0 || left < 16)) break
      kept.push(whole ? item : shrunk(item, left, `${path}/${at}`))
      if (!whole) break
      left -= size(item) + 1
    }
    if (kept.length < items.length)
      note({ path, kept: kept.length, of: items.length, what: 'items' })
    return kept
  }
  const object = (members: { readonly [key: string]: Json }, room: number, path: string): Json => {
    const entries = Object.entries(members)
    const costs = entries.map(([key, member]) => ({
      key,
      own: Buffer.byteLength(JSON.stringify(key)) + 2,
      size: size(member),
    }))
    // Small members whole; the large ones share what is left.
    const kept = new Map<string, Json>()
    let left = room - 2
    const bySize = costs.sort((a, b) => a.size - b.size)
    for (const [at, { key, own, size: wants }] of bySize.entries()) {
      const member = members[key]
      const share = left / (bySize.length - at) - own
      if (member === undefined) continue
      if (wants > share && share < 16) break
      const fits = wants <= share ? member : shrunk(member, share, `${path}/${escaped(key)}`)
      kept.set(key, fits)
      left -= own + (wants <= share ? wants : sizeOf(fits))
    }
    if (kept.size < entries.length)
      note({ path, kept: kept.size, of: entries.length, what: 'members' })
    return Object.fromEntries(
      entries.flatMap(([key]) => {
        const member = kept.get(key)
        return member === undefined ? [] : [[key, member]]
      }),
    )
  }
  return { value: shrunk(value, bytes, ''), cuts }
}

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

/** The longest beginning of a text with at most `bytes` in UTF-8, no character cut in half. */
export const cutText = (text: string, bytes: number): string => {
  const whole = Buffer.from(text, 'utf8')
  if (whole.length <= bytes) return text
  let end = bytes
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return whole.toString('utf8', 0, end)
}
