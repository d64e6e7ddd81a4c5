/** A planted secret never survives, in whatever place and encoding (threat 18); bombs end in time (threat 21). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Chunk, Json, MaskContext, Output } from '../../src/types.ts'
import { column, masker, plain, table } from './support.ts'

const secrets = fc.oneof(
  fc
    .string({ unit: 'grapheme-ascii', minLength: 8, maxLength: 40 })
    .filter((text) => text.trim().length >= 8),
  fc
    .string({ unit: 'grapheme', minLength: 8, maxLength: 20 })
    .filter((text) => text.trim().length >= 8 && text.isWellFormed()),
  fc.stringMatching(/^[0-9a-zA-Z+/]{8,48}$/),
)
const around = fc.string({ unit: 'grapheme-ascii', maxLength: 12 })

/** What must not be left of a secret: its middle, in the encoding that it was planted in. */
interface Planted {
  readonly text: string
  readonly core: string
}
const encodings: Readonly<
  Record<string, (secret: string, before: string, after: string) => Planted>
> = {
  raw: (secret, before, after) => ({ text: before + secret + after, core: secret }),
  base64: (secret, before, after) => {
    const lead = Buffer.byteLength(before)
    const text = Buffer.from(before + secret + after).toString('base64')
    const from = Math.ceil((lead * 8) / 6)
    const to = Math.floor(((lead + Buffer.byteLength(secret)) * 8) / 6)
    return { text, core: text.slice(from, to) }
  },
  base64url: (secret, before, after) => {
    const planted = encodings.base64?.(secret, before, after) ?? { text: '', core: '' }
    const url = (text: string) => text.replaceAll('+', '-').replaceAll('/', '_')
    return { text: url(planted.text), core: url(planted.core) }
  },
  'base64 in lines': (secret, before, after) => {
    const planted = encodings.base64?.(secret, before, after) ?? { text: '', core: '' }
    return { text: planted.text.replace(/.{8}/g, '$&\n'), core: planted.core.slice(0, 8) }
  },
  hex: (secret) => ({
    text: Buffer.from(secret).toString('hex'),
    core: Buffer.from(secret).toString('hex'),
  }),
  HEX: (secret) => ({
    text: Buffer.from(secret).toString('hex').toUpperCase(),
    core: Buffer.from(secret).toString('hex').toUpperCase(),
  }),
  url: (secret) => ({ text: encodeURIComponent(secret), core: encodeURIComponent(secret) }),
  'url, every byte': (secret) => {
    const text = [...Buffer.from(secret)]
      .map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
      .join('')
    return { text, core: text }
  },
  'form url': (secret) => ({
    text: new URLSearchParams({ q: secret }).toString(),
    core: new URLSearchParams({ q: secret }).toString().slice(2),
  }),
  json: (secret, before) => ({
    text: JSON.stringify({ k: before + secret }),
    core: JSON.stringify(secret).slice(1, -1),
  }),
  'json in json': (secret) => ({
    text: JSON.stringify(JSON.stringify([secret])),
    core: JSON.stringify(JSON.stringify(secret)).slice(3, -3),
  }),
  'SQL literal': (secret) => ({
    text: `select '${secret.replaceAll("'", "''")}'`,
    core: secret.replaceAll("'", "''"),
  }),
}
const encoding = fc.constantFrom(...Object.keys(encodings))
const planted = fc
  .tuple(secrets, encoding, around, around)
  .map(([secret, kind, before, after]) => ({
    secret,
    kind,
    ...(encodings[kind]?.(secret, before, after) ?? { text: '', core: '' }),
  }))
// In the two letters that the run's ends share with their neighbours nothing is told of the secret.
const survives = (shown: string, core: string): boolean => core.length >= 8 && shown.includes(core)
const knowing = (secret: string): MaskContext => ({ ...plain, known: [secret] })

const inPlace: Readonly<Record<string, (text: string) => Output>> = {
  'a cell': (text) => table([column('a')], [[text]]),
  'a cell of JSON': (text) =>
    table([column('a', { as: 'json' })], [[JSON.stringify({ a: [text] })]]),
  'a cell of numbers': (text) => table([column('a', { as: 'number' })], [[text]]),
  'the name of a column': (text) => table([column(text)], []),
  'a field': (text) => ({ kind: 'fields', fields: { body: text } }),
  'a key': (text) => ({ kind: 'fields', fields: { body: { [text]: 1 } } }),
  'a nested value': (text) => ({ kind: 'fields', fields: { body: [{ x: [text] }] } }),
  'a field beside rows': (text) => ({ ...table([], []), fields: { notices: [text] } }) as Output,
}
const leaves = (value: Json): string[] => {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return [String(value)]
  return Array.isArray(value)
    ? value.flatMap(leaves)
    : Object.entries(value).flatMap(([key, member]) => [key, ...leaves(member)])
}

