/** One dense Aho-Corasick automaton over all keywords: a table step for each character, whatever the number of keywords. */

/** Number of character classes; a row of the table is `width` entries: one cache line, which the speed of the pass hangs on. */
const width = 32
const bits = 5
/** States of an automaton: some ten thousand known values. */
const most = 1_000_000

export interface Automaton {
  /** `next[(state << shift) | class]` */
  readonly next: Uint16Array | Uint32Array
  /** States from here on end at least one keyword. */
  readonly accepting: number
  /** Indices of the keywords that end in a state, by `state - accepting`. */
  readonly ends: readonly (readonly number[])[]
}

export const shift = bits

/** Class of line breaks: they are stepped over, so that text wrapped at a fixed width is found too. */
const lineBreak = 1
const classOfCharacter = (character: string): number => {
  if (character === '\n' || character === '\r') return lineBreak
  if (/[a-z]/.test(character)) return 2 + character.charCodeAt(0) - 97
  if (/[0-9]/.test(character)) return 28
  if (/[@~]/.test(character)) return 29
  if (/[_.-]/.test(character)) return 30
  return /[/:]/.test(character) ? 31 : 0
}

/**
 * Class of each character, letters folded. Characters that share a class make false alarms at most: whoever is told of a
 * keyword compares the text itself. Entry `128 | (code & 127)` stands for characters beyond ASCII.
 */
export const classes: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) =>
  code < 128 ? classOfCharacter(String.fromCharCode(code).toLowerCase()) : 0,
)

/** Index into the tables by character code. */
export const slot = (code: number): number => (code < 128 ? code : 128 | (code & 127))

const classOf = (code: number): number => classes[slot(code)] ?? 0

/** Keywords are found whatever their case; line breaks in them do not count. Throws RangeError when they are too many. */
export const automaton = (keywords: readonly string[]): Automaton => {
  const size = 1 + keywords.reduce((sum, keyword) => sum + keyword.length, 0)
  const child = new Int32Array(size * width).fill(-1)
  const ends: number[][] = [[]]
  let states = 1
  keywords.forEach((keyword, index) => {
    let state = 0
    for (let at = 0; at < keyword.length; at++) {
      const kind = classOf(keyword.charCodeAt(at))
      if (kind === lineBreak) continue
      const edge = state * width + kind
      if ((child[edge] ?? -1) < 0) {
        child[edge] = states++
        ends.push([])
      }
      state = child[edge] ?? 0
    }
    if (state !== 0) ends[state]?.push(index)
  })
  if (states > most)
    throw new RangeError(`${keywords.length} keywords are too many to look for at once`)
  const order = complete(child, ends, states)
  return renumber(child, ends, order)
}

/** Fills in the steps for what does not go on, breadth first; returns the states in that order. */
const complete = (child: Int32Array, ends: number[][], states: number): readonly number[] => {
  const fallback = new Int32Array(states)
  const order: number[] = [0]
  for (const state of order) {
    const back = fallback[state] ?? 0
    if (state !== 0) ends[state]?.push(...(ends[back] ?? []))
    for (let kind = 0; kind < width; kind++) {
      const edge = state * width + kind
      const onward = state === 0 ? 0 : (child[back * width + kind] ?? 0)
      const to = child[edge] ?? -1
      if (to < 0) child[edge] = kind === lineBreak ? state : onward
      else {
        fallback[to] = onward
        order.push(to)
      }
    }
  }
  return order
}

/** Gives the accepting states the highest numbers: the hot loop then needs one comparison. */
const renumber = (child: Int32Array, ends: number[][], order: readonly number[]): Automaton => {
  const quiet = order.filter((state) => ends[state]?.length === 0)
  const loud = order.filter((state) => ends[state]?.length !== 0)
  const renamed = new Uint32Array(order.length)
  for (const [index, state] of [...quiet, ...loud].entries()) renamed[state] = index
  const next = new (order.length > 0xffff ? Uint32Array : Uint16Array)(order.length * width)
  for (const state of order)
    for (let kind = 0; kind < width; kind++)
      next[(renamed[state] ?? 0) * width + kind] = renamed[child[state * width + kind] ?? 0] ?? 0
  return { next, accepting: quiet.length, ends: loud.map((state) => ends[state] ?? []) }
}
