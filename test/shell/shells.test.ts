/** The shells' own opinion of the syntax of what was accepted; the project `live` runs it, since it needs dash and bash. */
import { expect, test } from 'vitest'
import { admin, writes } from './attacks.ts'
import { everyday } from './everyday.ts'
import { parses } from './sandbox.ts'

test('dash and bash take what was accepted', () => {
  // tree-sitter, the other witness, does not see these as we do; the shells take all of them alike.
  const all = [...everyday, ...writes, ...admin].filter((text) => !text.startsWith('time '))
  for (const text of all)
    expect([text, parses('dash', text), parses('bash', text)]).toEqual([text, true, true])
})
