import { createHmac, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { uuidText, uuidv7Bytes } from '../../src/audit/stream/ids.ts'
import {
  matches,
  nonceCounter,
  openPart,
  PART_BYTES,
  sealPart,
} from '../../src/audit/stream/seal.ts'

const key = randomBytes(32)

test('what is sealed opens again, and its commitment is HMAC-SHA256 as node:crypto makes it', () => {
  const nonce = nonceCounter()
  const salts = new Set<string>()
  for (const length of [0, 1, 63, 64, 511, 512, 4_096, PART_BYTES]) {
    const id = uuidv7Bytes(Date.now())
    const bytes = randomBytes(length)
    const { sealed, commit } = sealPart(key, nonce(), id, 3, bytes)
    const opened = openPart(key, uuidText(id), sealed)
    expect(opened.bytes.equals(bytes)).toBe(true)
    expect(commit).toBe(createHmac('sha256', opened.salt).update(bytes).digest('hex'))
    expect(matches(opened, commit)).toBe(true)
    salts.add(opened.salt.toString('hex'))
  }
  expect(salts.size).toBe(8)
})

test('salts never come twice, over many refills', () => {
  const nonce = nonceCounter()
  const id = uuidv7Bytes(Date.now())
  const salts = new Set<string>()
  for (let n = 0; n < 2_000; n++) {
    const { sealed } = sealPart(key, nonce(), id, 0, Buffer.of(1))
    salts.add(openPart(key, uuidText(id), sealed).salt.toString('hex'))
  }
  expect(salts.size).toBe(2_000)
})

test('another place, another key and a changed byte do not open', () => {
  const id = uuidv7Bytes(Date.now())
  const { sealed, commit } = sealPart(key, nonceCounter()(), id, 0, Buffer.from('masked'))
  expect(() => openPart(key, uuidText(id), { ...sealed, part: 1 })).toThrow()
  expect(() => openPart(key, uuidText(uuidv7Bytes(Date.now())), sealed)).toThrow()
  expect(() => openPart(randomBytes(32), uuidText(id), sealed)).toThrow()
  const changed = Buffer.from(sealed.ciphertext)
  changed[10] = (changed[10] ?? 0) ^ 1
  expect(() => openPart(key, uuidText(id), { ...sealed, ciphertext: changed })).toThrow()
  const opened = openPart(key, uuidText(id), sealed)
  expect(matches({ ...opened, bytes: Buffer.from('maskee') }, commit)).toBe(false)
  expect(matches({ ...opened, salt: opened.salt.subarray(1) }, commit)).toBe(false)
  expect(matches({ ...opened, bytes: randomBytes(PART_BYTES + 1) }, commit)).toBe(false)
})
