/** More of the two long lists, by hundreds: what may never be a plain read, and what must be one (`bash`: where bash runs it). */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { GateError } from '../../src/errors.ts'
import { shellFacts } from '../../src/tools/shell/facts.ts'
import type { Dialect } from '../../src/tools/shell/types.ts'

const folder = new URL('lists/', import.meta.url)
const lines = (kind: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith(`${kind}-`))
    .flatMap((name) => readFileSync(new URL(name, folder), 'utf8').trimEnd().split('\n'))
const targets = [
  { roots: ['/srv', '/var/log'], sensitive: [], programs: new Map() },
  { roots: [], sensitive: [], home: '/home/deploy', programs: new Map() },
]
const judged = (text: string, dialects: readonly Dialect[]): readonly string[] =>
  dialects.flatMap((dialect) =>
    targets.map((options) => {
      try {
        return shellFacts(text, dialect, options).effect
      } catch (error) {
        if (error instanceof GateError) return error.code
        throw error
      }
    }),
  )

const all = ['siege', 'reading', 'bash'].flatMap(lines)
test('each line stands in the lists once', () => expect(new Set(all).size).toBe(all.length))
describe('no plain read', () => {
  test.each(lines('siege'))('%s', (text) =>
    expect(judged(text, ['sh', 'bash'])).not.toContain('read'),
  )
})
describe('a read', () => {
  test.each(lines('reading'))('%s', (text) =>
    expect(new Set(judged(text, ['sh', 'bash']))).toEqual(new Set(['read'])),
  )
  test.each(lines('bash'))('%s', (text) =>
    expect(new Set(judged(text, ['bash']))).toEqual(new Set(['read'])),
  )
})
