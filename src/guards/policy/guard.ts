/** The policy guard: facts of a call -> allow, hold or deny, with what a verifier needs to decide it again. */
import type { Caller, DecisionRecord, Effect, Guard, Target, Verdict } from '../../types.ts'
import { canonical } from './canonical.ts'
import { compile, type PolicySet, type PolicySource } from './compile.ts'
import { type Decision, decider } from './decide.ts'
import { engineName } from './engine.ts'
import { looksAtTime, looksOf } from './expressions.ts'
import type { Grant } from './grants.ts'
import { lru } from './lru.ts'
import { type Foreseen, foresight } from './may.ts'
import { factsProblem, type PolicyRequest, policyRequest, readRequest } from './request.ts'
import { type PolicyTool, schemaText } from './schema.ts'

export interface PolicyOptions {
  readonly tools: readonly PolicyTool[]
  readonly grants: readonly Grant[]
  readonly files: readonly PolicySource[]
  /** Names of the configured targets; a policy that names another stops the start. Left out: not checked. */
  readonly targets?: readonly string[]
}

/** What a call must have to be judged; a `Call` has it. */
export interface Judgeable {
  readonly at: Date
  readonly caller: Pick<Caller, 'iss' | 'sub' | 'client' | 'groups'>
  readonly tool: string
  readonly target: Pick<Target, 'name' | 'kind' | 'labels'>
  readonly facts: {
    readonly effect: Effect
    readonly policy: Parameters<typeof factsProblem>[0]['policy']
  }
}

export interface PolicyGuard {
  readonly guard: Guard
  /** The guard without the promise; never throws. */
  judge(call: Judgeable): Verdict
  /** Could any policy ever permit this? No false negatives. */
  mayEver(caller: Judgeable['caller'], tool: string, target: Judgeable['target']): boolean
  /** For each effect up to the tool's ceiling, what could come of it before facts are known. */
  modes(
    caller: Judgeable['caller'],
    tool: string,
    target: Judgeable['target'],
  ): Readonly<Partial<Record<Effect, 'allow' | 'hold'>>>
  /** The same for one effect, with the rules that say so. */
  foresee(
    caller: Judgeable['caller'],
    tool: string,
    target: Judgeable['target'],
    effect: Effect,
  ): Foreseen
  /** Groups that any policy names, sorted. */
  readonly groups: readonly string[]
  /** `sha256:` of the policies and of the schema. */
  readonly set: string
  readonly schema: string
  readonly engine: string
  readonly texts: PolicySet['texts']
  readonly policies: PolicySet['policies']
  readonly warnings: readonly string[]
  /** A recorded request put to these policies. Throws when the text is no request of ours. */
  redecide(request: string): {
    readonly decision: Decision['kind']
    readonly rules: readonly string[]
  }
}

const effects = ['read', 'write', 'admin'] as const
const rememberMs = 5_000
const mostRemembered = 4_096
const longestKey = 8 * 1024

