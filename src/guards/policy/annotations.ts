/** What annotations say of a policy beyond Cedar: its id, who must approve, masks, shadow. A misspelt one must not pass as none. */
import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { Need } from '../../types.ts'

export interface Said {
  readonly id: string
  readonly need?: Need
  readonly masks: readonly string[]
  readonly shadow: boolean
}

const known = [
  'id',
  'approvers',
  'quorum',
  'within',
  'self',
  'mask',
  'shadow',
  'description',
] as const
type Known = (typeof known)[number]

const idForm = /^[^\u0000-\u001f\u007f]{1,128}$/
const unitsMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
const longestMs = 7 * 86_400_000
const defaultWithinMs = 15 * 60_000
const largestQuorum = 10

/** Reads the annotations, or says what is wrong with them, each in a sentence. */
export const readAnnotations = (
  policy: PolicyJson,
): { readonly said: Said; readonly problems: readonly string[] } => {
  const problems: string[] = []
  // Cedar gives an annotation without a value as null, against its own types.
  const given = new Map<string, string | null>(Object.entries(policy.annotations ?? {}))
  const value = (name: Known): string | undefined =>
    given.has(name) ? (given.get(name) ?? '') : undefined
  for (const name of given.keys())
    if (!known.some((one) => one === name))
      problems.push(
        `@${name} means nothing here; there are ${known.map((one) => `@${one}`).join(', ')}`,
      )

  const id = value('id') ?? ''
  if (!idForm.test(id))
    problems.push('needs an @id("..") of 1 to 128 characters, by which decisions name it')
  const approvers = listOf(value('approvers'))
  const masks = listOf(value('mask')) ?? []
  if (approvers?.length === 0) problems.push('@approvers names no group: write @approvers("dba")')
  if (given.has('mask') && masks.length === 0)
    problems.push('@mask names no profile: write @mask("pii")')
  for (const name of ['quorum', 'within', 'self'] as const)
    if (given.has(name) && approvers === undefined)
      problems.push(`@${name} needs @approvers: without it nobody would be asked`)
  if (masks.length > 0 && policy.effect === 'forbid' && approvers === undefined)
    problems.push('@mask does nothing on a forbid without @approvers')
  if (given.has('shadow') && value('shadow') !== '') problems.push('@shadow takes no value')

  const quorum = Number(value('quorum') ?? '1')
  if (!/^[1-9]\d?$/.test(value('quorum') ?? '1') || quorum > largestQuorum)
    problems.push(`@quorum is a number of people from 1 to ${largestQuorum}: write @quorum("2")`)
  const withinMs = value('within') === undefined ? defaultWithinMs : duration(value('within') ?? '')
  if (withinMs === undefined)
    problems.push('@within is a duration of at most 7d: write @within("15m")')
  const self = value('self')
  if (self !== undefined && self !== '' && self !== 'true' && self !== 'false')
    problems.push('@self takes no value, "true" or "false"')

  const need =
    approvers === undefined
      ? undefined
      : {
          groups: approvers,
          quorum,
          withinMs: withinMs ?? defaultWithinMs,
          self: self !== undefined && self !== 'false',
        }
  const said = { id, masks, shadow: given.has('shadow'), ...(need === undefined ? {} : { need }) }
  return { said, problems }
}

/** `dba, sre`, or a JSON list for names that hold commas (groups from a directory do). */
const listOf = (text: string | undefined): readonly string[] | undefined => {
  if (text === undefined) return undefined
  const given = text.trim().startsWith('[')
    ? jsonList(text)
    : text.split(',').map((one) => one.trim())
  return [...new Set(given)].filter((one) => one !== '')
}

const jsonList = (text: string): readonly string[] => {
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) && parsed.every((one) => typeof one === 'string') ? parsed : []
  } catch {
    return []
  }
}

const duration = (text: string): number | undefined => {
  const found = /^([1-9]\d{0,6})([smhd])$/.exec(text)
  const ms = Number(found?.[1]) * (unitsMs[found?.[2] ?? ''] ?? Number.NaN)
  return ms <= longestMs ? ms : undefined
}
