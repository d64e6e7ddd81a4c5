/** What a gateway with the notary's key at hand could write and sign, and the record's own rules forbid: both verifiers say no, and name it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canonicalText } from '../../src/audit/bundle/text.ts'
import { leafHash } from '../../src/audit/stream/header.ts'
import { openCompact } from '../../src/audit/tree/compact.ts'
import { expectSecond, second } from '../support/second-verifier.ts'
import {
  assemble,
  clone,
  type Evidence,
  judge,
  type Loose,
  linesOf,
  makeEvidence,
  rechain,
  resign,
} from './support.ts'

let made: Evidence
let lines: Loose[]
beforeAll(async () => {
  made = await makeEvidence()
  lines = linesOf(await made.export())
})
afterAll(() => made?.drop())

const all = (of: Loose[], type: string): Loose[] =>
  of.filter(({ header, kind }) => kind === 'event' && header.type === type)
const first = (of: Loose[], type: string): Loose => {
  const [found] = all(of, type)
  if (!found) throw new Error(`no ${type}`)
  return found
}
/** An event with its parts, taken out of the bundle. */
const cut = (of: Loose[], event: Loose): Loose[] => {
  const at = of.indexOf(event)
  let end = at + 1
  while (of[end]?.kind === 'payload') end += 1
  return of.splice(at, end - at)
}
const leafOf = (line: Loose | undefined): string =>
  leafHash(Buffer.from(canonicalText(line?.header))).toString('hex')
/** Links made to fit: those of an event that moved go by its old leaf, wherever it lies now. */
const relink = (of: Loose[], before: ReadonlyMap<Loose, Loose>): void =>
  rechain(
    of,
    of.map((line) => before.get(line) ?? line),
  )

/** The bundle from index 1 on, as an exporter could cut it. */
const fromOne = (of: Loose[]): void => {
  const gone = cut(of, first(of, 'stream.open'))[0]
  const range = openCompact()
  range.append(Buffer.from(leafOf(gone), 'hex'))
  const [head] = of
  if (head)
    Object.assign(head, {
      from: '1',
      range: range.state().hashes.map((one) => one.toString('hex')),
    })
}

interface Lie {
  readonly what: string
  readonly change: (of: Loose[]) => void
  readonly part?: boolean
  readonly said: RegExp
}

const double = (of: Loose[], event: Loose, change: (header: Loose) => void = () => {}): Loose => {
  const copy = { ...structuredClone(event) }
  copy.header.event_id = copy.header.event_id.replace(/^..../, 'ffff')
  delete copy.header.payload
  change(copy.header)
  let at = of.indexOf(event) + 1
  while (of[at]?.kind === 'payload') at += 1
  of.splice(at, 0, copy)
  return copy
}
/** A grant moved behind the run that it was for. */
const grantAfter = (of: Loose[], type: string): void => {
  const moved = cut(of, first(of, 'approval.granted'))
  const id = moved[0]?.header.call_id
  const after = all(of, type).find(({ header }) => header.call_id === id)
  let at = after ? of.indexOf(after) + 1 : 0
  while (of[at]?.kind === 'payload') at += 1
  of.splice(at, 0, ...moved)
}
const needs = (of: Loose[], need: string): void => {
  first(of, 'approval.requested').header.approval.needs = [need]
}

