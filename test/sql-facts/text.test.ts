import { beforeAll, describe, expect, test } from 'vitest'
import { nearest } from '../../src/tools/sql/facts/nearest.ts'
import { parseOne, parserReady, parseText } from '../../src/tools/sql/facts/parser.ts'
import { checkText } from '../../src/tools/sql/facts/text.ts'

beforeAll(() => parserReady())

const deep: Readonly<Record<string, string>> = {
  brackets: `select ${'('.repeat(40_000)}1${')'.repeat(40_000)}`,
  'brackets, fewer': `select ${'('.repeat(1_000)}1${')'.repeat(1_000)}`,
  operators: `select 1${'+1'.repeat(45_000)}`,
  signs: `select ${'- '.repeat(45_000)}1`,
  casts: `select 1${'::int'.repeat(19_000)}`,
  negations: `select ${'not '.repeat(20_000)}true`,
  cases: `select ${'case when true then '.repeat(4_000)}1${' end'.repeat(4_000)}`,
  subqueries: `select * from ${'(select * from '.repeat(4_000)}t${') x'.repeat(4_000)}`,
  unions: `select 1, 2${' union all select 1, 2'.repeat(4_000)}`,
  joins: `select * from a${' join a on true'.repeat(6_000)}`,
  arrays: `select array[${'['.repeat(30_000)}${']'.repeat(30_000)}]`,
  calls: `select ${'f('.repeat(20_000)}1${')'.repeat(20_000)}`,
  'a chain behind what only looks like a string': `select date'\\' ${'+1'.repeat(45_000)} --'`,
  'a chain behind what only looks like a dollar quote': `select a\u00a0$$${'+1'.repeat(45_000)}$$`,
  'a chain behind a name with dollars': `select a$x$ ${'+1'.repeat(45_000)} $x$`,
  'a chain behind a nested comment': `select /* /* */ ' */ 1${'+1'.repeat(45_000)}`,
}

describe('text that would overrun the parser never reaches it', () => {
  test.each(Object.entries(deep))('%s', (_, sql) => {
    expect(() => checkText(sql.slice(0, 99_000))).toThrow(
      expect.objectContaining({ code: 'INPUT_REFUSED' }),
    )
  })

  test('and the parser still works after hundreds of them', () => {
    for (let i = 0; i < 30; i++)
      for (const sql of Object.values(deep)) expect(() => parseOne(sql.slice(0, 99_000))).toThrow()
    expect(parseText('select 1')).toHaveLength(1)
  })
})

test('long lists and long literals are no depth', () => {
  const numbers = Array.from({ length: 15_000 }, (_, i) => i).join(',')
  for (const sql of [
    `select * from t where id in (${numbers})`,
    `select '${'('.repeat(50_000)}'`,
    `select $x$${'+1'.repeat(40_000)}$x$`,
    `select 1 /* ${'('.repeat(50_000)} */`,
    `select E'\\'${'('.repeat(5_000)}'`,
    `select ${Array.from({ length: 500 }, (_, i) => `a.c${i} + 1 as "x${i}"`).join(', ')} from a`,
    `select 1 from t where ${Array.from({ length: 300 }, (_, i) => `a = ${i}`).join(' or ')}`,
    `insert into t values ${Array.from({ length: 3_000 }, (_, i) => `(${i}, 'x', now())`).join(',')}`,
  ])
    expect(parseOne(sql)).toBeTypeOf('object')
})

test('NUL, too many bytes, nothing and several statements are refused', () => {
  for (const sql of [
    'select 1\0',
    `select '${'é'.repeat(50_001)}'`,
    '',
    '  \n',
    '/* x */',
    'select 1; select 2',
  ])
    expect(() => parseOne(sql)).toThrow(expect.objectContaining({ code: 'INPUT_REFUSED' }))
})

test('a syntax error has its place in characters, not bytes or units', () => {
  for (const [sql, position] of [
    ['select 1 é é', 12],
    ["select '😀' from from t", 17],
    ['select 1 +', 11],
  ] as const)
    expect(() => parseOne(sql)).toThrow(
      expect.objectContaining({
        code: 'SYNTAX_ERROR',
        teaching: expect.objectContaining({ position }),
      }),
    )
})

test('the nearest name is one slip away, or none', () => {
  expect(nearest('custmers', ['orders', 'customers'])).toBe('customers')
  expect(nearest('form', ['for', 'from'])).toBe('from')
  expect(nearest('xyz', ['orders'])).toBeUndefined()
  expect(nearest('id', ['is'])).toBe('is')
})
