/** Column policy by lineage: what happens to a result column because of the table columns that it comes from. */
import { createHmac } from 'node:crypto'
import type { Column, ColumnAction, ColumnSource, Target } from '../types.ts'

/** `content`: the cells are looked at. `withheld`: lineage is not provable; `column`: the policy hides it; `named`: its name does. */
export type ColumnPlan =
  | { readonly kind: 'content' }
  | {
      readonly kind: 'hide'
      readonly type: 'withheld' | 'column' | 'named'
      readonly nulls: boolean
    }
  | { readonly kind: 'partial' | 'token' }

const strength: Readonly<Record<ColumnAction, number>> = {
  pass: 0,
  token: 1,
  partial: 2,
  redact: 3,
}

/** What the policy of a target says of its columns, keys in lower case and with their schema. */
export type ColumnPolicy = ReadonlyMap<string, ColumnAction>

const policies = new WeakMap<object, ColumnPolicy>()

export const columnPolicy = (target: Target | undefined): ColumnPolicy => {
  if (target?.kind !== 'postgres') return none
  const known = policies.get(target.columns)
  if (known !== undefined) return known
  const policy = new Map<string, ColumnAction>()
  for (const [name, action] of Object.entries(target.columns)) {
    const key = (name.split('.').length > 2 ? name : `public.${name}`).toLowerCase()
    const before = policy.get(key)
    // The same column named twice: the stricter word counts.
    if (before === undefined || strength[action] > strength[before]) policy.set(key, action)
  }
  policies.set(target.columns, policy)
  return policy
}
const none: ColumnPolicy = new Map()

const keyOf = ({ schema, table, column }: ColumnSource): string =>
  `${schema}.${table}.${column}`.toLowerCase()

/** `telling`: whether a name alone hides what stands under it. */
export const planFor = (
  column: Column,
  policy: ColumnPolicy,
  telling: (name: string) => boolean,
): ColumnPlan => {
  const { from } = column
  const hides = [...policy.values()].some((action) => action !== 'pass')
  if (from === undefined) {
    if (hides) return { kind: 'hide', type: 'withheld', nulls: true }
    return telling(column.name) ? hidden('named', false) : { kind: 'content' }
  }
  const actions = from.map((source) => policy.get(keyOf(source)))
  const strictest = actions.reduce<ColumnAction>(
    (worst, action) =>
      action !== undefined && strength[action] > strength[worst] ? action : worst,
    'pass',
  )
  // Only the column itself may be shown in part or as a token: of something computed from it, a token would tell the
  // parts apart, character by character.
  const itself = column.direct === true
  if (strictest === 'redact' || (strictest !== 'pass' && !itself)) return hidden('column', !itself)
  if (strictest !== 'pass') return { kind: strictest }
  const names = from.filter((_, index) => actions[index] !== 'pass').map((source) => source.column)
  const passed = from.length > 0 && names.length === 0
  const named = names.some(telling) || (!passed && telling(column.name))
  return named ? hidden('named', !itself) : { kind: 'content' }
}

/** `nulls`: whether even NULL is hidden: in a computed column it can answer a question about the hidden value. */
const hidden = (type: 'column' | 'named', nulls: boolean): ColumnPlan => ({
  kind: 'hide',
  type,
  nulls,
})

/** A stand-in by which equal values stay equal, so joins still work; the key's version comes first. */
export const tokenOf = (key: Uint8Array, value: string): string =>
  `tok1_${createHmac('sha256', key).update('countersign column token 1\0').update(value).digest('base64url').slice(0, 22)}`

/** The first letter and the domain of an address; the last four characters of anything long enough; else nothing. */
export const partOf = (value: string): string => {
  const at = value.lastIndexOf('@')
  if (at > 1) return `${value.slice(0, 1)}***${value.slice(at)}`
  return value.length >= 12 ? `***${value.slice(-4)}` : '***'
}
