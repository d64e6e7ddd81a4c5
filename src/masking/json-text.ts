/** JSON text rewritten in one pass: strings masked, values under telling names masked whole, numbers kept to the last digit. */
import { isSensitiveName, references } from './names.ts'

/** What to do with the strings and numbers on the way. */
export interface JsonMask {
  text(text: string): string
  /** Whether what stands under this name is masked whatever it looks like. */
  telling(name: string): boolean
  /** What stands in the place of a value under a telling name. */
  named(): string
}

const deepest = 200
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
/** Whether a text is a number in JSON's sense (RFC 8259 section 6). */
export const isJsonNumber = (text: string): boolean => {
  number.lastIndex = 0
  return number.test(text) && number.lastIndex === text.length
}

/** Masked JSON without white space, or undefined when the text is no JSON (RFC 8259) or nested deeper than 200. */
export const maskedJson = (text: string, mask: JsonMask): string | undefined => {
  const reader = new Reader(text, mask)
  try {
    const result = reader.value(0, false)
    return reader.atEnd() ? result : undefined
  } catch (thrown) {
    if (thrown instanceof NotJson) return undefined
    throw thrown
  }
}

class NotJson extends Error {}

/** A position in a text; each method takes one thing off it. */
class Reader {
  readonly #text: string
  readonly #mask: JsonMask
  #at = 0
  constructor(text: string, mask: JsonMask) {
    this.#text = text
    this.#mask = mask
  }

  atEnd(): boolean {
    this.#blanks()
    return this.#at === this.#text.length
  }

  /** `hidden`: it stands under a telling name. */
  value(depth: number, hidden: boolean): string {
    if (depth > deepest) throw new NotJson()
    this.#blanks()
    const first = this.#text[this.#at]
    if (first === '{') return this.#object(depth, hidden)
    if (first === '[') return this.#array(depth, hidden)
    if (first === '"') return this.#string(hidden)
    return this.#scalar(hidden)
  }

  #object(depth: number, hidden: boolean): string {
    const members: string[] = []
    let telling: string | undefined
    this.#at++
    for (this.#blanks(); this.#text[this.#at] !== '}'; this.#comma('}')) {
      this.#blanks()
      if (this.#text[this.#at] !== '"') throw new NotJson()
      const key = this.#literal()
      this.#blanks()
      if (this.#text[this.#at++] !== ':') throw new NotJson()
      const from = this.#at
      const under =
        this.#mask.telling(key) ||
        (hidden && !references.has(key)) ||
        (telling !== undefined && /^val(?:ue)?$/i.test(key))
      const value = this.value(depth + 1, under)
      if (/^(?:name|key)$/i.test(key)) telling = tellingName(this.#text.slice(from, this.#at))
      members.push(`${JSON.stringify(this.#mask.text(key))}:${value}`)
    }
    this.#at++
    return `{${members.join(',')}}`
  }

  #array(depth: number, hidden: boolean): string {
    const items: string[] = []
    this.#at++
    for (this.#blanks(); this.#text[this.#at] !== ']'; this.#comma(']'))
      items.push(this.value(depth + 1, hidden))
    this.#at++
    return `[${items.join(',')}]`
  }

  #string(hidden: boolean): string {
    const text = this.#literal()
    if (hidden && text !== '') return JSON.stringify(this.#mask.named())
    return JSON.stringify(this.#mask.text(text))
  }

  #scalar(hidden: boolean): string {
    const word = ['null', 'true', 'false'].find((literal) =>
      this.#text.startsWith(literal, this.#at),
    )
    if (word !== undefined) {
      this.#at += word.length
      return word
    }
    number.lastIndex = this.#at
    if (!number.test(this.#text)) throw new NotJson()
    const text = this.#text.slice(this.#at, number.lastIndex)
    this.#at = number.lastIndex
    if (hidden) return JSON.stringify(this.#mask.named())
    const masked = this.#mask.text(text)
    return masked === text ? text : JSON.stringify(masked)
  }

  /** A string's text, escapes taken off and lone surrogates replaced. */
  #literal(): string {
    const start = this.#at++
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (Number.isNaN(code) || code < 32) throw new NotJson()
      if (code === 34) break
      this.#at += code === 92 ? 2 : 1
    }
    const literal = this.#text.slice(start, ++this.#at)
    if (!literal.includes('\\')) return literal.slice(1, -1).toWellFormed()
    try {
      return String(JSON.parse(literal)).toWellFormed()
    } catch {
      throw new NotJson()
    }
  }

  #comma(close: string): void {
    this.#blanks()
    if (this.#text[this.#at] === close) return
    if (this.#text[this.#at] !== ',') throw new NotJson()
    this.#at++
    this.#blanks()
    if (this.#text[this.#at] === close) throw new NotJson()
  }

  #blanks(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return
      this.#at++
    }
  }
}

const tellingName = (literal: string): string | undefined => {
  const name = literal.trim().slice(1, -1)
  return isSensitiveName(name) ? name : undefined
}
