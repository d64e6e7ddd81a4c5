/** Judges the lines of a bundle, one after the other: what must hold between them, in the record's order. */
import { openApprovalCheck } from '../checks/approval-check.ts'
import { type Fields, openStreamCheck, type StreamCheck, text } from '../checks/chain-check.ts'
import { type CompactRange, openCompact } from '../tree/compact.ts'
import type { BundleLine, Line } from './line.ts'
import { LineRefused, parseLine } from './lines.ts'
import { openDecisionsCheck } from './offline-decisions.ts'
import { type NotesCheck, openNotesCheck } from './offline-notes.ts'
import { openPartsCheck, type PartsCheck } from './offline-parts.ts'
import type { BundleFinding, BundleVerification, OfflineOptions } from './verification.ts'

const order: Readonly<Record<Exclude<Line['kind'], 'receipt'>, number>> = {
  bundle: 0,
  key: 1,
  policy: 2,
  event: 3,
  payload: 3,
  checkpoint: 4,
  anchor: 5,
  end: 6,
}

/** Thrown where nothing after a line can mean anything. */
export class Stop extends Error {
  override readonly name = 'Stop'
}

interface Opened {
  readonly head: BundleLine
  readonly range: CompactRange
  readonly notes: NotesCheck
  readonly parts: PartsCheck
}

