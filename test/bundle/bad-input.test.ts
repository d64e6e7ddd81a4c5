/** Bundles of any content: a verdict and a named record, never a crash; and both verifiers give the same verdict (`npm run test:live -- verifier` asks the second). */
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyReceipt, writeReceipt } from '../../src/audit/bundle/receipt.ts'
import { verifyFile } from '../../src/cli/audit-verify.ts'
import { expectSecond, expectSecondOn } from '../support/second-verifier.ts'
import { assemble, type Evidence, judge, type Loose, linesOf, makeEvidence } from './support.ts'

const runs = Number(process.env.MUTATIONS ?? 400)
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)

let made: Evidence
let whole: Buffer
let lines: Loose[]
beforeAll(async () => {
  made = await makeEvidence()
  const file = await made.export()
  whole = readFileSync(file)
  lines = linesOf(file)
})
afterAll(() => made?.drop())

const put = (bytes: Buffer | string, name = 'bad'): string => {
  const file = join(made.folder, name)
  writeFileSync(file, bytes)
  return file
}

type Edit = readonly [number, number, number]

/** Bytes that are flipped, cut, doubled or moved. */
const mangle = (bytes: Buffer, [how, where, what]: Edit): Buffer => {
  const at = where % bytes.length
  const size = 1 + (what % 200)
  const end = Math.min(bytes.length, at + size)
  switch (how % 6) {
    case 0: {
      const copy = Buffer.from(bytes)
      copy[at] = (copy[at] ?? 0) ^ (1 + (what % 255))
      return copy
    }
    case 1:
      return bytes.subarray(0, at)
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)])
    case 3:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)])
    case 4:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(['\n', '{', '"', '\0', '\u00ff'][what % 5] ?? '', 'latin1'),
        bytes.subarray(at),
      ])
    default:
      return Buffer.concat([bytes.subarray(end), bytes.subarray(0, end)])
  }
}

const strange: readonly unknown[] = [
  '',
  'x',
  '0',
  '-1',
  0,
  2,
  true,
  [],
  {},
  ['a'],
  '\u2028',
  '\u{1f600}',
  'a'.repeat(70_000),
  '99999999999999',
  9007199254740991,
]

/** A member of a line changed, and everything around it made to fit again. */
const forge = (original: readonly Loose[], [where, which, what]: Edit): string => {
  const of = structuredClone([...original])
  const line = of[where % of.length]
  let target: Loose | undefined = line
  let key = ''
  for (let depth = 0, left = which; target !== undefined && depth < 4; depth++) {
    const keys = Object.keys(target)
    if (keys.length === 0) break
    key = keys[left % keys.length] ?? ''
    left = Math.floor(left / keys.length)
    const next: unknown = target[key]
    if (typeof next !== 'object' || next === null || left % 3 === 0) break
    target = next as Loose
  }
  if (target && key) target[key] = strange[what % strange.length]
  try {
    return assemble(of)
  } catch {
    return ''
  }
}

const edit = fc.tuple(fc.nat(), fc.nat(), fc.nat())

describe(`${runs} mutations, seed ${seed}`, () => {
  test('changed bytes are never taken for whole, by either verifier', async () => {
    const files: string[] = []
    const exits: number[] = []
    await fc.assert(
      fc.asyncProperty(edit, async (change) => {
        const bytes = mangle(whole, change)
        if (bytes.equals(whole)) return
        const file = put(bytes, `m${files.length}`)
        const seen = await verifyFile(file, { key: [made.key] })
        expect([1, 2]).toContain(seen.exit)
        expect(seen.findings.length + seen.incomplete.length).toBeGreaterThan(0)
        files.push(file)
        exits.push(seen.exit)
      }),
      { numRuns: runs, seed },
    )
    expectSecondOn(files, made.key, exits)
  }, 1_200_000)

  test('forged members with every count and hash made to fit get one verdict from both', async () => {
    const files: string[] = []
    const exits: number[] = []
    await fc.assert(
      fc.asyncProperty(edit, async (change) => {
        const file = put(forge(lines, change), `f${files.length}`)
        // Decisions apart: the Python verifier makes none.
        const { exit } = await judge(file, made.signer, { decide: undefined } as never)
        files.push(file)
        exits.push(exit)
      }),
      { numRuns: runs, seed },
    )
    expectSecondOn(files, made.key, exits)
  }, 1_200_000)
})

