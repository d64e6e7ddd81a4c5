/** Replay: what was asked, then what the agent got, with the time between; nothing in it moves a terminal. */
import { expect, test } from 'vitest'
import { stepsOf } from '../../src/audit/reading/replay.ts'

const header = (type: string, second: number, more: object = {}) => ({
  type,
  t_wall: `2026-11-22T10:00:0${second}.000000Z`,
  actor: { sub: 'ana' },
  tool: 'ssh_run',
  target: 'web',
  ...more,
})

test('a process is told piece by piece, at its own pace', () => {
  const steps = stepsOf([
    { header: header('call.received', 0), parts: { input: { command: 'uptime' } } },
    { header: header('call.intent', 1), parts: {} },
    {
      header: header('call.result', 3),
      parts: {
        output: { stdout: 'one\ntwo\n', stderr: 'oh\n' },
        timeline: [
          ['stdout', 10, 'one\n'],
          ['stderr', 250, 'oh\n'],
          ['stdout', 1250, 'two\n'],
        ],
      },
    },
  ])
  expect(steps.map(({ kind, text, waitMs }) => [kind, waitMs, text])).toEqual([
    ['note', 0, '2026-11-22T10:00:00  ana  ssh_run on web'],
    ['asked', 0, 'uptime'],
    ['stdout', 10, 'one\n'],
    ['stderr', 240, 'oh\n'],
    ['stdout', 1000, 'two\n'],
  ])
})

test('a statement waits for its answer as long as it ran, and refusals and approvals are said', () => {
  const steps = stepsOf([
    { header: header('call.received', 0), parts: { input: { sql: 'select 1' } } },
    { header: header('approval.requested', 1), parts: {} },
    { header: { ...header('approval.granted', 3), actor: { sub: 'bo' } }, parts: {} },
    { header: header('call.intent', 3), parts: {} },
    { header: header('call.result', 5), parts: { output: { rows: [[1]] } } },
  ])
  expect(steps.map(({ kind, waitMs }) => [kind, waitMs])).toEqual([
    ['note', 0],
    ['asked', 0],
    ['note', 1000],
    ['note', 2000],
    ['output', 2000],
  ])
  expect(steps[3]?.text).toBe('granted by bo')
})

test('control characters are made visible, whoever wrote them', () => {
  const evil = '\u001b[2J\u001b]0;title\u0007\u202e\r\u0008'
  const steps = stepsOf([
    {
      header: header('call.received', 0, { actor: { sub: evil } }),
      parts: { input: { command: evil } },
    },
    { header: header('call.intent', 0), parts: {} },
    {
      header: header('call.result', 0),
      parts: {
        timeline: [['stdout', 0, evil], 'no piece', ['other', 1, 'x'], ['stdout', 'x', 'y']],
      },
    },
  ])
  const all = steps.map(({ text }) => text).join('')
  expect(all).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f\u202e]/)
  expect(all).toContain('\\u{1b}[2J')
})

test('what was erased is said, not guessed', () => {
  const steps = stepsOf([
    { header: header('call.received', 0), parts: { input: { missing: 'erased' } } },
    { header: header('call.intent', 0), parts: {} },
    { header: header('call.result', 0), parts: { output: { missing: 'erased' } } },
  ])
  expect(steps.map(({ text }) => text).slice(1)).toEqual([
    'what was asked is erased',
    'the output is erased',
  ])
})
