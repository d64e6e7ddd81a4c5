/** Payloads in a bundle against what headers commit to, and what is not there against what erasures name. */

import { type Fields, fieldsOf, text, textsOf } from '../checks/chain-check.ts'
import { type Committed, committedBy, MALFORMED } from '../checks/payload-check.ts'
import { matches } from '../stream/seal.ts'
import type { PayloadLine } from './line.ts'

export interface PartsCheck {
  event(header: Fields): void
  part(line: PayloadLine, say: (what: string) => void): void
  /** The decision's request of the event in hand; undefined when it is not all there. */
  request(): string | undefined
  /** No more parts of the event in hand. */
  done(say: (what: string) => void): void
  end(report: (event: string, what: string) => void): void
  readonly checked: number
  readonly erased: number
}

// Ids as 16 characters: a log may have millions of erased events.
const packed = (id: string): string => Buffer.from(id.replaceAll('-', ''), 'hex').toString('latin1')
const unpacked = (id: string): string =>
  Buffer.from(id, 'latin1')
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Whole text of the `decision` parts that a header commits to; undefined when one is not there. */
export const requestIn = (
  header: Fields,
  parts: ReadonlyMap<number, Buffer>,
): string | undefined => {
  const payload: readonly Fields[] = Array.isArray(header.payload) ? header.payload : []
  const pieces = payload
    .filter((one) => one?.kind === 'decision')
    .map((one) => parts.get(Number(one.part)))
  const whole = pieces.filter((one) => one !== undefined)
  if (whole.length < pieces.length) return undefined
  return whole.length > 1 ? Buffer.concat(whole).toString('utf8') : whole[0]?.toString('utf8')
}

/** `clear`: the bundle should hold every part that was not erased. */
export const openPartsCheck = (clear: boolean): PartsCheck => {
  let current: Committed | undefined
  let id = ''
  let last = -1
  let seen = new Map<number, Buffer>()
  const missing = new Map<string, number>()
  const named = new Set<string>()
  let checked = 0
  let erased = 0
  return {
    event(header) {
      current = committedBy(header)
      id = text(header.event_id)
      last = -1
      if (seen.size > 0) seen = new Map()
      if (header.type !== 'retention.erase') return
      for (const one of textsOf(fieldsOf(header.detail).events)) {
        if (!uuid.test(one)) continue
        const key = packed(one)
        if (missing.has(key)) {
          erased += missing.get(key) ?? 0
          missing.delete(key)
        } else named.add(key)
      }
    },
    part({ bytes, eventId, part, salt }, say) {
      if (!clear) return say('holds contents, and the bundle says that it has none')
      if (eventId !== id) return say('is of another event than the one before it')
      if (part <= last) return say('is not in the order of parts')
      last = part
      const commit = current?.parts.find((one) => one.part === part)
      if (commit === undefined)
        return say(`payload part ${part} is not one that the header commits to`)
      checked += 1
      if (bytes.length !== commit.len || !matches({ salt, bytes }, commit.commit))
        return say(`payload part ${part} is not what the header commits to`)
      seen.set(part, bytes)
    },
    request: () => (current ? requestIn(current.header, seen) : undefined),
    done(say) {
      if (current?.sound === false) return say(MALFORMED)
      if (!clear || current === undefined) return
      const absent = current.parts.length - seen.size
      if (absent <= 0) return
      if (!uuid.test(id)) return say('has contents that are missing')
      const key = packed(id)
      if (named.has(key)) erased += absent
      else missing.set(key, absent)
    },
    end(report) {
      for (const [key, count] of missing)
        report(
          unpacked(key),
          `${count} payload parts are missing, and no retention.erase names them`,
        )
    },
    get checked() {
      return checked
    },
    get erased() {
      return erased
    },
  }
}