test('a line of one gigabyte is named and not read', async () => {
  const file = join(made.folder, 'long')
  const handle = openSync(file, 'w')
  const head = whole.subarray(0, whole.indexOf(10) + 1)
  writeSync(handle, head)
  ftruncateSync(handle, 1024 ** 3)
  closeSync(handle)
  const before = process.memoryUsage().rss
  const seen = await judge(file, made.signer)
  expect(seen).toMatchObject({ exit: 2, incomplete: ['line 2 is longer than 1 MiB'] })
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 ** 2)
  expectSecondOn([file], made.key, [2])
})

test.each([
  ['nothing', ''],
  ['no bundle', 'hello\n'],
  ['another format', '{"kind":"sbom"}\n'],
  ['binary', '\0\0\0\n'],
  [
    'a version to come',
    '{"from":"0","kind":"bundle","log":"a","notary":"own","payloads":"clear","to":"0","v":2}\n',
  ],
])('%s is no evidence', async (_, bytes) => {
  const file = put(bytes)
  expect((await judge(file, made.signer)).exit).toBe(2)
  expectSecondOn([file], made.key, [2])
})

test("a bundle of another log is refused with this log's key", async () => {
  const other = await makeEvidence()
  try {
    const file = await other.export()
    expect((await judge(file, made.signer)).exit).toBe(1)
    expectSecondOn([file], made.key, [1])
  } finally {
    await other.drop()
  }
})

test('a part of the log verifies, and says what lies before it', async () => {
  for (const options of [
    { from: 5 },
    { from: 1, to: 8 },
    { to: 7 },
    { payloads: 'none' },
  ] as const) {
    const file = await made.export(options)
    const seen = await judge(file, made.signer)
    expect(seen, JSON.stringify([options, seen.findings, seen.incomplete])).toMatchObject({
      exit: 0,
    })
    if ('from' in options)
      expect(seen.notChecked).toContain(`the ${options.from} events before this part of the log`)
    await expectSecond(file, made.key, 0)
    const changed = linesOf(file)
    const event = changed.findLast(({ kind }) => kind === 'event')
    if (event) event.header.build = 'sha256:other'
    const forged = put(changed.map((line) => `${JSON.stringify(line)}\n`).join(''))
    expect((await judge(forged, made.signer)).exit).toBe(1)
  }
})

test('a receipt verifies alone, and no changed byte of it does', async () => {
  const ask = async (text: string, values: readonly unknown[]) =>
    (await made.store.pool.query(text, [...values])).rows
  const [row] = await ask(
    "select encode(leaf, 'hex') as leaf from audit.event where type = 'call.result' limit 1",
    [],
  )
  const receipt = Buffer.from((await writeReceipt(ask, String(row?.leaf))) ?? '')
  expect(verifyReceipt(receipt, [made.signer])).toMatchObject({ exit: 0 })
  const file = put(receipt)
  await expectSecond(file, made.key, 0)
  const files: string[] = []
  for (let at = 0; at < receipt.length; at += 7) {
    const changed = Buffer.from(receipt)
    changed[at] = (changed[at] ?? 0) ^ 1
    expect(verifyReceipt(changed, [made.signer]).exit, `byte ${at}`).toBe(1)
    if (at % 5 === 0 && changed.subarray(0, 10).toString() === '{"header":')
      files.push(put(changed, `r${at}`))
  }
  expectSecondOn(
    files,
    made.key,
    files.map(() => 1),
  )
})
