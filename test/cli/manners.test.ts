import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { listText, type Shown, showText } from '../../src/cli/approval-text.ts'
import { fileSink } from '../../src/cli/audit-export.ts'
import { inColour } from '../../src/cli/common.ts'
import { main } from '../../src/cli/main.ts'
import { systemWords } from '../../src/cli/system-words.ts'
import { program } from './home.ts'

let folder: string
let out: string
let err: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cs-manners-'))
  out = ''
  err = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  process.stdout.removeAllListeners('error')
  process.exitCode = 0
  rmSync(folder, { recursive: true, force: true })
})

/** A configuration that is right as far as these commands look; nothing listens on its state folder. */
const config = (): string => {
  const file = join(folder, 'c.yaml')
  writeFileSync(
    file,
    'state: ./state\nidentity: { local: { subject: ana } }\nvault: { key: "file:./k" }\n',
    { mode: 0o600 },
  )
  return file
}
const run = async (...words: readonly string[]): Promise<number> => {
  process.exitCode = 0
  await main(['node', 'countersign', ...words])
  return Number(process.exitCode)
}

describe('what a person typed wrongly is usage, before anything is opened or asked', () => {
  test.each([
    ['audit', 'show', 'nope', '--reason', 'x'],
    ['audit', 'show', 'nope', '--receipt'],
    ['audit', 'erase', '--call', 'nope', '--reason', 'x'],
    ['audit', 'hold', 'set', '--call', 'nope', '--reason', 'x'],
    ['replay', 'nope', '--reason', 'x'],
    ['approvals', 'approve', 'nope'],
    ['audit', 'tail', '--from', '{"1":"abc"}'],
    ['audit', 'verify', '--anchor', 'some.note'],
    ['pause', '--target', ''],
    ['resume', '--caller', ''],
    ['notary', '--state', 'state', '--log', 'a b'],
  ])('%s %s %s %s', async (...words) => {
    expect(await run('--config', config(), ...words)).toBe(64)
    expect(err).toMatch(/call id looks like|cursor|compared with a bundle|take a name|such as acme/)
    expect(existsSync(join(folder, 'state'))).toBe(false)
  })

  test.each([
    [['bogus'], "unknown command 'bogus'"],
    [['approvals', 'show'], "missing required argument 'call'"],
    [['check', '--nope'], "unknown option '--nope'"],
  ])('with --json also %s is told in JSON', async (words, message) => {
    expect(await run('--json', ...words)).toBe(64)
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'USAGE' } })
    expect(out).toContain(message)
  })
})

describe('what the system refuses is told in words, with a code', () => {
  test('a file, a folder and an address', async () => {
    const thrown = async (act: () => unknown): Promise<unknown> => {
      try {
        return await act()
      } catch (error) {
        return error
      }
    }
    expect(systemWords(await thrown(() => readFileSync(join(folder, 'none'))))).toBe(
      `${join(folder, 'none')} is not there.`,
    )
    const first = createServer().listen(0, '127.0.0.1')
    await once(first, 'listening')
    const address = first.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const second = createServer().listen(port, '127.0.0.1')
    const [taken] = await once(second, 'error')
    first.close()
    expect(systemWords(taken)).toBe(`127.0.0.1:${port} is taken: something else listens there.`)
    expect(systemWords(new Error('of ours'))).toBeUndefined()
  })

  test('a batch that is not there, and a bundle that is a folder', async () => {
    expect(
      await run('--config', config(), 'policy', 'explain', '--batch', join(folder, 'none')),
    ).toBe(2)
    expect(err).toBe(`${join(folder, 'none')} is not there.\n`)
    const key = join(folder, 'notary.pub')
    writeFileSync(key, 'a/b+86c8af4f+AYeD0JpOYa7GJkozkjBLwYyo10YwkepedQUBBOsVja4T\n')
    expect(await run('--json', 'audit', 'verify', folder, '--key', key)).toBe(2)
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'CONFIG_INVALID' } })
  })
})

test('an export that fails leaves nothing of its own, and what was there before as it was', async () => {
  const file = join(folder, 'bundle')
  const sink = fileSink(file)
  await sink.write(Buffer.from('half'))
  await sink.discard()
  expect(existsSync(file)).toBe(false)

  writeFileSync(file, 'of before')
  const second = fileSink(file)
  await expect(
    second.write(Buffer.alloc(100_000)).then(() => second.close()),
  ).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('is there already'),
  })
  await second.discard()
  expect(readFileSync(file, 'utf8')).toBe('of before')
})

test('colour is for terminals, and not for who asked for none', () => {
  const tty = process.stdout.isTTY
  try {
    process.stdout.isTTY = true
    expect(inColour({ TERM: 'xterm' })).toBe(true)
    expect(inColour({ TERM: 'xterm', NO_COLOR: '1' })).toBe(false)
    expect(inColour({ TERM: 'dumb' })).toBe(false)
    process.stdout.isTTY = false
    expect(inColour({ TERM: 'xterm' })).toBe(false)
  } finally {
    process.stdout.isTTY = tty
  }
})

test('a request that is over has no time left', () => {
  const now = new Date('2026-01-01T00:00:00Z')
  const shown = (state: string): Shown => ({
    callId: '019ab000-0000-7000-8000-000000000000',
    state,
    tool: 'sql_execute',
    target: 'shop',
    targetIdentity: 'pg:1/shop',
    effect: 'write',
    caller: { iss: 'local', sub: 'ana', groups: [] },
    needs: [{ groups: ['dba'], quorum: 1, self: false }],
    rules: ['write'],
    view: { input: {}, facts: {}, preview: {}, reason: '' },
    answers: [],
    requestedAt: '2026-01-01T00:00:00Z',
    expiresAt: '2026-01-01T00:10:00Z',
  })
  for (const state of ['requested', 'approved']) {
    expect(listText([shown(state)], now)).toContain('left: 10 min')
    expect(showText(shown(state), now)).toContain('(10 min 0 s left)')
  }
  for (const state of ['spent', 'rejected', 'expired', 'cancelled']) {
    expect(listText([shown(state)], now)).not.toContain('left')
    expect(showText(shown(state), now)).not.toContain('left)')
  }
})

test('who stops reading (`| head`) gets no stack trace', async () => {
  vi.restoreAllMocks()
  const child = spawn(process.execPath, [program, 'check', '--schema'], { stdio: 'pipe' })
  child.stdout.destroy()
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  await once(child, 'close')
  expect(said).toBe('')
})
