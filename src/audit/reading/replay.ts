/** A call told again as it went: what was asked, then what the agent got, piece by piece, with the time between. Pure. */
import { type Fields, fieldsOf, text, textsOf } from '../checks/chain-check.ts'
import { visible, visibleLines } from '../visible.ts'

/** One thing to show, `waitMs` after the one before it. */
export interface Step {
  readonly waitMs: number
  readonly kind: 'asked' | 'note' | 'stdout' | 'stderr' | 'output' | 'error'
  /** Control characters made visible; line breaks and tabs stay. */
  readonly text: string
}

export interface ToldEvent {
  readonly header: Fields
  /** By kind: text, or a value that was JSON, or `{missing}`. */
  readonly parts: Readonly<Record<string, unknown>>
}

const gone = (part: unknown): string | undefined => {
  const { missing } = fieldsOf(part)
  return missing === 'erased' || missing === 'broken' ? missing : undefined
}

const shown = (part: unknown): string =>
  visibleLines(typeof part === 'string' ? part : JSON.stringify(part, null, 2))

/** The statement, the command, or all arguments, as the approver and the log saw them. */
const askedFor = (part: unknown): string => {
  const given = typeof part === 'string' ? {} : fieldsOf(part)
  const words = fieldsOf(given.arguments ?? given.input ?? given)
  for (const key of ['sql', 'command']) {
    const value = words[key]
    if (typeof value === 'string') return visibleLines(value)
    if (Array.isArray(value)) return visibleLines(textsOf(value).join(' '))
  }
  return shown(part)
}

const at = ({ header }: ToldEvent): number => Date.parse(text(header.t_wall)) || 0

/** `[stream, ms, text]` as the record has it; undefined when it is none. */
const pieceOf = (one: unknown): readonly [Step['kind'], number, string] | undefined => {
  if (!Array.isArray(one)) return undefined
  const [stream, ms, words]: readonly unknown[] = one
  if ((stream !== 'stdout' && stream !== 'stderr') || typeof words !== 'string') return undefined
  return [stream, typeof ms === 'number' && ms >= 0 ? ms : 0, words]
}

const outputOf = (event: ToldEvent, startedAt: number): Step[] => {
  const { output, timeline } = event.parts
  const total = Math.max(0, at(event) - startedAt)
  if (Array.isArray(timeline)) {
    let before = 0
    return timeline.flatMap((one: unknown): Step[] => {
      const piece = pieceOf(one)
      if (piece === undefined) return []
      const [kind, ms, words] = piece
      const waitMs = Math.max(0, ms - before)
      before = Math.max(before, ms)
      return [{ waitMs, kind, text: visibleLines(words) }]
    })
  }
  if (output === undefined) return []
  const missing = gone(output)
  return missing
    ? [{ waitMs: total, kind: 'note', text: `the output is ${missing}` }]
    : [{ waitMs: total, kind: 'output', text: shown(output) }]
}

/** The steps of a call; its events are in their order. */
export const stepsOf = (events: readonly ToldEvent[]): readonly Step[] => {
  const steps: Step[] = []
  let startedAt = 0
  let last = events[0] ? at(events[0]) : 0
  const note = (event: ToldEvent, words: string): void => {
    steps.push({ waitMs: Math.max(0, at(event) - last), kind: 'note', text: visible(words) })
    last = at(event)
  }
  for (const event of events) {
    const type = text(event.header.type)
    const who = text(fieldsOf(event.header.actor).sub)
    if (type === 'call.received') {
      note(
        event,
        `${text(event.header.t_wall).slice(0, 19)}  ${who}  ${text(event.header.tool)} on ${text(event.header.target)}`,
      )
      const { input } = event.parts
      const missing = gone(input)
      if (missing) note(event, `what was asked is ${missing}`)
      else if (input !== undefined) steps.push({ waitMs: 0, kind: 'asked', text: askedFor(input) })
    } else if (type === 'call.intent') {
      startedAt = at(event)
      last = startedAt
    } else if (type === 'approval.requested') note(event, 'held for approval')
    else if (/^approval\.(granted|rejected|expired|cancelled)$/.test(type))
      note(event, `${type.slice('approval.'.length)} by ${who}`)
    else if (type === 'call.result') {
      steps.push(...outputOf(event, startedAt))
      last = at(event)
    } else if (/^call\.(error|unknown|denied|refused)$/.test(type)) {
      const { error } = event.parts
      note(event, `${type.slice('call.'.length)}: ${text(fieldsOf(event.header.outcome).code)}`)
      if (error !== undefined && !gone(error))
        steps.push({ waitMs: 0, kind: 'error', text: shown(error) })
    }
  }
  return steps
}
