/** One call put to the policy, as the gateway would: may it ever, what is in it, what do the policies say. Nothing runs. */
import { asGateError, type Code, GateError } from '../errors.ts'
import { parseInput } from '../gateway/admit.ts'
import type { PolicyGuard } from '../guards/index.ts'
import type { Caller, Effect, Need, Target, Tool } from '../types.ts'
import type { FactsFor } from './policy-live.ts'

export interface Asked {
  readonly tool: string
  readonly target: string
  readonly caller: Pick<Caller, 'iss' | 'sub' | 'client' | 'groups'>
  readonly input: unknown
  readonly at: Date
}

/** What the agent would get; `code` is null where the call would go on. */
export interface Explained {
  readonly verdict: 'allow' | 'hold' | 'deny'
  readonly effect: Effect | null
  readonly rules: readonly string[]
  readonly code: Code | null
  readonly reason?: string
  readonly hint?: string
  readonly needs?: readonly Need[]
  readonly masking?: readonly string[]
  readonly facts?: Readonly<Record<string, unknown>>
  readonly shadow?: readonly string[]
}

export interface World {
  readonly guard: PolicyGuard
  readonly tools: readonly Tool[]
  readonly targets: readonly Target[]
  readonly factsFor: FactsFor
}

/** Never throws for what the gateway would refuse; throws what kept it from being judged (TARGET_UNREACHABLE ...). */
export const explain = async (asked: Asked, world: World): Promise<Explained> => {
  const tool = world.tools.find(({ name }) => name === asked.tool)
  if (tool === undefined) return refused('INPUT_REFUSED', `There is no tool ${asked.tool}.`)
  const target = world.targets.find(({ name }) => name === asked.target)
  if (
    target === undefined ||
    target.kind !== tool.kind ||
    !world.guard.mayEver(asked.caller, tool.name, target)
  )
    return refused(
      'TARGET_UNKNOWN',
      'No policy could ever let this caller use this tool on this target.',
    )
  try {
    const input = parseInput(tool, withTarget(asked.input, target.name))
    const facts = await world.factsFor(tool, input, target)
    return judged(world.guard.judge({ ...asked, target, facts }), facts)
  } catch (thrown) {
    const error = asGateError(thrown)
    if (error.code !== 'INPUT_REFUSED' && error.code !== 'SYNTAX_ERROR') throw thrown
    return { ...refused(error.code, error.message), ...hintOf(error) }
  }
}

const withTarget = (input: unknown, target: string): unknown => {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new GateError('INPUT_REFUSED', 'The input has to be an object.')
  return { ...input, target }
}

const refused = (code: Code, reason: string): Explained => ({
  verdict: 'deny',
  effect: null,
  rules: [],
  code,
  reason,
})

const hintOf = ({ teaching }: GateError): { readonly hint?: string } =>
  teaching.hint === undefined ? {} : { hint: teaching.hint }

const judged = (
  verdict: ReturnType<PolicyGuard['judge']>,
  facts: { readonly effect: Effect; readonly policy: Readonly<Record<string, unknown>> },
): Explained => {
  const { kind, rules, record } = verdict
  const common = {
    verdict: kind,
    effect: facts.effect,
    rules,
    facts: facts.policy,
    ...(record?.shadow === undefined ? {} : { shadow: record.shadow }),
  }
  switch (verdict.kind) {
    case 'allow':
      return { ...common, code: null, masking: verdict.masking }
    case 'hold':
      return { ...common, code: null, masking: verdict.masking, needs: verdict.needs }
    case 'deny':
      return {
        ...common,
        code: verdict.code ?? 'NOT_ALLOWED',
        reason: verdict.reason,
        ...(verdict.hint === undefined ? {} : { hint: verdict.hint }),
      }
  }
}
