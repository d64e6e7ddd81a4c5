/** A mask profile (`@mask("pii")`) masks personal data that has no checksum, by name, lineage and form. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { engineFor, withPersonal } from '../../src/masking/engine.ts'
import { column, masker, plain, rowsOf, table } from './support.ts'

const pii = { ...plain, profile: ['pii'] }

test('hides columns by what they are called, or by what they come from', async () => {
  const columns = [
    column('id', { as: 'number' }),
    column('name'),
    column('n', { from: [{ schema: 'public', table: 'customers', column: 'last_name' }] }),
    column('total', { as: 'number' }),
  ]
  const rows = [['1', 'Ana', 'Berg', '12.50']]
  expect(await rowsOf(table(columns, rows), pii)).toEqual([
    [1, '[masked:named]', '[masked:named]', 12.5],
  ])
  expect(await rowsOf(table(columns, rows))).toEqual([[1, 'Ana', 'Berg', 12.5]])
})

test('of any name does the same: an unknown one must not mean less', async () => {
  expect(await rowsOf(table([column('phone')], [['x']]), { ...plain, profile: ['phi'] })).toEqual([
    ['[masked:named]'],
  ])
})

test('masks what looks like a phone number or an address, in text and in nested fields', () => {
  const one = masker()
  expect(one.text('call +34 910 062 261 from 10.1.2.3', pii)).toBe(
    'call [masked:phone] from [masked:ip]',
  )
  expect(one.fields({ name: 'ours', body: { name: 'Ana', note: 'x' } }, pii)).toEqual({
    name: 'ours',
    body: { name: '[masked:named]', note: 'x' },
  })
  expect(one.text('call +34 910 062 261 from 10.1.2.3', plain)).toBe(
    'call +34 910 062 261 from 10.1.2.3',
  )
})

const corpus = new URL('../../../shared/corpus/pii.json', import.meta.url)
test.runIf(existsSync(corpus))(
  'finds most phone numbers and all addresses of machines in the corpus, and none of its hard negatives',
  () => {
    const engine = withPersonal(engineFor([]))
    const found: Record<string, number> = {}
    const all: Record<string, number> = {}
    for (const { text, spans, negatives } of JSON.parse(readFileSync(corpus, 'utf8'))) {
      const findings = engine.find(text, () => undefined)
      for (const span of spans) {
        all[span.type] = (all[span.type] ?? 0) + 1
        if (findings.some(({ start, end }) => start <= span.start && end >= span.end))
          found[span.type] = (found[span.type] ?? 0) + 1
      }
      for (const span of negatives)
        expect([
          text,
          findings.some(({ start, end }) => start < span.end && end > span.start),
        ]).toEqual([text, false])
    }
    expect([found.IP, found.MAC]).toEqual([all.IP, all.MAC])
    expect((found.PHONE ?? 0) / (all.PHONE ?? 1)).toBeGreaterThan(0.6)
  },
)
