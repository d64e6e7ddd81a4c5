/** Masked values, and what makes them. */
import type { Json } from './json.ts'
import type { Output } from './output.ts'
import type { Target } from './target.ts'
import type { MaskProfile } from './verdict.ts'

declare const maskedBrand: unique symbol
/** Passed through `masking/`; the only thing that agent, log, console, error, metric and trace take. */
export type Masked<T> = T & { readonly [maskedBrand]: true }

export interface MaskedOutput {
  /** A JSON object as text, no white space, in UTF-8 when encoded: `{"columns":..,"rows":..,"truncated":..}`. Exactly what log and agent get. */
  readonly json: Masked<string>
  /** Bytes of `json` in UTF-8. */
  readonly bytes: number
  readonly rows?: number
  readonly truncated: boolean
  /** Type -> count of what was masked. */
  readonly hits: Readonly<Record<string, number>>
  /** Masked output parts stamped with time, for `replay`; processes only. */
  readonly timeline?: readonly { stream: 'stdout' | 'stderr'; text: Masked<string>; atMs: number }[]
}

export interface Masker {
  /** `sha256:` of the rules in force. */
  readonly rules: string
  /** Throws on failure or past its deadline; then the output is withheld. */
  output(output: Output, context: MaskContext): Promise<MaskedOutput>
  /** Any other text that leaves (inputs, messages, notices): token formats, key names, known values, PII. */
  text(text: string, context: MaskContext): Masked<string>
  fields(value: Json, context: MaskContext): Masked<Json>
}
export interface MaskContext {
  readonly target?: Target
  readonly profile: MaskProfile
  /** Known secret values of this call (leased credentials, Kubernetes Secrets), beside those known process-wide. */
  readonly known: readonly string[]
}