describe('a planted secret', () => {
  test('never survives in any encoding and place', async () => {
    const one = masker({ knownSecrets: () => [] })
    await fc.assert(
      fc.asyncProperty(
        planted,
        fc.constantFrom(...Object.keys(inPlace)),
        async ({ core, secret, text }, place) => {
          const output = inPlace[place]?.(text)
          if (output === undefined || text.includes('\0')) return
          const { json } = await one.output(output, knowing(secret))
          for (const leaf of leaves(JSON.parse(json))) expect(survives(leaf, core)).toBe(false)
          expect(survives(one.text(text, knowing(secret)), core)).toBe(false)
        },
      ),
      { numRuns: 1_500 },
    )
  })

  test('never survives in a process, however its output is cut into chunks', async () => {
    const one = masker({ knownSecrets: () => [] })
    await fc.assert(
      fc.asyncProperty(
        planted,
        fc.array(fc.nat(60), { maxLength: 8 }),
        async ({ core, secret, text }, cuts) => {
          const bytes = Buffer.from(`start ${text} end`)
          const edges = [
            0,
            ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
            bytes.length,
          ]
          const chunks: Chunk[] = edges.slice(1).map((end, at) => ({
            stream: 'stdout',
            bytes: bytes.subarray(edges[at], end),
            atMs: at,
          }))
          const { json, timeline } = await one.output(
            { kind: 'process', chunks, truncated: false, fields: {} },
            knowing(secret),
          )
          const { stdout } = JSON.parse(json)
          expect(survives(stdout, core)).toBe(false)
          expect((timeline ?? []).map((piece) => piece.text).join('')).toBe(stdout)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('of the process is masked as well as one of the call, and one shorter than 8 characters is not', () => {
    expect(masker({ knownSecrets: () => ['correct-horse'] }).text('a correct-horse b', plain)).toBe(
      'a [masked:known] b',
    )
    expect(masker().text('a shorts b', { ...plain, known: ['shorts'] })).toBe('a shorts b')
  })

  test('of several thousand is found', () => {
    const many = Array.from({ length: 3_000 }, (_, n) => `value-${n * 7919}-of-many`)
    expect(masker({ knownSecrets: () => many }).text(`x ${many[2_999]} y`, plain)).toBe(
      'x [masked:known] y',
    )
  })
})

describe('what is no text', () => {
  const process = (stdout: Uint8Array, stderr = new Uint8Array()): Output => ({
    kind: 'process',
    chunks: [
      { stream: 'stdout', bytes: stdout, atMs: 1 },
      { stream: 'stderr', bytes: stderr, atMs: 2 },
    ],
    truncated: false,
    fields: { exit_code: 0 },
  })
  test('is withheld with its size: other encodings would hide what they hold', async () => {
    for (const bytes of [
      Buffer.from([0xff, 0xfe, 0x41]),
      Buffer.from('secret-of-mine', 'utf16le'),
      Buffer.from([0x41, 0xc3, 0x28]),
    ]) {
      const { json } = await masker().output(process(bytes, Buffer.from('fine')), plain)
      expect(JSON.parse(json)).toMatchObject({
        stdout: `[withheld: ${bytes.length} bytes of binary]`,
        stderr: 'fine',
        exit_code: 0,
      })
    }
    expect(masker().text('a\0b', plain)).toBe('[withheld: 3 bytes of binary]')
  })
  test('a character that a cap cut off at the very end is left out', async () => {
    const { json } = await masker().output(process(Buffer.from('fün').subarray(0, 2)), plain)
    expect(JSON.parse(json).stdout).toBe('f')
  })
})

describe('a bomb', () => {
  const size = 1 << 20
  const fill = (unit: string): string => unit.repeat(Math.ceil(size / unit.length)).slice(0, size)
  const bombs: readonly string[] = [
    'a',
    '@',
    'a@',
    'a.a@',
    '://',
    'x://y:',
    'eyJ',
    'eyJ.',
    '-eyJ',
    '.eyJaaaaaaaaaa',
    'password',
    'password: ',
    'password="',
    "password='",
    'password:\\"',
    'token\n',
    '- name: token\n',
    'sk-',
    'sk-a',
    'AKIA',
    '-----BEGIN PRIVATE KEY',
    '-----BEGIN ',
    '1',
    '1 ',
    '4111 ',
    '1-',
    'GB82',
    'GB82 ',
    '%41',
    '%4',
    '\\u0041',
    '\\',
    'QUJD',
    'QUJD\n',
    '4a4b',
    'bearer ',
    'basic QQ',
    'basic ',
    '078-05-1120',
    '0Q~',
    '{"a":',
    '[',
    '"',
    'ssn',
    '\n',
    ' ',
    'authorization',
    'cookie: ',
    'secret[',
    '${',
    'é',
    '\ud83d\ude00',
    'token: |\n ',
    "PASSWORD '",
    '<token>',
    'key"value"',
  ]
  test.each(bombs)('of %j ends in time', async (unit) => {
    // Past its deadline the masker throws; what is quadratic in a megabyte would need minutes.
    const one = masker({ deadlineMs: 20_000 })
    const text = fill(unit)
    await one.output(table([column('a'), column('b', { as: 'json' })], [[text, text]]), plain)
    await one.output({ kind: 'fields', fields: { a: text } }, plain)
  })
  test('past the deadline withholds the output', async () => {
    const rows = Array.from({ length: 2_000 }, () => [`password: ${'x'.repeat(400)}`])
    await expect(
      masker({ deadlineMs: 0 }).output(table([column('a')], rows), plain),
    ).rejects.toThrow(/longer than 0 ms/)
  })
  test('of a mebibyte in a cell does not take a hundred', async () => {
    const text = fill('a cell of some length, bo@mail.example ')
    const one = masker()
    await one.output(table([column('a')], [[text]]), plain)
    const before = process.memoryUsage().rss
    for (let n = 0; n < 5; n++) await one.output(table([column('a')], [[text]]), plain)
    expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20)
  })
})
