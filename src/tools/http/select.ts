/** `select`: the part of a JSON answer that the agent wants, as a dotted path or a JSON pointer (RFC 6901). */
import { GateError } from '../../errors.ts'
import type { Json } from '../../types.ts'

type Step =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'all' }
  | { readonly kind: 'slice'; readonly from: number; readonly to: number | undefined }

const mostSteps = 32

const wrong = (): never => {
  throw new GateError('INPUT_REFUSED', 'select is no path into JSON.', {
    retry: false,
    hint: 'Write items[*].id, items[0:20], or a JSON pointer such as /items/0/id.',
  })
}

const piece =
  /\.?([^.[\]"*]+)|\.?(\*)|\[(\*?)\]|\[(-?\d{1,9})?:(-?\d{1,9})?\]|\[(-?\d{1,9})\]|\["((?:[^"\\]|\\.){0,200})"\]/y

/** Throws INPUT_REFUSED on what is no path. */
export const parseSelect = (text: string): readonly Step[] => {
  const steps = text.startsWith('/') ? pointer(text) : dotted(text)
  return steps.length > mostSteps ? wrong() : steps
}

const pointer = (text: string): readonly Step[] =>
  text
    .slice(1)
    .split('/')
    .map((part) =>
      part === '*'
        ? { kind: 'all' }
        : { kind: 'name', name: part.replaceAll('~1', '/').replaceAll('~0', '~') },
    )

const dotted = (text: string): readonly Step[] => {
  const body = text
    .trim()
    .replace(/^\$(?=[.[]|$)/, '')
    .replace(/^\.(?=$|\[)/, '')
  const steps: Step[] = []
  piece.lastIndex = 0
  while (piece.lastIndex < body.length) {
    const found = piece.exec(body)
    if (!found) return wrong()
    const [, name, star, inner, from, to, index, quoted] = found
    if (name !== undefined) steps.push({ kind: 'name', name })
    else if (star !== undefined || inner !== undefined) steps.push({ kind: 'all' })
    else if (index !== undefined) steps.push({ kind: 'name', name: index })
    else if (quoted !== undefined)
      steps.push({ kind: 'name', name: quoted.replace(/\\(.)/g, '$1') })
    else
      steps.push({
        kind: 'slice',
        from: Number(from ?? 0),
        to: to === undefined ? undefined : Number(to),
      })
    if (steps.length > mostSteps) return wrong()
  }
  return steps
}

export const isObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const children = (value: Json): readonly Json[] =>
  Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []

const named = (value: Json, name: string): readonly Json[] => {
  if (Array.isArray(value)) {
    if (!/^-?\d{1,9}$/.test(name)) return []
    const item: Json | undefined = value.at(Number(name))
    return item === undefined ? [] : [item]
  }
  const member = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return member === undefined ? [] : [member]
}

/** What the path leads to: one value, a list where it branches (of no more than the answer holds), or undefined when it leads nowhere. */
export const selected = (value: Json, steps: readonly Step[]): Json | undefined => {
  let found: readonly Json[] = [value]
  let many = false
  for (const step of steps) {
    switch (step.kind) {
      case 'name':
        found = found.flatMap((one) => named(one, step.name))
        break
      case 'all':
        found = found.flatMap(children)
        many = true
        break
      case 'slice':
        found = found.flatMap((one) => (Array.isArray(one) ? one.slice(step.from, step.to) : []))
        many = true
        break
    }
  }
  if (many) return found
  return found[0]
}

/** What there is at the top, for a path that led nowhere. */
export const shapeOf = (value: Json): string => {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (!isObject(value)) return 'a single value'
  const names = Object.keys(value).filter((name) => /^[\w.-]{1,40}$/.test(name))
  return `an object with ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', ...' : ''}`
}
