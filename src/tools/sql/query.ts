/** sql_query: one read, by the parser's proof and in a read-only transaction. */
import { z } from 'zod'
import type { PostgresTarget, Tool } from '../../types.ts'
import { type Desk, factsOf, onTarget, tableOf } from './desk.ts'
import { type SqlFacts, sqlFactKinds } from './facts/index.ts'
import { defaultRows, limit, params, reason, sql, tableOutput, target } from './inputs.ts'
import { paramTexts } from './params.ts'
import { runRead, toldOf } from './run.ts'

const input = z.strictObject({ target, sql, params, limit, reason })

export const sqlQuery = (desk: Desk): Tool<typeof input, SqlFacts, PostgresTarget> => ({
  name: 'sql_query',
  title: 'Query a database',
  description:
    'One PostgreSQL SELECT, read-only. Use $1.. with params; 100 rows unless limit. Find names with sql_schema.',
  kind: 'postgres',
  input,
  output: tableOutput,
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  factKinds: sqlFactKinds,
  ceiling: 'read',
  facts: async (given, look) => {
    paramTexts(given.params)
    return factsOf(desk, given, look, 'query')
  },
  credential: () => 'read',
  run: (given, facts, session) =>
    onTarget(desk, session, 'read', async (lent, known) => {
      const statement = {
        sql: given.sql,
        params: paramTexts(given.params),
        rows: given.limit ?? defaultRows,
      }
      const told = toldOf(session, given.sql, known.catalogue)
      return tableOf(await runRead(lent, session, statement, told), facts, known, session)
    }),
})
