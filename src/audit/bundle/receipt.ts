/** A receipt: one event's header with the proof that it lies in a tree that the notary signed. It verifies alone. */

import { text } from '../checks/chain-check.ts'
import { leafHash } from '../stream/header.ts'
import { openCheckpoint } from '../tree/checkpoint-note.ts'
import { openCompact } from '../tree/compact.ts'
import { inclusionSpans, verifyInclusion } from '../tree/merkle.ts'
import { type NoteKey, NoteRefused } from '../tree/note.ts'
import { type AskRows, readLeaves } from '../tree/tree-read.ts'
import { LineRefused, lineText, parseLine } from './lines.ts'
import type { BundleFinding, BundleVerification } from './verification.ts'

const PAGE = 16_384

const spanRoot = async (ask: AskRows, from: number, to: number): Promise<Buffer> => {
  const range = openCompact()
  for (let at = from; at < to; at += PAGE)
    for (const leaf of await readLeaves(ask, at, Math.min(to, at + PAGE)))
      range.append(Buffer.from(leaf))
  return range.root()
}

/** The receipt of the event with this leaf (hex); undefined when no checkpoint covers it yet. Throws RangeError when there is no such event. */
export const writeReceipt = async (ask: AskRows, leaf: string): Promise<string | undefined> => {
  const hash = Buffer.from(leaf, 'hex')
  const [event] = await ask(
    `select e.header_jcs, l.idx::text, (select note from audit.checkpoint c where c.size > l.idx order by c.size limit 1) as note
     from audit.event e left join audit.leaf l using (stream_id, seq) where e.leaf = $1`,
    [hash],
  )
  if (!(event?.header_jcs instanceof Buffer)) throw new RangeError('the log has no such event')
  if (typeof event.note !== 'string' || typeof event.idx !== 'string') return undefined
  const idx = Number(event.idx)
  const size = Number(event.note.split('\n')[1])
  const proof: string[] = []
  for (const { from, to } of inclusionSpans(idx, size))
    proof.push((await spanRoot(ask, from, to)).toString('hex'))
  return lineText({
    kind: 'receipt',
    v: 1,
    header: JSON.parse(event.header_jcs.toString('utf8')),
    idx: String(idx),
    leaf,
    proof,
    note: event.note,
  })
}

/** `bytes`: the whole file. Never throws. */
export const verifyReceipt = (bytes: Buffer, trusted: readonly NoteKey[]): BundleVerification => {
  const findings: BundleFinding[] = []
  let log = ''
  const say = (what: string): void => void findings.push({ line: 1, stream: '', seq: '', what })
  try {
    if (bytes.indexOf(10) !== bytes.length - 1) throw new LineRefused('is followed by more')
    const line = parseLine(bytes)
    if (line.kind !== 'receipt') throw new LineRefused('is no receipt')
    log = text(line.header.log)
    if (!leafHash(line.jcs).equals(line.leaf)) say('its bytes do not hash to its leaf')
    const { root, size } = openCheckpoint(line.note, trusted, log)
    if (!verifyInclusion(line.idx, size, line.leaf, root, line.proof))
      say('its proof does not lead to the signed root')
  } catch (thrown) {
    if (thrown instanceof LineRefused) say(thrown.message)
    else if (thrown instanceof NoteRefused) say(`its checkpoint does not hold: ${thrown.message}`)
    else throw thrown
  }
  return {
    exit: findings.length > 0 ? 1 : 0,
    kind: 'receipt',
    log,
    events: 1,
    streams: 1,
    signed: findings.length > 0 ? 0 : 1,
    payloads: { checked: 0, erased: 0 },
    approvals: 0,
    decisions: 0,
    findings,
    wrong: findings.length,
    incomplete: [],
    notChecked: ['contents, and every event but this one'],
    ms: 0,
  }
}
