import { as, type Body, bodyOf, listOf, names, optional, textOf, typed } from './node.ts'

// As FigureColname of the server (parse_target.c): a name and how sure it is. A cast or CASE takes its argument's name only
// when that is a sure one. Undefined: a node that is not known here, whose name only the server knows.
type Named = readonly [name: string | undefined, sure: 0 | 1 | 2]
const nothing: Named = ['?column?', 0]
const unknown: Named = [undefined, 2]

const fixed: Readonly<Record<string, string>> = {
  CoalesceExpr: 'coalesce',
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  GroupingFunc: 'grouping',
  MergeSupportFunc: 'merge_action',
  XmlSerialize: 'xmlserialize',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
}
const nameless = new Set(['BoolExpr', 'NullTest', 'BooleanTest', 'A_Const', 'ParamRef'])

const last = (list: readonly Body[]): Named => [names(list).at(-1), 2]

const figure = (val: Body): Named => {
  const wrapped = typed(val)
  if (wrapped === undefined) return unknown
  const [type, body] = wrapped
  switch (type) {
    case 'ColumnRef':
      return last(listOf(body, 'fields'))
    case 'A_Indirection': {
      const field = names(listOf(body, 'indirection')).at(-1)
      return field === undefined ? figure(bodyOf(body, 'arg')) : [field, 2]
    }
    case 'FuncCall':
      return last(listOf(body, 'funcname'))
    case 'A_Expr':
      return textOf(body, 'kind') === 'AEXPR_NULLIF' ? ['nullif', 2] : nothing
    case 'CollateClause':
      return figure(bodyOf(body, 'arg'))
    case 'TypeCast': {
      const inner = figure(bodyOf(body, 'arg'))
      return inner[1] === 2 ? inner : [names(listOf(bodyOf(body, 'typeName'), 'names')).at(-1), 1]
    }
    case 'CaseExpr': {
      const otherwise = optional(body, 'defresult')
      const inner = otherwise === undefined ? nothing : figure(otherwise)
      return inner[1] === 2 ? inner : ['case', 1]
    }
    case 'SubLink':
      return sublinkName(body)
    case 'MinMaxExpr':
      return [textOf(body, 'op') === 'IS_LEAST' ? 'least' : 'greatest', 2]
    case 'SQLValueFunction':
      return [
        textOf(body, 'op')
          .replace(/^SVFOP_|_N$/g, '')
          .toLowerCase(),
        2,
      ]
    case 'XmlExpr':
      return textOf(body, 'op') === 'IS_DOCUMENT'
        ? nothing
        : [textOf(body, 'op').replace(/^IS_/, '').toLowerCase(), 2]
    case 'JsonFuncExpr':
      return [textOf(body, 'op').replace(/_OP$/, '').toLowerCase(), 2]
    default: {
      const name = fixed[type]
      return name === undefined ? (nameless.has(type) ? nothing : unknown) : [name, 2]
    }
  }
}

const sublinkName = (body: Body): Named => {
  const kind = textOf(body, 'subLinkType')
  if (kind === 'EXISTS_SUBLINK') return ['exists', 2]
  if (kind === 'ARRAY_SUBLINK') return ['array', 2]
  if (kind !== 'EXPR_SUBLINK') return nothing
  let select = bodyOf(bodyOf(body, 'subselect'), 'SelectStmt')
  while (optional(select, 'larg') !== undefined) select = bodyOf(select, 'larg')
  if (listOf(select, 'valuesLists').length > 0) return ['column1', 2]
  const target = as(listOf(select, 'targetList')[0], 'ResTarget')
  if (target === undefined) return unknown
  const given = textOf(target, 'name')
  if (given !== '') return [given, 2]
  const val = bodyOf(target, 'val')
  return names(listOf(bodyOf(val, 'ColumnRef'), 'fields')).at(-1) === '*' ? unknown : figure(val)
}

/** The name that PostgreSQL gives an output column without AS; undefined where only the server knows it. */
export const outputName = (val: Body): string | undefined => figure(val)[0]
