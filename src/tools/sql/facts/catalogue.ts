/** What the facts of a statement may know of a database: names and definitions, never rows. Filled by catalogue-read.ts. */

/** First oid that initdb does not give: everything below came with the server. */
export const firstUserOid = 16384

export interface CatalogueColumn {
  readonly name: string
  /** Oid of its type. */
  readonly type: number
  /** Expression of a generated column, printed with every name outside pg_catalog qualified. */
  readonly generated?: string
}

export interface Relation {
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** pg_class.relkind: table, partitioned, view, matview, foreign table, sequence. */
  readonly kind: 'r' | 'p' | 'v' | 'm' | 'f' | 'S'
  readonly columns: readonly CatalogueColumn[]
  /** Of views and matviews: the query, printed with every name outside pg_catalog qualified. */
  readonly definition?: string
  /** Tables that this one inherits from or is a partition of. */
  readonly parents?: readonly number[]
  /** Has rules other than a view's own SELECT. */
  readonly rules?: boolean
  /** Names of its enabled triggers. */
  readonly triggers?: readonly string[]
  /** USING and WITH CHECK expressions of its row security, when that is on. */
  readonly policies?: readonly string[]
  readonly extension?: string
}

/** A function that did not come with the server. */
export interface UserFunction {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly kind: 'f' | 'a' | 'w' | 'p'
  readonly volatility: 'i' | 's' | 'v'
  readonly definer: boolean
  readonly language: string
  readonly args: number
  readonly defaults: number
  readonly variadic: boolean
  readonly rows: boolean
  /** Names of its output columns, when it returns more than one value. */
  readonly outs?: readonly string[]
  /** User types of its arguments and results. */
  readonly types?: readonly number[]
  /** Expressions of its arguments' defaults, with commas between. */
  readonly fallbacks?: string
  /** Of SQL functions that are not volatile: the body. */
  readonly body?: string
  /** `SET search_path` of the function; other settings of a function make it opaque (`settings`). */
  readonly path?: string
  readonly settings?: boolean
  /** Of aggregates: the user functions that do the work. */
  readonly uses?: readonly number[]
  readonly extension?: string
}

export interface UserOperator {
  readonly schema: string
  readonly name: string
  readonly function: number
}
export interface UserCast {
  readonly source: number
  readonly target: number
  readonly function: number
  /** Explicit, on assignment, anywhere. */
  readonly context: 'e' | 'a' | 'i'
}
export interface UserType {
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** Check expressions, for domains. */
  readonly checks: readonly string[]
  /** User types that a value of it is made of: of a domain its base (also a built-in one), of an array its elements, of a range its bounds, of a row its columns. */
  readonly parts?: readonly number[]
}

export interface Catalogue {
  /** Digest of all that follows: equal versions mean equal catalogues. */
  readonly version: string
  readonly database: string
  /** server_version_num */
  readonly server: number
  /** Schemas in the order in which unqualified names are looked up, pg_catalog at its place, without temporary ones. */
  readonly searchPath: readonly string[]
  readonly relations: readonly Relation[]
  readonly functions: readonly UserFunction[]
  readonly operators: readonly UserOperator[]
  readonly casts: readonly UserCast[]
  readonly types: readonly UserType[]
  /** Output column names of the server's own functions that return several; null where forms of one name differ. */
  readonly outs: Readonly<Record<string, readonly string[] | null>>
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/**
 * Settings that every connection must have that runs statements judged against this catalogue: the lookup order that
 * names were resolved by (temporary tables last, so that none takes the name of a table that was judged), and string
 * constants as the parser reads them.
 */
export const sessionSettings = ({
  searchPath,
}: Pick<Catalogue, 'searchPath'>): Readonly<Record<string, string>> => ({
  search_path: [...(searchPath[0] === 'pg_catalog' ? searchPath.slice(1) : searchPath), 'pg_temp']
    .map(quoted)
    .join(', '),
  standard_conforming_strings: 'on',
})
