import { bodyFacts, expressionFacts } from './bodies.ts'
import type { UserFunction } from './catalogue.ts'
import { ordered, rowNamed, values, windowValue } from './expressions.ts'
import { candidates, isSystemFunction } from './judge.ts'
import { type Body, listOf, literalText, names, optional } from './node.ts'
import { alongPath } from './paths.ts'
import { isMasked, type Reading, tells } from './reading.ts'
import { maskedReach, within } from './reviewed.ts'
import { ofEntry, type Scope } from './scope.ts'
import { settingName } from './settings.ts'
import { conditionOf } from './subqueries.ts'
import { computed, nullTest, plain, type Value } from './value.ts'

/** What decides the result of a call: its arguments, and what the functions that it may reach read. */
export const callValue = (r: Reading, scope: Scope, body: Body): Value => {
  const parts = names(listOf(body, 'funcname'))
  const name = parts.at(-1) ?? ''
  const argNodes = listOf(body, 'args')
  const args = values(r, scope, argNodes)
  settingName(r, name, argNodes)
  const row =
    parts.length === 1 && argNodes.length === 1 && isNoFunction(r, name)
      ? projection(r, scope, name, argNodes[0])
      : undefined
  if (row !== undefined) {
    r.seen.add(body)
    return row
  }
  const rest: Value[] = []
  const over = optional(body, 'over')
  if (over !== undefined) rest.push(windowValue(r, scope, over))
  rest.push(ordered(r, scope, listOf(body, 'agg_order')))
  const filter = optional(body, 'agg_filter')
  // What is counted or summed may fail, so a filter decides as WHERE does.
  if (filter !== undefined) rest.push(conditionOf(r, scope, filter))
  const users = candidates(r, parts, undefined)
  const reach =
    isSystemFunction(r, parts) && users.length === 0 && Object.hasOwn(maskedReach, name)
      ? maskedReach[name]
      : undefined
  const unfit =
    reach === undefined || (reach === 'rest' && (literalText(argNodes[0]) ?? '*').includes('*'))
  const beyond = args.some((a, i) => isMasked(r, a) && (unfit || !within(reach, i, a.stored)))
  if (beyond) tells(r, `passed to ${name}`)
  // The agent picks the arguments, and with them which rows come.
  if (users.some((f) => f.rows && f.args > 0 && isMasked(r, readBy(r, f))))
    tells(r, `read by ${name}, whose rows its arguments pick`)
  // With a second argument it takes bytes in an encoding, which may be broken.
  const total = reach === 'all' && (name !== 'length' || args.length === 1)
  // Of a stored column they tell no more than IS NULL does, and how many values there are.
  const asked = reach !== undefined && nullCounts.has(name) ? args.map(nullTest) : args
  const all = computed([...asked, ...rest, ...users.map((f) => readBy(r, f))], total)
  return jsonPaths.has(name) ? argNodes.slice(1).reduce(alongPath, all) : all
}

const nullCounts = new Set(['count', 'num_nulls', 'num_nonnulls'])
const jsonPaths = new Set(
  `json_extract_path json_extract_path_text jsonb_extract_path jsonb_extract_path_text jsonb_path_query
  jsonb_path_query_array jsonb_path_query_first`.split(/\s+/),
)

/** What a user function reads beside its arguments flows into its result. */
const readBy = (r: Reading, f: UserFunction): Value =>
  f.body === undefined ||
  f.extension !== undefined ||
  f.kind !== 'f' ||
  r.author === 'policy' ||
  r.author === 'stored'
    ? plain
    : { ...plain, from: new Set([...bodyFacts(r, f).columns, ...fallbackColumns(r, f)]) }

const fallbackColumns = (r: Reading, { fallbacks }: UserFunction): Iterable<string> =>
  fallbacks === undefined ? [] : expressionFacts(r, fallbacks).columns

const isNoFunction = (r: Reading, name: string): boolean =>
  !isSystemFunction(r, [name]) && candidates(r, [name], undefined).length === 0

/** `name(t)` is the column `name` of the row `t`, when it has one and no function has the name. */
const projection = (
  r: Reading,
  scope: Scope,
  name: string,
  arg: Body | undefined,
): Value | undefined => {
  const row = arg === undefined ? undefined : rowNamed(r, scope, arg)
  return row === undefined || !row.columns.some((c) => c.name === name)
    ? undefined
    : ofEntry({ alias: '', ...row }, name)
}
