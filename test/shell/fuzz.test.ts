/** The law of the shell facts: whatever changed something was not called a read. The witness is the file system. */
import { afterAll, expect, test } from 'vitest'
import { GateError } from '../../src/errors.ts'
import { shellFacts } from '../../src/tools/shell/facts.ts'
import { Sandbox } from './sandbox.ts'
import { numbers, script } from './words.ts'

/** More of them, or others: CS_FUZZ=20000 CS_SEED=7. */
const runs = Number(process.env.CS_FUZZ ?? 500)
const seed = Number(process.env.CS_SEED ?? 20_261_123)
const options = { roots: [], sensitive: [], programs: new Map() }
const box = new Sandbox()
afterAll(() => box.close())

const judged = (text: string, dialect: 'sh' | 'bash'): string => {
  try {
    return shellFacts(text, dialect, options).effect
  } catch (error) {
    if (error instanceof GateError) return error.code
    throw error
  }
}

test('whatever changed something was not called a read', { timeout: 600_000 }, () => {
  const next = numbers(seed)
  const wrong: string[] = []
  let reads = 0
  while (reads < runs) {
    const text = script(next)
    const sh = judged(text, 'sh') === 'read'
    const bash = judged(text, 'bash') === 'read'
    if (!sh && !bash) continue
    reads += 1
    for (const shell of [
      ...(sh ? (['dash', 'posix'] as const) : []),
      ...(bash ? (['bash'] as const) : []),
    ]) {
      const { changes } = box.run(shell, text)
      if (changes.length > 0)
        wrong.push(`${shell}: ${JSON.stringify(text)} changed ${changes.join(', ')}`)
    }
  }
  expect(wrong).toEqual([])
})

test('the witness sees changes, and most of what it sees them in was called a write or refused', {
  timeout: 600_000,
}, () => {
  const next = numbers(seed + 1)
  let changed = 0
  for (let n = 0; n < 200; n += 1) {
    const text = script(next)
    if (box.run('bash', text).changes.length === 0) continue
    changed += 1
    expect(judged(text, 'bash'), text).not.toBe('read')
  }
  expect(changed).toBeGreaterThan(20)
})
