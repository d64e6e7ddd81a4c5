/** The server's own table (meta.k8s.io/v1 Table), and tables that we make, as columns and rows. */
import { z } from 'zod'
import type { Column, Json, Output } from '../../types.ts'
import { isLabel } from './names.ts'
import { at, isObject, listAt, type Obj, textAt } from './objects.ts'
import { type Path, pick } from './pick.ts'

const frame = z.object({
  kind: z.literal('Table'),
  columnDefinitions: z.array(
    z.object({ name: z.string(), type: z.string(), priority: z.number().optional() }),
  ),
})

export type Rows = Pick<Extract<Output, { kind: 'table' }>, 'columns' | 'rows'>

const column = (name: string, as: Column['as'] = 'text'): Column => ({
  name,
  as,
  type: as,
  from: [],
})
const cell = (value: Json | undefined): string | null =>
  value === undefined || value === null
    ? null
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value)

/** Undefined when the answer is no Table. `spaces`: with the namespace of each object first. */
export const tableOf = (answer: Json, spaces: boolean): Rows | undefined => {
  const read = frame.safeParse(answer)
  if (!read.success) return undefined
  const shown = read.data.columnDefinitions.flatMap((one, index) =>
    (one.priority ?? 0) === 0 ? [{ ...one, index }] : [],
  )
  // Thousands of cells a page: looked at one by one where they are read, not by the schema.
  const rows = listAt(answer, 'rows').map((row) => {
    const cells = listAt(row, 'cells')
    const own = shown.map(({ index }) => cell(cells[index]))
    return spaces ? [namespaceOf(at(row, 'object')), ...own] : own
  })
  return {
    columns: [
      ...(spaces ? [column('Namespace')] : []),
      ...shown.map(({ name, type }) =>
        column(name, type === 'integer' || type === 'number' ? 'number' : 'text'),
      ),
    ],
    rows,
  }
}

const namespaceOf = (object: Json | undefined): string => {
  const namespace = textAt(object, 'metadata', 'namespace')
  return isLabel(namespace) ? namespace : ''
}

/** For servers that give no table of a kind: name and creation. */
export const plainTable = (items: readonly Obj[], spaces: boolean): Rows => ({
  columns: [...(spaces ? [column('Namespace')] : []), column('Name'), column('Created')],
  rows: items.map((item) => [
    ...(spaces ? [namespaceOf(item)] : []),
    textAt(item, 'metadata', 'name'),
    textAt(item, 'metadata', 'creationTimestamp'),
  ]),
})

/** The fields that were asked for, a column each, behind the object's name. */
export const fieldTable = (
  items: readonly Obj[],
  fields: readonly { readonly text: string; readonly path: Path }[],
  spaces: boolean,
): Rows => {
  const found = fields.map(({ path }) => items.map((item) => pick(item, path)))
  const nested = found.map((values) =>
    values.some((value) => typeof value === 'object' && value !== null),
  )
  return {
    columns: [
      ...(spaces ? [column('Namespace')] : []),
      column('Name'),
      ...fields.map(({ text }, index) =>
        column(text, nested[index] ? 'json' : scalar(found[index])),
      ),
    ],
    rows: items.map((item, row) => [
      ...(spaces ? [namespaceOf(item)] : []),
      textAt(item, 'metadata', 'name'),
      ...found.map((values, index) => {
        const value = values[row]
        return nested[index] && value !== null ? JSON.stringify(value) : cell(value)
      }),
    ]),
  }
}

const scalar = (values: readonly Json[] | undefined): Column['as'] => {
  const kinds = new Set(
    (values ?? []).filter((value) => value !== null).map((value) => typeof value),
  )
  const [kind] = kinds
  if (kinds.size !== 1) return 'text'
  return kind === 'number' ? 'number' : kind === 'boolean' ? 'boolean' : 'text'
}

/** Objects in an answer: a list's items (which don't say their kind), or the one object; undefined when it is neither. */
export const itemsOf = (answer: Json): readonly Obj[] | undefined => {
  if (!isObject(answer)) return undefined
  const { items, kind, rows } = answer
  if (kind === 'Table') return rows === null || Array.isArray(rows) ? [] : undefined
  if (Array.isArray(items)) return items.filter((item: Json): item is Obj => isObject(item))
  return typeof kind === 'string' && !kind.endsWith('List') ? [answer] : undefined
}
