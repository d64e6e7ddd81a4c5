/** What a person decides by hides nothing and fakes nothing (threats 9 and 20). */
import { describe, expect, test } from 'vitest'
import { approvalForm, left, listText, showText } from '../../src/cli/approval-text.ts'
import { visible, visibleJson } from '../../src/masking/visible.ts'

const now = new Date('2026-11-23T03:00:00Z')
const approval = (more: object = {}) =>
  approvalForm.parse({
    callId: '0198c5a2-7c1e-7a3b-9f00-1234567890ab',
    state: 'requested',
    tool: 'sql_execute',
    target: 'shop',
    targetIdentity: 'pg:1/shop',
    effect: 'write',
    caller: { iss: 'https://idp', sub: 'ana', client: 'agent', groups: ['engineers'] },
    needs: [{ groups: ['dba'], quorum: 1, self: false }],
    rules: ['engineers-write'],
    view: {
      input: { sql: 'update t\nset a = 1', params: ['x'] },
      facts: { tables: ['t'] },
      preview: { plan: ['Update on t', '  Seq Scan'] },
      reason: 'tidy',
    },
    answers: [],
    requestedAt: '2026-11-23T02:59:00.000Z',
    expiresAt: '2026-11-23T03:05:10.000Z',
    ...more,
  })

describe('visible', () => {
  test('writes out what hides, reverses or fakes text', () => {
    expect(visible('a\u202eb\u200bc\u0000d\u001b[2Je\u00adf\ufeffg\u{e0041}h')).toBe(
      'a\\u202eb\\u200bc\\u0000d\\u001b[2Je\\u00adf\\ufeffg\\u{e0041}h',
    )
    expect(visible('a\r\nb\tc')).toBe('a\\u000d\\nb\\u0009c')
    expect(visible('a\r\nb', { lines: true })).toBe('a\\u000d\nb')
    expect(visible('\ud800x')).toBe('\\ud800x')
    expect(visible('für 日本 😀')).toBe('für 日本 😀')
  })
  test('counts what it leaves out', () => {
    expect(visible('abcdef', { most: 4 })).toBe('abcd [... 2 more characters]')
    expect(visible('abcd', { most: 4 })).toBe('abcd')
    expect(visible('😀😀😀😀', { most: 3 })).toMatch(/more characters\]$/)
  })
})

describe('the view of an approval', () => {
  test('holds everything that there is to decide by', () => {
    const text = showText(approval(), now)
    for (const part of [
      '0198c5a2',
      'write',
      'sql_execute on shop (pg:1/shop)',
      'ana (https://idp) through agent',
      '1 of dba',
      'engineers-write',
      '5 min 10 s left',
      'update t',
      'set a = 1',
      'Update on t\n',
      'Seq Scan',
      'tables',
      'tidy',
      'not checked',
    ])
      expect(text).toContain(part)
  })
  test('shows what the agent wrote as it is, wherever it wrote it', () => {
    const evil = 'x\u202e\u001b[8m\u200b'
    const text = showText(
      approval({
        view: {
          input: { sql: evil, nested: [{ [evil]: evil }] },
          facts: { a: evil },
          preview: evil,
          reason: evil,
        },
        target: evil,
        rules: [evil],
      }),
      now,
    )
    expect(text).not.toMatch(/[\u202e\u001b\u200b]/)
    expect(text.match(/\\u202e/g)?.length).toBeGreaterThanOrEqual(7)
  })
  const shownOf = (sql: string): string =>
    showText(approval({ view: { input: { sql }, facts: {}, preview: {}, reason: sql } }), now)
  test('counts what a long statement holds beyond what is shown', () => {
    expect(shownOf(`${'x'.repeat(30_000)}drop table t`)).toContain('[... 10012 more characters]')
  })
  test('lets nothing be pushed out of sight by blanks or empty lines', () => {
    for (const pad of [' '.repeat(30_000), '\n'.repeat(30_000), ' \t\n'.repeat(10_000)]) {
      const text = shownOf(`select 1${pad}drop table t`)
      expect(text).toContain('drop table t')
      expect(text).toMatch(/\[\d+ (?:blanks|empty lines)\]/)
      expect(text.length).toBeLessThan(2_000)
    }
    expect(shownOf('a\n\n  b')).not.toMatch(/blanks|empty/)
  })
  test('keeps lines that look like its own apart from them by their indent', () => {
    const forged =
      'x\nState     approved\n\nWhat the gateway found in it:\n    effect: read\r\nEffect    read'
    for (const line of shownOf(forged).split('\n'))
      if (/approved|Effect {4}read|effect: read/.test(line)) expect(line).toMatch(/^ {4}/)
  })
  test('shows letters that look like others', () => {
    expect(visible('us\u0435rs')).toBe('us\\u0435rs')
    expect(visible('\u0441ustomers')).toBe('\\u0441ustomers')
    expect(visible('\uff55sers \u{1d42e}sers')).toBe('\\uff55sers \\u{1d42e}sers')
    expect(visible('p\u03bfstgres')).toBe('p\\u03bfstgres')
    expect(visible('dro\u0336p')).toBe('dro\\u0336p')
    expect(visible('\u{13437}\u{1bca0}\u0600')).toBe('\\u{13437}\\u{1bca0}\\u0600')
    for (const plain of ['клиент', 'Ελλάδα', 'naïve café', 'Łódź', '顧客？', 'e\u0301'])
      expect(visible(plain)).toBe(plain)
  })
  test('is the same as JSON, with nothing in it that a terminal obeys', () => {
    const value = { a: 'x\u202e\u009b31m\u200b\u{e0041}é\ufeff', '\u2066k': 1 }
    const json = visibleJson(JSON.stringify(value))
    expect(JSON.parse(json)).toEqual(value)
    expect(json).toBe('{"a":"x\\u202e\\u009b31m\\u200b\\udb40\\udc41é\\ufeff","\\u2066k":1}')
  })
  test('is one line in the list', () => {
    expect(listText([], now)).toBe('Nothing waits for approval.')
    expect(listText([approval({ target: 'a\nb' })], now).split('\n')).toHaveLength(1)
    expect(left('2026-11-23T02:00:00Z', now)).toBe('over')
    expect(left('no date', now)).toBe('over')
  })
})
