/** JSON as we hold it: deeply read-only. */

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [k: string]: Json }
export type Fields = Readonly<Record<string, Json>>
