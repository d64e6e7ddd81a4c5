/** Result columns: how their cells become JSON, and which table columns they come from. */
import type { Column, ColumnSource, PostgresTarget } from '../../types.ts'
import type { Relation } from './facts/catalogue.ts'
import { namesOf } from './facts/index-catalogue.ts'
import type { Known } from './known.ts'
import type { WireColumn } from './wire/decode.ts'
import type { Cell } from './wire/reply.ts'

/** Oids of the server's own types (pg_type.dat), as far as their cells or names are of use to a reader. */
const typeNames: Readonly<Record<number, string>> = {
  16: 'bool',
  17: 'bytea',
  18: 'char',
  19: 'name',
  20: 'int8',
  21: 'int2',
  23: 'int4',
  25: 'text',
  26: 'oid',
  114: 'json',
  142: 'xml',
  600: 'point',
  700: 'float4',
  701: 'float8',
  790: 'money',
  829: 'macaddr',
  650: 'cidr',
  869: 'inet',
  1000: 'bool[]',
  1005: 'int2[]',
  1007: 'int4[]',
  1009: 'text[]',
  1015: 'varchar[]',
  1016: 'int8[]',
  1021: 'float4[]',
  1022: 'float8[]',
  1042: 'bpchar',
  1043: 'varchar',
  1082: 'date',
  1083: 'time',
  1114: 'timestamp',
  1184: 'timestamptz',
  1186: 'interval',
  1231: 'numeric[]',
  1266: 'timetz',
  1560: 'bit',
  1562: 'varbit',
  1700: 'numeric',
  2205: 'regclass',
  2249: 'record',
  2278: 'void',
  2950: 'uuid',
  2951: 'uuid[]',
  3614: 'tsvector',
  3802: 'jsonb',
  3904: 'int4range',
  3910: 'tstzrange',
  5069: 'xid8',
}
const always: Readonly<Record<number, Column['as']>> = {
  16: 'boolean',
  17: 'binary',
  21: 'number',
  23: 'number',
  26: 'number',
  700: 'number',
  701: 'number',
  114: 'json',
  3802: 'json',
}
const int8 = 20
const numeric = 1700
/** Decimal digits that a JSON number holds exactly. */
const exactDigits = 15

/** int8 and numeric become numbers when each cell of the result is exact as one, and strings else, all alike. */
const formOf = (type: number, at: number, rows: readonly (readonly Cell[])[]): Column['as'] => {
  if (type !== int8 && type !== numeric) return always[type] ?? 'text'
  return rows.every((row) => (row[at]?.length ?? 0) <= exactDigits) ? 'number' : 'text'
}

const policyKeys = new WeakMap<object, ReadonlySet<string>>()
const ruled = (target: PostgresTarget): ReadonlySet<string> => {
  const before = policyKeys.get(target.columns)
  if (before) return before
  const keys = new Set(
    Object.keys(target.columns).map((name) =>
      (name.split('.').length > 2 ? name : `public.${name}`).toLowerCase(),
    ),
  )
  policyKeys.set(target.columns, keys)
  return keys
}

/** A partition's column is its parent's too: whichever of the family has a rule speaks for it. */
const sourcesOf = (
  relation: Relation,
  column: string,
  known: Known,
  target: PostgresTarget,
): readonly ColumnSource[] => {
  const own = { schema: relation.schema, table: relation.name, column }
  const rules = ruled(target)
  if (rules.size === 0) return [own]
  const kin = namesOf(known.catalogue)
    .family(relation)
    .filter((one) => one.columns.some(({ name }) => name === column))
    .map((one) => ({ schema: one.schema, table: one.name, column }))
    .filter((one) => rules.has(`${one.schema}.${one.table}.${one.column}`.toLowerCase()))
  return kin.length > 0 ? kin : [own]
}

/** What the server says itself: the plain column of a stored table. Of views it names the view, which proves nothing. */
const told = (
  column: WireColumn,
  known: Known,
  target: PostgresTarget,
): { readonly own: ColumnSource; readonly sources: readonly ColumnSource[] } | undefined => {
  if (column.table === 0 || column.attribute < 1) return undefined
  const relation = namesOf(known.catalogue).relationByOid(column.table)
  if (!relation || !/^[rpf]$/.test(relation.kind)) return undefined
  const numbers = known.numbers.get(relation.oid)
  const at = numbers ? numbers.indexOf(column.attribute) : column.attribute - 1
  const name = relation.columns[at]?.name
  if (name === undefined) return undefined
  const own = { schema: relation.schema, table: relation.name, column: name }
  return { own, sources: sourcesOf(relation, name, known, target) }
}

/** Both add up: the server names the stored column, the proof also what a generated column is computed from. */
const united = (
  direct: ReturnType<typeof told>,
  proof: readonly ColumnSource[] | undefined,
): readonly ColumnSource[] | undefined => {
  if (!direct || !proof) return direct?.sources ?? proof
  const seen = [direct.own, ...direct.sources]
  return [...direct.sources, ...proof.filter((one) => !seen.some((other) => same(one, other)))]
}
const same = (a: ColumnSource, b: ColumnSource): boolean =>
  a.schema === b.schema && a.table === b.table && a.column === b.column

/** `lineage` is the parser's proof, by position; what the server says itself is united with it. */
export const columnsOf = (
  columns: readonly WireColumn[],
  rows: readonly (readonly Cell[])[],
  lineage: readonly (readonly ColumnSource[] | undefined)[] | undefined,
  known: Known,
  target: PostgresTarget,
): Column[] =>
  columns.map((column, at) => {
    const direct = told(column, known, target)
    // A proof for another number of columns is a proof for another statement.
    const proof = lineage?.length === columns.length ? lineage[at] : undefined
    const from = united(direct, proof)
    const type =
      typeNames[column.type] ?? namesOf(known.catalogue).typeByOid(column.type)?.name ?? 'other'
    return {
      name: column.name,
      as: formOf(column.type, at, rows),
      type,
      from,
      // Computed from more than itself: no stored cell that a token could stand for.
      ...(direct && from?.length === direct.sources.length ? { direct: true } : {}),
    }
  })
