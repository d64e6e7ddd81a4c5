import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { type StarterOptions, starterConfig } from '../../src/config/starter.ts'

const tools = ['sql_query', 'sql_schema', 'sql_explain', 'sql_execute'].map((name) => ({
  name,
  kind: 'postgres' as const,
}))
const passphrase = `scrypt:131072:8:1:${'a'.repeat(22)}:${'b'.repeat(43)}`
const postgres = {
  name: 'shop',
  host: 'localhost',
  port: 5432,
  database: 'shop',
  tls: 'disable',
} as const

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'starter-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const load = (text: string) => {
  const file = join(folder, 'countersign.yaml')
  writeFileSync(file, text, { mode: 0o600 })
  return loadConfig(file, {}, tools)
}

const options: readonly (readonly [string, StarterOptions])[] = [
  ['nothing but a subject', { subject: 'ana' }],
  ['a subject that YAML would read otherwise', { subject: 'no: "x" #\\ é' }],
  ['an approver', { subject: 'ana', approver: { subject: 'bo', groups: ['dba'], passphrase } }],
  ['a database', { subject: 'ana', groups: ['a', 'b'], listen: '127.0.0.1:0', postgres }],
  ['all', { subject: 'ana', approver: { subject: 'bo', groups: ['dba'], passphrase }, postgres }],
]

test.each(options)('a starter with %s is a configuration', (_, given) => {
  const config = load(starterConfig(given))
  expect(config.identity.local).toEqual({
    subject: given.subject,
    groups: given.groups ?? ['engineers'],
  })
  expect(config.targets).toHaveLength(given.postgres === undefined ? 0 : 1)
  expect(config.warnings).toEqual([])
})

test('what is commented out is right once the marks are taken away', () => {
  const text = starterConfig({
    subject: 'ana',
    approver: { subject: 'bo', groups: ['approvers'], passphrase },
  })
  // Whole lines of keys only: prose and the alternatives of keys that are written already stay comments.
  const opened = text
    .split('\n')
    .map((line) =>
      /^# (credentials:|targets:|grants:| +[a-z-])/.test(line) ? line.slice(2) : line,
    )
    .join('\n')
  const config = load(opened)
  expect(config.targets.map(({ name }) => name)).toEqual(['shop'])
  expect(config.grants.map(({ id }) => id)).toEqual(['read', 'write'])
})
