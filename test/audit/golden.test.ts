import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Draft, headerBytes, leafHash, type Place } from '../../src/audit/stream/header.ts'
import type { Entry } from '../../src/types.ts'

/**
 * Headers and leaves of the first version of the format, frozen. A change here is a change of the format: every
 * recorded log would stop verifying. New cases may be added; none may be edited.
 */
const golden: readonly { name: string; header: string; leaf: string }[] = JSON.parse(
  readFileSync(new URL('./golden-leaves.json', import.meta.url), 'utf8'),
)

const frame = {
  log: 'acme/prod',
  stream: '7421',
  epoch: '7d0a4b1e-7f0e-4f61-9f6a-0d2f7a8f6a10',
  build: `sha256:${'0'.repeat(64)}`,
}
const place = (seq: bigint): Place => ({
  seq,
  prev: createHash('sha256').update(String(seq)).digest(),
  tWall: '2026-11-22T18:05:13.123456Z',
  tSrc: 'ntp',
  tMonoNs: '88123',
})
const base = {
  actor: { iss: 'https://idp', sub: 'user:42', client: '', groups: ['sre', 'büro'] },
  origin: { via: 'http', session: 's-1', auth: 'oidc' },
} as const
const eventId = '0193548a-7b7c-7c4c-8f6b-1a2b3c4d5e6f'
const callId = '0193548a-7b7c-7000-8000-000000000001'

const drafts: Readonly<Record<string, Entry>> = {
  opened: { ...base, type: 'stream.open', detail: { version: '0.1.0' } },
  intent: {
    ...base,
    type: 'call.intent',
    callId,
    tool: 'sql_query',
    toolDef: 'sha256:aa',
    target: 'shop-db',
    targetIdentity: 'pg:7300000000000000001/shop',
    effect: 'read',
    facts: { kinds: ['select'], tables: ['public.customers'], has_where: true, statements: 1 },
    policy: {
      set: 'sha256:bb',
      schema: 'sha256:cc',
      engine: 'cedar-wasm 4.13.0',
      rules: ['engineers-read'],
      decision: 'allow',
    },
    approval: { requested: 'ab'.repeat(32), by: ['user:7'] },
  },
  result: {
    ...base,
    type: 'call.result',
    callId,
    parent: 'cd'.repeat(32),
    outcome: {
      status: 'ok',
      code: 'OK',
      rows: '12',
      bytes: '4096',
      truncated: false,
      duration_us: '8123',
    },
    mask: { rules: 'sha256:dd', hits: { email: 3, card: 1 } },
  },
  'control characters, quotes and what jsonb refuses': {
    ...base,
    type: 'call.refused',
    target: '\u0000\u0001\b\t\n\f\r\u001f\u007f"\\/\u2028\ud800é€😀',
    facts: {
      __proto_: 'x',
      '\udfff': ['\ud83d', '😀'],
      '€': 'z',
      a: 2 ** 53,
      b: -0,
      c: 1.5,
    },
  },
  'a list that was cut': {
    ...base,
    type: 'call.intent',
    callId,
    facts: { tables: Array.from({ length: 4000 }, (_, n) => `public.customers_of_region_${n}`) },
  },
}

describe('golden leaves', () => {
  for (const [index, [name, entry]] of Object.entries(drafts).entries()) {
    test(name, () => {
      const draft: Draft = {
        entry,
        eventId,
        commitments:
          name === 'result'
            ? [{ part: 0, kind: 'output', commit: 'ef'.repeat(32), len: 4096 }]
            : [],
      }
      const bytes = headerBytes(draft, frame, place(BigInt(index + 1)))
      const frozen = golden.find((one) => one.name === name)
      expect(bytes.toString('utf8')).toBe(frozen?.header)
      expect(leafHash(bytes).toString('hex')).toBe(frozen?.leaf)
      const again = createHash('sha256')
        .update(Buffer.of(0))
        .update(frozen?.header ?? '', 'utf8')
      expect(again.digest('hex')).toBe(frozen?.leaf)
    })
  }

  test('are all still made', () => {
    expect(golden.map(({ name }) => name)).toEqual(Object.keys(drafts))
  })
})
