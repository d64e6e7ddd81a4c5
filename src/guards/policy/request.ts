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

/**
 * The request as Cedar takes it. Groups that no policy names are left out: nothing can depend on them, and each costs
 * time. Two entities, no schema: the facts were checked, the policies validated.
 */
export const cedarCall = (
  request: PolicyRequest,
  named: ReadonlySet<string>,
): Omit<StatefulAuthorizationCall, 'preparsedPolicySetId'> => {
  const { groups, ...attrs } = request.principal
  const principal = { type: 'User', id: userId(attrs) }
  const resource = { type: 'Target', id: request.resource.name }
  return {
    principal,
    action: { type: 'Action', id: request.action },
    resource,
    context:
      request.time === undefined
        ? request.context
        : { ...request.context, time: { __extn: { fn: 'datetime', arg: request.time } } },
    validateRequest: false,
    entities: [
      {
        uid: principal,
        attrs,
        parents: groups.filter((group) => named.has(group)).map((id) => ({ type: 'Group', id })),
      },
      {
        uid: resource,
        attrs: { name: request.resource.name, kind: request.resource.kind },
        parents: [],
        tags: request.resource.labels,
      },
    ],
  }
}
