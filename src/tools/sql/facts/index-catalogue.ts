import type {
  Catalogue,
  Relation,
  UserCast,
  UserFunction,
  UserOperator,
  UserType,
} from './catalogue.ts'
import { firstUserOid } from './catalogue.ts'

/** A catalogue with its ways in: everything by name, in search order. Built once a catalogue. */
export interface Names {
  readonly catalogue: Catalogue
  /** The relation that a name means on this search path. */
  relation(path: readonly string[], schema: string | undefined, name: string): Relation | undefined
  relationByOid(oid: number): Relation | undefined
  /** Every user function that a name may mean on this search path, whatever its arguments. */
  functions(
    path: readonly string[],
    schema: string | undefined,
    name: string,
  ): readonly UserFunction[]
  functionByOid(oid: number): UserFunction | undefined
  operators(
    path: readonly string[],
    schema: string | undefined,
    name: string,
  ): readonly UserOperator[]
  types(path: readonly string[], schema: string | undefined, name: string): readonly UserType[]
  readonly casts: readonly UserCast[]
  typeByOid(oid: number): UserType | undefined
  /** The relation and all that share its rows by inheritance or partitioning. */
  family(relation: Relation): readonly Relation[]
}

const grouped = <T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, T[]> => {
  const out = new Map<string, T[]>()
  for (const item of items) {
    const k = key(item)
    const there = out.get(k)
    if (there === undefined) out.set(k, [item])
    else there.push(item)
  }
  return out
}

/** `pg_catalog` or `information_schema`, and there since initdb. */
export const isSystem = (relation: Relation): boolean => relation.oid < firstUserOid

const build = (catalogue: Catalogue): Names => {
  const byName = grouped(catalogue.relations, (r) => `${r.schema}\0${r.name}`)
  const byOid = new Map(catalogue.relations.map((r) => [r.oid, r]))
  const functions = grouped(catalogue.functions, (f) => f.name)
  const functionsByOid = new Map(catalogue.functions.map((f) => [f.oid, f]))
  const operators = grouped(catalogue.operators, (o) => o.name)
  const types = grouped(catalogue.types, (t) => t.name)
  const typesByOid = new Map(catalogue.types.map((t) => [t.oid, t]))
  const children = new Map<number, Relation[]>()
  for (const r of catalogue.relations)
    for (const parent of r.parents ?? []) children.set(parent, [...(children.get(parent) ?? []), r])
  const families = new Map<number, readonly Relation[]>()
  const visible = <T extends { readonly schema: string }>(
    items: readonly T[] | undefined,
    path: readonly string[],
    schema: string | undefined,
  ): readonly T[] =>
    (items ?? []).filter((i) =>
      schema === undefined ? path.includes(i.schema) : i.schema === schema,
    )
  return {
    catalogue,
    relation(path, schema, name) {
      for (const s of schema === undefined ? path : [schema]) {
        const found = byName.get(`${s}\0${name}`)?.[0]
        if (found !== undefined) return found
      }
      return undefined
    },
    relationByOid: (oid) => byOid.get(oid),
    functions: (path, schema, name) => visible(functions.get(name), path, schema),
    functionByOid: (oid) => functionsByOid.get(oid),
    operators: (path, schema, name) => visible(operators.get(name), path, schema),
    types: (path, schema, name) => visible(types.get(name), path, schema),
    casts: catalogue.casts,
    typeByOid: (oid) => typesByOid.get(oid),
    family(relation) {
      const known = families.get(relation.oid)
      if (known !== undefined) return known
      const all = new Set<Relation>([relation])
      for (const r of all) {
        for (const child of children.get(r.oid) ?? []) all.add(child)
        for (const parent of r.parents ?? []) {
          const p = byOid.get(parent)
          if (p !== undefined) all.add(p)
        }
      }
      const family = [...all]
      families.set(relation.oid, family)
      return family
    },
  }
}

const built = new WeakMap<Catalogue, Names>()
export const namesOf = (catalogue: Catalogue): Names => {
  const there = built.get(catalogue)
  if (there !== undefined) return there
  const names = build(catalogue)
  built.set(catalogue, names)
  return names
}
