import { expect, test } from 'vitest'
import { shellFacts } from '../../src/tools/shell/facts.ts'
import { everyday } from './everyday.ts'

const options = { roots: ['/srv', '/var/log'], sensitive: [], programs: new Map() }

test('there are more than three hundred of them, each once', () => {
  expect(new Set(everyday).size).toBe(everyday.length)
  expect(everyday.length).toBeGreaterThan(300)
})

test.each(everyday)('%s', (command) => {
  expect(shellFacts(command, 'sh', options).effect).toBe('read')
  expect(shellFacts(command, 'bash', options).effect).toBe('read')
})
