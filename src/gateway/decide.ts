/** All guards' verdicts into one: the strictest wins, silence is a denial, a guard that throws is a denial. */
import { GateError } from '../errors.ts'
import type { Call, Guard, Target, Verdict } from '../types.ts'
import type { Denial, Ports } from './ports.ts'
import type { Step } from './step.ts'

export const decide = async (
  call: Call,
  guards: readonly Guard[],
  report?: (thrown: unknown) => void,
): Promise<Verdict> => {
  const verdicts: Verdict[] = []
  for (const guard of guards) {
    try {
      const verdict = await guard(call)
      if (verdict) verdicts.push(verdict)
    } catch (thrown) {
      report?.(thrown)
      return {
        kind: 'deny',
        rules: [],
        reason: "A rule could not be evaluated, and what can't be evaluated is denied.",
      }
    }
  }
  // The record of a decision is the policy engine's; a stricter verdict of another guard keeps it.
  const record = verdicts.find((verdict) => verdict.record)?.record
  const kept = record === undefined ? {} : { record }
  const rules = [...new Set(verdicts.flatMap((verdict) => verdict.rules))]
  const deny = verdicts.find((verdict) => verdict.kind === 'deny')
  if (deny) return { ...deny, ...kept }
  const masking = [
    ...new Set(verdicts.flatMap((verdict) => (verdict.kind === 'deny' ? [] : verdict.masking))),
  ]
  const needs = verdicts.flatMap((verdict) => (verdict.kind === 'hold' ? verdict.needs : []))
  if (verdicts.some((verdict) => verdict.kind === 'hold'))
    return { kind: 'hold', rules, masking, needs, ...kept }
  if (verdicts.some((verdict) => verdict.kind === 'allow'))
    return { kind: 'allow', rules, masking, ...kept }
  return { kind: 'deny', rules: [], reason: 'No rule allows this call.' }
}

/** A pause stops a call before its target is asked for names or facts: a kill switch that still looked there would be none. */
export const stopIfPaused = (step: Step, target: Target, ports: Ports): void => {
  const stopped = ports.paused?.(step.request.caller, target)
  if (stopped === undefined) return
  step.verdict = stopped
  throw denial(stopped)
}

export const denial = (verdict: Denial): GateError =>
  new GateError(verdict.code ?? 'NOT_ALLOWED', verdict.reason, {
    rules: verdict.rules,
    ...(verdict.hint === undefined ? {} : { hint: verdict.hint }),
    retry: verdict.code === 'PAUSED' || verdict.code === 'BUDGET_SPENT',
  })
