/** Two long lists, a command a line: a siege, of which nothing may be a plain read, and everyday looks, of which everything must. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { GateError } from '../../src/errors.ts'
import { shellFacts } from '../../src/tools/shell/facts.ts'

const lines = (name: string): readonly string[] =>
  readFileSync(new URL(name, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
const targets = [
  { roots: ['/srv', '/var/log'], sensitive: [], programs: new Map() },
  { roots: [], sensitive: [], home: '/home/deploy', programs: new Map() },
]
const judged = (text: string): readonly string[] =>
  (['sh', 'bash'] as const).flatMap((dialect) =>
    targets.map((options) => {
      try {
        return shellFacts(text, dialect, options).effect
      } catch (error) {
        if (error instanceof GateError) return error.code
        throw error
      }
    }),
  )

describe('a siege', () => {
  const siege = lines('siege.txt')
  test('is more than a thousand commands, each once', () => {
    expect(new Set(siege).size).toBe(siege.length)
    expect(siege.length).toBeGreaterThan(1000)
  })
  test.each(siege)('%s', (text) => expect(judged(text)).not.toContain('read'))
})

describe('an everyday look', () => {
  const reading = lines('reading.txt')
  test('is more than two hundred commands, each once', () => {
    expect(new Set(reading).size).toBe(reading.length)
    expect(reading.length).toBeGreaterThan(200)
  })
  test.each(reading)('%s', (text) => expect(new Set(judged(text))).toEqual(new Set(['read'])))
})
