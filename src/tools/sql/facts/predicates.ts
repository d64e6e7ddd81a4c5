import { type Body, listOf, names, textOf } from './node.ts'
import { alongPath } from './paths.ts'
import { isMasked, type Reading, tells } from './reading.ts'
import { computed, type Value } from './value.ts'

// An agent that may not see a column must not learn its values by asking about them either. What a condition on a
// masked column may look like is therefore an allow-list: compared for equality with another stored column or with a
// few literals, tested for NULL, grouped and sorted by. All else (patterns, ranges, functions, casts) is refused in reads.

const comparisons = new Set(['=', '<>', '!=', '<', '>', '<=', '>='])
// Parts of a JSON document: NULL where there is none.
const paths = new Set(['->', '->>', '#>', '#>>'])

/**
 * The value of an operator's result from those of its sides. A masked column may be compared as in a condition, joined to
 * other text and taken apart as JSON. All else on it could fail, or run long, for some values and not for others: even
 * LIKE does, when its pattern ends in a backslash that is only reached by a match.
 */
export const compare = (r: Reading, body: Body, left: Value, right: Value): Value => {
  const operator = names(listOf(body, 'name')).at(-1) ?? ''
  const kind = textOf(body, 'kind')
  const compared = comparisons.has(operator) && kind !== 'AEXPR_SIMILAR'
  const total = compared || kind.includes('BETWEEN') || operator === '||' || paths.has(operator)
  const all = computed([left, right], total)
  const named = paths.has(operator) ? alongPath(all, body.rexpr) : all
  if (!isMasked(r, all)) return named
  const fair =
    operator === '||' ||
    (paths.has(operator) && !isMasked(r, right)) ||
    fairComparison(r, body, left, right)
  if (!fair) tells(r, `computed with ${operator}`)
  return named
}

const maxGuesses = 16
const equality = new Set([
  'AEXPR_OP',
  'AEXPR_OP_ANY',
  'AEXPR_OP_ALL',
  'AEXPR_IN',
  'AEXPR_DISTINCT',
  'AEXPR_NOT_DISTINCT',
  'AEXPR_NULLIF',
])

/** Whether a comparison in a condition is of the kind that tells no masked value; counts the literals. */
export const fairComparison = (r: Reading, body: Body, left: Value, right: Value): boolean => {
  const operator = names(listOf(body, 'name')).at(-1) ?? ''
  const kind = textOf(body, 'kind')
  if (!equality.has(kind) || (operator !== '=' && operator !== '<>' && operator !== '!='))
    return false
  return fairEquality(r, left, right, kind.startsWith('AEXPR_OP_A'))
}

/** Whether two values may be compared for equality; `arrays`: one side may be an array. */
export const fairEquality = (r: Reading, left: Value, right: Value, arrays = false): boolean => {
  const other = left.stored ? right : right.stored ? left : undefined
  if (other === undefined) return false
  if (other.stored) return !toldByTwin(r, [left, right])
  // One parameter may be an array of any length, where arrays are compared.
  if (other.constants === 0 || (arrays && other.constants === 1)) return false
  r.found.guesses += other.constants
  return r.found.guesses <= maxGuesses
}

// smallint to numeric, money, dates and times, pg_type.dat.
const countable = new Set([20, 21, 23, 26, 700, 701, 790, 1082, 1083, 1114, 1184, 1186, 1266, 1700])

/**
 * Whether a masked column would be told by an open one that it is compared with: every database holds the numbers from
 * one up and a run of days, and every server the same catalogue, so that the row that is equal is the value. Of texts
 * only those are equal that are copies, open where they stand.
 */
export const toldByTwin = (r: Reading, values: readonly Value[]): boolean => {
  const keys = new Set(values.flatMap((v) => [...v.from]))
  const open = [...keys].filter((key) => !r.rules.masked.has(key))
  return open.length < keys.size && open.some((key) => isCountable(r, key))
}

const isCountable = (r: Reading, key: string): boolean => {
  const [schema = '', table = '', column = ''] = key.split('\0')
  if (schema === 'pg_catalog' || schema === 'information_schema') return true
  const type = r.names.relation([], schema, table)?.columns.find((c) => c.name === column)?.type
  if (type === undefined) return false
  // Of a domain, what it is made of.
  return [type, ...(r.names.typeByOid(type)?.parts ?? [])].some((oid) => countable.has(oid))
}

/** Notes a condition that a masked column decides in another way than those allowed. */
export const inCondition = (r: Reading, value: Value): void => {
  if (isMasked(r, value)) tells(r, 'used in a condition')
}
