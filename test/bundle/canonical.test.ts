/** One text for each line, also where the notary signed another: what is read quickly is read as strictly. */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LineRefused, parseLine } from '../../src/audit/bundle/lines.ts'
import { plainEvent } from '../../src/audit/bundle/plain.ts'
import { canonicalText } from '../../src/audit/bundle/text.ts'
import { leafHash } from '../../src/audit/stream/header.ts'
import { signCheckpoint } from '../../src/audit/tree/checkpoint-note.ts'
import { rootOf } from '../../src/audit/tree/merkle.ts'
import { log as name } from '../notary/support.ts'
import { expectSecond, expectSecondOn } from '../support/second-verifier.ts'
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

const runs = Number(process.env.MUTATIONS ?? 200)
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)

let made: Evidence
let lines: Loose[]
beforeAll(async () => {
  made = await makeEvidence()
  lines = linesOf(await made.export())
})
afterAll(() => made?.drop())

/** The bundle with the text of its last result changed, everything else made to fit, and signed by the notary. */
const signedWith = (change: (header: string) => string): string => {
  const all = clone(lines).filter(({ kind }) => !['checkpoint', 'anchor', 'end'].includes(kind))
  const target = all.findLast(
    ({ header, kind }) => kind === 'event' && header.type.endsWith('result'),
  )
  const leaves: Buffer[] = []
  const renamed = new Map<string, string>()
  let prev = '0'.repeat(64)
  const texts = all.map((line) => {
    if (line.kind !== 'event') return canonicalText(line)
    const was = leafHash(Buffer.from(canonicalText(line.header))).toString('hex')
    line.header.prev = prev
    if (line.header.parent) line.header.parent = renamed.get(line.header.parent)
    if (line.header.approval?.requested)
      line.header.approval.requested = renamed.get(line.header.approval.requested)
    const plain = canonicalText(line.header)
    const text = line === target ? change(plain) : plain
    const leaf = leafHash(Buffer.from(text))
    prev = leaf.toString('hex')
    renamed.set(was, prev)
    leaves.push(leaf)
    return `{"header":${text},"idx":"${leaves.length - 1}","kind":"event"}`
  })
  const checkpoint = { origin: name, size: leaves.length, root: rootOf(leaves), epoch: 1 }
  texts.push(canonicalText({ kind: 'checkpoint', note: signCheckpoint(checkpoint, made.signer) }))
  const before = texts.map((text) => `${text}\n`).join('')
  const sha256 = createHash('sha256').update(before).digest('hex')
  return `${before}${canonicalText({ kind: 'end', events: String(leaves.length), sha256 })}\n`
}

test.each<[string, number, (header: string) => string]>([
  ['as it is', 0, (header) => header],
  ['white space', 1, (header) => header.replace('{"actor"', '{ "actor"')],
  ['a member told twice', 1, (header) => header.replace('{"actor"', '{"a":1,"a":2,"actor"')],
  ['an escape that need not be', 1, (header) => header.replace('"tool":"sql', '"tool":"\\u0073ql')],
  ['a fraction', 1, (header) => header.replace('"v":1', '"v":1.0')],
  ['an exponent', 1, (header) => header.replace('"email":3', '"email":3e2')],
  ['null', 1, (header) => header.replace('"v":1', '"v":1,"w":null')],
  ['another order', 1, (header) => header.replace(',"v":1', ',"v":1,"a":"x"')],
  ['another order of numbers', 1, (header) => header.replace('"email":3', '"9":1,"10":1')],
  ['the right order of numbers', 0, (header) => header.replace('"email":3', '"10":1,"9":1')],
  ['a large number', 0, (header) => header.replace('"email":3', '"email":31415')],
  ['letters beyond ASCII', 0, (header) => header.replace('"email":3', '"\u00e9\u{1f600}":3')],
  ['a needed escape', 0, (header) => header.replace('"email":3', '"a\\"b":3')],
])('a signed header with %s: exit %i from both', async (_, exit, change) => {
  const file = join(made.folder, 'signed')
  writeFileSync(file, signedWith(change))
  const seen = await judge(file, made.signer)
  expect(seen.exit, JSON.stringify(seen.findings)).toBe(exit)
  await expectSecond(file, made.key, exit)
})

test('what is taken quickly is what the strict reader takes', () => {
  const header = lines.find(({ kind }) => kind === 'event')?.header
  const piece = fc.oneof(
    fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '"a"', '"9"', '"10"', '"\\u0061"', ' '),
    fc.constantFrom(
      '1',
      '01',
      '-0',
      '1e1',
      '1e2',
      '10',
      '99',
      '100',
      '1.0',
      'null',
      'true',
      '\u00e9',
    ),
  )
  const value = fc.json({ maxDepth: 4, noUnicodeString: false }).map((text) => JSON.parse(text))
  const text = fc.oneof(
    value.map((one) => JSON.stringify({ ...header, extra: one })),
    fc.array(piece, { maxLength: 9 }).map((parts) => `{"a":${parts.join('')}}`),
    fc.tuple(fc.nat(), piece, fc.nat(3)).map(([where, what, cut]) => {
      const whole = canonicalText(header)
      const at = where % whole.length
      return `${whole.slice(0, at)}${what}${whole.slice(at + cut)}`
    }),
  )
  let taken = 0
  fc.assert(
    fc.property(text, (inner) => {
      const line = Buffer.from(`{"header":${inner},"idx":"7","kind":"event"}\n`)
      if (plainEvent(line) === undefined) return
      taken += 1
      expect(canonicalText(JSON.parse(inner))).toBe(inner)
    }),
    { numRuns: runs * 50, seed },
  )
  expect(taken).toBeGreaterThan(10)
})

test('contents in base64 of another spelling are refused', () => {
  const payload = lines.find(({ kind }) => kind === 'payload')
  const whole = canonicalText(payload)
  expect(parseLine(Buffer.from(`${whole}\n`))).toMatchObject({ kind: 'payload' })
  const encoded = String(payload?.bytes)
  for (const other of [
    encoded.replace(/=*$/, ''),
    `${encoded}=`,
    encoded.replace('+', '-').replace('/', '_').replace(/^./, '-'),
    ` ${encoded}`,
    encoded.slice(1),
  ])
    expect(
      () => parseLine(Buffer.from(`${whole.replace(encoded, other)}\n`)),
      other.slice(0, 20),
    ).toThrow(LineRefused)
})

test(`forged members that the notary signed get one verdict from both (seed ${seed})`, async () => {
  const files: string[] = []
  const exits: number[] = []
  const strange = ['', 'x', '0', 2, true, [], {}, ['a'], 'call.result', 'stream.close', '99']
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(), fc.nat(), async (where, which, what) => {
      const changed = clone(lines)
      const events = changed.filter(({ kind }) => kind === 'event')
      const header = events[where % events.length]?.header ?? {}
      const keys = Object.keys(header)
      header[keys[which % keys.length] ?? ''] = strange[what % strange.length]
      rechain(changed, lines)
      resign(changed, made.signer)
      const file = join(made.folder, `s${files.length}`)
      writeFileSync(file, assemble(changed))
      // Decisions apart: the Python verifier makes none.
      const { exit } = await judge(file, made.signer, { decide: undefined } as never)
      files.push(file)
      exits.push(exit)
    }),
    { numRuns: runs, seed },
  )
  expect(exits).toContain(0)
  expect(exits).toContain(1)
  expectSecondOn(files, made.key, exits)
}, 1_200_000)
