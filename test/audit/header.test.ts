import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GENESIS, headerBytes, leafHash, MAX_HEADER_BYTES } from '../../src/audit/stream/header.ts'
import { storable } from '../../src/audit/stream/jcs.ts'
import type { Entry } from '../../src/types.ts'

const frame = {
  log: 'acme/prod',
  stream: '7421',
  epoch: '7d0a4b1e-7f0e-4f61-9f6a-0d2f7a8f6a10',
  build: 'sha256:00',
}
const place = {
  seq: 10482n,
  prev: GENESIS,
  tWall: '2026-11-22T18:05:13.123456Z',
  tSrc: 'ntp',
  tMonoNs: '88123',
}
const eventId = '0193548a-7b7c-7c4c-8f6b-1a2b3c4d5e6f'
const actor = { iss: 'https://idp', sub: 'user:42', client: '', groups: ['sre'] }
const origin = { via: 'http', session: 's', auth: 'oidc' } as const

const bytes = (entry: Entry, commitments: Parameters<typeof headerBytes>[0]['commitments'] = []) =>
  headerBytes({ entry, eventId, commitments }, frame, place)

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  // Any UTF-16 code units: lone surrogates, NUL and control characters among them.
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 })
    .map((u) => String.fromCharCode(...u)),
  fc.constantFrom(
    '__proto__',
    'constructor',
    '\u0000',
    '\ud800',
    '\udc00\ud800',
    '"\\\u001f\u007f',
    '€',
    '😀',
  ),
)
const texts = fc.array(text, { maxLength: 5 })
const fields = fc.dictionary(text, fc.oneof(text, texts, fc.boolean()), { maxKeys: 5 })
const facts = fc.dictionary(
  text,
  fc.oneof(text, texts, fc.boolean(), fc.integer(), fc.constantFrom(-0, 2 ** 53 - 1)),
  { maxKeys: 6 },
)
const optional = { requiredKeys: ['type', 'actor', 'origin'] as ['type', 'actor', 'origin'] }
const entries: fc.Arbitrary<Entry> = fc.record(
  {
    type: fc.constantFrom('call.intent', 'call.result', 'config.loaded'),
    actor: fc.record({ iss: text, sub: text, client: text, groups: texts }),
    origin: fc.record({
      via: fc.constantFrom('http', 'socket'),
      session: text,
      auth: fc.constantFrom('oidc', 'local'),
    }),
    callId: text,
    parent: text,
    tool: text,
    toolDef: text,
    target: text,
    targetIdentity: text,
    effect: fc.constantFrom('read', 'write', 'admin'),
    facts,
    detail: fields,
    outcome: fc.dictionary(text, fc.oneof(text, fc.boolean())),
    approval: fc.dictionary(text, fc.oneof(text, texts)),
    mask: fc.record({ rules: text, hits: fc.dictionary(text, fc.nat()) }),
    policy: fc.record({
      set: text,
      schema: text,
      engine: text,
      rules: texts,
      decision: fc.constantFrom('allow', 'hold', 'deny'),
    }),
  },
  optional,
) as fc.Arbitrary<Entry>
const commitments = fc.array(
  fc.record({
    part: fc.nat(240),
    kind: fc.constantFrom('input', 'output'),
    commit: fc.constant('ab'.repeat(32)),
    len: fc.nat(65_536),
  }),
  { maxLength: 3 },
)

