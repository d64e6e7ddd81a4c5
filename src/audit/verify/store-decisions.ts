/** Decisions of a store made again: the recorded texts of policies and schemas, put to the check that bundles get. */

import {
  type Decide,
  type DecisionsCheck,
  openDecisionsCheck,
} from '../bundle/offline-decisions.ts'
import { type Fields, fieldsOf, text } from '../checks/chain-check.ts'
import type { AskRows } from '../tree/tree-read.ts'

/** `undefined` for `decide`: decisions are not made again. */
export const openStoreDecisions = async (
  ask: AskRows,
  decide: Decide | undefined,
  report: (what: string) => void,
): Promise<Omit<DecisionsCheck, 'policy'>> => {
  const check = openDecisionsCheck(decide)
  const rows = decide
    ? await ask('select kind, hash, text from countersign.config_version', [])
    : []
  const texts = new Map(rows.map((row) => [`${row.kind} ${row.hash}`, String(row.text)]))
  const known = new Set<string>()

  const learn = (policy: Fields): void => {
    const [set, schema, engine] = [text(policy.set), text(policy.schema), text(policy.engine)]
    const key = `${set} ${schema} ${engine}`
    const policies = texts.get(`policy ${set}`)
    const schemaText = texts.get(`schema ${schema}`)
    if (known.has(key) || policies === undefined || schemaText === undefined) return
    known.add(key)
    check.policy({ kind: 'policy', set, schema, engine, text: policies, schemaText }, (what) =>
      report(`policies ${set}: ${what}`),
    )
  }

  return {
    event(header, request, by) {
      if (decide === undefined || header.policy === undefined) return
      learn(fieldsOf(header.policy))
      check.event(header, request, by)
    },
    get checked() {
      return check.checked
    },
    get unseen() {
      return check.unseen
    },
  }
}
