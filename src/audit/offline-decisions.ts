/** Decisions made again from what was recorded, and what they should have led to. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { PolicyLine } from './bundle-lines.ts'
import { type Fields, fieldsOf, text, textsOf } from './chain-check.ts'

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

export const openDecisionsCheck = (decide: Decide | undefined): DecisionsCheck => {
  const sets = new Map<string, PolicyLine>()
  const known = new Map<string, ReturnType<Decide> | undefined>()
  let checked = 0
  let unseen = 0

  const again = (line: PolicyLine, asked: string) => {
    const key = `${line.set} ${line.schema} ${asked}`
    if (known.has(key)) return known.get(key)
    if (known.size >= MOST_KNOWN) known.clear()
    let made: ReturnType<Decide> | undefined
    try {
      made = decide?.(line.text, line.schemaText, asked)
    } catch {
      made = undefined
    }
    known.set(key, made)
    return made
  }

  const fits = (header: Fields, asked: string): boolean => {
    let value: unknown
    try {
      value = JSON.parse(asked)
    } catch {
      return false
    }
    const read = request.safeParse(value)
    if (!read.success) return false
    const { action, context, principal, resource } = read.data
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
      sets.set(`${line.set} ${line.schema} ${line.engine}`, line)
    },
    event(header, asked, { incomplete, say }) {
      if (header.policy === undefined) return
      const { decision, engine, rules, schema, set } = fieldsOf(header.policy)
      const line = sets.get(`${text(set)} ${text(schema)} ${text(engine)}`)
      if (line === undefined) return incomplete('the policies that decided are not in the bundle')
      if (asked === undefined || decide === undefined) {
        unseen += 1
        return
      }
      // What was shortened in the header can't be compared with it.
      if (header.cut === undefined && !fits(header, asked))
        return say('its decision was made on another request than its header tells of')
      const made = again(line, asked)
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
