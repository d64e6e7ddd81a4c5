/** The path of a request in one form: the one that is judged is the one that is sent. */
import { GateError } from '../../errors.ts'

const refuse = (message: string, hint?: string): never => {
  throw new GateError('INPUT_REFUSED', message, {
    retry: false,
    ...(hint === undefined ? {} : { hint }),
  })
}

/** One segment of a path: as sent, and as a server reads it. */
export interface Segment {
  readonly sent: string
  readonly read: string
}

const escapes = /%([0-9A-Fa-f]{2})/g
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const unreserved = /[A-Za-z0-9._~-]/

/** The characters behind the escapes. Refuses what is no escape and what is no UTF-8 (overlong forms are none). */
const decoded = (segment: string): string => {
  if (/%(?![0-9A-Fa-f]{2})/.test(segment))
    return refuse('The path holds a % that begins no escape.', 'Write a percent sign as %25.')
  try {
    return segment.includes('%')
      ? utf8.decode(
          Buffer.from(
            segment
              .replace(/[^%]+/g, (plain) => encodeURIComponent(plain))
              .replace(escapes, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
            'latin1',
          ),
        )
      : segment
  } catch {
    return refuse('The path holds escapes that are no UTF-8.')
  }
}

/** RFC 3986 section 6.2.2: escapes of plain characters taken off, the others in capitals, the rest escaped. */
const canonical = (segment: string): string =>
  segment
    .replace(/[^\x21-\x7e]|["<>^`{|}[\]]/gu, (one) => encodeURIComponent(one))
    .replace(escapes, (whole, hex: string) => {
      const one = String.fromCharCode(Number.parseInt(hex, 16))
      return unreserved.test(one) ? one : whole.toUpperCase()
    })

const separators = (text: string): number => text.match(/[/\\%]/g)?.length ?? 0
const isDots = (text: string): boolean => /^\.{1,2}$/.test(text)

const checked = (raw: string): Segment => {
  const read = decoded(raw)
  if (/[\u0000-\u001f\u007f-\u009f]/.test(read)) refuse('The path holds a control character.')
  if (read.includes('\\')) refuse('The path holds an escaped backslash.')
  if (/%[0-9A-Fa-f]{2}/.test(read)) refuse('The path is escaped twice.')
  if (raw.includes(';'))
    refuse('The path holds a ;, which some servers take for the end of a name.', 'Write it as %3B.')
  // Servers that fold forms of characters would read another path (full-width dots and slashes).
  const folded = read.normalize('NFKC')
  if (separators(folded) > separators(read))
    refuse('The path holds characters that a server may fold into slashes.')
  // Where slashes were escaped (plan.ts says where they may be), each part has to be a name.
  const parts = folded.split('/')
  if (parts.length > 1 && parts.includes(''))
    refuse('The path holds an escaped slash without a name on both sides.')
  if (parts.some((part) => isDots(part.replace(/[\s;].*$/su, ''))))
    refuse('The path holds dots that are escaped or followed by something.')
  return { sent: canonical(raw), read }
}

/** The same segments where escaped slashes are read as plain ones. */
export const apartOf = (segments: readonly Segment[]): readonly Segment[] =>
  segments.flatMap(({ read, sent }) => read.split('/').map((part) => ({ sent, read: part })))

/**
 * The segments of an agent's path below the base. Dots are resolved; refuses a path that leaves the base, has empty
 * segments within, or that servers may read in more than one way.
 */
export const segmentsOf = (path: string): readonly Segment[] => {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(path))
    refuse('path is no URL: the target says where it goes.', 'Give the part after the base URL.')
  if (!path.startsWith('/')) refuse('path begins with a slash.')
  if (/[\u0000-\u001f\u007f-\u009f]/.test(path)) refuse('The path holds a control character.')
  if (!path.isWellFormed()) refuse('The path holds half of a character.')
  if (path.includes('\\')) refuse('The path holds a backslash.')
  if (path.includes('#')) refuse('The path holds a #; fragments are not sent.', 'Write it as %23.')
  const all = path.slice(1).split('/')
  const kept: Segment[] = []
  all.forEach((raw, at) => {
    const last = at === all.length - 1
    if (raw === '' && !last) refuse('The path holds two slashes in a row.')
    if (raw === '..') {
      if (kept.length === 0) refuse("The path leaves the target's base URL.")
      kept.pop()
    }
    if (raw !== '' && !isDots(raw)) kept.push(checked(raw))
    if (last && (raw === '' || isDots(raw))) kept.push({ sent: '', read: '' })
  })
  return kept
}

/** `/a/b`; the segments as they are sent. */
export const joined = (segments: readonly Segment[]): string =>
  `/${segments.map(({ sent }) => sent).join('/')}`
