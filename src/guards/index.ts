/** The table of guards: each says its verdict or nothing, and the strictest counts. */
export { type Budget, budget } from './budget.ts'
export type { PolicySource } from './policy/compile.ts'
export type { Grant } from './policy/grants.ts'
export {
  type Judgeable,
  type PolicyGuard,
  type PolicyOptions,
  policyGuard,
} from './policy/guard.ts'
export { decideRecorded } from './policy/recorded.ts'
