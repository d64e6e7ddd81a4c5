/** Known secret values in the forms that they travel in: raw, base64 at each alignment, hex, URL- and JSON-escaped. */
import { base64Characters, hexDigits, runEnd, runStart } from './charsets.ts'
import type { Finding } from './finding.ts'

/** Shorter values are not masked: they would mask words and numbers everywhere. */
export const shortestKnown = 8

export interface KnownForm {
  /** What is compared, line breaks left out. */
  readonly text: string
  /** What the automaton looks for: its beginning. */
  readonly anchor: string
  /** Extends over the whole run of its alphabet, because the ends of the secret share characters with its neighbours. */
  readonly run?: 'base64' | 'hex'
  readonly anyCase?: true
}

/** Digits share a class of the automaton, so anchors of digits only have to be longer than the numbers that are everywhere. */
const anchorOf = (text: string): string => text.slice(0, /^\d{8}/.test(text) ? 16 : 8)
const unbroken = (text: string): string => text.replace(/[\r\n]/g, '')

/** Every form of each value of 8 characters and more. */
export const knownForms = (values: Iterable<string>): readonly KnownForm[] => {
  const forms = new Map<string, KnownForm>()
  const add = (text: string, more: Omit<KnownForm, 'text' | 'anchor'> = {}): void => {
    const bare = unbroken(text)
    if (bare.length >= shortestKnown)
      forms.set(bare, { text: bare, anchor: anchorOf(bare), ...more })
  }
  for (const value of values) {
    if (value.length < shortestKnown) continue
    for (const bytes of [Buffer.from(value), Buffer.from(value.trimEnd())]) {
      add(bytes.toString('hex'), { run: 'hex', anyCase: true })
      for (const core of base64Cores(bytes)) add(core, { run: 'base64' })
    }
    for (const text of [
      encodeURIComponent(value.toWellFormed()),
      encodeURI(value.toWellFormed()),
    ]) {
      add(text, { anyCase: true })
      add(text.replaceAll('%20', '+'), { anyCase: true })
    }
    const escaped = JSON.stringify(value).slice(1, -1)
    add(escaped)
    add(JSON.stringify(escaped).slice(1, -1))
    for (const written of writings(value)) add(written)
    add(value)
  }
  return [...forms.values()]
}

/** As pages, tables, scripts and pointers (RFC 6901) write it; most values are the same in all of them. */
const writings = (value: string): readonly string[] => {
  const html = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  const quoted = (double: string, single: string): string =>
    html.replaceAll('"', double).replaceAll("'", single)
  return [
    html,
    quoted('&quot;', "'"),
    quoted('&quot;', '&#39;'),
    quoted('&#34;', '&#39;'),
    quoted('&quot;', '&#x27;'),
    quoted('&quot;', '&apos;'),
    value.replaceAll('"', '""'),
    value.replaceAll("'", "''"),
    value.replaceAll("'", `'\\''`),
    value.replaceAll("'", `'"'"'`),
    value.replaceAll('~', '~0').replaceAll('/', '~1'),
  ]
}

/** The base64 characters that depend on `bytes` alone, whatever stands before (0, 1 or 2 bytes of a group) and after; both alphabets (RFC 4648). */
const base64Cores = (bytes: Buffer): readonly string[] =>
  [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    const core = encoded.slice(
      Math.ceil((before * 8) / 6),
      Math.floor(((before + bytes.length) * 8) / 6),
    )
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')]
  })

const isBreak = (code: number): boolean => code === 10 || code === 13

/**
 * The form in the text, where the automaton found the last character of its anchor at `last`. Line breaks in the text do not
 * count. Of a text that was `cut`, what its end leaves of a form is one.
 */
export const knownAt = (
  text: string,
  last: number,
  form: KnownForm,
  cut = false,
): Finding | undefined => {
  const start = anchorStart(text, last, form.anchor.length)
  if (start === undefined) return undefined
  let at = start
  for (let index = 0; index < form.text.length; at++) {
    if (at >= text.length) return cut ? widened(text, start, at, form) : undefined
    const code = text.charCodeAt(at)
    if (isBreak(code)) continue
    if (
      code !== form.text.charCodeAt(index) &&
      !(form.anyCase && fold(code) === fold(form.text.charCodeAt(index)))
    )
      return undefined
    index++
  }
  return widened(text, start, at, form)
}

const fold = (code: number): number => (code >= 65 && code <= 90 ? code + 32 : code)

const anchorStart = (text: string, last: number, length: number): number | undefined => {
  let at = last
  for (let left = length; at >= 0; at--)
    if (!isBreak(text.charCodeAt(at)) && --left === 0) return at
  return undefined
}

const edgeMost = 4096
const widened = (text: string, start: number, end: number, form: KnownForm): Finding => {
  if (form.run === undefined) return { start, end, type: 'known' }
  const set = form.run === 'hex' ? hexDigits : base64Characters
  return {
    start: runStart(set, text, start, edgeMost),
    end: runEnd(set, text, end, end + edgeMost),
    type: 'known',
  }
}

/** Beginnings that are shorter than an anchor, so that the automaton does not see them. */
const shortestTail = 4

/** By length, the beginnings of all forms, in lower case. */
export const tailsOf = (forms: readonly KnownForm[]): ReadonlyMap<number, ReadonlySet<string>> => {
  const tails = new Map<number, Set<string>>()
  for (const { anchor } of forms)
    for (let length = shortestTail; length < anchor.length; length++) {
      const set = tails.get(length) ?? new Set()
      tails.set(length, set.add(anchor.slice(0, length).toLowerCase()))
    }
  return tails
}

/** A short text is seldom cut, and often ends like the beginning of something. */
const longEnough = 256

/** What the end of a long text that was cut leaves of a form, where that is less than its anchor. */
export const tailAt = (
  text: string,
  tails: ReadonlyMap<number, ReadonlySet<string>>,
): Finding | undefined => {
  if (text.length < longEnough) return undefined
  const end = text.slice(-32).toLowerCase()
  const lengths = [...tails].flatMap(([length, set]) => (set.has(end.slice(-length)) ? length : []))
  return lengths.length === 0
    ? undefined
    : { start: text.length - Math.max(...lengths), end: text.length, type: 'known' }
}