describe('header bytes', () => {
  test('are what an independent canonicaliser makes of the same value', () => {
    fc.assert(
      fc.property(entries, commitments, (entry, parts) => {
        const header = bytes(entry, parts).toString('utf8')
        expect(canonicalize(JSON.parse(header))).toBe(header)
      }),
      { numRuns: 2000 },
    )
  })

  test('hold every member of the entry under its name in the record', () => {
    const entry: Entry = {
      type: 'call.result',
      actor,
      origin,
      callId: 'c',
      parent: 'p',
      tool: 'sql_query',
      toolDef: 'sha256:1',
      target: 'shop',
      targetIdentity: 'pg:1/shop',
      effect: 'read',
      facts: { tables: ['a'], n: 3, where: true },
      policy: {
        set: 's',
        schema: 'c',
        engine: 'e',
        rules: ['r'],
        decision: 'allow',
        shadow: ['x'],
      },
      approval: { requested: 'l', by: ['user:7'] },
      outcome: { status: 'ok', truncated: false },
      mask: { rules: 'm', hits: { email: 3 } },
      detail: { changed: ['grants'] },
    }
    expect(
      JSON.parse(bytes(entry, [{ part: 0, kind: 'output', commit: 'aa', len: 5 }]).toString()),
    ).toEqual({
      v: 1,
      ...frame,
      seq: '10482',
      prev: '0'.repeat(64),
      event_id: eventId,
      type: 'call.result',
      call_id: 'c',
      parent: 'p',
      t_wall: place.tWall,
      t_src: 'ntp',
      t_mono_ns: '88123',
      actor,
      origin,
      tool: 'sql_query',
      tool_def: 'sha256:1',
      target: 'shop',
      target_identity: 'pg:1/shop',
      effect: 'read',
      facts: { tables: ['a'], n: 3, where: true },
      policy: entry.policy,
      approval: entry.approval,
      outcome: entry.outcome,
      mask: entry.mask,
      detail: entry.detail,
      payload: [{ part: 0, kind: 'output', commit: 'aa', len: '5' }],
    })
  })

  test('carry no NUL and no lone surrogate, and tell them apart', () => {
    const header = (target: string) =>
      bytes({ type: 'call.intent', actor, origin, target }).toString()
    const seen = ['a\u0000b', 'a\ud800b', 'a\udc00b', 'ab', 'a\ufffdb'].map(header)
    expect(new Set(seen).size).toBe(5)
    for (const one of seen) {
      expect(JSON.parse(one).target.isWellFormed()).toBe(true)
      expect(JSON.parse(one).target).not.toContain('\u0000')
    }
    expect(storable('😀')).toBe('😀')
  })

  test('write numbers past 2^53 and fractions as strings', () => {
    const entry: Entry = {
      type: 'call.intent',
      actor,
      origin,
      facts: { a: 2 ** 53, b: 0.1, c: Number.NaN, d: 7 },
    }
    expect(JSON.parse(bytes(entry).toString()).facts).toEqual({
      a: '9007199254740992',
      b: '0.1',
      c: 'NaN',
      d: 7,
    })
  })

  test('are cut with a count when they would pass the limit, and never fail silently', () => {
    const tables = Array.from({ length: 5000 }, (_, n) => `public.table_${n}`)
    const header = bytes({
      type: 'call.intent',
      actor,
      origin,
      facts: { tables, sql: 'x'.repeat(90_000) },
    })
    expect(header.length).toBeLessThanOrEqual(MAX_HEADER_BYTES)
    const { cut, facts } = JSON.parse(header.toString())
    expect(facts.tables.length + Number(cut['facts.tables'])).toBe(5000)
    expect(facts.sql.length + Number(cut['facts.sql:chars'])).toBe(90_000)
    expect(canonicalize(JSON.parse(header.toString()))).toBe(header.toString())
  })

  test('stay under the limit for the worst that an agent can make of names', () => {
    const nasty = '\u0000'.repeat(2000)
    const keys = (value: unknown) =>
      Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`${n}${nasty}`, value]))
    const list = Array.from({ length: 600 }, () => nasty)
    const worst = {
      type: 'call.intent',
      actor: { iss: nasty, sub: nasty, client: nasty, groups: list },
      origin: { via: 'http', session: nasty, auth: 'oidc' },
      callId: nasty,
      parent: nasty,
      tool: nasty,
      toolDef: nasty,
      target: nasty,
      targetIdentity: nasty,
      facts: keys(list),
      detail: keys(list),
      approval: keys(list),
      outcome: keys(nasty),
      mask: { rules: nasty, hits: keys(3) },
      policy: {
        set: nasty,
        schema: nasty,
        engine: nasty,
        rules: list,
        decision: 'allow',
        shadow: list,
      },
    } as unknown as Entry
    const parts = Array.from({ length: 240 }, (_, part) => ({
      part,
      kind: 'decision',
      commit: 'ab'.repeat(32),
      len: 65_536,
    }))
    expect(bytes(worst, parts).length).toBeLessThanOrEqual(MAX_HEADER_BYTES)
  })

  test('a leaf is SHA-256 over a zero byte and the header', () => {
    const header = bytes({ type: 'call.intent', actor, origin })
    const want = createHash('sha256').update(Buffer.of(0)).update(header).digest('hex')
    expect(leafHash(header).toString('hex')).toBe(want)
  })
})