/** `sizes`: those that the notes at the end speak of, and the auditor's anchors. */
export const openJudge = (options: OfflineOptions, sizes: ReadonlySet<number>) => {
  const findings: BundleFinding[] = []
  const incomplete = new Set<string>()
  const notChecked: string[] = []
  let wrong = 0
  let line = 0
  let step = 0
  let opened: Opened | undefined
  let events = 0
  let ended = false
  let rebased = false
  let approvals = 0
  let signed = 0
  let payloads = { checked: 0, erased: 0 }
  let inHand: Fields | undefined
  const streams = new Map<string, { check: StreamCheck; seq: bigint; leaf: Buffer }>()

  const report = (finding: BundleFinding): void => {
    wrong += 1
    if (findings.length < (options.keep ?? 100)) findings.push(finding)
  }
  const here = (what: string): void => report({ line, stream: '', seq: '', what })
  const whole = (what: string): void => report({ line: 0, stream: '', seq: '', what })
  let check = openApprovalCheck((finding) => report({ line: 0, ...finding }))
  const decisions = openDecisionsCheck(options.decide)
  const atEvent = (header: Fields) => (what: string) =>
    report({ line, stream: text(header.stream), seq: text(header.seq), what })

  const begin = (head: BundleLine): Opened => {
    if (head.to < head.from) throw new LineRefused('ends before it begins')
    let range: CompactRange
    try {
      range = openCompact({ size: head.from, hashes: head.range })
    } catch {
      throw new LineRefused('has no range that fits its beginning')
    }
    const { anchors = [], trusted } = options
    if (head.from > 0) check = openApprovalCheck((finding) => report({ line: 0, ...finding }), true)
    return {
      head,
      range,
      notes: openNotesCheck({
        log: head.log,
        trusted,
        anchors,
        sizes,
        start: openCompact(range.state()),
      }),
      parts: openPartsCheck(head.payloads === 'clear'),
    }
  }

  const settle = (of: Opened): void => {
    if (inHand === undefined) return
    const header = inHand
    inHand = undefined
    of.parts.done(atEvent(header))
    decisions.event(header, of.parts.request(), {
      say: atEvent(header),
      incomplete: (what) => incomplete.add(what),
    })
  }

  const event = (of: Opened, given: Line & { kind: 'event' }): void => {
    const { header } = given
    settle(of)
    const say = atEvent(header)
    if (given.idx !== of.range.size) say(`is number ${given.idx} where ${of.range.size} follows`)
    const name = text(header.stream)
    const number = text(header.seq)
    if (!/^[1-9]\d{0,17}$/.test(number)) throw new LineRefused('has no sequence number')
    let stream = streams.get(name)
    if (stream === undefined) {
      const partial = of.head.from > 0
      const found = openStreamCheck(name, of.head.log, (one) => report({ line, ...one }), partial)
      stream = { check: found, seq: 0n, leaf: Buffer.alloc(32) }
      streams.set(name, stream)
    }
    stream.seq = BigInt(number)
    const checked = stream.check.event(stream.seq, given.jcs, undefined, header)
    if (checked === undefined) throw new LineRefused('has no header')
    stream.leaf = checked.hash
    of.range.append(stream.leaf)
    of.notes.grown(of.range)
    check.event(checked)
    of.parts.event(header)
    if (header.type === 'log.rebased') rebased = true
    inHand = header
    events += 1
  }

  const finish = (of: Opened): void => {
    for (const { check: stream, leaf, seq } of streams.values())
      stream.end({ seq, head: leaf, closed: false })
    of.parts.end((id, what) => whole(`event ${id}: ${what}`))
    approvals = check.end()
    const seen = of.notes.end(of.range, rebased, {
      report: whole,
      incomplete: (what) => incomplete.add(what),
    })
    signed = seen.signed
    payloads = { checked: of.parts.checked, erased: of.parts.erased }
    const tail = of.range.size - Math.max(signed, of.head.from)
    if (events === 0) incomplete.add('there is no event in the bundle')
    else if (signed <= of.head.from)
      incomplete.add('no checkpoint of a trusted key covers these events')
    const sum = (of_: (stream: StreamCheck) => number): number =>
      [...streams.values()].reduce((all, one) => all + of_(one.check), 0)
    const open = sum((stream) => stream.open)
    const unseen = sum((stream) => stream.unseen)
    const say = (count: number, what: string): void => {
      if (count > 0) notChecked.push(`${count} ${what}`)
    }
    notChecked.push(...seen.notChecked)
    if (signed > of.head.from) say(tail, 'events at the end: no checkpoint covers them yet')
    say(payloads.erased, 'payload parts that were erased')
    if (of.head.payloads === 'none')
      notChecked.push('contents: the bundle was exported without them')
    if (options.decide === undefined) notChecked.push('decisions: they were not made again')
    else say(decisions.unseen, 'decisions whose request is not in the bundle')
    say(open, 'calls that have not ended')
    if (of.head.from > 0) notChecked.push(`the ${of.head.from} events before this part of the log`)
    say(unseen, 'events whose intent lies before this part of the log')
    say(check.unseen, 'approvals whose request lies before this part of the log')
    if (of.head.notary === 'own')
      notChecked.push(
        "the notary ran under the gateway's own account: who takes that over can sign too",
      )
  }

  const take = (given: Line, digest: () => string): void => {
    if (ended) throw new LineRefused('follows the end')
    if (given.kind === 'receipt') throw new LineRefused('is a receipt, in a bundle')
    if (opened === undefined) {
      if (given.kind !== 'bundle') throw new Stop('this is no bundle: it does not begin as one')
      opened = begin(given)
      return
    }
    const of = opened
    if (order[given.kind] < step) throw new LineRefused('is not where its kind belongs')
    step = order[given.kind]
    switch (given.kind) {
      case 'bundle':
        throw new LineRefused('begins the bundle a second time')
      case 'key':
        return
      case 'policy':
        return decisions.policy(given, here)
      case 'event':
        return event(of, given)
      case 'payload':
        if (inHand === undefined) throw new LineRefused('follows no event')
        return of.parts.part(given, atEvent(inHand))
      case 'checkpoint':
      case 'anchor':
        settle(of)
        return of.notes.note(given.kind, given.note, here)
      case 'end':
        settle(of)
        ended = true
        if (given.events !== events) here(`counts ${given.events} events, and there are ${events}`)
        if (of.range.size !== of.head.to)
          here(`follows event ${of.range.size}, and the bundle says that it goes to ${of.head.to}`)
        if (given.sha256 !== digest()) here('has the hash of other bytes than these')
        finish(of)
    }
  }

  return {
    /** Throws Stop. */
    line(bytes: Buffer, digest: () => string): void {
      line += 1
      try {
        take(parseLine(bytes), digest)
      } catch (thrown) {
        if (!(thrown instanceof LineRefused)) throw thrown
        if (opened === undefined)
          throw new Stop(`this is no bundle: its first line ${thrown.message}`)
        here(thrown.message)
        throw new Stop('')
      }
      if (events % 10_000 === 0) options.progress?.(events)
    },
    /** `why` it stopped before the end; undefined when it did not. */
    result(why: string | undefined): Omit<BundleVerification, 'ms'> {
      if (why) incomplete.add(why)
      else if (!ended && wrong === 0) incomplete.add('the bundle has no end: it was cut off')
      if (opened && !ended) payloads = { checked: opened.parts.checked, erased: 0 }
      return {
        exit: wrong > 0 ? 1 : incomplete.size > 0 ? 2 : 0,
        kind: 'bundle',
        log: opened?.head.log ?? '',
        events,
        streams: streams.size,
        signed,
        payloads,
        approvals,
        decisions: decisions.checked,
        findings,
        wrong,
        incomplete: [...incomplete],
        notChecked,
      }
    },
  }
}
