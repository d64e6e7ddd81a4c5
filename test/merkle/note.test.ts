import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  checkpointText,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from '../../src/audit/tree/checkpoint-note.ts'
import {
  type NoteKey,
  NoteRefused,
  openNote,
  parseVkey,
  parseVkeys,
  signerOf,
  signNote,
  vkeyOf,
} from '../../src/audit/tree/note.ts'

// The key and note that Go's note package and everybody after it use as an example.
const peter = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const said =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
const signed = `${said}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`

/** RFC 8410: the 32 bytes of a seed as PKCS #8. */
const keyOf = (seed: Buffer) =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  })
const signer = signerOf('acme/prod', keyOf(Buffer.alloc(32, 7)))
const root = Buffer.alloc(32, 1)
const point = { origin: 'acme/prod', size: 12, root, epoch: 1 }

test("the format's own example opens, and only with its key", () => {
  expect(openNote(signed, [parseVkey(peter)])).toMatchObject({ text: said })
  expect(vkeyOf(parseVkey(peter))).toBe(peter)
  expect(() => openNote(signed, [signer])).toThrow(NoteRefused)
  expect(() => openNote(signed.replace('know', 'knew'), [parseVkey(peter)])).toThrow(NoteRefused)
})

test('golden: a fixed key signs a fixed checkpoint to the same bytes for ever', () => {
  expect(vkeyOf(signer)).toBe('acme/prod+90869e27+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs')
  expect(signCheckpoint(point, signer)).toBe(
    'acme/prod\n12\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n\n\u2014 acme/prod kIaeJ7CwDVIvTxA1j9wi38/bFxXn36X8XFvIgpAjF/2v/9QQlfKwaBWZCG6MREj5tVPkMuhhI9XGKPznLMct+MqH9QQ=\n',
  )
})

test('a checkpoint is origin, size and root, and says so when the log was rebased', () => {
  expect(parseCheckpoint(checkpointText(point))).toEqual(point)
  expect(parseCheckpoint(checkpointText({ ...point, epoch: 3 }))).toEqual({ ...point, epoch: 3 })
  const lines = checkpointText(point).split('\n')
  expect(lines.slice(0, 2)).toEqual(['acme/prod', '12'])
  for (const broken of [
    'acme\n012\nAAAA\n',
    `acme\n-1\n${lines[2]}\n`,
    `acme\n1e3\n${lines[2]}\n`,
    `\n1\n${lines[2]}\n`,
    'acme\n1\nAAAA\n',
    `acme\n1\n${lines[2]}\n\nmore\n`,
    `acme\n1\n${lines[2]}`,
    `acme\n99999999999999999999\n${lines[2]}\n`,
    '',
  ])
    expect(() => parseCheckpoint(broken), broken).toThrow(NoteRefused)
})

test('a checkpoint of another log, or signed by nobody known, is refused', () => {
  const note = signCheckpoint(point, signer)
  expect(openCheckpoint(note, [signer], 'acme/prod')).toMatchObject({ size: 12 })
  expect(() => openCheckpoint(note, [signer], 'acme/test')).toThrow(NoteRefused)
  expect(() => openCheckpoint(note, [], 'acme/prod')).toThrow(NoteRefused)
})

test('signatures of unknown keys are ignored, a false one of a known key is not', () => {
  const other = signerOf('witness', generateKeyPairSync('ed25519').privateKey)
  const note = signNote('text\n', [other, signer])
  expect(openNote(note, [signer]).by.map(({ name }) => name)).toEqual(['acme/prod'])
  expect(openNote(note, [signer, other]).by).toHaveLength(2)
  const liar = { ...other, sign: () => Buffer.alloc(64) }
  const mixed = signNote('text\n', [liar, signer])
  expect(openNote(mixed, [signer]).by).toHaveLength(1)
  expect(() => openNote(mixed, [signer, other])).toThrow(NoteRefused)
})

test('any changed character makes a note refused', () => {
  const note = signNote('one\n\ntwo\n', [signer])
  const keys: readonly NoteKey[] = [signer]
  expect(openNote(note, keys).text).toBe('one\n\ntwo\n')
  fc.assert(
    fc.property(fc.nat(note.length - 1), fc.integer({ min: 1, max: 0x7f }), (at, unit) => {
      const changed = `${note.slice(0, at)}${String.fromCharCode(unit)}${note.slice(at + 1)}`
      if (changed === note) return
      expect(() => openNote(changed, keys)).toThrow(NoteRefused)
    }),
    { numRuns: 2000 },
  )
  const spare = note.replace(
    /(.)=\n$/,
    (_, last: string) => `${String.fromCharCode(last.charCodeAt(0) + 1)}=\n`,
  )
  expect(() => openNote(spare, keys)).toThrow(NoteRefused)
  for (let end = 0; end < note.length; end++)
    expect(() => openNote(note.slice(0, end), keys)).toThrow(NoteRefused)
})

test('what is no key is refused', () => {
  for (const text of [
    '',
    'a+b',
    'name+00000000+AAAA',
    peter.replace('c74f20a3', 'c74f20a4'),
    `x ${peter}`,
  ])
    expect(() => parseVkey(text), text).toThrow(NoteRefused)
  expect(parseVkeys(`${peter}\n${vkeyOf(signer)}\n`)).toHaveLength(2)
  expect(parseVkeys(peter)).toHaveLength(1)
  // A changed byte of a key's file makes it another file, also where the byte is its end.
  for (const end of ['\r\n', '\n\n', ' \n', '\v', '\t'])
    expect(() => parseVkeys(`${peter}${end}`), JSON.stringify(end)).toThrow(NoteRefused)
  expect(() => signNote('no newline', [signer])).toThrow(NoteRefused)
  expect(() => signNote('bell\u0007\n', [signer])).toThrow(NoteRefused)
})
