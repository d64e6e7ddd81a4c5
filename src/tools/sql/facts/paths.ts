import { as, type Body, isBody, literalText, optional } from './node.ts'
import { columnKey, type Value } from './value.ts'

/**
 * A part of a JSON document is as telling as a column of its key's name: each key of a literal path (`'a'`, `'{a,b}'`,
 * `'$.a.b'`) flows on as a column of no table, so that the result can be judged by that name.
 */
export const alongPath = (value: Value, path: unknown): Value => {
  const text = isBody(path) ? literalText(uncast(path)) : undefined
  const keys = text?.match(/[^\s{}"',.$[\]()?@*]+/g) ?? []
  return keys.length === 0
    ? value
    : { ...value, from: new Set([...value.from, ...keys.map((key) => columnKey('', '', key))]) }
}

const uncast = (node: Body): Body => optional(as(node, 'TypeCast') ?? {}, 'arg') ?? node
