/** An approval as people read it: facts, effect, statement and preview, with everything invisible made visible. */
import { z } from 'zod'
import { unpadded, visible } from '../masking/visible.ts'

const person = z.object({
  iss: z.string(),
  sub: z.string(),
  client: z.string().optional(),
  groups: z.array(z.string()),
})
/** An approval as the gateway's API tells it. */
export const approvalForm = z.object({
  callId: z.string(),
  state: z.string(),
  tool: z.string(),
  target: z.string(),
  targetIdentity: z.string(),
  effect: z.string(),
  caller: person,
  needs: z.array(z.object({ groups: z.array(z.string()), quorum: z.number(), self: z.boolean() })),
  rules: z.array(z.string()),
  view: z.object({
    input: z.unknown(),
    facts: z.unknown(),
    preview: z.unknown(),
    reason: z.unknown(),
  }),
  answers: z.array(
    z.object({
      iss: z.string(),
      sub: z.string(),
      decision: z.string(),
      at: z.string(),
      self: z.boolean(),
    }),
  ),
  requestedAt: z.string(),
  expiresAt: z.string(),
})
export type Shown = z.output<typeof approvalForm>

/** Longest text shown of one value; what is left out is counted. */
const most = 20_000

const one = (text: string): string => visible(text, { most: 300 })
const indented = (text: string): string => text.replace(/^/gm, '    ')

/** `5 min 10 s`; `over` when it is. */
export const left = (expiresAt: string, now: Date): string => {
  const seconds = Math.floor((new Date(expiresAt).getTime() - now.getTime()) / 1000)
  if (!(seconds > 0)) return 'over'
  const minutes = Math.floor(seconds / 60)
  return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % 60} s`
}

/** What was run, rejected, cancelled or has expired has no time left. */
const mayStillRun = (state: string): boolean => state === 'requested' || state === 'approved'

const needWords = ({ groups, quorum, self }: Shown['needs'][number]): string =>
  `${quorum} of ${groups.map(one).join(', ')}${self ? ' (the caller may be one)' : ''}`

/** One line a request. */
export const listText = (approvals: readonly Shown[], now: Date): string =>
  approvals.length === 0
    ? 'Nothing waits for approval.'
    : approvals
        .map(({ callId, caller, effect, expiresAt, needs, state, target, tool }) =>
          [
            callId,
            state,
            effect,
            `${tool} on ${one(target)}`,
            `by ${one(caller.sub)}`,
            needs.map(needWords).join(' and '),
            ...(mayStillRun(state) ? [`left: ${left(expiresAt, now)}`] : []),
          ].join('  '),
        )
        .join('\n')

export const showText = (approval: Shown, now: Date): string => {
  const {
    answers,
    caller,
    effect,
    expiresAt,
    needs,
    rules,
    state,
    target,
    targetIdentity,
    tool,
    view,
  } = approval
  const client = caller.client ? ` through ${one(caller.client)}` : ''
  return [
    `Call      ${approval.callId}`,
    `State     ${state}`,
    `Effect    ${effect}`,
    `Tool      ${tool} on ${one(target)} (${one(targetIdentity)})`,
    `Caller    ${one(caller.sub)} (${one(caller.iss)})${client}, groups: ${caller.groups.map(one).join(', ') || 'none'}`,
    `Needs     ${needs.map(needWords).join(' and ')}`,
    `Rules     ${rules.map(one).join(', ')}`,
    `Requested ${approval.requestedAt}`,
    `Expires   ${expiresAt}${mayStillRun(state) ? ` (${left(expiresAt, now)} left)` : ''}`,
    ...answers.map(
      ({ at, decision, self, sub }) =>
        `Answer    ${decision} by ${one(sub)} at ${at}${self ? ' (the caller)' : ''}`,
    ),
    '',
    'What the gateway found in it:',
    indented(valueText(view.facts)),
    '',
    'What would run:',
    indented(valueText(view.input)),
    '',
    'What it would do (from the target; nothing has run):',
    indented(valueText(view.preview)),
    ...(typeof view.reason === 'string' && view.reason !== ''
      ? [
          '',
          'What the agent says it is for (not checked by anybody):',
          indented(longText(view.reason)),
        ]
      : []),
  ].join('\n')
}

const longText = (text: string): string => visible(unpadded(text), { most, lines: true })

/** Members by line; a text of several lines starts below its name. */
const valueText = (value: unknown): string => {
  if (typeof value === 'string') return longText(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return visible(unpadded(JSON.stringify(value) ?? ''), { most })
  const lines = Object.entries(value).map(([name, member]) => {
    const text = typeof member === 'string' ? longText(member) : listOfTexts(member)
    const several = text.includes('\n')
    return several ? `${one(name)}:\n${indented(text)}` : `${one(name)}: ${text}`
  })
  return lines.length === 0 ? 'nothing' : lines.join('\n')
}
const listOfTexts = (member: unknown): string =>
  Array.isArray(member) && member.length > 1 && member.every((item) => typeof item === 'string')
    ? longText(member.join('\n'))
    : visible(unpadded(JSON.stringify(member) ?? ''), { most })
