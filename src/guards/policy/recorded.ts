/** A recorded decision made again, from nothing but what was recorded: for verifiers. */
import { compileRecorded } from './compile.ts'
import { type Decider, type Decision, decider } from './decide.ts'
import { lru } from './lru.ts'
import { readRequest } from './request.ts'

const mostSets = 8
const deciders = lru<Decider>(mostSets)

/**
 * What the recorded policies say to the recorded request; texts as in `PolicyGuard.texts` and `DecisionRecord.request`.
 * Throws when a text is not one of ours.
 */
export const decideRecorded = (
  policies: string,
  schema: string,
  request: string,
): { readonly decision: Decision['kind']; readonly rules: readonly string[] } => {
  const key = JSON.stringify([policies, schema])
  const found = deciders.get(key) ?? decider(compileRecorded(policies, schema).policies)
  deciders.set(key, found)
  const { kind, rules } = found.decide(readRequest(request))
  return { decision: kind, rules }
}
