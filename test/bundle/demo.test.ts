/** What `npm run demo -- --once --evidence DIR` leaves: whole for both verifiers, and no changed byte of it is. Needs `npm run build`. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyFile } from '../../src/cli/audit-verify.ts'
import { GateError } from '../../src/errors.ts'
import { expectSecond } from '../support/second-verifier.ts'

const bin = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'cs-demo-evidence-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const at = (name: string): string => join(folder, name)
let bundle: Buffer
let key: Buffer
let said = ''
beforeAll(async () => {
  const args = [bin, 'demo', '--once', '--json', '--evidence', folder]
  said = (await promisify(execFile)(process.execPath, args, { maxBuffer: 1e8 })).stdout
  bundle = readFileSync(at('bundle'))
  key = readFileSync(at('notary.pub'))
}, 120_000)

/** The exit code of `countersign audit verify`: an error of ours is its 2. */
const exitOn = async (file: string, keyFile: string): Promise<number> => {
  try {
    return (await verifyFile(file, { key: [keyFile] })).exit
  } catch (thrown) {
    if (thrown instanceof GateError) return 2
    throw thrown
  }
}
const flipped = (bytes: Buffer, position: number, bit: number): Buffer => {
  const copy = Buffer.from(bytes)
  copy[position] = (copy[position] ?? 0) ^ bit
  return copy
}
const bits = [1, 0x20, 0x80] as const
const spread = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, n) => Math.floor(((n + 0.5) * bundle.length) / count))

test('the story was told, and both verifiers take what it leaves', async () => {
  expect(JSON.parse(said.trim().split('\n').at(-1) ?? '')).toMatchObject({
    demo: 'ok',
    allowed: 1,
    blocked: 1,
    held: 1,
    verified: true,
  })
  expect(await exitOn(at('bundle'), at('notary.pub'))).toBe(0)
  await expectSecond(at('bundle'), at('notary.pub'), 0)
})

test('no changed byte of the bundle verifies', async () => {
  const changed = at('changed')
  for (const [n, position] of [...spread(200), 0, bundle.length - 1].entries()) {
    writeFileSync(changed, flipped(bundle, position, bits[n % 3] ?? 1))
    expect([position, await exitOn(changed, at('notary.pub'))]).not.toEqual([position, 0])
  }
  for (const position of spread(20)) {
    writeFileSync(changed, flipped(bundle, position, 1))
    await expectSecond(changed, at('notary.pub'), await exitOn(changed, at('notary.pub')))
  }
})

test("no changed byte of the notary's key verifies, its line's end included", async () => {
  const changed = at('changed.pub')
  for (const bit of bits)
    for (let position = 0; position < key.length; position++) {
      writeFileSync(changed, flipped(key, position, bit))
      expect([position, bit, await exitOn(at('bundle'), changed)]).toEqual([position, bit, 2])
    }
  for (const position of [0, 20, key.length - 1]) {
    writeFileSync(changed, flipped(key, position, 1))
    await expectSecond(at('bundle'), changed, 2)
  }
})
