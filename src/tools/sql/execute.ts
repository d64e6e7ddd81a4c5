/** sql_execute: one statement in one transaction, committed once its id is recorded. */
import { z } from 'zod'
import { type Code, GateError } from '../../errors.ts'
import type { Output, PostgresTarget, Session, Tool } from '../../types.ts'
import { type Desk, factsOf, onTarget, tableOf } from './desk.ts'
import { type SqlFacts, sqlFactKinds } from './facts/index.ts'
import { defaultRows, idempotencyKey, params, reason, sql, tableOutput, target } from './inputs.ts'
import type { Known } from './known.ts'
import { resolveXid } from './outcome.ts'
import { paramTexts } from './params.ts'
import { plainPlan } from './plan.ts'
import { type Ran, runRead, toldOf } from './run.ts'
import { runWrite } from './run-write.ts'

/** What the server says of a statement without a plan, or of one that the role may not plan. */
const noPlan = new Set<Code>(['SYNTAX_ERROR', 'INPUT_REFUSED', 'TARGET_FAILED'])

const input = z.strictObject({ target, sql, params, reason, idempotency_key: idempotencyKey })

/** `INSERT 0 5` as its verb and number; utility statements have no number. */
const parsedTag = (tag: string | undefined): { command: string; affected?: number } => {
  const [, command = tag ?? '', affected] =
    /^([A-Z ]+?)(?: \d+)??(?: (\d+))?$/.exec(tag ?? '') ?? []
  return affected === undefined ? { command } : { command, affected: Number(affected) }
}

const output = (
  ran: Ran,
  facts: SqlFacts,
  known: Known,
  session: Session<PostgresTarget>,
): Output =>
  ran.part.columns.length === 0
    ? { kind: 'fields', fields: parsedTag(ran.part.tag) }
    : tableOf(ran, facts, known, session, parsedTag(ran.part.tag))

export const sqlExecute = (desk: Desk): Tool<typeof input, SqlFacts, PostgresTarget> => ({
  name: 'sql_execute',
  title: 'Change a database',
  description:
    'One PostgreSQL statement that changes data or schema, in one transaction. May wait for approval; say why in reason.',
  kind: 'postgres',
  input,
  output: {
    ...tableOutput,
    command: { type: 'string' },
    affected: { type: 'integer' },
  },
  annotations: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
    openWorldHint: false,
  },
  factKinds: sqlFactKinds,
  ceiling: 'admin',
  facts: async (given, look) => {
    paramTexts(given.params)
    const facts = await factsOf(desk, given, look, 'execute')
    return 'write' in look.target.credentials ? facts : { ...facts, inner: facts.effect }
  },
  // The server plans a change only for a role that may make it, so EXPLAIN of one takes that role, in a read-only transaction.
  credential: ({ effect, inner }) => (effect === 'read' && inner === 'read' ? 'read' : 'write'),
  preview: async (given, _facts, session) => {
    try {
      return (await plainPlan(desk, session, given.sql, paramTexts(given.params))).fields
    } catch (thrown) {
      // The approver still has the facts.
      if (thrown instanceof GateError && noPlan.has(thrown.code))
        return { note: 'The database shows no plan for this statement.' }
      throw thrown
    }
  },
  run: (given, facts, session) => {
    const write = facts.effect !== 'read'
    return onTarget(desk, session, write ? 'write' : 'read', async (lent, known) => {
      const statement = { sql: given.sql, params: paramTexts(given.params), rows: defaultRows }
      const told = toldOf(session, given.sql, known.catalogue)
      if (!write)
        return output(await runRead(lent, session, statement, told), facts, known, session)
      // What became of it is asked even when the caller has left meanwhile.
      const asking = { ...session, signal: new AbortController().signal }
      try {
        const ran = await runWrite(lent, session, statement, told, (xid) =>
          resolveXid(desk.pool, asking, xid),
        )
        return output(ran, facts, known, session)
      } finally {
        if (facts.effect === 'admin') desk.databases.changed(session.target)
      }
    })
  },
})
