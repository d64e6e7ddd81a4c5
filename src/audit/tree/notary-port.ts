/** The notary as the log's leader sees it. */

/** How far the notary has signed. */
export interface NotaryView {
  readonly log: string
  readonly epoch: number
  readonly size: number
  readonly root: Buffer
  /** The last checkpoint; undefined before the first, and after a ceremony. */
  readonly note: string | undefined
  /** Its statements, oldest first. */
  readonly history: readonly string[]
}

export interface SignaturePlea {
  readonly log: string
  readonly epoch: number
  readonly old: { readonly size: number; readonly root: Buffer; readonly hashes: readonly Buffer[] }
  readonly size: number
  readonly root: Buffer
  readonly leaves: readonly Buffer[]
}

export type SignatureAnswer =
  | { readonly kind: 'signed'; readonly note: string }
  | {
      readonly kind: 'refused'
      readonly why: string
      readonly message: string
      readonly has: NotaryView
    }

/** Both reject when the notary can't be reached, or answers what is no answer. */
export interface NotaryPort {
  state(): Promise<NotaryView>
  sign(plea: SignaturePlea): Promise<SignatureAnswer>
}

/** The notary and the store contradict each other: only an operator's ceremony ends that. Its message is for people. */
export class LogContradicted extends Error {
  override readonly name = 'LogContradicted'
}
