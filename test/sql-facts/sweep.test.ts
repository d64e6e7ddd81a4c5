import { beforeAll, expect, test } from 'vitest'
import type { Catalogue } from '../../src/tools/sql/facts/catalogue.ts'
import { namesOf } from '../../src/tools/sql/facts/index-catalogue.ts'
import { parseOne, parserReady } from '../../src/tools/sql/facts/parser.ts'
import { emptyFound, noRules, type Reading } from '../../src/tools/sql/facts/reading.ts'
import { sweep } from '../../src/tools/sql/facts/sweep.ts'

const catalogue: Catalogue = {
  version: 'empty',
  database: 'd',
  server: 180000,
  searchPath: ['pg_catalog', 'public'],
  relations: [],
  functions: [],
  operators: [],
  casts: [],
  types: [],
  outs: {},
}
const reading = (): Reading => ({
  names: namesOf(catalogue),
  rules: noRules,
  path: catalogue.searchPath,
  author: 'agent',
  found: emptyFound(),
  seen: new Set(),
  level: 0,
  depth: 0,
  steps: 0,
  at: 0,
})
beforeAll(() => parserReady())

// The walk with scopes and the sweep are two readings of one tree: what only the sweep meets, nobody has understood.
test.each([
  'select a',
  'select 1 from t',
  'select (select 1)',
  'select 1 union select 2',
  'select 1 from (select 1) x',
  'select 1 from generate_series(1, 2)',
  'insert into t values (1)',
])('a part that the walk with scopes did not meet is refused: %s', (sql) => {
  expect(() => sweep(reading(), parseOne(sql))).toThrow(
    expect.objectContaining({ code: 'INPUT_REFUSED' }),
  )
})

test('a node that is not on the list is refused', () => {
  expect(() => sweep(reading(), { NewStmt: { x: 1 } })).toThrow(
    expect.objectContaining({ code: 'INPUT_REFUSED' }),
  )
  expect(() => sweep(reading(), { List: { items: [{ List: { novel: { y: 1 } } }] } })).toThrow(
    expect.objectContaining({ code: 'INPUT_REFUSED' }),
  )
})
