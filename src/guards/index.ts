/** The table of guards: each says its verdict or nothing, and the strictest counts. */
export { budget } from './budget.ts'
export { refuseEmptyPolicies } from './policy/empty.ts'
export {
  type Judgeable,
  type PolicyGuard,
  policyGuard,
} from './policy/guard.ts'
export { decideRecorded } from './policy/recorded.ts'
