/** Reading the parser's tree: plain JSON whose nodes are `{ Type: body }`, with some bodies bare under a known key. */

export type Body = { readonly [key: string]: unknown }

export const isBody = (value: unknown): value is Body =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const none: Body = {}
const nothing: readonly Body[] = []

/** The body under a key; an empty one when there is none. */
export const bodyOf = (body: Body, key: string): Body => {
  const value = body[key]
  return isBody(value) ? value : none
}
export const optional = (body: Body, key: string): Body | undefined => {
  const value = body[key]
  return isBody(value) ? value : undefined
}
export const listOf = (body: Body, key: string): readonly Body[] => {
  const value = body[key]
  // The parser's lists hold nodes only; an empty object stands for a NULL in a list.
  return Array.isArray(value) ? (value as readonly Body[]) : nothing
}
export const textOf = (body: Body, key: string): string => {
  const value = body[key]
  return typeof value === 'string' ? value : ''
}

/** `['SelectStmt', body]` of a wrapped node; undefined for a bare body. */
export const typed = (value: Body): readonly [string, Body] | undefined => {
  for (const key in value) {
    const first = key.charCodeAt(0)
    if (first < 65 || first > 90) return undefined
    const body = value[key]
    return isBody(body) ? [key, body] : undefined
  }
  return undefined
}
/** The body of a wrapped node of this type, else undefined. */
export const as = (value: Body | undefined, type: string): Body | undefined =>
  value === undefined ? undefined : optional(value, type)

/** The text of a string constant. */
export const literalText = (node: Body | undefined): string | undefined => {
  const text = optional(as(node, 'A_Const') ?? none, 'sval')
  return text === undefined ? undefined : textOf(text, 'sval')
}

/** Texts of a list of String nodes; `*` for A_Star, undefined entries are left out. */
export const names = (list: readonly Body[]): readonly string[] => {
  const out: string[] = []
  for (const item of list) {
    const text = as(item, 'String')
    if (text !== undefined) out.push(textOf(text, 'sval'))
    else if (as(item, 'A_Star') !== undefined) out.push('*')
  }
  return out
}

// Keys whose contents are names or flags, not expressions.
const noExpressions = new Set(['typeName', 'typename', 'name', 'funcname', 'alias', 'location'])

/** The parts of any node, in order. */
export const partsOf = (body: Body): readonly Body[] => {
  const parts: Body[] = []
  for (const key in body) {
    if (noExpressions.has(key)) continue
    const value = body[key]
    if (Array.isArray(value)) {
      for (const item of value) if (isBody(item)) parts.push(item)
    } else if (isBody(value)) parts.push(value)
  }
  return parts
}
