import { judgeCall, judgeOperator, judgeType } from './judge.ts'
import {
  as,
  type Body,
  bodyOf,
  isBody,
  listOf,
  names,
  optional,
  partsOf,
  textOf,
  typed,
} from './node.ts'
import { type Reading, raise, refuse, standing } from './reading.ts'
import { samplingMethods } from './reviewed.ts'

// Second, independent reading of a statement: meets every node wherever it stands. It allows node types by name, judges
// every function, operator and type, and insists that every node that needs a place was understood in its place.

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))

/** Nodes of queries and DML. */
const queryNodes = words(`
  SelectStmt InsertStmt UpdateStmt DeleteStmt MergeStmt MergeWhenClause WithClause CommonTableExpr
  ResTarget ColumnRef A_Star A_Const String Integer Float Boolean BitString List ParamRef A_Expr BoolExpr NullTest BooleanTest
  CaseExpr CaseWhen CoalesceExpr MinMaxExpr SubLink FuncCall NamedArgExpr TypeCast TypeName CollateClause A_Indirection A_Indices
  A_ArrayExpr RowExpr SetToDefault SQLValueFunction GroupingFunc GroupingSet SortBy WindowDef MultiAssignRef MergeSupportFunc
  RangeVar RangeSubselect RangeFunction RangeTableSample RangeTableFunc RangeTableFuncCol JoinExpr JsonTable JsonTableColumn
  XmlExpr XmlSerialize JsonFuncExpr JsonValueExpr JsonKeyValue JsonObjectConstructor JsonArrayConstructor
  JsonArrayQueryConstructor JsonObjectAgg JsonArrayAgg JsonAggConstructor JsonIsPredicate JsonParseExpr JsonScalarExpr
  JsonSerializeExpr JsonOutput JsonReturning JsonFormat JsonBehavior JsonArgument JsonTablePathSpec
  IndexElem InferClause OnConflictClause ReturningOption ColumnDef Alias CTESearchClause CTECycleClause`)

/** Bodies that stand bare under these keys. */
const bareKeys = words(`
  relation rel larg rarg withClause typeName alias intoClause over onConflictClause infer returningClause
  search_clause cycle_clause value arg raw_expr format output returning func constructor context_item formatted_expr
  on_empty on_error pathspec ival fval sval boolval bsval query expr val join_using_alias plan typ var targetList
  typevar partspec partbound options typename view sequence pktable into bound collClause ofTypename name object role newowner argType table`)

/** Nodes that carry meaning only where they stand: each must have been met by the walk with scopes. */
const placed = words('ColumnRef RangeVar RangeSubselect SubLink RangeFunction SelectStmt')

const checkPlaced = (r: Reading, body: Body): void => {
  if (!r.seen.has(body))
    throw refuse(
      'The statement has a part that the gateway does not understand.',
      'Write it in a plainer form.',
    )
}

const between = new Set([
  'AEXPR_BETWEEN',
  'AEXPR_NOT_BETWEEN',
  'AEXPR_BETWEEN_SYM',
  'AEXPR_NOT_BETWEEN_SYM',
])

const callArguments = (call: Body): number | undefined =>
  call.agg_within_group === true || call.func_variadic === true
    ? undefined
    : listOf(call, 'args').length

// Younger than the server: there the same text is a call of a function, and not one that was judged.
const since: Readonly<Record<string, number>> = {
  JsonFuncExpr: 170000,
  JsonParseExpr: 170000,
  JsonScalarExpr: 170000,
  JsonSerializeExpr: 170000,
  JsonTable: 170000,
  MergeSupportFunc: 170000,
  JsonObjectConstructor: 160000,
  JsonArrayConstructor: 160000,
  JsonArrayQueryConstructor: 160000,
  JsonObjectAgg: 160000,
  JsonArrayAgg: 160000,
  JsonIsPredicate: 160000,
}