/** Compiles and validates everything once. Throws CONFIG_INVALID with a line for each problem. */
export const policyGuard = (options: PolicyOptions): PolicyGuard => {
  const set = compile(
    { files: options.files, grants: options.grants },
    schemaText(options.tools),
    options.targets === undefined ? {} : { targets: options.targets },
  )
  const tools = new Map(options.tools.map((tool) => [tool.name, tool]))
  const { decide, shadow } = decider(set.policies)
  const ahead = foresight(set.policies)
  const timed = set.policies.filter(({ json }) => looksAtTime(json))
  const looking = new Set(
    options.tools
      .filter(({ name }) => timed.some(({ json }) => concerns(json.action, name)))
      .map(({ name }) => name),
  )
  const verdicts = lru<Verdict>(mostRemembered, rememberMs)
  const foreseen = lru<ReturnType<PolicyGuard['modes']>>(mostRemembered, rememberMs)
  const serial = serials()

  const record = (request: PolicyRequest): DecisionRecord => {
    const shadowed = shadow(request)
    return {
      set: set.set,
      schema: set.schema,
      engine: engineName,
      request: canonical(request),
      ...(shadowed.length === 0 ? {} : { shadow: shadowed }),
    }
  }

  const judgeAnew = (call: Judgeable): Verdict => {
    const request = policyRequest(
      call.caller,
      call.tool,
      call.target,
      call.facts,
      looking.has(call.tool) ? call.at : undefined,
    )
    const kept = record(request)
    return { ...verdict(decide(request), call, modes), record: kept }
  }

  const judge = (call: Judgeable): Verdict => {
    try {
      const tool = tools.get(call.tool)
      if (tool === undefined || tool.kind !== call.target.kind)
        return refused(`${call.tool} is no tool for ${call.target.name}.`)
      const problem = factsProblem(call.facts, tool.factKinds)
      if (problem !== undefined)
        return refused(`What ${call.tool} found (${problem}) is not what policy is written for.`)
      const key = looking.has(call.tool)
        ? ''
        : `${call.facts.effect}${JSON.stringify(call.facts.policy)}${who(call.caller)}${serial(call.target)}:${call.tool}`
      if (key === '' || key.length > longestKey) return judgeAnew(call)
      const remembered = verdicts.get(key)
      if (remembered !== undefined) return remembered
      const fresh = judgeAnew(call)
      verdicts.set(key, fresh)
      return fresh
    } catch {
      return refused('The policy could not be evaluated.')
    }
  }

  const foresee: PolicyGuard['foresee'] = (caller, tool, target, effect) =>
    ahead(policyRequest(caller, tool, target, { effect, policy: {} }, undefined), effect)

  const modes: PolicyGuard['modes'] = (caller, tool, target) => {
    const known = tools.get(tool)
    if (known === undefined || known.kind !== target.kind) return {}
    const key = `${who(caller)}${serial(target)}:${tool}`
    const remembered = foreseen.get(key)
    if (remembered !== undefined) return remembered
    const found = effects
      .slice(0, effects.indexOf(known.ceiling) + 1)
      .map((effect) => [effect, foresee(caller, tool, target, effect).mode] as const)
      .filter(([, mode]) => mode !== undefined)
    const fresh = Object.fromEntries(found)
    foreseen.set(key, fresh)
    return fresh
  }

  return {
    guard: async (call) => judge(call),
    judge,
    modes,
    foresee,
    groups: [...looksOf(set.policies.map(({ json }) => json)).groups].sort(),
    mayEver: (caller, tool, target) => Object.keys(modes(caller, tool, target)).length > 0,
    set: set.set,
    schema: set.schema,
    engine: engineName,
    texts: set.texts,
    policies: set.policies,
    warnings: set.warnings,
    redecide: (text) => {
      const { kind, rules } = decide(readRequest(text))
      return { decision: kind, rules }
    },
  }
}

const refused = (reason: string): Verdict => ({ kind: 'deny', rules: [], reason })

const who = ({ iss, sub, client, groups }: Judgeable['caller']): string =>
  JSON.stringify([iss, sub, client, groups])

/** A number for each target object: two configurations of one name are two. */
const serials = (): ((target: Judgeable['target']) => number) => {
  const given = new WeakMap<object, number>()
  let last = 0
  return (target) => {
    const found = given.get(target)
    if (found !== undefined) return found
    last += 1
    given.set(target, last)
    return last
  }
}

type ActionScope = PolicySet['policies'][number]['json']['action']
const concerns = (action: ActionScope, tool: string): boolean => {
  if (action.op === 'All') return true
  const listed = 'entities' in action ? action.entities : 'entity' in action ? [action.entity] : []
  return listed.some((entity) => ('__entity' in entity ? entity.__entity.id : entity.id) === tool)
}

const verdict = (decision: Decision, call: Judgeable, modes: PolicyGuard['modes']): Verdict => {
  if (decision.kind !== 'deny') return decision
  const hint = open(modes(call.caller, call.tool, call.target), call)
  return {
    kind: 'deny',
    rules: decision.rules,
    reason: reason(decision, call),
    ...(hint === undefined ? {} : { hint }),
  }
}

const reason = (
  { because, rules }: Extract<Decision, { kind: 'deny' }>,
  { tool, target, facts }: Judgeable,
): string => {
  switch (because) {
    case 'forbid':
      return `Forbidden on ${target.name} by ${rules.join(', ')}.`
    case 'failure':
      return 'A policy could not be evaluated, so this is denied until it is mended.'
    case 'silence':
      return `No policy lets you ${facts.effect === 'read' ? 'read' : `make a ${facts.effect} call`} with ${tool} on ${target.name}.`
  }
}

const open = (
  found: ReturnType<PolicyGuard['modes']>,
  { tool, target }: Judgeable,
): string | undefined => {
  const told = effects
    .filter((effect) => found[effect] !== undefined)
    .map((effect) => (found[effect] === 'hold' ? `${effect} (after approval)` : effect))
  return told.length === 0
    ? undefined
    : `With ${tool} on ${target.name} you may: ${told.join(', ')}.`
}
