/** The kinds of lines that a bundle has, as they are after reading. */
import type { Fields } from '../checks/chain-check.ts'

export interface BundleLine {
  readonly kind: 'bundle'
  readonly log: string
  /** Index in the tree of the first event, and one past the last. */
  readonly from: number
  readonly to: number
  readonly payloads: 'clear' | 'none'
  /** `own`: the notary ran under the gateway's own account. As the exporter says. */
  readonly notary: 'own' | 'apart'
  /** Compact range of the tree before `from`, the largest subtree first. */
  readonly range: readonly Buffer[]
}
export interface KeyLine {
  readonly kind: 'key'
  readonly id: string
  readonly public: string
}
export interface PolicyLine {
  readonly kind: 'policy'
  readonly set: string
  readonly schema: string
  readonly engine: string
  readonly text: string
  readonly schemaText: string
}
export interface EventLine {
  readonly kind: 'event'
  readonly idx: number
  readonly header: Fields
  /** The hashed bytes. */
  readonly jcs: Buffer
}
export interface PayloadLine {
  readonly kind: 'payload'
  readonly eventId: string
  readonly part: number
  readonly salt: Buffer
  readonly bytes: Buffer
}
export interface NoteLine {
  readonly kind: 'checkpoint' | 'anchor'
  readonly note: string
}
export interface EndLine {
  readonly kind: 'end'
  readonly events: number
  /** Hex. */
  readonly sha256: string
}
export interface ReceiptLine {
  readonly kind: 'receipt'
  readonly idx: number
  readonly header: Fields
  readonly jcs: Buffer
  readonly leaf: Buffer
  readonly proof: readonly Buffer[]
  readonly note: string
}
export type Line =
  | BundleLine
  | KeyLine
  | PolicyLine
  | EventLine
  | PayloadLine
  | NoteLine
  | EndLine
  | ReceiptLine
