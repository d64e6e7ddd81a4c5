/** The small languages of the configuration: durations, sizes, secret references, names. */
import { z } from 'zod'

const unitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const unitsBytes = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

/** Milliseconds of `15m`, `60s`, `400d`, `250ms`, `12h`; undefined when it is none. */
const parseDuration = (text: string): number | undefined => {
  const found = /^(?<count>[1-9]\d{0,8})(?<unit>ms|s|m|h|d)$/.exec(text)?.groups
  if (found === undefined) return undefined
  return Number(found.count) * unitsMs[found.unit as keyof typeof unitsMs] // the pattern names the units
}

/** Bytes of `512B`, `64KiB`, `1MiB`, `1GiB` or a plain number; undefined when it is none. */
const parseSize = (value: string | number): number | undefined => {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value > 0 ? value : undefined
  const found = /^(?<count>[1-9]\d{0,8})(?<unit>B|KiB|MiB|GiB)$/.exec(value)?.groups
  if (found === undefined) return undefined
  return Number(found.count) * unitsBytes[found.unit as keyof typeof unitsBytes] // as above
}

const says = (message: string) => ({ error: message })

/** A duration from `min` to `max` milliseconds, as milliseconds. */
export const duration = (min: number, max: number) =>
  z
    .string(says('write a duration: a number with ms, s, m, h or d, for example 15m'))
    .regex(
      /^[1-9]\d{0,8}(ms|s|m|h|d)$/,
      says('write a duration: a number with ms, s, m, h or d, for example 15m'),
    )
    .transform((text) => parseDuration(text) ?? Number.NaN)
    .refine(
      (ms) => ms >= min && ms <= max,
      says(`must lie between ${showDuration(min)} and ${showDuration(max)}`),
    )

/** The shortest form of a number of milliseconds: `15m`, `400d`. */
const showDuration = (ms: number): string => {
  const fitting = (Object.entries(unitsMs) as [string, number][]) // the keys are the units
    .reverse()
    .find(([, size]) => ms % size === 0)
  return fitting === undefined ? `${ms}ms` : `${ms / fitting[1]}${fitting[0]}`
}

const sizeWords = says('write a size: a number with B, KiB, MiB or GiB, for example 1MiB')
/** A size from `min` to `max` bytes, as bytes. */
export const size = (min: number, max: number) =>
  z
    .union(
      [z.string().regex(/^[1-9]\d{0,8}(B|KiB|MiB|GiB)$/, sizeWords), z.int().positive(sizeWords)],
      sizeWords,
    )
    .transform((value) => parseSize(value) ?? Number.NaN)
    .refine(
      (bytes) => bytes >= min && bytes <= max,
      says(`must lie between ${min} and ${max} bytes`),
    )

/** Still relative: the loader makes paths absolute. */
export type RawRef =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'store'; readonly key: string }

const refForm =
  /^(env:[A-Za-z_][A-Za-z0-9_]{0,127}|file:[^\u0000-\u001f]{1,1024}|store:[A-Za-z0-9][A-Za-z0-9._/-]{0,127})$/
const refWords =
  'write a secret reference: env:NAME, file:PATH or store:KEY (the secret itself is never written here)'

/** The reference that `text` writes; undefined when it is none. */
export const parseRef = (text: string): RawRef | undefined => {
  if (!refForm.test(text)) return undefined
  const at = text.indexOf(':')
  const rest = text.slice(at + 1)
  if (text.startsWith('env:')) return { kind: 'env', name: rest }
  if (text.startsWith('file:')) return { kind: 'file', path: rest }
  return { kind: 'store', key: rest }
}

/** `env:NAME`, `file:PATH` or `store:KEY`. */
export const secretRef = z.string(says(refWords)).regex(refForm, says(refWords))

/** A reference that is needed before the store is open. */
export const earlyRef = secretRef.refine(
  (text) => !text.startsWith('store:'),
  says(
    'store:KEY cannot be used here, since this is needed to open the store: write env:NAME or file:PATH',
  ),
)

const nameWords =
  'is no name: letters, digits, dots, dashes and underscores, at most 64, a letter or digit first'
/** Names of targets, credentials, grants. */
export const name = z
  .string(says(nameWords))
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, says(nameWords))

const textWords = 'write a text of 1 to 256 characters without control characters'
/** Subjects, groups, labels: text that people chose elsewhere. */
export const text = z
  .string(says(textWords))
  .regex(/^[^\u0000-\u001f\u007f]{1,256}$/, says(textWords))
  .refine((value) => value.trim() === value, says('has white space at its start or end'))

export const texts = z.array(text, says('write a list of texts')).max(1000)
export const someTexts = z
  .array(text, says('write a list of at least one text'))
  .min(1, says('write a list of at least one text'))
  .max(1000)
  .refine((values) => new Set(values).size === values.length, says('names something twice'))

export const labels = z.record(text, text, says('write labels as { name: value }'))

/** A host name or address, without a scheme or a port. */
export const host = z
  .string(says('write a host name or an address'))
  .regex(
    /^[A-Za-z0-9_.:%/-]{1,255}$/,
    says('write a host name or an address, without scheme and port'),
  )

export const port = z
  .int(says('write a port, 1 to 65535'))
  .min(1, says('write a port, 1 to 65535'))
  .max(65_535, says('write a port, 1 to 65535'))

/** A whole number within bounds. */
export const count = (min: number, max: number) =>
  z
    .int(says(`write a whole number from ${min} to ${max}`))
    .min(min, says(`write a whole number from ${min} to ${max}`))
    .max(max, says(`write a whole number from ${min} to ${max}`))

export const flag = z.boolean(says('write true or false'))
