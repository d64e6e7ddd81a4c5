/** What a person decides by hides nothing and fakes nothing (threats 9 and 20). */
import { describe, expect, test } from 'vitest'
import { approvalForm, left, listText, showText } from '../../src/cli/approval-text.ts'
import { visible } from '../../src/masking/visible.ts'

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
  test('counts what a long statement holds beyond what is shown', () => {
    expect(
      showText(
        approval({
          view: {
            input: { sql: `${' '.repeat(30_000)}drop table t` },
            facts: {},
            preview: {},
            reason: '',
          },
        }),
        now,
      ),
    ).toContain('[... 10012 more characters]')
  })
  test('is one line in the list', () => {
    expect(listText([], now)).toBe('Nothing waits for approval.')
    expect(listText([approval({ target: 'a\nb' })], now).split('\n')).toHaveLength(1)
    expect(left('2026-11-23T02:00:00Z', now)).toBe('over')
    expect(left('no date', now)).toBe('over')
  })
})
