/** The one pass that nearly every cell ends with: nothing to mask, nothing to escape. */

import { type Automaton, classes, shift, slot } from './automaton.ts'
import { wideGap } from './charsets.ts'

/** Bits of what `screen` saw. */
export const seen = {
  /** Needs escaping in JSON: quotes, backslashes, control characters. */
  escape: 1,
  /** Beyond ASCII. */
  wide: 2,
  percent: 4,
  backslash: 8,
  nul: 16,
  /** A keyword, or digits like those of a card, an IBAN or a social security number. */
  candidate: 32,
} as const

const infoOf = (code: number): number => {
  const character = String.fromCharCode(code)
  let bits = 0
  if (code < 32 || character === '"' || character === '\\') bits |= seen.escape
  if (code >= 127) bits |= seen.wide
  if (character === '%') bits |= seen.percent
  if (character === '\\') bits |= seen.backslash
  if (code === 0) bits |= seen.nul
  return bits
}

/** Classes of characters for numbers with a form: digit, dash, space, capital letter, anything else. */
const numeric = { other: 0, digit: 1, dash: 2, space: 3, capital: 4 } as const
const numericOf = (code: number): number => {
  if (code >= 48 && code <= 57) return numeric.digit
  if (code === 45) return numeric.dash
  if (code === 32) return numeric.space
  if (code > 127) return wideGap.test(String.fromCharCode(code)) ? numeric.dash : numeric.other
  return code >= 65 && code <= 90 ? numeric.capital : numeric.other
}

interface Progress {
  /** Digits with at most one separator between two of them. */
  readonly digits: number
  readonly separated: boolean
  /** Characters of `ddd-dd-dddd` so far. */
  readonly ssn: number
  /** Characters of an IBAN so far. */
  readonly iban: number
}
const enoughDigits = 13
const ssnForm = '111211211113'
const ssnLength = 11
const enoughIban = 15

const step = (was: Progress, kind: number): Progress => {
  const digit = kind === numeric.digit
  const gap = kind === numeric.dash || kind === numeric.space
  const digits = digit
    ? Math.min(enoughDigits, was.digits + 1)
    : gap && !was.separated
      ? was.digits
      : 0
  const ssnKind = ssnForm.charCodeAt(was.ssn) - 48
  const ssn =
    kind === ssnKind ? was.ssn + 1 : digit ? Math.min(3, was.ssn < 3 ? was.ssn + 1 : 3) : 0
  return { digits, separated: gap && digits > 0, ssn, iban: ibanStep(was.iban, kind) }
}
const ibanStep = (was: number, kind: number): number => {
  const capital = kind === numeric.capital
  const digit = kind === numeric.digit
  if (was < 2) return capital ? was + 1 : 0
  if (was < 4) return digit ? was + 1 : capital && was === 2 ? 2 : capital ? 1 : 0
  if (digit || capital) return Math.min(enoughIban, was + 1)
  return kind === numeric.space ? was : 0
}
const interesting = (now: Progress): boolean =>
  now.digits >= enoughDigits || now.ssn >= ssnLength || now.iban >= enoughIban

/** The automaton of `step`: every state that can be reached, the interesting ones last. */
const numbers = ((): { readonly next: Uint16Array; readonly accepting: number } => {
  const index = new Map<string, number>()
  const states: Progress[] = []
  const add = (state: Progress): void => {
    const key = JSON.stringify(state)
    if (index.has(key)) return
    index.set(key, states.length)
    states.push(state)
  }
  add({ digits: 0, separated: false, ssn: 0, iban: 0 })
  // An interesting state is never left by the loop, so nothing that comes after it needs a state.
  for (const state of states)
    if (!interesting(state)) for (let kind = 0; kind < 5; kind++) add(step(state, kind))
  const ordered = [...states].sort((a, b) => Number(interesting(a)) - Number(interesting(b)))
  const renamed = new Map(ordered.map((state, at) => [JSON.stringify(state), at]))
  const next = new Uint16Array(ordered.length * 8)
  ordered.forEach((state, at) => {
    for (let kind = 0; kind < 5; kind++)
      next[at * 8 + kind] = interesting(state)
        ? at
        : (renamed.get(JSON.stringify(step(state, kind))) ?? 0)
  })
  return { next, accepting: ordered.filter((state) => !interesting(state)).length }
})()

/** Runs of letters and digits this long may be base64 or hex of something: decoded and looked at (views.ts). */
const shortestRun = 20
const inRun = 1 << 20

/** Keyword class, numeric class and bits of a character in one number: one load a character. */
const info: Uint32Array = (() => {
  const table = new Uint32Array(0x10000)
  for (let code = 0; code < table.length; code++) {
    const ascii = code < 128
    table[code] =
      (classes[slot(code)] ?? 0) |
      (numericOf(code) << 6) |
      ((ascii ? infoOf(code) : seen.wide) << 9) |
      (ascii && /[A-Za-z0-9+/]/.test(String.fromCharCode(code)) ? inRun : 0)
  }
  return table
})()

/** Shorter texts hold no number with a form, and no encoded text that is worth decoding. */
const shortestForm = 11

/** What there is in a text, as bits of `seen`; stops at the first candidate, so the other bits may then be missing. */
export const screen = (text: string, machine: Automaton): number =>
  text.length < shortestForm ? screenShort(text, machine) : screenLong(text, machine)

// The tables are dense, so no index can miss: `as number` says so to the compiler without a check in the hot loops.

const screenShort = (text: string, { next, accepting }: Automaton): number => {
  const length = text.length
  let state = 0
  let bits = 0
  for (let at = 0; at < length; at++) {
    const of = info[text.charCodeAt(at)] as number
    bits |= of
    state = next[(state << shift) | (of & 31)] as number
    if (state >= accepting) return ((bits >> 9) & 63) | seen.candidate
  }
  return (bits >> 9) & 63
}

const screenLong = (text: string, { next, accepting }: Automaton): number => {
  const { next: nextNumber, accepting: acceptingNumber } = numbers
  const length = text.length
  let state = 0
  let number = 0
  let run = 0
  let bits = 0
  for (let at = 0; at < length; at++) {
    const of = info[text.charCodeAt(at)] as number
    bits |= of
    state = next[(state << shift) | (of & 31)] as number
    number = nextNumber[(number << 3) | ((of >> 6) & 7)] as number
    run = (of & inRun) === 0 ? 0 : run + 1
    if (state >= accepting || number >= acceptingNumber || run >= shortestRun)
      return ((bits >> 9) & 63) | seen.candidate
  }
  return (bits >> 9) & 63
}
