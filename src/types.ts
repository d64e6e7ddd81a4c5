/** The vocabulary of the gateway, and nothing else: no code runs here. Words as in docs/design.md; rooms import from here. */

export type * from './types/approval.ts'
export type * from './types/call.ts'
export type * from './types/caller.ts'
export type * from './types/json.ts'
export type * from './types/log.ts'
export type * from './types/masked.ts'
export type * from './types/output.ts'
export type * from './types/target.ts'
export type * from './types/tool.ts'
export type * from './types/vault.ts'
export type * from './types/verdict.ts'