const lies: readonly Lie[] = [
  {
    what: 'an approval that was granted after the run was intended',
    change: (of) => grantAfter(of, 'call.intent'),
    said: /was approved by 0, needed 1 of dba/,
  },
  {
    what: 'an approval that was granted after the run had ended',
    change: (of) => grantAfter(of, 'call.result'),
    said: /was approved by 0, needed 1 of dba/,
  },
  {
    what: "grants of one request spent on the call's second request",
    change: (of) => {
      const request = first(of, 'approval.requested')
      const intent = all(of, 'call.intent').find(
        ({ header }) => header.call_id === request.header.call_id,
      )
      const again = double(of, request, (header) => {
        header.target = 'shop-2'
        delete header.policy
      })
      cut(of, again)
      of.splice(of.indexOf(intent ?? request), 0, again)
      if (intent) intent.header.target = 'shop-2'
      if (intent) intent.header.approval.requested = 'second'
    },
    said: /asked for approval more than once/,
  },
  {
    what: 'a name among the approvers that an approver ends in',
    change: (of) => {
      const grant = first(of, 'approval.granted')
      const intent = all(of, 'call.intent').find(
        ({ header }) => header.call_id === grant.header.call_id,
      )
      if (intent) intent.header.approval.by = ['https://idp/the-head-of-bo']
    },
    said: /names an approver who did not approve it/,
  },
  {
    what: 'the caller as the approver',
    change: (of) => {
      const grant = first(of, 'approval.granted')
      const request = first(of, 'approval.requested')
      grant.header.actor = { ...structuredClone(request.header.actor), groups: ['dba'] }
    },
    said: /was approved by 0, needed 1 of dba/,
  },
  {
    what: 'one approver counted twice',
    change: (of) => {
      needs(of, '2 of dba')
      double(of, first(of, 'approval.granted'))
    },
    said: /was approved by 1, needed 2 of dba/,
  },
  {
    what: 'a need with a number that no one could count',
    change: (of) => needs(of, `${'9'.repeat(5000)} of dba`),
    said: /a need can not be read/,
  },
  {
    what: 'a need for nobody',
    change: (of) => needs(of, '0 of dba'),
    said: /a need can not be read/,
  },
  {
    what: 'a request that needs nothing',
    change: (of) => {
      first(of, 'approval.requested').header.approval.needs = []
    },
    said: /was approved by a request that asked nobody/,
  },
  {
    what: 'a need with digits of another script',
    change: (of) => needs(of, '\u0661 of dba'),
    said: /a need can not be read/,
  },
  {
    what: 'a decision that is none',
    change: (of) => {
      first(of, 'call.intent').header.policy.decision = 'permit'
    },
    said: /names no decision that lets it run/,
  },
  {
    what: 'a change that no decision let run',
    change: (of) => {
      const intent = all(of, 'call.intent').find(({ header }) => header.effect === 'write')
      if (intent === undefined) throw new Error('no change in the bundle')
      delete intent.header.policy
    },
    said: /names no decision that lets it run/,
  },
  {
    what: 'a result without a call',
    change: (of) => {
      first(of, 'call.result').header.parent = 'ab'.repeat(32)
    },
    said: /call.result has no open intent/,
  },
  {
    what: 'a second end of a call',
    change: (of) => void double(of, first(of, 'call.result')),
    said: /call.result has no open intent/,
  },
  {
    what: 'a second end of a call, in a part of the log',
    change: (of) => void double(of, first(of, 'call.result')),
    part: true,
    said: /call.result has no open intent/,
  },
  {
    what: 'a result without a call, in a part of the log that has its stream from the first event on',
    change: (of) => {
      first(of, 'call.result').header.parent = 'ab'.repeat(32)
      const open = structuredClone(first(of, 'stream.open'))
      open.header.stream = '999'
      of.splice(of.indexOf(first(of, 'stream.open')), 0, open)
    },
    part: true,
    said: /call.result has no open intent/,
  },
  {
    what: 'a takeover within one epoch',
    change: (of) =>
      void double(of, first(of, 'call.denied'), (header) => {
        header.type = 'stream.takeover'
      }),
    said: /takeover within one epoch/,
  },
  {
    what: 'an epoch that no takeover began',
    change: (of) => {
      first(of, 'call.denied').header.epoch = '00000000-0000-4000-8000-000000000000'
    },
    said: /epoch that no takeover began/,
  },
  {
    what: 'an event after the close of its stream',
    change: (of) =>
      void double(of, first(of, 'call.denied'), (header) => {
        header.type = 'stream.close'
      }),
    said: /comes after the stream was closed/,
  },
  {
    what: 'a part that the header commits to twice',
    change: (of) => {
      const { header } = first(of, 'call.result')
      header.payload.push(structuredClone(header.payload[0]))
    },
    said: /its payload parts are malformed or named twice/,
  },
  {
    what: 'a part without a number',
    change: (of) => {
      first(of, 'call.result').header.payload.push({ kind: 'output', part: '7' })
    },
    said: /its payload parts are malformed or named twice/,
  },
  {
    what: 'a part below 0',
    change: (of) => {
      first(of, 'call.result').header.payload.push({ kind: 'output', part: -1 })
    },
    said: /its payload parts are malformed or named twice/,
  },
  {
    what: 'parts that are no list',
    change: (of) => {
      first(of, 'call.result').header.payload = { part: 0 }
    },
    said: /its payload parts are malformed or named twice/,
  },
  {
    what: 'a length in another notation',
    change: (of) => {
      const [part] = first(of, 'call.result').header.payload
      part.len = `0x${Number(part.len).toString(16)}`
    },
    said: /its payload parts are malformed or named twice/,
  },
  {
    what: 'a commitment in another notation',
    change: (of) => {
      const [part] = first(of, 'call.result').header.payload
      part.commit = part.commit.toUpperCase()
    },
    said: /its payload parts are malformed or named twice/,
  },
  {
    what: 'a commitment with more behind it',
    change: (of) => {
      first(of, 'call.result').header.payload[0].commit += 'zz'
    },
    said: /its payload parts are malformed or named twice/,
  },
]

