/** A table as JSON text: masked and serialised in one pass, no object a row. */
import type { Column, Output } from '../types.ts'
import { type ColumnPlan, type ColumnPolicy, partOf, planFor, tokenOf } from './columns.ts'

import { count, standIn } from './finding.ts'
import { isJsonNumber, maskedJson } from './json-text.ts'
import { isSensitiveName } from './names.ts'
import { type Pass, withheldBytes } from './pass.ts'
import { seen } from './screen.ts'

export type Table = Extract<Output, { kind: 'table' }>

/** A cell's text (or NULL) as JSON text. */
type Cell = (cell: string | null) => string

/** `"columns":[..],"rows":[[..],..]`; lets others run between batches of rows. */
export const tableJson = async (
  table: Table,
  policy: ColumnPolicy,
  pass: Pass,
): Promise<string> => {
  const { columns, rows } = table
  const cells = columns.map((column) => cellOf(column, planFor(column, policy, pass.telling), pass))
  const pair = namedPair(columns)
  const names = columns.map(({ name }) => JSON.stringify(pass.mask(name.toWellFormed())))
  const width = cells.length
  let json = `"columns":[${names.join(',')}],"rows":[`
  let pauseAt = pauseEvery
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] ?? []
    if (row.length !== width)
      throw new Error(`row ${index} has ${row.length} cells under ${width} columns`)
    const secret = pair !== undefined && isSensitiveName(row[pair.name] ?? '') ? pair.value : -1
    let line = index === 0 ? '[' : ',['
    for (let at = 0; at < width; at++) {
      if (at > 0) line += ','
      // `cells` and `row` have `width` entries each.
      line +=
        at === secret && row[at] !== null
          ? hide('named', pass)
          : (cells[at] as Cell)(row[at] as string | null)
    }
    json += `${line}]`
    if (json.length > pauseAt) {
      pauseAt = json.length + pauseEvery
      pass.deadline()
      await new Promise(setImmediate)
    }
  }
  return `${json}]`
}

/** Characters of output between two pauses. */
const pauseEvery = 256 * 1024

const hide = (type: string, pass: Pass): string => {
  count(pass.hits, type)
  return `"${standIn(type)}"`
}

/** Columns like `name` and `value`, by their names or those of the stored columns that they are: a row's value is secret when its name says so. */
const namedPair = (
  columns: readonly Column[],
): { readonly name: number; readonly value: number } | undefined => {
  const find = (form: RegExp): number =>
    columns.findIndex(
      ({ name, from }) =>
        form.test(name) || (from?.length === 1 && from.some(({ column }) => form.test(column))),
    )
  const name = find(
    /^(?:name|key|k|variable|setting|param(?:eter)?|option|property|config_?key|variable_name)$/i,
  )
  const value = find(/^(?:value|val|v|setting_value|data|content|config_?value|variable_value)$/i)
  return name < 0 || value < 0 || name === value ? undefined : { name, value }
}

const cellOf = (column: Column, plan: ColumnPlan, pass: Pass): Cell => {
  switch (plan.kind) {
    case 'hide': {
      const { type, nulls } = plan
      return (cell) => (cell === null && !nulls ? 'null' : hide(type, pass))
    }
    case 'token':
      return (cell) => {
        if (cell === null) return 'null'
        count(pass.hits, 'column_token')
        return `"${tokenOf(pass.tokenKey, cell)}"`
      }
    case 'partial':
      return (cell) => {
        if (cell === null) return 'null'
        count(pass.hits, 'column_partial')
        return JSON.stringify(pass.mask(partOf(cell.toWellFormed())))
      }
    case 'content':
      return contentCell(column, pass)
  }
}

const contentCell = (column: Column, pass: Pass): Cell => {
  const text = textCell(pass)
  switch (column.as) {
    case 'text':
      return text
    case 'number':
      return numberCell(pass, text)
    case 'boolean':
      return (cell) =>
        cell === 't' || cell === 'true'
          ? 'true'
          : cell === 'f' || cell === 'false'
            ? 'false'
            : text(cell)
    case 'json':
      return (cell) => (cell === null ? 'null' : (maskedJson(cell, pass) ?? text(cell)))
    case 'binary':
      return (cell) => {
        if (cell === null) return 'null'
        count(pass.hits, 'binary')
        return JSON.stringify(withheldBytes(byteaLength(cell), column.type))
      }
  }
}

/** PostgreSQL writes bytes as `\x` and two hex digits each. */
const byteaLength = (cell: string): number =>
  cell.startsWith('\\x') ? (cell.length - 2) >> 1 : Buffer.byteLength(cell)

const textCell =
  (pass: Pass): Cell =>
  (cell) => {
    if (cell === null) return 'null'
    const bits = pass.engine.screen(cell)
    if (bits === 0) return `"${cell}"`
    if ((bits & seen.candidate) === 0 && (bits & (seen.nul | seen.percent | seen.backslash)) === 0)
      return JSON.stringify(cell.toWellFormed())
    return JSON.stringify(pass.text(cell))
  }

/** Shorter than every known value, card or token: only its form is looked at. */
const harmlessDigits = 8

const numberCell =
  (pass: Pass, text: Cell): Cell =>
  (cell) => {
    if (cell === null) return 'null'
    if (!isPlainDecimal(cell) && !isJsonNumber(cell)) return text(cell)
    if (cell.length < harmlessDigits || pass.engine.screen(cell) === 0) return cell
    const masked = pass.text(cell)
    return masked === cell ? cell : JSON.stringify(masked)
  }

/** `-12.50`: digits with at most one point between them, no leading zero. Other JSON numbers are left to the full check. */
const isPlainDecimal = (cell: string): boolean => {
  const from = cell.charCodeAt(0) === 45 ? 1 : 0
  const length = cell.length
  let point = 0
  for (let at = from; at < length; at++) {
    const code = cell.charCodeAt(at)
    if (code === 46 && point === 0 && at > from) point = at
    else if (code < 48 || code > 57) return false
  }
  const whole = (point === 0 ? length : point) - from
  return whole > 0 && point !== length - 1 && (whole === 1 || cell.charCodeAt(from) !== 48)
}
