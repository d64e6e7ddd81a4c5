/** Grants and policy files -> one validated set of policies with its hash. Everything that is wrong stops the start. */
import {
  type DetailedError,
  type PolicyJson,
  policySetTextToParts,
  policyToJson,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs'
import { GateError } from '../../errors.ts'
import type { Need } from '../../types.ts'
import { readAnnotations } from './annotations.ts'
import { canonical, sha256 } from './canonical.ts'
import { namedEntities } from './expressions.ts'
import { type Grant, grantText } from './grants.ts'

export interface Policy {
  readonly id: string
  readonly text: string
  readonly json: PolicyJson
  readonly effect: 'permit' | 'forbid'
  readonly need?: Need
  readonly masks: readonly string[]
  readonly shadow: boolean
}

export interface PolicySet {
  /** Sorted by id. */
  readonly policies: readonly Policy[]
  /** Canonical JSON of id -> text, and the schema: what the hashes are of, and what a verifier needs. */
  readonly texts: { readonly policies: string; readonly schema: string }
  readonly set: string
  readonly schema: string
  /** What Cedar's validator found odd (a policy that can never apply ...). */
  readonly warnings: readonly string[]
}

export interface PolicySource {
  readonly file: string
  readonly text: string
}

/** Where a policy comes from, for messages. */
interface Placed {
  readonly text: string
  readonly file: string
  readonly line: number
}

/** Tells what is wrong at an offset, in bytes, of a policy's text. */
type Tell = (placed: Placed, message: string, offset?: number) => void

/** What may be named: the configured targets. Left out (a recorded set), it is not checked. */
export interface Names {
  readonly targets?: readonly string[]
}

/** Throws CONFIG_INVALID with a line for each problem: file, line, and what would be right. */
export const compile = (
  sources: { readonly files: readonly PolicySource[]; readonly grants: readonly Grant[] },
  schema: string,
  names: Names = {},
): PolicySet => {
  const problems: string[] = []
  const tell: Tell = (placed, message, offset = 0) =>
    problems.push(`${placed.file}:${placed.line + linesBefore(placed.text, offset)}: ${message}`)
  const placed = [
    ...sources.grants.map(
      (grant): Placed => ({ text: grantText(grant), file: `grants (${grant.id})`, line: 1 }),
    ),
    ...sources.files.flatMap((file) => split(file, tell)),
  ]
  const known = new Map<string, Policy & { readonly at: Placed }>()
  for (const one of placed) {
    const policy = read(one, tell)
    if (policy === undefined) continue
    const before = known.get(policy.id)
    if (before !== undefined)
      tell(one, `@id("${policy.id}") is taken by ${before.at.file}:${before.at.line}`)
    else known.set(policy.id, { ...policy, at: one })
    for (const target of namedEntities(policy.json, 'Target'))
      if (names.targets !== undefined && !names.targets.includes(target))
        tell(
          one,
          `${policy.id} names a target that is not configured: ${target}${thereAre(names.targets)}`,
        )
  }
  const ids = [...known.keys()].sort()
  const policies = ids.flatMap((id) => known.get(id) ?? [])
  const warnings = problems.length > 0 ? [] : judge(known, schema, tell)
  if (problems.length > 0) throw new GateError('CONFIG_INVALID', problems.slice(0, 50).join('\n'))
  const text = canonical(Object.fromEntries(policies.map((policy) => [policy.id, policy.text])))
  return {
    policies,
    texts: { policies: text, schema },
    set: sha256(text),
    schema: sha256(schema),
    warnings,
  }
}

/** The set that `texts` hold, for a recorded decision. Throws CONFIG_INVALID. */
export const compileRecorded = (policies: string, schema: string): PolicySet => {
  const parsed: unknown = JSON.parse(policies)
  if (typeof parsed !== 'object' || parsed === null)
    throw new GateError('CONFIG_INVALID', 'The recorded policies are no object of id and text.')
  const files = Object.entries(parsed).map(([id, text]) => ({ file: id, text: String(text) }))
  return compile({ files, grants: [] }, schema)
}

const thereAre = (names: readonly string[]): string =>
  names.length === 0
    ? ''
    : `; there are ${names.slice(0, 12).join(', ')}${names.length > 12 ? ' ...' : ''}`

// Cedar counts offsets in bytes of UTF-8.
const linesBefore = (text: string, bytes: number): number =>
  Buffer.from(text).subarray(0, bytes).toString().split('\n').length - 1

const words = ({ message, help, sourceLocations }: DetailedError): string =>
  [message.replace(/^for policy `[^`]*`, /, ''), sourceLocations?.[0]?.label, help]
    .filter((one) => typeof one === 'string')
    .join('; ')

const split = (source: PolicySource, tell: Tell): readonly Placed[] => {
  const whole = { ...source, line: 1 }
  const parts = policySetTextToParts(source.text)
  if (parts.type === 'failure') {
    for (const error of parts.errors)
      tell(whole, words(error), error.sourceLocations?.[0]?.start ?? 0)
    return []
  }
  for (const template of parts.policy_templates)
    tell(
      { ...whole, line: lineOf(source.text, template) },
      'is a template (?principal or ?resource), which nothing here fills: name whom it is for',
    )
  return parts.policies.map((text) => ({
    file: source.file,
    text,
    line: lineOf(source.text, text),
  }))
}

const lineOf = (text: string, part: string): number =>
  text.slice(0, Math.max(0, text.indexOf(part))).split('\n').length

const read = (placed: Placed, tell: Tell): Policy | undefined => {
  const parsed = policyToJson(placed.text)
  if (parsed.type === 'failure') {
    for (const error of parsed.errors)
      tell(placed, words(error), error.sourceLocations?.[0]?.start ?? 0)
    return undefined
  }
  const { said, problems } = readAnnotations(parsed.json)
  for (const problem of problems) tell(placed, problem)
  return problems.length > 0
    ? undefined
    : { ...said, text: placed.text, json: parsed.json, effect: parsed.json.effect }
}

/** Cedar's validator over the whole set; errors are told, warnings returned. */
const judge = (
  known: ReadonlyMap<string, Policy & { readonly at: Placed }>,
  schema: string,
  tell: Tell,
): readonly string[] => {
  const answer = validate({
    validationSettings: { mode: 'strict' },
    schema: JSON.parse(schema),
    policies: {
      staticPolicies: Object.fromEntries([...known].map(([id, { text }]) => [id, text])),
    },
  })
  if (answer.type === 'failure')
    throw new GateError('CONFIG_INVALID', answer.errors.map(words).join('\n'))
  for (const { policyId, error } of answer.validationErrors) {
    const at = known.get(policyId)?.at ?? { text: '', file: policyId, line: 1 }
    tell(at, `${policyId}: ${words(error)}`, error.sourceLocations?.[0]?.start ?? 0)
  }
  return answer.validationWarnings.map(({ policyId, error }) => {
    const at = known.get(policyId)?.at
    return `${at?.file ?? ''}:${at?.line ?? 1}: ${policyId}: ${words(error)}`
  })
}
