/** Email addresses, and passwords inside URLs. */
import { alphanumeric, charset, isIn, runStart } from './charsets.ts'
import type { Finding } from './finding.ts'

const local = charset("A-Za-z0-9.!#$%&'*+/=?^_`{|}~-")
const domain = charset('A-Za-z0-9.-')
// What may stand in an address by RFC 5321 but in practice stands beside one: `email=`, quotes, slashes, `{`.
const edge = charset("='/?&`{|}*#!^$%")

const isWide = (text: string, at: number): boolean => text.charCodeAt(at) >= 128

/** The address around the `@` at `at`. */
export const emailAt = (text: string, at: number): Finding | undefined => {
  let start = at
  const stop = Math.max(0, at - 64)
  while (start > stop && (isIn(local, text, start - 1) || isWide(text, start - 1))) start--
  for (let back = at - 1; back >= start; back--)
    if (isIn(edge, text, back) && !isApostrophe(text, back)) {
      start = back + 1
      break
    }
  let end = at + 1
  const most = Math.min(text.length, at + 254)
  while (end < most && (isIn(domain, text, end) || isWide(text, end))) end++
  while (end > at + 1 && !isIn(alphanumeric, text, end - 1) && !isWide(text, end - 1)) end--
  const host = text.slice(at + 1, end)
  const dot = host.lastIndexOf('.')
  if (
    start === at ||
    dot < 1 ||
    !/^(?:[A-Za-z]{2,24}|xn--[A-Za-z0-9-]{2,58}|[^\x00-\x7f]{2,24})$/.test(host.slice(dot + 1))
  )
    return undefined
  return isRepository(text, start, at, end) ? undefined : { start, end, type: 'email' }
}

/** As in `o'brien@`, not as a quotation mark. */
const isApostrophe = (text: string, at: number): boolean =>
  text[at] === "'" && isIn(alphanumeric, text, at - 1) && isIn(alphanumeric, text, at + 1)

/** `git@host:owner/name.git` names a repository, and nobody. */
const isRepository = (text: string, start: number, at: number, end: number): boolean =>
  (text[end] === ':' || text[end] === '/') &&
  (text.slice(start, at) === 'git' ||
    /^[:/][\w./~-]{1,200}\.git\b/.test(text.slice(end, end + 210)))

const schemeCharacters = charset('A-Za-z0-9+.-')
const authorityEnds = /[\s/?#"'<>`\\]/

/** `scheme://user:password@host`: the password, where the automaton found `://` at `at` (RFC 3986 section 3.2.1). */
export const urlPasswordAt = (text: string, at: number): Finding | undefined => {
  if (runStart(schemeCharacters, text, at, 32) === at) return undefined
  const from = at + 3
  const window = text.slice(from, from + 1024)
  if (!window.includes('@')) return undefined
  const cut = window.search(authorityEnds)
  // Passwords are pasted into URLs unescaped, so one with `/`, `?` or `#` ends at the last @ before white space.
  const strict = cut < 0 ? window : window.slice(0, cut)
  const loose = window.slice(0, Math.max(0, endOfWord(window)))
  const authority = strict.includes('@') ? strict : loose
  const host = authority.lastIndexOf('@')
  const colon = authority.indexOf(':')
  if (host < 0) return undefined
  if (colon < 0 || colon > host) return undefined
  if (authority !== strict && !/^[^/?#]*:[^/]/.test(authority)) return undefined
  if (authority !== strict && /^[^:@]*:\d{1,5}[/?#]/.test(authority)) return undefined
  return host > colon + 1
    ? { start: from + colon + 1, end: from + host, type: 'url_password' }
    : undefined
}

const endOfWord = (window: string): number => {
  const end = window.search(/[\s"'<>`]/)
  return end < 0 ? window.length : end
}
