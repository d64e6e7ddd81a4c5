/** A text as it reads once an encoding is taken off, with the way back to where each character came from. */

export interface View {
  readonly text: string
  /** Start in the original of each character of `text`, and one past the end. */
  readonly from: Uint32Array
}

const built = (
  text: string,
  token: RegExp,
  decode: (token: string) => string | undefined,
): View | undefined => {
  const starts: number[] = []
  let result = ''
  let at = 0
  const plain = (to: number): void => {
    result += text.slice(at, to)
    for (; at < to; at++) starts.push(at)
  }
  for (const match of text.matchAll(token)) {
    const decoded = decode(match[0])
    if (decoded === undefined) continue
    plain(match.index)
    for (let unit = 0; unit < decoded.length; unit++) starts.push(match.index)
    result += decoded
    at = match.index + match[0].length
  }
  if (at === 0) return undefined
  plain(text.length)
  starts.push(text.length)
  return { text: result, from: Uint32Array.from(starts) }
}

const unpercent = (run: string): string =>
  Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8')

/** `%41`, with `+` left as it is (RFC 3986 section 2.1); undefined when there is nothing to decode. */
export const percentDecoded = (text: string): View | undefined =>
  built(text, /(?:%[0-9A-Fa-f]{2}){1,4096}/g, unpercent)

/** The same of a form, where `+` is a space (URL Standard, application/x-www-form-urlencoded). */
export const formDecoded = (text: string): View | undefined =>
  text.includes('+')
    ? built(text, /(?:%[0-9A-Fa-f]{2}){1,4096}|\+/g, (run) => (run === '+' ? ' ' : unpercent(run)))
    : undefined

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }

/** `\u0041`, `\x41`, `\n`, `\"` as in JSON, YAML and most languages; undefined when there is nothing to decode. */
export const backslashDecoded = (text: string): View | undefined =>
  built(text, /\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[^ux])/gs, (token) =>
    token.length > 2
      ? String.fromCharCode(Number.parseInt(token.slice(2), 16))
      : (escapes[token[1] ?? ''] ?? token[1]),
  )

export interface Decoded {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Characters of a run; 18 bytes. */
const shortestRun = 24
const base64Runs = /[A-Za-z0-9+/_-]{8,}(?:[\r\n]{1,2} *[A-Za-z0-9+/_-]{4,})*={0,2}/g
const hexRuns = /(?:[0-9A-Fa-f]{2}){12,}/g
/** Whether a text could hold a run that is worth decoding. */
export const mayHoldRuns = (text: string): boolean =>
  text.length >= shortestRun && /[A-Za-z0-9+/]{20}/.test(text)

/** Runs of base64 and hex that hold readable text. */
export const decodedRuns = (text: string): readonly Decoded[] => {
  const found: Decoded[] = []
  const add = (start: number, run: string, encoding: 'base64' | 'hex'): void => {
    if (run.length < shortestRun) return
    const decoded = readable(Buffer.from(run, encoding))
    if (decoded !== undefined) found.push({ start, end: start + run.length, text: decoded })
  }
  for (const match of text.matchAll(hexRuns)) add(match.index, match[0], 'hex')
  for (const match of text.matchAll(base64Runs))
    if (/[^0-9a-f]/.test(match[0])) add(match.index, match[0], 'base64')
  return found
}

/** Text, when nearly all of the bytes are printable: chance does not make 18 of them so. */
const readable = (bytes: Buffer): string | undefined => {
  let odd = 0
  const look = Math.min(bytes.length, 256)
  for (let at = 0; at < look; at++) {
    const byte = bytes[at] ?? 0
    if (byte < 9 || (byte > 13 && byte < 32) || byte === 127) odd += 4
    else if (byte > 127) odd++
  }
  return odd * 4 <= look ? bytes.toString('utf8') : undefined
}
