/** Picks fields of objects by paths as kubectl's JSONPath has them: `.spec.containers[0].image`, `[*]`, `['a.b/c']`. */
import { GateError } from '../../errors.ts'
import type { Json } from '../../types.ts'
import { isObject, type Obj } from './objects.ts'

type Step = { readonly key: string } | { readonly index: number } | 'all'

export type Path = readonly Step[]

// No bounded repeats: V8 unrolls them, and ends the process when the program of an expression grows too large.
const token = /\.?(?:\[(?:(\*)|(-?\d+)|'([^']+)'|"([^"]+)")\]|((?:[^.[\]\\\s'"{}()?@]|\\[./])+))/y
const longest = 250

/** Throws INPUT_REFUSED for what is no plain path (filters, ranges, functions). */
export const parsePath = (text: string): Path => {
  const bare = text.replace(/^\{(.*)\}$/s, '$1').replace(/^\$/, '')
  const steps: Step[] = []
  if (bare.length > longest) throw notPath()
  token.lastIndex = 0
  while (token.lastIndex < bare.length) {
    const found = token.exec(bare)
    if (!found) throw notPath()
    const [, all, index, single, double, word] = found
    if (all !== undefined || word === '*') steps.push('all')
    else if (index !== undefined) steps.push({ index: Number(index) })
    else steps.push({ key: (single ?? double ?? word ?? '').replace(/\\(.)/g, '$1') })
  }
  if (steps.length === 0) throw notPath()
  return steps
}

const notPath = (): GateError =>
  new GateError('INPUT_REFUSED', 'A path in fields is not one.', {
    hint: "Paths are like metadata.name, spec.containers[*].image, metadata.labels['app.kubernetes.io/name'].",
  })

const sibling = (item: Json): Obj | undefined =>
  isObject(item) && (typeof item.name === 'string' || typeof item.key === 'string')
    ? item
    : undefined

/** What lies at the path; null when nothing does. Behind `all` an array. */
export const pick = (value: Json, path: Path): Json => {
  const [step, ...rest] = path
  if (step === undefined) return value
  if (step === 'all') {
    const members = Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []
    return members.map((member: Json) => pick(member, rest))
  }
  if ('index' in step) {
    const found: Json | undefined = Array.isArray(value) ? value.at(step.index) : undefined
    return found === undefined ? null : pick(found, rest)
  }
  if (!isObject(value) || !Object.hasOwn(value, step.key)) return null
  // A value says nothing of its name, and masking goes by names: `env[0].value` comes with the name beside it.
  const pair = step.key === 'value' ? sibling(value) : undefined
  if (pair) {
    const { name, key } = pair
    return {
      ...(name === undefined ? {} : { name }),
      ...(key === undefined ? {} : { key }),
      value: pick(value.value ?? null, rest),
    }
  }
  return pick(value[step.key] ?? null, rest)
}
