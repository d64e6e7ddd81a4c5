/** sql_schema: what a database holds, as little or as much as asked; never rows. */
import { z } from 'zod'
import type { BaseFacts, PostgresTarget, Session, Tool } from '../../types.ts'
import type { Desk } from './desk.ts'
import { namesOf } from './facts/index-catalogue.ts'
import { defaultRows, limit, reason, tableOutput, target } from './inputs.ts'
import type { Known } from './known.ts'
import { checkText } from './params.ts'
import { runRead, toldOf } from './run.ts'
import { schemaSql } from './schema-sql.ts'
import type { Cell, Part } from './wire/reply.ts'

const input = z.strictObject({
  target,
  pattern: z.string().max(199).optional(),
  kind: z.enum(['table', 'view', 'function', 'index']).optional(),
  detail: z.enum(['names', 'summary', 'full']).optional(),
  limit,
  reason,
})
type Input = z.output<typeof input>

/** `*` and `%` stand for any text, `?` for one character; `_` is itself, as names are full of it. */
const likeOf = (pattern: string): string =>
  pattern.replace(/[\\_]/g, '\\$&').replaceAll('*', '%').replaceAll('?', '_')

const wild = (pattern: string): boolean => /[*%?]/.test(pattern)

const arrayText = (items: readonly string[]): string =>
  `{${items.map((item) => `"${item.replace(/["\\]/g, '\\$&')}"`).join(',')}}`

/** Denied tables and all that share their rows. */
const denied = (target: PostgresTarget, known: Known): string => {
  const names = namesOf(known.catalogue)
  const out = new Set<string>()
  for (const name of target.denyTables) {
    const [schema, table] = name.includes('.') ? name.split('.') : ['public', name]
    out.add(`${schema}.${table}`.toLowerCase())
  }
  for (const relation of known.catalogue.relations)
    if (out.has(`${relation.schema}.${relation.name}`.toLowerCase()))
      for (const kin of names.family(relation)) out.add(`${kin.schema}.${kin.name}`.toLowerCase())
  return arrayText([...out])
}

/** `id int4 not null`, with what the target's column rules do to it. */
const described = (cell: Cell, table: string, target: PostgresTarget): Cell => {
  if (cell === null) return null
  const rules = new Map(
    Object.entries(target.columns).map(([name, action]) => [
      (name.split('.').length > 2 ? name : `public.${name}`).toLowerCase(),
      action,
    ]),
  )
  // Put together by json_build_array in schema-sql.ts.
  const columns = JSON.parse(cell) as [string, string, boolean, string | null, string | null][]
  return JSON.stringify(
    columns.map(([name, type, notNull, byDefault, comment]) => {
      const action = rules.get(`${table}.${name}`.toLowerCase())
      return [
        `${name} ${type}`,
        ...(notNull ? ['not null'] : []),
        ...(byDefault === null ? [] : [`default ${byDefault}`]),
        ...(action === undefined || action === 'pass' ? [] : [`(masked: ${action})`]),
        ...(comment === null ? [] : [`-- ${comment}`]),
      ].join(' ')
    }),
  )
}

const readable = (part: Part, target: PostgresTarget): Cell[][] => {
  const at = part.columns.findIndex(({ name }) => name === 'columns')
  if (at < 0) return part.rows
  return part.rows.map((row) =>
    row.map((cell, i) => (i === at ? described(cell, `${row[0]}.${row[1]}`, target) : cell)),
  )
}

const look = async (desk: Desk, given: Input, session: Session<PostgresTarget>) => {
  const known = await desk.databases.of(session)
  const { sql, relkinds } = schemaSql(given.kind, given.detail ?? 'names')
  const told = toldOf(session, sql, undefined)
  const out = denied(session.target, known)
  const run = (like: string) =>
    // Nothing of the database's own stands between these statements and the system catalogue.
    desk.pool.use(session, 'read', 'pg_catalog', (lent) =>
      runRead(
        lent,
        session,
        { sql, params: [like, out, relkinds], rows: given.limit ?? defaultRows },
        told,
      ),
    )
  const pattern = given.pattern ?? '*'
  const exact = await run(likeOf(pattern))
  // A bare word that names nothing is looked for inside names.
  return exact.part.rows.length > 0 || wild(pattern) ? exact : run(likeOf(`*${pattern}*`))
}

export const sqlSchema = (desk: Desk): Tool<typeof input, BaseFacts, PostgresTarget> => ({
  name: 'sql_schema',
  title: 'Look at a schema',
  description:
    'Tables and views of a database, or functions or indexes. pattern like orders, shop.*; start with names, then full for one.',
  kind: 'postgres',
  input,
  output: tableOutput,
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  factKinds: { kind: 'string', pattern: 'string', detail: 'string' },
  ceiling: 'read',
  facts: async ({ pattern = '*', kind = 'relation', detail = 'names' }) => {
    checkText(pattern, 'The pattern')
    return { effect: 'read', policy: { kind, pattern, detail }, names: { kind, detail } }
  },
  credential: () => 'read',
  run: async (given, _facts, session) => {
    const { part, stopped } = await look(desk, given, session)
    return {
      kind: 'table',
      columns: part.columns.map(({ name, type }) => ({
        name,
        as: type === 114 ? 'json' : type === 16 ? 'boolean' : type === 20 ? 'number' : 'text',
        type: type === 114 ? 'json' : 'text',
        // Names and definitions, no rows: column rules have nothing to say here.
        from: [],
      })),
      rows: readable(part, session.target),
      truncated: stopped !== undefined,
      ...(stopped === undefined ? {} : { fields: { stopped } }),
    }
  },
})
