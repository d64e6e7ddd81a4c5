/** What `audit verify` asks of the tree in a store: every event in it once and in order, every checkpoint over its root and signed. */
import type { Finding } from './chain-check.ts'
import { openCheckpoint } from './checkpoint-note.ts'
import { openCompact } from './compact.ts'
import { notaryKeys, pinned } from './notary-pin.ts'
import { LogContradicted } from './notary-port.ts'
import { type NoteKey, NoteRefused } from './note.ts'
import { type AskRows, grow, treeSize } from './tree-read.ts'

export interface TreeSeen {
  /** Events that a signed checkpoint covers. */
  readonly signed: number
  readonly notChecked: readonly string[]
}

const MOST_NAMED = 20

// Both sides in the order of their indexes: one merge, no sort.
const STRANGE = `select l.idx::text, l.stream_id::text as stream, l.seq::text as seq, e.leaf is null as gone
  from audit.leaf l left join audit.event e on e.stream_id = l.stream_id and e.seq = l.seq
  where e.leaf is distinct from l.leaf limit ${MOST_NAMED + 1}`
const GAPS = `select stream_id::text as stream from audit.leaf group by stream_id
  having count(*) <> max(seq) or min(seq) <> 1 limit ${MOST_NAMED}`
const ORDER = `select stream_id::text as stream, seq::text from (
    select stream_id, seq, idx - lag(idx) over (partition by stream_id order by seq) as step from audit.leaf) s
  where step <= 0 limit ${MOST_NAMED}`

const checkLeaves = async (ask: AskRows, report: (finding: Finding) => void): Promise<void> => {
  for (const row of (await ask(STRANGE, [])).slice(0, MOST_NAMED))
    report({
      stream: String(row.stream),
      seq: String(row.seq),
      what: row.gone ? 'is in the tree and not in the store' : 'the tree holds another leaf for it',
    })
  for (const row of await ask(GAPS, []))
    report({
      stream: String(row.stream),
      seq: '',
      what: 'the tree holds some of its events and not all before them',
    })
  for (const row of await ask(ORDER, []))
    report({
      stream: String(row.stream),
      seq: String(row.seq),
      what: 'lies in the tree before the event it follows',
    })
}

const keysOf = async (ask: AskRows, log: string): Promise<readonly NoteKey[]> => {
  try {
    return await notaryKeys(ask, log)
  } catch {
    return []
  }
}

/** Checks every checkpoint against the root of the leaves before it; how far the last good one reaches. */
const checkCheckpoints = async (
  ask: AskRows,
  { keys, log, size }: { keys: readonly NoteKey[]; log: string; size: number },
  report: (what: string) => void,
): Promise<number> => {
  const range = openCompact()
  let signed = 0
  let after = -1
  for (;;) {
    const page = await ask(
      'select size::text, note from audit.checkpoint c where c.size > $1 order by c.size limit 1000',
      [after],
    )
    for (const row of page) {
      after = Number(row.size)
      if (after > size) {
        report(`a checkpoint covers ${after} events and the tree has ${size}: its end is gone`)
        return signed
      }
      await grow(ask, range, after)
      try {
        const found = openCheckpoint(String(row.note), keys, log)
        if (found.size === after && found.root.equals(range.root())) signed = after
        else report(`the checkpoint over ${after} events is not over these`)
      } catch (thrown) {
        if (!(thrown instanceof NoteRefused)) throw thrown
        report(`the checkpoint over ${after} events does not hold: ${thrown.message}`)
      }
    }
    if (page.length === 0) return signed
  }
}

/** `trusted`: keys that the auditor brought; without them the store's own record of keys is used, and that is said. */
export const checkTree = async (
  ask: AskRows,
  options: { readonly log: string; readonly events: number; readonly trusted?: readonly NoteKey[] },
  report: (finding: Finding) => void,
): Promise<TreeSeen> => {
  const whole = (what: string) => report({ stream: '', seq: '', what })
  await checkLeaves(ask, report)
  const size = await treeSize(ask)
  const keys = options.trusted ?? (await keysOf(ask, options.log))
  let signed = 0
  try {
    signed = await checkCheckpoints(ask, { keys, log: options.log, size }, whole)
  } catch (thrown) {
    if (!(thrown instanceof LogContradicted)) throw thrown
    whole(thrown.message)
  }
  const tail = options.events - signed
  const own = await pinned(ask).then(
    (known) => known !== undefined && known.home !== '',
    () => false,
  )
  return {
    signed,
    notChecked: [
      ...(tail > 0 ? [`the last ${tail} events: no checkpoint covers them yet`] : []),
      ...(options.trusted || signed === 0
        ? []
        : ["the notary's key: it was taken from the store; bring notary.pub from the notary"]),
      ...(own
        ? ["the notary runs under the gateway's own account: who takes that over can sign too"]
        : []),
    ],
  }
}
