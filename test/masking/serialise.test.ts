/** One JSON text, in the types of its columns, that always parses. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Column, Json } from '../../src/types.ts'
import { column, masker, plain, rowsOf, table } from './support.ts'

const usual = masker()
const as = (kind: Column['as'], type = 'text'): Column => column('c', { as: kind, type })
const cells = async (one: Column, ...values: (string | null)[]) =>
  (
    await rowsOf(
      table(
        [one],
        values.map((value) => [value]),
      ),
    )
  ).map(([cell]) => cell)
const jsonOf = async (one: Column, value: string) =>
  (await usual.output(table([one], [[value]]), plain)).json

describe('a cell', () => {
  test('that is a number in JSON stays one, to the last digit; every other is a string', async () => {
    for (const text of [
      '0',
      '-0',
      '12',
      '-12.50',
      '1e10',
      '9007199254740993',
      '0.1',
      '123456789012345678901234567890',
    ])
      expect(await jsonOf(as('number'), text)).toContain(`[[${text}]]`)
    for (const text of [
      'NaN',
      'Infinity',
      '01',
      '1.',
      '.5',
      '-',
      '',
      '1 ',
      '0x1',
      '1,2',
      '--1',
      '1.2.3',
      '-.5',
      '00.1',
    ])
      expect(await cells(as('number'), text)).toEqual([text])
  })
  test('that is a card number is masked in a column of numbers too', async () => {
    expect(await cells(as('number'), '4786783025429914', '4786783025429915')).toEqual([
      '[masked:card]',
      4786783025429915,
    ])
  })
  test('is true or false as PostgreSQL or JSON writes it', async () => {
    expect(await cells(as('boolean'), 't', 'f', 'true', 'false', 'x', null)).toEqual([
      true,
      false,
      true,
      false,
      'x',
      null,
    ])
  })
  test('of JSON is spliced masked, its numbers to the last digit; what is no JSON is a string', async () => {
    const json = await jsonOf(
      as('json'),
      '{"n": 12345678901234567890.10, "password": "x", "a": [1, "b@c.example"]}',
    )
    expect(json).toContain(
      '{"n":12345678901234567890.10,"password":"[masked:named]","a":[1,"[masked:email]"]}',
    )
    for (const text of [
      '{',
      '{"a":1,}',
      '[1,]',
      '{"a" 1}',
      "{'a':1}",
      '"\u0001"',
      '1 2',
      'nul',
      '[01]',
      '"\\x"',
      '[',
      `${'['.repeat(300)}${']'.repeat(300)}`,
    ])
      expect(await cells(as('json'), text)).toEqual([text])
  })
  test('of bytes is withheld with its size and type', async () => {
    expect(await cells(as('binary', 'bytea'), '\\x00ff10', null)).toEqual([
      '[withheld: 3 bytes of bytea]',
      null,
    ])
  })
})

test('frames of all kinds hold what they are said to hold, and the fields beside it', async () => {
  const { json, bytes, rows } = await usual.output(
    {
      ...table([column('a')], [['x']]),
      kind: 'table',
      fields: { command: 'SELECT', rows: 'not mine', notices: ['ß'] },
    } as never,
    plain,
  )
  expect(JSON.parse(json)).toEqual({
    columns: ['a'],
    rows: [['x']],
    truncated: false,
    command: 'SELECT',
    notices: ['ß'],
  })
  expect([bytes, rows]).toEqual([Buffer.byteLength(json), 1])
  const fields = await usual.output(
    {
      kind: 'fields',
      fields: { token: 'ours: a field of the frame', nested: { token: 'x' } },
      truncated: true,
    },
    plain,
  )
  expect(JSON.parse(fields.json)).toEqual({
    truncated: true,
    token: expect.any(String),
    nested: { token: '[masked:named]' },
  })
  expect((await usual.output({ kind: 'fields', fields: {} }, plain)).json).toBe('{}')
  const none = await usual.output(table([], []), plain)
  expect(none.json).toBe('{"columns":[],"rows":[],"truncated":false}')
})

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.stringMatching(/^[\x00-\x1f"\\{}[\],:a-z0-9-]{0,30}$/),
  fc.constantFrom('\ud800', '"\udc00', '\\', '\u2028'),
)

const wellFormed = (value: unknown): boolean => {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, member]) => key.isWellFormed() && wellFormed(member))
}

test('any cells and any fields give JSON that parses, without lone surrogates', async () => {
  const kinds = fc.constantFrom<Column['as']>('text', 'number', 'boolean', 'json', 'binary')
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(kinds, anyText), { maxLength: 8 }),
      fc.array(fc.option(anyText), { minLength: 8, maxLength: 8 }),
      fc.jsonValue(),
      async (columns, row, more) => {
        const output = table(
          columns.map(([kind, name]) => column(name, { as: kind })),
          [row.slice(0, columns.length)],
        )
        const { json, bytes } = await usual.output(
          { ...output, kind: 'table', fields: { more } } as never,
          plain,
        )
        const parsed = JSON.parse(json)
        expect(parsed.rows[0]).toHaveLength(columns.length)
        expect(wellFormed(parsed)).toBe(true)
        expect(bytes).toBe(Buffer.byteLength(json))
      },
    ),
    { numRuns: 300 },
  )
})

test('text without anything to mask comes back as it is', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.stringMatching(/^[a-hß\n"\\ ]{0,40}$/),
      fc.array(fc.integer({ min: -9999, max: 9999 })),
      async (text, numbers) => {
        expect(await cells(as('text'), text)).toEqual([text])
        expect(usual.fields({ text, numbers } as Json, plain)).toEqual({ text, numbers })
      },
    ),
    { numRuns: 200 },
  )
})

test('half characters are replaced wherever they stand', () => {
  const shown = usual.fields({ 'a\udc00': ['b\ud800', { c: '\udfff@' }] }, plain)
  expect(wellFormed(shown)).toBe(true)
  expect(usual.text('x\ud83d', plain)).toBe('x\ufffd')
})
