/** The table of tools, by family. */
import type { Family, TargetKind, Tool } from '../types.ts'
import { httpFamily } from './http/index.ts'
import { kubeFamily } from './kube/index.ts'
import { type SqlFamily, sqlFamily } from './sql/index.ts'
import { sshFamily } from './ssh/index.ts'

export interface Tools {
  readonly tools: readonly Tool[]
  readonly families: ReadonlyMap<TargetKind, Family>
  /** What became of a prepared SQL write; for recovery. */
  readonly resolveXid: SqlFamily['resolveXid']
}

/** Every tool with the pools that its family keeps; nothing is contacted before the first run. */
export const openTools = (): Tools => {
  const sql = sqlFamily()
  const opened: readonly { readonly tools: readonly Tool[]; readonly family: Family }[] = [
    sql,
    kubeFamily(),
    httpFamily(),
    sshFamily(),
  ]
  return {
    tools: opened.flatMap(({ tools }) => tools),
    families: new Map(opened.map(({ family }) => [family.kind, family])),
    resolveXid: sql.resolveXid,
  }
}

/** For who needs definitions only (policy, configuration): names, inputs, kinds of facts. */
export const tools: readonly Tool[] = openTools().tools
