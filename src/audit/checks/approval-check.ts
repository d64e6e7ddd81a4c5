/** Checks over all streams that what ran after approval was what was asked, was approved by enough others, and ran once. */
import {
  type CheckedEvent,
  type Fields,
  type Finding,
  fieldsOf,
  text,
  textsOf,
} from './chain-check.ts'

interface Person {
  readonly iss: string
  readonly sub: string
  readonly groups: readonly string[]
}
/** `at`: its place among the events that were seen. */
interface Seen {
  readonly header: Fields
  readonly at: number
}
interface Held {
  requested?: { readonly leaf: string; readonly header: Fields }
  requests: number
  readonly granted: (Seen & { readonly person: Person })[]
  readonly intents: Seen[]
  ended: string
}

export interface ApprovalCheck {
  event(event: CheckedEvent): void
  /** Reports what does not fit; the number of approvals that were spent. */
  end(): number
  /** Spent approvals that were not judged: their request lies before what is shown. */
  readonly unseen: number
}

const personOf = (header: Fields): Person => {
  const { groups, iss, sub } = fieldsOf(header.actor)
  return { iss: text(iss), sub: text(sub), groups: textsOf(groups) }
}
const samePerson = (a: Person, b: Person): boolean => a.iss === b.iss && a.sub === b.sub

// The gateway's own runs, such as reading a catalogue, have no policy and change nothing; where one is named, it said what may run.
const isUndecided = ({ cut, effect, policy }: Fields): boolean => {
  if (cut !== undefined) return false
  if (policy === undefined) return effect !== 'read'
  const { decision } = fieldsOf(policy)
  return decision !== 'allow' && decision !== 'hold'
}

// Of two streams nothing is said: their events have no order but that of clocks.
const isAfter = (one: Seen, other: Seen): boolean =>
  one.at > other.at && text(one.header.stream) === text(other.header.stream)

/** `2 of dba, sre (self)` as the gateway writes a need. */
const needOf = (need: string): { quorum: number; groups: string[]; self: boolean } | undefined => {
  const found = /^([1-9]\d{0,5}) of (.*?)( \(self\))?$/s.exec(need)
  if (!found) return undefined
  return {
    quorum: Number(found[1]),
    groups: (found[2] ?? '').split(', '),
    self: found[3] !== undefined,
  }
}

const same = (a: Fields, b: Fields, members: readonly string[]): boolean =>
  members.every((member) => text(a[member]) === text(b[member]))

/** Why these grants do not meet a need; undefined when they do. */
const unmet = (need: string, granted: readonly Person[], caller: Person): string | undefined => {
  const parsed = needOf(need)
  if (!parsed) return `a need can not be read: ${need.slice(0, 80)}`
  const fit = granted.filter(
    (person, index) =>
      granted.findIndex((other) => samePerson(other, person)) === index &&
      person.groups.some((group) => parsed.groups.includes(group)) &&
      (parsed.self || !samePerson(person, caller)),
  )
  return fit.length >= parsed.quorum
    ? undefined
    : `was approved by ${fit.length}, needed ${need.slice(0, 80)}`
}

/** `partial`: a request may lie before what is shown; then its intent is not judged. */
export const openApprovalCheck = (
  report: (finding: Finding) => void,
  partial = false,
): ApprovalCheck => {
  const calls = new Map<string, Held>()
  let events = 0
  let unseen = 0
  const heldOf = (header: Fields): Held => {
    const id = text(header.call_id)
    const held = calls.get(id) ?? { requests: 0, granted: [], intents: [], ended: '' }
    calls.set(id, held)
    return held
  }

  const check = (held: Held, run: Seen): void => {
    const intent = run.header
    const say = (what: string) =>
      report({ stream: text(intent.stream), seq: text(intent.seq), what: `the intent ${what}` })
    const approval = fieldsOf(intent.approval)
    const { requested } = held
    if (requested === undefined && partial) {
      unseen += 1
      return
    }
    if (held.requests > 1) say('is of a call that asked for approval more than once')
    if (requested === undefined || requested.leaf !== text(approval.requested)) {
      say('was approved by no request of its call')
      return
    }
    const caller = personOf(requested.header)
    if (
      !samePerson(caller, personOf(intent)) ||
      !same(fieldsOf(requested.header.actor), fieldsOf(intent.actor), ['client'])
    ) {
      say('is of another caller than its approval')
    }
    if (!same(requested.header, intent, ['tool', 'target', 'target_identity', 'effect'])) {
      say('is of another tool, target or effect than its approval')
    }
    if (held.ended !== '') say(`was approved by a request that was ${held.ended}`)
    const granted = held.granted.filter((grant) => !isAfter(grant, run)).map(({ person }) => person)
    const needs = textsOf(fieldsOf(requested.header.approval).needs)
    if (needs.length === 0) say('was approved by a request that asked nobody')
    for (const need of needs) {
      const why = unmet(need, granted, caller)
      if (why) say(why)
    }
    for (const by of textsOf(approval.by)) {
      if (!granted.some(({ sub }) => by === sub)) say('names an approver who did not approve it')
    }
  }

  return {
    event({ header, leaf }) {
      const type = text(header.type)
      const policy = fieldsOf(header.policy)
      const seen = { header, at: events++ }
      if (type === 'approval.requested') {
        const held = heldOf(header)
        held.requested = { leaf, header }
        held.requests += 1
      }
      if (type === 'approval.granted')
        heldOf(header).granted.push({ ...seen, person: personOf(header) })
      if (
        type === 'approval.rejected' ||
        type === 'approval.expired' ||
        type === 'approval.cancelled'
      ) {
        heldOf(header).ended = type.slice('approval.'.length)
      }
      if (type !== 'call.intent') return
      if (header.approval !== undefined) heldOf(header).intents.push(seen)
      const place = { stream: text(header.stream), seq: text(header.seq) }
      if (policy.decision === 'deny') report({ ...place, what: 'the intent was denied by policy' })
      else if (isUndecided(header))
        report({ ...place, what: 'the intent names no decision that lets it run' })
      if (policy.decision === 'hold' && header.approval === undefined) {
        report({ ...place, what: 'the intent was held by policy and has no approval' })
      }
    },
    end() {
      let spent = 0
      for (const held of calls.values()) {
        spent += held.intents.length
        for (const run of held.intents) check(held, run)
        for (const { header } of held.intents.slice(1)) {
          report({
            stream: text(header.stream),
            seq: text(header.seq),
            what: 'the intent spends an approval a second time',
          })
        }
      }
      return spent
    },
    get unseen() {
      return unseen
    },
  }
}
