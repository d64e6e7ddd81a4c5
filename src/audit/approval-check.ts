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
interface Held {
  requested?: { readonly leaf: string; readonly header: Fields }
  readonly granted: Person[]
  readonly intents: { readonly leaf: string; readonly header: Fields }[]
  ended: string
}

export interface ApprovalCheck {
  event(event: CheckedEvent): void
  /** Reports what does not fit; the number of approvals that were spent. */
  end(): number
}

const personOf = (header: Fields): Person => {
  const { groups, iss, sub } = fieldsOf(header.actor)
  return { iss: text(iss), sub: text(sub), groups: textsOf(groups) }
}
const samePerson = (a: Person, b: Person): boolean => a.iss === b.iss && a.sub === b.sub

/** `2 of dba, sre (self)` as the gateway writes a need. */
const needOf = (need: string): { quorum: number; groups: string[]; self: boolean } | undefined => {
  const found = /^(\d+) of (.*?)( \(self\))?$/.exec(need)
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
  const heldOf = (header: Fields): Held => {
    const id = text(header.call_id)
    const held = calls.get(id) ?? { granted: [], intents: [], ended: '' }
    calls.set(id, held)
    return held
  }

  const check = (held: Held, intent: Fields): void => {
    const say = (what: string) =>
      report({ stream: text(intent.stream), seq: text(intent.seq), what: `the intent ${what}` })
    const approval = fieldsOf(intent.approval)
    const { requested } = held
    if (requested === undefined && partial) return
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
    for (const need of textsOf(fieldsOf(requested.header.approval).needs)) {
      const why = unmet(need, held.granted, caller)
      if (why) say(why)
    }
    for (const by of textsOf(approval.by)) {
      if (
        !held.granted.some(({ iss, sub }) => by === sub || (by.startsWith(iss) && by.endsWith(sub)))
      ) {
        say('names an approver who did not approve it')
      }
    }
  }

  return {
    event({ header, leaf }) {
      const type = text(header.type)
      const policy = fieldsOf(header.policy)
      if (type === 'approval.requested') heldOf(header).requested = { leaf, header }
      if (type === 'approval.granted') heldOf(header).granted.push(personOf(header))
      if (
        type === 'approval.rejected' ||
        type === 'approval.expired' ||
        type === 'approval.cancelled'
      ) {
        heldOf(header).ended = type.slice('approval.'.length)
      }
      if (type !== 'call.intent') return
      if (header.approval !== undefined) heldOf(header).intents.push({ leaf, header })
      const place = { stream: text(header.stream), seq: text(header.seq) }
      if (policy.decision === 'deny') report({ ...place, what: 'the intent was denied by policy' })
      if (policy.decision === 'hold' && header.approval === undefined) {
        report({ ...place, what: 'the intent was held by policy and has no approval' })
      }
    },
    end() {
      let spent = 0
      for (const held of calls.values()) {
        spent += held.intents.length
        for (const { header } of held.intents) check(held, header)
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
  }
}
