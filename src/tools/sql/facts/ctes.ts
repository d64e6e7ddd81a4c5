import { changeShape } from './change.ts'
import { as, type Body, bodyOf, listOf, names, optional, partsOf, textOf, typed } from './node.ts'
import { type Reading, refuse } from './reading.ts'
import { type Cte, type OutColumn, renamed, type Scope, type Shape, whole } from './scope.ts'
import { selectShape } from './select.ts'
import { both, computed, plain } from './value.ts'

/** Binds the names of a WITH clause over those of the scope around; reads every query in it, used or not. */
export const bindCtes = (r: Reading, clause: Body | undefined, outer: Scope): Cte | undefined => {
  if (clause === undefined) return outer.ctes
  const nodes = listOf(clause, 'ctes').map((n) => bodyOf(n, 'CommonTableExpr'))
  return clause.recursive === true ? bindRecursive(r, nodes, outer) : bindInOrder(r, nodes, outer)
}

const bindInOrder = (r: Reading, nodes: readonly Body[], outer: Scope): Cte | undefined => {
  let ctes = outer.ctes
  for (const node of nodes) {
    const shape = cteShape(r, node, { ...outer, ctes })
    ctes = { name: textOf(node, 'ctename'), shape: () => shape, next: ctes }
  }
  return ctes
}

/** In WITH RECURSIVE every query sees every name, its own too. */
const bindRecursive = (r: Reading, nodes: readonly Body[], outer: Scope): Cte | undefined => {
  const known = new Map<Body, Shape>()
  let ctes = outer.ctes
  const compute = (node: Body): Shape => {
    const there = known.get(node)
    if (there !== undefined) return there
    // What it sees of itself: first nothing, then the part before UNION, until nothing more flows in.
    known.set(node, { columns: [], open: plain })
    let shape = firstPart(r, node, { ...outer, ctes })
    for (let round = 0; ; round++) {
      known.set(node, shape)
      const next = cteShape(r, node, { ...outer, ctes })
      const settled = flows(next) === flows(shape)
      shape = next
      if (settled) break
      if (round > 100) throw refuse('This recursive query is too involved to judge.')
    }
    known.set(node, shape)
    return shape
  }
  for (const node of nodes)
    ctes = { name: textOf(node, 'ctename'), shape: () => compute(node), next: ctes }
  for (const node of nodes) compute(node)
  return ctes
}

const flows = (shape: Shape): string =>
  [...shape.columns.map((c) => c.value), ...(shape.open ? [shape.open] : [])]
    .map((v) => `${v.from.size} ${v.tested.size}${v.unknown}${v.stored}`)
    .join()

const firstPart = (r: Reading, node: Body, scope: Scope): Shape => {
  const select = as(bodyOf(node, 'ctequery'), 'SelectStmt')
  const left = select === undefined ? undefined : optional(select, 'larg')
  if (select === undefined || left === undefined) return cteShape(r, node, scope)
  const ctes = bindCtes(r, optional(select, 'withClause'), scope)
  return aliased(node, selectShape(r, left, { ...scope, ctes }))
}

const aliased = (node: Body, shape: Shape): Shape =>
  withSearchColumns(node, renamed(shape, names(listOf(node, 'aliascolnames'))))

const cteShape = (r: Reading, node: Body, scope: Scope): Shape => {
  const query = bodyOf(node, 'ctequery')
  const select = as(query, 'SelectStmt')
  if (select !== undefined) return aliased(node, selectShape(r, select, scope))
  const change = changeShape(r, query, scope)
  if (change === undefined) throw refuse('A WITH query here is neither a query nor DML.')
  return aliased(node, change)
}

/** SEARCH and CYCLE add columns behind the others. */
const withSearchColumns = (node: Body, shape: Shape): Shape => {
  const value = computed([whole(shape)], true)
  const added: OutColumn[] = []
  const search = optional(node, 'search_clause')
  if (search !== undefined) added.push({ name: textOf(search, 'search_seq_column'), value })
  const cycle = optional(node, 'cycle_clause')
  if (cycle !== undefined)
    for (const key of ['cycle_mark_column', 'cycle_path_column'])
      added.push({ name: textOf(cycle, key), value })
  if (added.length === 0) return shape
  return shape.open === undefined
    ? { columns: [...shape.columns, ...added] }
    : { columns: [], open: both(shape.open, value) }
}

const changes = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'])

/** DML in a WITH that does not stand on the statement itself fails in the server: nobody should be asked to approve it. */
export const checkChangesOnTop = (statement: Body): void => {
  const top = typed(statement)?.[1] ?? statement
  const clause = optional(top, 'withClause')
  const own = clause === undefined ? [] : listOf(clause, 'ctes')
  const queries = own.map((n) => optional(bodyOf(n, 'CommonTableExpr'), 'ctequery'))
  const open: Body[] = [top]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const type = typed(node)?.[0]
    if (type !== undefined && changes.has(type) && !queries.includes(node))
      throw refuse(
        'INSERT, UPDATE, DELETE and MERGE in a WITH work only where the WITH begins the whole statement.',
        'Move the WITH to the front of the statement.',
      )
    open.push(...partsOf(node))
  }
}
