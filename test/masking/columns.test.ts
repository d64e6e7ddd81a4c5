/** Column policy by lineage (DESIGN section 8): what is not proven to be harmless is not shown. */
import { describe, expect, test } from 'vitest'
import type { Column, ColumnAction } from '../../src/types.ts'
import { column, masker, plain, rowsOf, shop, table } from './support.ts'

const under = (columns: Readonly<Record<string, ColumnAction>>) => ({
  ...plain,
  target: shop(columns),
})
const source = (name: string, schema = 'public', from = 'customers') => ({
  schema,
  table: from,
  column: name,
})
const cells = async (
  one: Column,
  policy: Readonly<Record<string, ColumnAction>>,
  ...values: (string | null)[]
) =>
  (
    await rowsOf(
      table(
        [one],
        values.map((value) => [value]),
      ),
      under(policy),
    )
  ).map(([cell]) => cell)

describe('a column with a rule', () => {
  test('is redacted, shown in part, or shown as a token by which equal values stay equal', async () => {
    expect(await cells(column('note'), { 'customers.note': 'redact' }, 'x', null)).toEqual([
      '[masked:column]',
      null,
    ])
    expect(
      await cells(
        column('mail'),
        { 'customers.mail': 'partial' },
        'ana@shop.example',
        'x',
        '123456789012',
      ),
    ).toEqual(['a***@shop.example', '***', '***9012'])
    const [one, two, three, none] = await cells(
      column('mail'),
      { 'customers.mail': 'token' },
      'a@b.example',
      'a@b.example',
      'c@b.example',
      null,
    )
    expect(one).toMatch(/^tok1_[A-Za-z0-9_-]{22}$/)
    expect([two, none]).toEqual([one, null])
    expect(three).not.toBe(one)
  })
  test('is found whatever the case of its name, with and without the schema, and by its stricter rule', async () => {
    for (const key of ['customers.note', 'public.customers.note', 'Public.CUSTOMERS.Note'])
      expect(await cells(column('note'), { [key]: 'redact' }, 'x')).toEqual(['[masked:column]'])
    expect(
      await cells(
        column('note'),
        { 'customers.note': 'pass', 'public.customers.note': 'redact' },
        'x',
      ),
    ).toEqual(['[masked:column]'])
    expect(await cells(column('note'), { 'crm.customers.note': 'redact' }, 'x')).toEqual(['x'])
    expect(
      await cells(
        column('note', { from: [source('note', 'crm')] }),
        { 'crm.customers.note': 'redact' },
        'x',
      ),
    ).toEqual(['[masked:column]'])
  })
  test('is hidden under any alias', async () => {
    expect(
      await cells(
        column('innocent', { from: [source('ssn')] }),
        { 'customers.ssn': 'redact' },
        'x',
      ),
    ).toEqual(['[masked:column]'])
  })
})

describe('a computed column', () => {
  const computed = (from: Column['from']) => column('c', { from, direct: false })
  test('passes only when every column in it is known and unmasked', async () => {
    const policy = { 'customers.ssn': 'redact', 'customers.mail': 'token' } as const
    expect(await cells(computed([source('city')]), policy, 'x')).toEqual(['x'])
    expect(await cells(computed([]), policy, '42')).toEqual(['42'])
    expect(await cells(computed([source('city'), source('ssn')]), policy, 'x')).toEqual([
      '[masked:column]',
    ])
    expect(await cells(computed(undefined), policy, 'x', null)).toEqual([
      '[masked:withheld]',
      '[masked:withheld]',
    ])
  })
  test('is never a token or a part: those of `substr(mail, n, 1)` would spell the value', async () => {
    for (const action of ['token', 'partial'] as const)
      expect(await cells(computed([source('mail')]), { 'customers.mail': action }, 'a')).toEqual([
        '[masked:column]',
      ])
  })
  test('tells nothing by NULL', async () => {
    expect(await cells(computed([source('ssn')]), { 'customers.ssn': 'redact' }, null)).toEqual([
      '[masked:column]',
    ])
  })
  test('that is not provable passes where the target has no rules', async () => {
    expect(await cells(computed(undefined), {}, 'x')).toEqual(['x'])
    expect(await cells(computed(undefined), { 'customers.ssn': 'pass' }, 'x')).toEqual(['x'])
  })
})

describe('a telling name', () => {
  test('hides the column, by its own name, its alias, or the name of what it is computed from', async () => {
    expect(await cells(column('password_hash'), {}, 'x', null)).toEqual(['[masked:named]', null])
    expect(await cells(column('p', { from: [source('password')] }), {}, 'x')).toEqual([
      '[masked:named]',
    ])
    expect(
      await cells(column('p', { from: [source('api_token')], direct: false }), {}, 'x', null),
    ).toEqual(['[masked:named]', '[masked:named]'])
    expect(await cells(column('password', { from: undefined }), {}, 'x')).toEqual([
      '[masked:named]',
    ])
    expect(await cells(column('password_changed_at'), {}, 'x')).toEqual(['x'])
  })
  test('is overruled by a rule that says pass, the content is looked at all the same', async () => {
    expect(
      await cells(
        column('reset_token'),
        { 'customers.reset_token': 'pass' },
        'x',
        'AKIAIOSFODNN7EXAMPLE',
      ),
    ).toEqual(['x', '[masked:aws_key]'])
  })
  test('in a row of names and values hides the value beside it', async () => {
    const rows = await rowsOf(
      table(
        [column('name'), column('setting')].map((one, at) => (at === 1 ? column('value') : one)),
        [
          ['smtp_password', 'hunter2'],
          ['smtp_host', 'mail'],
          ['smtp_password', null],
        ],
      ),
    )
    expect(rows).toEqual([
      ['smtp_password', '[masked:named]'],
      ['smtp_host', 'mail'],
      ['smtp_password', null],
    ])
  })
  test('also when the columns are renamed, or called k and v', async () => {
    const called = (name: string, from: Column['from']): Column => ({ ...column(name), from })
    for (const columns of [
      [called('a', [source('key')]), called('b', [source('value')])],
      [called('k', undefined), called('v', undefined)],
    ])
      expect(await rowsOf(table(columns, [['smtp_password', 'hunter2']]))).toEqual([
        ['smtp_password', '[masked:named]'],
      ])
  })
  test('of a document is hidden by the key that it was taken by', async () => {
    const taken: Column = {
      ...column('v'),
      from: [source('doc'), { schema: '', table: '', column: 'password' }],
    }
    expect(await cells(taken, {}, 'hunter2')).toEqual(['[masked:named]'])
  })
})

test('a row that does not fit its columns withholds everything', async () => {
  await expect(masker().output(table([column('a')], [['x', 'y']]), plain)).rejects.toThrow()
})
