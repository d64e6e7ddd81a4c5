/** What differs between two states of an object, as two small trees under the same keys, so that masking still sees every name. */
import type { Fields, Json } from '../../types.ts'
import { checkDepth, hiddenValue, isObject, isSecret, type Obj, withoutNoise } from './objects.ts'

/** Changed by the server with every change. */
const own = new Set(['resourceVersion', 'generation', 'uid', 'creationTimestamp'])

const same = (a: Json | undefined, b: Json | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b)

const nameKey = (value: Json | undefined): string | undefined =>
  isObject(value) && typeof value.name === 'string' ? value.name : undefined

type Pair = readonly [before: Json | undefined, after: Json | undefined]

/** Only what differs; undefined on a side where there is nothing. */
const prune = (before: Json | undefined, after: Json | undefined): Pair => {
  if (isObject(before) && isObject(after)) return objects(before, after)
  if (Array.isArray(before) && Array.isArray(after)) return lists(before, after)
  return [before, after]
}

const objects = (before: Obj, after: Obj): Pair => {
  const left: Record<string, Json> = {}
  const right: Record<string, Json> = {}
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (same(before[key], after[key])) continue
    const [a, b] = prune(before[key], after[key])
    if (a !== undefined) left[key] = a
    if (b !== undefined) right[key] = b
  }
  // A value without the name beside it would not be known as a secret's.
  for (const key of ['name', 'key']) {
    if (typeof before[key] === 'string') left[key] = before[key]
    if (typeof after[key] === 'string') right[key] = after[key]
  }
  return [left, right]
}

/** Items with a name are compared by it, others by their place. */
const lists = (before: readonly Json[], after: readonly Json[]): Pair => {
  const named = [...before, ...after].every((item) => nameKey(item) !== undefined)
  if (!named) return [before, after]
  const names = new Set([...before, ...after].map((item) => nameKey(item)))
  const left: Json[] = []
  const right: Json[] = []
  for (const name of names) {
    const a = before.find((item) => nameKey(item) === name)
    const b = after.find((item) => nameKey(item) === name)
    if (same(a, b)) continue
    const [x, y] = prune(a, b)
    if (x !== undefined) left.push(x)
    if (y !== undefined) right.push(y)
  }
  return [left, right]
}

const bare = (object: Obj): Obj => {
  const { status: _, ...rest } = withoutNoise(object)
  const { metadata } = rest
  if (!isObject(metadata)) return rest
  return {
    ...rest,
    metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !own.has(key))),
  }
}

const members = (value: Json | undefined): Obj => (isObject(value) ? value : {})

/** Values of a Secret hidden on both sides; `(old)` and `(new)` where they are not the same. */
const hidePair = (before: Obj | undefined, after: Obj): readonly [Obj | undefined, Obj] => {
  if (!isSecret(after)) return [before, after]
  const hide = (object: Obj, against: Obj | undefined, other: string): Obj =>
    Object.fromEntries(
      Object.entries(object).map(([key, value]) => {
        if (key !== 'data' && key !== 'stringData') return [key, value]
        const others = members(against?.[key])
        return [
          key,
          Object.fromEntries(
            Object.entries(members(value)).map(([name, one]) => [
              name,
              same(one, others[name]) ? hiddenValue : `${hiddenValue} (${other})`,
            ]),
          ),
        ]
      }),
    )
  return [before && hide(before, after, 'old'), hide(after, before, 'new')]
}

/** `{change, before?, after?}`: an approver's view. `most`: bytes of JSON, beyond which only the change is told. */
export const difference = (before: Obj | undefined, after: Obj, most: number): Fields => {
  for (const object of [before, after]) if (object) checkDepth(object)
  const [left, right] = hidePair(before && bare(before), bare(after))
  if (left === undefined) return fitting({ change: 'created', after: right }, most)
  if (same(left, right)) {
    return { change: 'unchanged' }
  }
  const [a, b] = objects(left, right)
  return fitting({ change: 'configured', before: a ?? {}, after: b ?? {} }, most)
}

const fitting = (fields: Fields, most: number): Fields =>
  Buffer.byteLength(JSON.stringify(fields)) <= most
    ? fields
    : { change: fields.change ?? '', note: 'The difference is too large to be shown.' }