const meet = (r: Reading, type: string, body: Body, extra: ReadonlySet<string>): void => {
  if (type === 'LockingClause')
    throw refuse('Row locks (FOR UPDATE, FOR SHARE) are refused.', 'Leave the locking clause out.')
  if (!queryNodes.has(type) && !extra.has(type))
    throw refuse(
      `${type} is not something that the gateway can judge.`,
      'Write it in a plainer form.',
    )
  if ((since[type] ?? 0) > r.names.catalogue.server)
    throw refuse('The server of this target is too old for this JSON syntax.', 'Use its functions.')
  if (placed.has(type)) checkPlaced(r, body)
  switch (type) {
    case 'FuncCall':
      // Understood as a column of a row.
      if (r.seen.has(body)) break
      standing(r, body)
      judgeCall(r, names(listOf(body, 'funcname')), callArguments(body))
      break
    case 'A_Expr':
      if (between.has(textOf(body, 'kind'))) for (const o of ['>=', '<=']) judgeOperator(r, [o])
      else judgeOperator(r, names(listOf(body, 'name')))
      break
    case 'SubLink': {
      const operator = names(listOf(body, 'operName'))
      judgeOperator(r, operator.length === 0 ? ['='] : operator)
      break
    }
    case 'CaseExpr':
    case 'JoinExpr':
    case 'RangeSubselect':
      judgeOperator(r, ['='])
      break
    case 'SortBy':
      if (listOf(body, 'useOp').length > 0) judgeOperator(r, names(listOf(body, 'useOp')))
      break
    case 'RangeTableSample': {
      const method = names(listOf(body, 'method')).at(-1) ?? ''
      if (!samplingMethods.has(method)) throw refuse('This sampling method is not known.')
      break
    }
    case 'ParamRef': {
      const number = typeof body.number === 'number' ? body.number : 0
      if (number < 1) throw refuse('Parameters are written $1, $2 and so on.')
      r.found.params = Math.max(r.found.params, number)
      break
    }
    case 'SelectStmt':
      if (listOf(body, 'valuesLists').length === 0) r.found.kinds.add('select')
      break
    case 'UpdateStmt':
    case 'DeleteStmt':
      if (!narrows(optional(body, 'whereClause'))) r.found.unbounded = true
      change(r, type)
      break
    case 'InsertStmt':
      if (textOf(bodyOf(body, 'onConflictClause'), 'action') === 'ONCONFLICT_UPDATE')
        r.found.kinds.add('update')
      change(r, type)
      break
    case 'MergeStmt':
      if (!narrows(optional(body, 'joinCondition'))) r.found.unbounded = true
      change(r, type)
      break
    case 'MergeWhenClause':
      if (textOf(body, 'commandType') !== 'CMD_NOTHING')
        r.found.kinds.add(textOf(body, 'commandType').slice('CMD_'.length).toLowerCase())
      break
  }
}

const change = (r: Reading, type: string): void => {
  raise(r.found, 'write')
  r.found.kinds.add(type.slice(0, -4).toLowerCase())
}

/** Whether a WHERE narrows anything: one without a column, as `WHERE true`, does not. */
export const narrows = (where: Body | undefined): boolean => {
  const open: Body[] = where === undefined ? [] : [where]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (as(node, 'ColumnRef') !== undefined) return true
    open.push(...partsOf(node))
  }
  return false
}

const none: ReadonlySet<string> = new Set()

/** Meets every node under `root`. `extra`: node types that this kind of statement may hold beyond queries and DML. */
export const sweep = (r: Reading, root: Body, extra: ReadonlySet<string> = none): void => {
  const open: Body[] = [root]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const wrapped = typed(node)
    if (wrapped !== undefined) meet(r, wrapped[0], wrapped[1], extra)
    const body = wrapped === undefined ? node : wrapped[1]
    for (const key in body) {
      const value = body[key]
      if (Array.isArray(value)) {
        // Lists of the parser hold nodes; what else they might hold is no body and has no meaning of its own.
        for (const item of value) if (isBody(item)) open.push(item)
      } else if (isBody(value)) {
        const inner = typed(value)
        if (inner === undefined) meetBare(r, key, value)
        open.push(value)
      }
    }
  }
}

const meetBare = (r: Reading, key: string, body: Body): void => {
  if (!bareKeys.has(key)) throw refuse(`The gateway can't judge the part ${key} of this statement.`)
  if (key === 'typeName' || key === 'typename' || key === 'argType' || key === 'ofTypename')
    judgeType(r, names(listOf(body, 'names')))
  if (key === 'larg' || key === 'rarg' || textOf(body, 'relname') !== '') checkPlaced(r, body)
  if (key === 'intoClause') {
    raise(r.found, 'admin')
    r.found.kinds.add('create_table')
  }
}
