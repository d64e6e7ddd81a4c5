import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  eventJson,
  formatEvent,
  formatStory,
  formatVerification,
  verificationJson,
} from '../../src/audit/reading/format.ts'
import { openReader } from '../../src/audit/reading/read.ts'
import { type Cursor, tail } from '../../src/audit/reading/tail.ts'
import { verifyStore } from '../../src/audit/verify/verify.ts'
import { brief, visible, visibleLines } from '../../src/audit/visible.ts'
import { entry, eventually, oneCall, type TestStore, testLog, testStore } from './support.ts'

let store: TestStore
beforeAll(async () => {
  store = await testStore()
})
afterAll(() => store.drop())

describe('tail', () => {
  test('gives every event once, each stream in order, over stops and several writers', async () => {
    const logs = [await testLog(store), await testLog(store)]
    const seen: string[] = []
    let cursor: Cursor | undefined
    const read = async (signal: AbortSignal) => {
      for await (const piece of tail({
        pool: store.pool,
        from: cursor ?? {},
        follow: true,
        everyMs: 20,
        signal,
      })) {
        seen.push(...piece.events.map(({ header }) => `${header.stream}/${header.seq}`))
        cursor = piece.cursor
      }
    }
    const write = Promise.all(
      logs.flatMap((log) => Array.from({ length: 100 }, () => oneCall(log))),
    )
    for (let stop = 0; stop < 5; stop++) {
      const abort = new AbortController()
      setTimeout(() => abort.abort(), 60)
      await read(abort.signal)
    }
    await write
    for (const log of logs) await log.close()
    const abort = new AbortController()
    const rest = read(abort.signal)
    const { rows } = await store.admin.query('select count(*)::int n from audit.event')
    await eventually(() => seen.length >= rows[0].n)
    abort.abort()
    await rest
    expect(new Set(seen).size).toBe(rows[0].n)
    expect(seen.length).toBe(rows[0].n)
    for (const log of logs) {
      const its = seen.filter((one) => one.startsWith(`${log.streamId}/`))
      expect(its).toEqual(its.map((_, n) => `${log.streamId}/${n + 1}`))
    }
  })

  test('begins with the last events and ends there unless it follows', async () => {
    const pieces = []
    for await (const piece of tail({ pool: store.pool, last: 7, follow: false })) pieces.push(piece)
    expect(pieces.flatMap(({ events }) => events).length).toBe(7)
  })
})

describe('words for people', () => {
  const nasty = 'a\u001b[2J\u202eb\u200bc\r\nd\u0085e\u{e0041}\ufefff'

  test('show what would hide, move the cursor or turn direction', () => {
    expect(visible(nasty)).toBe(
      'a\\u{1b}[2J\\u{202e}b\\u{200b}c\\u{d}\\u{a}d\\u{85}e\\u{e0041}\\u{feff}f',
    )
    expect(visibleLines('a\tb\n\u001bc')).toBe('a\tb\n\\u{1b}c')
    expect(visible('Grüße, 世界 😀')).toBe('Grüße, 世界 😀')
    expect(brief('x'.repeat(50), 10)).toBe('xxxxxxxxxx… (40 more)')
  })

  test('an event is one line, with names made visible and colour only when asked for', async () => {
    const log = await testLog(store)
    const { callId } = await oneCall(log, `{"x":"line\\n${nasty.replace(/[\r\n]/g, '')}"}`)
    await log.append([
      entry('call.refused', { tool: nasty, target: nasty, facts: { tables: [nasty] } }),
    ])
    const events = []
    for await (const piece of tail({ pool: store.pool, last: 8, follow: false }))
      events.push(...piece.events)
    for (const event of events) {
      const line = formatEvent(event, { color: false })
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u)
      expect(formatEvent(event, { color: true })).toContain('\u001b[')
      expect(JSON.parse(eventJson(event)).leaf).toBe(event.leaf)
    }
    const reader = openReader(store)
    const story = await reader.story(callId)
    const told = formatStory(
      await Promise.all(story.map(async (event) => ({ event, parts: await reader.parts(event) }))),
      { color: false },
    )
    expect(told).toContain('call.result')
    expect(told).toContain('receipt')
    expect(told).toContain('\\u{202e}')
    expect(told.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    await log.close()
  })

  test('the verdict says what was not checked', async () => {
    const seen = await verifyStore({
      pool: store.admin,
      log: store.log,
      keys: store.keys,
      embedded: true,
    })
    const words = formatVerification(seen, { color: false })
    expect(words).toContain('not checked: signatures')
    expect(words).toContain('own account')
    expect(JSON.parse(verificationJson(seen))).toMatchObject({ ok: true, exit: 0 })
    const bad = {
      ...seen,
      exit: 1 as const,
      wrong: 2,
      findings: [{ stream: '1', seq: '3', what: nasty }],
    }
    expect(formatVerification(bad, { color: false })).toContain('event 3: a\\u{1b}')
    expect(formatVerification(bad, { color: false })).toContain('and 1 more')
  })
})
