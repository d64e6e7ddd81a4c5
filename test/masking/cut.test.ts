/** An answer that is cut off: whoever chooses where must not get a secret's beginning that way. */
import { describe, expect, test } from 'vitest'
import type { Output } from '../../src/types.ts'
import { masker, plain } from './support.ts'

const secret = 'tok-9f8e7d6c5b4a3210-zz'
const mask = masker({ knownSecrets: () => [secret] })
const shown = async (output: Output): Promise<string> => (await mask.output(output, plain)).json
const body = (text: string, truncated = true): Output => ({
  kind: 'fields',
  fields: { body: text },
  truncated,
})
const long = 'x'.repeat(400)

const forms: readonly (readonly [string, string])[] = [
  ['as it is', secret],
  ['in base64', Buffer.from(`k:${secret}`).toString('base64').slice(3)],
  ['in hex', Buffer.from(secret).toString('hex')],
  ['in URL form', secret.replaceAll('-', '%2D')],
  ['in escapes', secret.replaceAll('-', '\\u002d')],
]
/** Every way to cut it that leaves four characters of the secret or more, short of the whole. */
const cuts = (text: string): readonly string[] =>
  Array.from({ length: text.length - 4 }, (_, n) => text.slice(0, n + 4))

describe('a known secret that the cut leaves half of', () => {
  test.each(forms)('%s', async (_name, form) => {
    for (const part of cuts(form)) {
      const json = await shown(body(`${long} key=${part}`))
      if (part.length > 12) expect(json, part).not.toContain(part)
      if (!/^tok(?:%2?|\\u?0*2?)$/.test(part)) expect(json.includes('[masked:'), part).toBe(true)
    }
  })
  test('inside JSON, a list, a process', async () => {
    const part = secret.slice(0, -1)
    for (const output of [
      { kind: 'fields', fields: { body: { a: [`${long}${part}`] } }, truncated: true },
      {
        kind: 'process',
        fields: {},
        chunks: [{ stream: 'stdout', bytes: Buffer.from(`${long}${part}`), atMs: 1 }],
        truncated: true,
      },
    ] as const)
      expect(await shown(output as unknown as Output)).not.toContain(part)
  })
})

test('what only begins like a secret stays in an answer that is whole, and inside a text', async () => {
  const part = secret.slice(0, 12)
  expect(await shown(body(part, false))).toContain(part)
  expect(await shown(body(`${part} and on`))).toContain(part)
  expect(await shown(body('tok-'))).toContain('tok-')
})
