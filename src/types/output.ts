/** What a run gives back, before masking. */
import type { Fields } from './json.ts'

/** Where a result column comes from. `undefined` on a column: not provable, so column rules withhold it. */
export interface ColumnSource {
  readonly schema: string
  readonly table: string
  readonly column: string
}
export interface Column {
  readonly name: string
  /** How the cell's text becomes JSON: `number` and `boolean` and `json` as they are (checked), all else a string. */
  readonly as: 'text' | 'number' | 'boolean' | 'json' | 'binary'
  readonly type: string
  /** Every table column that this one is computed from ([] for constants and count(*)); undefined when not provable. */
  readonly from: readonly ColumnSource[] | undefined
  /** True when the cell is the one table column itself, unchanged (RowDescription names its table and number). Without it, `token` and `partial` withhold. */
  readonly direct?: boolean
}

/** One piece of a process's output, time since its start. */
export interface Chunk {
  readonly stream: 'stdout' | 'stderr'
  readonly bytes: Uint8Array
  readonly atMs: number
}

/** What a run gives back, unmasked; it leaves the gateway only through `masking/`. */
export type Output = {
  /** Secret values that the run came to know and that its output must not show (Kubernetes Secrets). */
  readonly known?: readonly string[]
} & (
  | {
      readonly kind: 'table'
      readonly columns: readonly Column[]
      /** Cells as PostgreSQL's text form, row by row. */
      readonly rows: readonly (readonly (string | null)[])[]
      readonly truncated: boolean
      /** Further fields beside columns, rows, truncated (`command`, `affected`, `notices` ...). */
      readonly fields?: Fields
    }
  | {
      readonly kind: 'process'
      readonly chunks: readonly Chunk[]
      readonly truncated: boolean
      /** `exit_code`, `signal`, `duration_ms` ... */
      readonly fields: Fields
    }
  /** Text documents (YAML, file contents, bodies) under their field names, and plain fields. */
  | { readonly kind: 'fields'; readonly fields: Fields; readonly truncated?: boolean }
)
