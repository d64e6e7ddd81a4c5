/** What is written as YAML reads back as the same value, by the rules of YAML 1.2 and of 1.1. */
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { yamlText } from '../../src/tools/kube/yaml-text.ts'
import type { Json } from '../../src/types.ts'

const same = (value: Json): void => {
  const text = yamlText(value)
  for (const version of ['1.2', '1.1'] as const)
    expect(parse(text, { version, schema: version === '1.1' ? 'yaml-1.1' : 'core' }), text).toEqual(
      value,
    )
}

const words = [
  '',
  'a',
  'a b',
  'true',
  'No',
  'null',
  '~',
  '1',
  '0x1f',
  '1e3',
  '.5',
  '-',
  '- a',
  'a: b',
  'a:b',
  'a #b',
  '#a',
  ' a',
  'a ',
  '2026-11-23T07:06:13Z',
  '12:30:45',
  'a\nb',
  'a\nb\n',
  'a\n\nb\n\n',
  '\na',
  ' a\nb',
  'a \nb',
  'a\n  b',
  '\t',
  'a\tb\nc',
  '"',
  "'",
  '*a',
  '&a',
  '!a',
  '%a',
  '@a',
  '`a',
  '{a}',
  '[a]',
  'a,b',
  '|',
  '>',
  '? a',
  '---',
  '...',
  'a\n---\nb',
  'a\n...\n',
  '\u0000',
  '\u2028',
  'ä\nö',
  '😀\nb',
  '\ud800',
  '=',
  '<<',
  '_',
  '_1',
  '/a/b:c',
  'a: ',
  'a:',
  '#\na',
  'a\n#b',
  'y',
  '1_000',
  'e1',
  'inf',
  '.inf',
  '\r\n',
  'a\r\nb',
  '\ufeff\na',
  '\u0085\nb',
]

test.each(words.map((word) => [JSON.stringify(word), word]))('%s', (_shown, word) => {
  if (!word.isWellFormed()) return void expect(yamlText({ a: word })).toContain('\\ud800')
  same({ a: word, b: [word, { c: word, d: [word] }, [word, [word]]] })
  if (word !== '<<') same({ k: { [word]: 1, z: { [word]: word } } })
})

test('every nest of objects and lists', () => {
  let seed = 7
  const random = (most: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed % most
  }
  const pick = (): string =>
    words.filter((word) => word.isWellFormed() && word !== '<<')[random(60)] ?? ''
  const make = (depth: number): Json => {
    const kind = random(depth > 4 ? 4 : 8)
    if (kind === 0) return [null, true, false, 0, -1.5, 1e21][random(6)] ?? null
    if (kind < 4) return pick()
    if (kind < 6) return Array.from({ length: random(4) }, () => make(depth + 1))
    return Object.fromEntries(Array.from({ length: random(4) }, () => [pick(), make(depth + 1)]))
  }
  for (let n = 0; n < 400; n++) {
    const value = { root: make(0) }
    expect(parse(yamlText(value))).toEqual(value)
  }
})
