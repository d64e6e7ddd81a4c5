/** Decisions made again from what was recorded, and what they should have led to. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type Fields, fieldsOf, text, textsOf } from '../checks/chain-check.ts'
import type { PolicyLine } from './line.ts'

/** What recorded policies say to a recorded request; throws when a text can't be read. */
export type Decide = (
  policies: string,
  schema: string,
  request: string,
) => { readonly decision: string; readonly rules: readonly string[] }

export interface DecisionsCheck {
  policy(line: PolicyLine, say: (what: string) => void): void
  /** `request` undefined: erased, or not in the bundle. */
  event(
    header: Fields,
    request: string | undefined,
    by: { readonly say: (what: string) => void; readonly incomplete: (what: string) => void },
  ): void
  readonly checked: number
  readonly unseen: number
}

const request = z.looseObject({
  principal: z.looseObject({
    iss: z.string(),
    sub: z.string(),
    client: z.string(),
    groups: z.array(z.string()),
  }),
  action: z.string(),
  resource: z.looseObject({ name: z.string() }),
  context: z.looseObject({ effect: z.string() }),
})

const MOST_KNOWN = 4096
// Guards beside the policies (pauses, budgets) deny what these allow; the outcome says so.
const besides = new Set(['PAUSED', 'BUDGET_SPENT'])

const sha256 = (value: string): string =>
  `sha256:${createHash('sha256').update(value).digest('hex')}`

const same = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((item) => other.includes(item))

interface Again {
  /** Undefined when the recorded text is no request of ours. */
  readonly asked: z.output<typeof request> | undefined
  /** Undefined when it can't be decided. */
  readonly made: ReturnType<Decide> | undefined
}
interface PolicySet {
  readonly line: PolicyLine
  /** By the text of the request: callers ask the same again and again. */
  readonly known: Map<string, Again>
}

const readAsked = (asked: string): Again['asked'] => {
  try {
    return request.safeParse(JSON.parse(asked)).data
  } catch {
    return undefined
  }
}

export const openDecisionsCheck = (decide: Decide | undefined): DecisionsCheck => {
  const sets = new Map<string, PolicySet>()
  let last: PolicySet | undefined
  let checked = 0
  let unseen = 0

  const setOf = (policy: Fields): PolicySet | undefined => {
    const { engine, schema, set } = policy
    const found = last?.line
    if (found && found.set === set && found.schema === schema && found.engine === engine)
      return last
    last = sets.get(`${text(set)} ${text(schema)} ${text(engine)}`)
    return last
  }

  const again = ({ known, line }: PolicySet, asked: string): Again => {
    const found = known.get(asked)
    if (found) return found
    if (known.size >= MOST_KNOWN) known.clear()
    let made: ReturnType<Decide> | undefined
    try {
      made = decide?.(line.text, line.schemaText, asked)
    } catch {
      made = undefined
    }
    const fresh = { asked: readAsked(asked), made }
    known.set(asked, fresh)
    return fresh
  }

  const fits = (header: Fields, asked: Again['asked']): boolean => {
    if (asked === undefined) return false
    const { action, context, principal, resource } = asked
    const actor = fieldsOf(header.actor)
    const facts: readonly (readonly [string, unknown])[] = [
      [principal.iss, actor.iss],
      [principal.sub, actor.sub],
      [principal.client, actor.client],
      [action, header.tool],
      [resource.name, header.target],
      [context.effect, header.effect],
    ]
    return (
      facts.every(([one, other]) => one === other) && same(principal.groups, textsOf(actor.groups))
    )
  }

  return {
    policy(line, say) {
      if (sha256(line.text) !== line.set || sha256(line.schemaText) !== line.schema)
        return say('its policies or its schema are not those that their hash names')
      sets.set(`${line.set} ${line.schema} ${line.engine}`, { line, known: new Map() })
    },
    event(header, asked, { incomplete, say }) {
      if (header.policy === undefined) return
      const policy = fieldsOf(header.policy)
      const { decision, rules } = policy
      const set = setOf(policy)
      if (set === undefined) return incomplete('the policies that decided are not in the bundle')
      if (asked === undefined || decide === undefined) {
        unseen += 1
        return
      }
      const { asked: read, made } = again(set, asked)
      // What was shortened in the header can't be compared with it.
      if (header.cut === undefined && !fits(header, read))
        return say('its decision was made on another request than its header tells of')
      if (made === undefined) return say('its recorded request or policies can not be read')
      checked += 1
      const denied = text(fieldsOf(header.outcome).code)
      const stricter = decision === 'deny' && header.type === 'call.denied' && besides.has(denied)
      if (!stricter && made.decision !== decision)
        return say(`was recorded as ${text(decision)}, and the policies say ${made.decision}`)
      if (!stricter && header.cut === undefined && !same(made.rules, textsOf(rules)))
        say('was decided by other rules than its header names')
    },
    get checked() {
      return checked
    },
    get unseen() {
      return unseen
    },
  }
}
