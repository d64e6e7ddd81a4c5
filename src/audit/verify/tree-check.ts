/** What `audit verify` asks of the tree in a store: every event in it once and in order, every checkpoint over its root and signed. */
import type { Finding } from '../checks/chain-check.ts'
import { openCheckpoint } from '../tree/checkpoint-note.ts'
import { openCompact } from '../tree/compact.ts'
import { notaryKeys, pinned } from '../tree/notary-pin.ts'
import { LogContradicted } from '../tree/notary-port.ts'
import { type NoteKey, NoteRefused, UNTRUSTED } from '../tree/note.ts'
import { type AskRows, grow, treeSize } from '../tree/tree-read.ts'

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

const REBASED = "select exists (select from audit.event where type = 'log.rebased') as rebased"

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

interface Doubt {
  readonly size: number
  /** Of the signed statement; undefined where no trusted key signed it. */
  readonly epoch: number | undefined
  readonly what: string
}
interface Judged {
  readonly signed: number
  /** Highest epoch that a trusted key signed. */
  readonly epoch: number
  readonly doubts: readonly Doubt[]
}

/** Compares every checkpoint with the root of the leaves before it; how far the last good one reaches, and which do not fit. */
const judgeCheckpoints = async (
  ask: AskRows,
  { keys, log, size }: { keys: readonly NoteKey[]; log: string; size: number },
  report: (what: string) => void,
): Promise<Judged> => {
  const range = openCompact()
  const doubts: Doubt[] = []
  let signed = 0
  let epoch = 0
  let after = -1
  const judge = (note: string): void => {
    const at = `the checkpoint over ${after} events`
    try {
      const found = openCheckpoint(note, keys, log)
      epoch = Math.max(epoch, found.epoch)
      if (after > size)
        doubts.push({
          size: after,
          epoch: found.epoch,
          what: `a checkpoint covers ${after} events and the tree has ${size}: its end is gone`,
        })
      else if (found.size === after && found.root.equals(range.root())) signed = after
      else doubts.push({ size: after, epoch: found.epoch, what: `${at} is not over these` })
    } catch (thrown) {
      if (!(thrown instanceof NoteRefused)) throw thrown
      const strange = thrown.message === UNTRUSTED
      const what = `${at} does not hold: ${thrown.message}`
      if (strange) doubts.push({ size: after, epoch: undefined, what })
      else report(what)
    }
  }
  for (;;) {
    const page = await ask(
      'select size::text, note from audit.checkpoint c where c.size > $1 order by c.size limit 1000',
      [after],
    )
    if (page.length === 0) return { signed, epoch, doubts }
    for (const row of page) {
      after = Number(row.size)
      if (after <= size) await grow(ask, range, after)
      judge(String(row.note))
    }
  }
}

/** As the verifier of bundles judges them: an older period of the log, or of its key, is said and not held against it. */
const settle = (
  { doubts, epoch, signed }: Judged,
  rebased: boolean,
  report: (what: string) => void,
): readonly string[] => {
  let before = 0
  let strange = 0
  for (const doubt of doubts) {
    if (doubt.epoch === undefined && doubt.size < signed) strange += 1
    else if (doubt.epoch !== undefined && rebased && doubt.epoch < epoch) before += 1
    else report(doubt.what)
  }
  return [
    ...(strange > 0
      ? [`${strange} older checkpoints: their key is not among the trusted ones`]
      : []),
    ...(before > 0 ? [`${before} checkpoints from before the log was rebased`] : []),
  ]
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
  let unsure: readonly string[] = []
  try {
    const judged = await judgeCheckpoints(ask, { keys, log: options.log, size }, whole)
    const [row] = await ask(REBASED, [])
    unsure = settle(judged, row?.rebased === true, whole)
    signed = judged.signed
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
      ...unsure,
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
