/** The log for people and for programs: one event a line, the story of a call, the verifier's verdict. */
import { fieldsOf, text, textsOf } from '../checks/chain-check.ts'
import type { Verification } from '../verify/verify.ts'
import { brief, visible, visibleLines } from '../visible.ts'
import type { ReadPart, StoredEvent } from './read.ts'

export interface Look {
  /** ANSI colours; for a terminal only. */
  readonly color: boolean
}

type Hue = 'red' | 'green' | 'yellow' | 'blue' | 'dim' | 'bold'
const codes: Record<Hue, number> = { red: 31, green: 32, yellow: 33, blue: 34, dim: 2, bold: 1 }
const paint = (look: Look, hue: Hue, words: string): string =>
  look.color && words !== '' ? `\u001b[${codes[hue]}m${words}\u001b[0m` : words

const hueOf = (type: string): Hue => {
  if (
    /^(call\.(denied|refused|error)|approval\.rejected|mask\.failed|audit\.refused|breakglass)/.test(
      type,
    )
  )
    return 'red'
  if (/^(call\.(unknown|late)|approval\.|pause\.|clock\.|stream\.takeover)/.test(type))
    return 'yellow'
  if (type === 'call.result') return 'green'
  return type.startsWith('call.') ? 'blue' : 'dim'
}

const FACT_CHARS = 60

const factsOf = (header: StoredEvent['header']): string =>
  Object.entries(fieldsOf(header.facts))
    .filter(
      ([, value]) =>
        value !== false && value !== '' && !(Array.isArray(value) && value.length === 0),
    )
    .map(
      ([key, value]) =>
        `${visible(key)}=${brief(Array.isArray(value) ? textsOf(value).join(',') : String(value), FACT_CHARS)}`,
    )
    .join(' ')

const endOf = (header: StoredEvent['header']): string => {
  const { code, duration_us: us, rows, status } = fieldsOf(header.outcome)
  const decision = text(fieldsOf(header.policy).decision)
  const rules = textsOf(fieldsOf(header.policy).rules).map((rule) => brief(rule, 40))
  return [
    decision && `${visible(decision)}${rules.length > 0 ? ` by ${rules.join(',')}` : ''}`,
    text(status) && visible(text(status)),
    text(code) && text(code) !== 'OK' ? visible(text(code)) : '',
    text(rows) && `${visible(text(rows))} rows`,
    text(us) && `${(Number(text(us)) / 1000).toFixed(1)} ms`,
  ]
    .filter(Boolean)
    .join(', ')
}

/** One line: when, what, who, with which tool on which target, what of it, how it ended, of which call. */
export const formatEvent = ({ header }: StoredEvent, look: Look): string => {
  const who = header.actor.sub ? brief(header.actor.sub, 40) : ''
  const where = header.tool
    ? `${brief(header.tool, 40)}${header.target ? ` → ${brief(header.target, 40)}` : ''}`
    : ''
  return [
    paint(look, 'dim', visible(header.t_wall.slice(0, 23))),
    paint(look, hueOf(header.type), visible(header.type).padEnd(18)),
    paint(look, 'bold', who),
    where,
    paint(look, 'dim', factsOf(header)),
    endOf(header),
    paint(look, 'dim', header.call_id ? visible(header.call_id) : ''),
  ]
    .filter(Boolean)
    .join('  ')
}

/** One JSON object: `{"leaf":..,"header":{..}}`. */
export const eventJson = ({ header, leaf }: StoredEvent): string => JSON.stringify({ leaf, header })

const formatPart = (part: ReadPart, look: Look): string => {
  const title = paint(look, 'dim', `  ${part.kind}`)
  if ('missing' in part) {
    const words = part.missing === 'erased' ? 'erased' : 'is not what the log committed to'
    return `${title} ${paint(look, part.missing === 'erased' ? 'dim' : 'red', words)}`
  }
  const lines = visibleLines(part.bytes.toString('utf8')).split('\n')
  return [title, ...lines.map((line) => `    ${line}`)].join('\n')
}

/** A call from its first event to its last; contents where they were asked for. */
export const formatStory = (
  events: readonly { readonly event: StoredEvent; readonly parts?: readonly ReadPart[] }[],
  look: Look,
): string =>
  events
    .map(({ event, parts }) => {
      const receipt = paint(
        look,
        'dim',
        `  receipt ${event.header.stream}/${event.header.seq} ${event.leaf}`,
      )
      return [
        formatEvent(event, look),
        receipt,
        ...(parts ?? []).map((part) => formatPart(part, look)),
      ].join('\n')
    })
    .join('\n')

/** What the verifier found, and what it did not look at. */
export const formatVerification = (seen: Verification, look: Look): string => {
  const verdicts = {
    0: paint(look, 'green', 'Nothing was changed, as far as was checked.'),
    1: paint(
      look,
      'red',
      `The log was changed: ${seen.wrong} ${seen.wrong === 1 ? 'place is' : 'places are'} wrong.`,
    ),
    2: paint(look, 'yellow', 'The log could not be checked whole.'),
  }
  const { checked, erased } = seen.payloads
  const rate = seen.ms > 0 ? `, ${Math.round((seen.events * 1000) / seen.ms)}/s` : ''
  return [
    verdicts[seen.exit],
    `${seen.events} events in ${seen.streams} streams${rate}; ${checked} contents opened and compared, ${erased} erased; ${seen.approvals} approvals spent; ${seen.decisions} decisions made again.`,
    ...seen.findings.map(({ seq, stream, what }) =>
      paint(
        look,
        'red',
        `  ${stream ? `stream ${visible(stream)} ` : ''}${seq ? `event ${visible(seq)}: ` : ''}${visible(what)}`,
      ),
    ),
    ...(seen.wrong > seen.findings.length
      ? [`  and ${seen.wrong - seen.findings.length} more`]
      : []),
    ...seen.notChecked.map((what) => paint(look, 'dim', `  not checked: ${visible(what)}`)),
  ].join('\n')
}

/** One JSON object, the members of a Verification; `ok` is exit 0. */
export const verificationJson = (seen: Verification): string =>
  JSON.stringify({ ok: seen.exit === 0, ...seen })
