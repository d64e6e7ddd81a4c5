/** sql_explain: how a statement would run; measured only for what is proven to read. */
import { z } from 'zod'
import type { PostgresTarget, Tool } from '../../types.ts'
import { type Desk, factsOf } from './desk.ts'
import { type SqlFacts, sqlFactKinds } from './facts/index.ts'
import { params, reason, sql, target } from './inputs.ts'
import { paramTexts } from './params.ts'
import { measuredPlan, plainPlan } from './plan.ts'

const input = z.strictObject({ target, sql, params, analyze: z.boolean().optional(), reason })

export const sqlExplain = (desk: Desk): Tool<typeof input, SqlFacts, PostgresTarget> => ({
  name: 'sql_explain',
  title: 'Explain a statement',
  description: 'The plan of a PostgreSQL statement. analyze runs it and measures; reads only.',
  kind: 'postgres',
  input,
  output: {
    plan: { type: 'array', items: { type: 'string' } },
    estimated_rows: { type: 'number' },
    truncated: { type: 'boolean' },
  },
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
    // What is measured is run, so it has to be what sql_query would run.
    return factsOf(desk, given, look, given.analyze ? 'query' : 'explain')
  },
  credential: () => 'read',
  run: async (given, _facts, session) => {
    const plan = given.analyze ? measuredPlan : plainPlan
    return { kind: 'fields', ...(await plan(desk, session, given.sql, paramTexts(given.params))) }
  },
})
