import { as, type Body, bodyOf, listOf, names, optional, textOf, typed } from './node.ts'

const fixed: Readonly<Record<string, string>> = {
  CoalesceExpr: 'coalesce',
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  GroupingFunc: 'grouping',
  MergeSupportFunc: 'merge_action',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
}
const nameless = new Set(['A_Expr', 'BoolExpr', 'NullTest', 'BooleanTest', 'A_Const', 'ParamRef'])

/** The name that PostgreSQL gives an output column without AS; undefined where only the server knows it. */
export const outputName = (val: Body): string | undefined => {
  const wrapped = typed(val)
  if (wrapped === undefined) return undefined
  const [type, body] = wrapped
  switch (type) {
    case 'ColumnRef':
      return names(listOf(body, 'fields')).at(-1)
    case 'A_Indirection': {
      const field = names(listOf(body, 'indirection')).at(-1)
      return field ?? outputName(bodyOf(body, 'arg'))
    }
    case 'FuncCall':
      return names(listOf(body, 'funcname')).at(-1)
    case 'CollateClause':
      return outputName(bodyOf(body, 'arg'))
    case 'TypeCast': {
      const inner = outputName(bodyOf(body, 'arg'))
      return inner === undefined || inner === '?column?'
        ? names(listOf(bodyOf(body, 'typeName'), 'names')).at(-1)
        : inner
    }
    case 'CaseExpr': {
      const otherwise = optional(body, 'defresult')
      const inner = otherwise === undefined ? undefined : outputName(otherwise)
      return inner === undefined || inner === '?column?' ? 'case' : inner
    }
    case 'SubLink':
      return sublinkName(body)
    case 'MinMaxExpr':
      return textOf(body, 'op') === 'IS_LEAST' ? 'least' : 'greatest'
    default:
      return fixed[type] ?? (nameless.has(type) ? '?column?' : undefined)
  }
}

const sublinkName = (body: Body): string | undefined => {
  const kind = textOf(body, 'subLinkType')
  if (kind === 'EXISTS_SUBLINK') return 'exists'
  if (kind === 'ARRAY_SUBLINK') return 'array'
  if (kind !== 'EXPR_SUBLINK') return '?column?'
  let select = bodyOf(bodyOf(body, 'subselect'), 'SelectStmt')
  while (optional(select, 'larg') !== undefined) select = bodyOf(select, 'larg')
  if (listOf(select, 'valuesLists').length > 0) return 'column1'
  const target = as(listOf(select, 'targetList')[0], 'ResTarget')
  if (target === undefined) return undefined
  return textOf(target, 'name') || outputName(bodyOf(target, 'val'))
}
