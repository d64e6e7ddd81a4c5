/** What a decision is asked of: who, which tool, which target, which facts; in one canonical text, from which it can be asked again. */
import type { StatefulAuthorizationCall } from '@cedar-policy/cedar-wasm/nodejs'
import { z } from 'zod'
import type { BaseFacts, Caller, FactKind, FactValue, Target } from '../../types.ts'

export type Principal = Pick<Caller, 'iss' | 'sub' | 'client' | 'groups'>
export type Resource = Pick<Target, 'name' | 'kind' | 'labels'>

const requestForm = z.strictObject({
  principal: z.strictObject({
    iss: z.string(),
    sub: z.string(),
    client: z.string(),
    groups: z.array(z.string()),
  }),
  action: z.string(),
  resource: z.strictObject({
    name: z.string(),
    kind: z.enum(['postgres', 'kubernetes', 'ssh', 'http']),
    labels: z.record(z.string(), z.string()),
  }),
  /** `effect` and the tool's facts. */
  context: z.record(z.string(), z.union([z.string(), z.array(z.string()), z.boolean(), z.int()])),
  /** ISO 8601 in UTC; only when a policy looks at the time. */
  time: z.string().optional(),
})
export type PolicyRequest = z.output<typeof requestForm>

/** Throws when the text is no request of ours. */
export const readRequest = (text: string): PolicyRequest => requestForm.parse(JSON.parse(text))

/**
 * What is wrong with facts that should be as `kinds` declare them; undefined when nothing is. A missing fact would make
 * a forbid pass by, and Cedar takes fractions, null and bigint for nothing or throws.
 */
export const factsProblem = (
  { effect, policy }: Pick<BaseFacts, 'effect' | 'policy'>,
  kinds: Readonly<Record<string, FactKind>>,
): string | undefined => {
  if (effect !== 'read' && effect !== 'write' && effect !== 'admin') return 'effect'
  for (const fact in kinds) {
    const kind = kinds[fact]
    if (kind === undefined || !Object.hasOwn(policy, fact) || !isOfKind(policy[fact], kind))
      return fact
  }
  for (const fact in policy) if (!Object.hasOwn(kinds, fact)) return fact
  return undefined
}

const isOfKind = (value: FactValue | undefined, kind: FactKind): boolean => {
  switch (kind) {
    case 'string':
      return typeof value === 'string'
    case 'boolean':
      return typeof value === 'boolean'
    case 'long':
      return typeof value === 'number' && Number.isSafeInteger(value)
    case 'strings':
      return Array.isArray(value) && value.every((one) => typeof one === 'string')
  }
}

/** Sets are sorted, so that the same question has the same text. */
export const policyRequest = (
  caller: Principal,
  tool: string,
  target: Resource,
  facts: Pick<BaseFacts, 'effect' | 'policy'>,
  time: Date | undefined,
): PolicyRequest => ({
  principal: {
    iss: caller.iss,
    sub: caller.sub,
    client: caller.client,
    groups: sorted(caller.groups),
  },
  action: tool,
  resource: { name: target.name, kind: target.kind, labels: { ...target.labels } },
  context: {
    ...Object.fromEntries(
      Object.entries(facts.policy).map(([fact, value]) => [
        fact,
        typeof value === 'object' ? sorted(value) : value,
      ]),
    ),
    effect: facts.effect,
  },
  ...(time === undefined ? {} : { time: time.toISOString() }),
})

const sorted = (values: readonly string[]): string[] => [...new Set(values)].sort()

/** Id of a person: `issuer|subject`. A bar in an issuer is escaped, so that two people never have one id. */
export const userId = ({ iss, sub }: Pick<Caller, 'iss' | 'sub'>): string =>
  `${iss.replaceAll('%', '%25').replaceAll('|', '%7C')}|${sub}`

/** What some policies look at beyond their scope; what they don't is not handed over, since each piece costs time. */
export interface Looks {
  /** Attributes of the context; all of it when there is a `*`. */
  readonly context: ReadonlySet<string>
  readonly principal: boolean
  readonly resource: boolean
  /** Groups that any of them names. */
  readonly groups: ReadonlySet<string>
}

/**
 * The request as Cedar takes it: two entities at most, and no schema, since facts were checked and policies validated.
 * Should `looks` ever leave out too much, the policy errs and the call is denied.
 */
export const cedarCall = (
  request: PolicyRequest,
  looks: Looks,
): Omit<StatefulAuthorizationCall, 'preparsedPolicySetId'> => {
  const { groups, ...attrs } = request.principal
  const principal = { type: 'User', id: userId(attrs) }
  const resource = { type: 'Target', id: request.resource.name }
  const parents = groups
    .filter((group) => looks.groups.has(group))
    .map((id) => ({ type: 'Group', id }))
  const entities = [
    ...(looks.principal || parents.length > 0
      ? [{ uid: principal, attrs: looks.principal ? attrs : {}, parents }]
      : []),
    ...(looks.resource
      ? [
          {
            uid: resource,
            attrs: { name: request.resource.name, kind: request.resource.kind },
            parents: [],
            tags: request.resource.labels,
          },
        ]
      : []),
  ]
  return {
    principal,
    action: { type: 'Action', id: request.action },
    resource,
    context: lookedAt(request, looks.context),
    validateRequest: false,
    entities,
  }
}

const lookedAt = (
  { context, time }: PolicyRequest,
  looks: ReadonlySet<string>,
): StatefulAuthorizationCall['context'] => {
  const full = { ...context, ...(time === undefined ? {} : { time: datetime(time) }) }
  return looks.has(everything)
    ? full
    : Object.fromEntries(Object.entries(full).filter(([attribute]) => looks.has(attribute)))
}

const datetime = (time: string) => ({ __extn: { fn: 'datetime', arg: time } })

/** In `Looks.context`: the context as a whole. */
export const everything = '*'