describe('a bundle that was signed over a lie', () => {
  test.each(lies)('$what', async ({ change, part, said }) => {
    const of = clone(lines)
    const before = new Map(of.map((line) => [line, structuredClone(line)]))
    change(of)
    relink(of, before)
    // What names the second request by a word gets its leaf, once all before it fits.
    const named = all(of, 'call.intent').find(
      ({ header }) => header.approval?.requested === 'second',
    )
    if (named) {
      const request = all(of, 'approval.requested').findLast(
        ({ header }) => header.call_id === named.header.call_id,
      )
      const then = new Map(of.map((line) => [line, structuredClone(line)]))
      named.header.approval.requested = leafOf(request)
      relink(of, then)
    }
    resign(of, made.signer)
    if (part) fromOne(of)
    const file = join(made.folder, 'lie')
    writeFileSync(file, assemble(of, part ? 1 : 0))
    const seen = await judge(file, made.signer)
    expect(seen.exit).toBe(1)
    expect(seen.findings.map((one) => one.what).join('\n')).toMatch(said)
    const other = await second(file, made.key)
    if (!other) return
    expect(other.exit).toBe(1)
    expect(other.findings.map((one) => one.what).join('\n')).toMatch(said)
  })
})

test('groups of any name are read the same by both', async () => {
  const of = clone(lines)
  const before = new Map(of.map((line) => [line, structuredClone(line)]))
  needs(of, '1 of dba, a\u2028b\rc\nd')
  relink(of, before)
  resign(of, made.signer)
  const file = join(made.folder, 'groups')
  writeFileSync(file, assemble(of))
  expect(await judge(file, made.signer)).toMatchObject({ exit: 0, findings: [] })
  await expectSecond(file, made.key, 0)
})

test('an approval whose request lies before a part of the log is named as not judged', async () => {
  const from = lines
    .filter(({ kind }) => kind === 'event')
    .findIndex(({ header }) => header.type === 'approval.granted')
  const file = await made.export({ from })
  const seen = await judge(file, made.signer)
  const said = '1 approvals whose request lies before this part of the log'
  expect(seen.exit).toBe(0)
  expect(seen.notChecked).toContain(said)
  const other = await second(file, made.key)
  if (other) expect(other.notChecked).toContain(said)
})

test('a bundle without an event is no evidence of anything', async () => {
  const [head] = clone(lines)
  const file = join(made.folder, 'empty')
  writeFileSync(file, assemble(head ? [head] : []))
  expect(await judge(file, made.signer)).toMatchObject({
    exit: 2,
    incomplete: ['there is no event in the bundle'],
  })
  await expectSecond(file, made.key, 2)
})
