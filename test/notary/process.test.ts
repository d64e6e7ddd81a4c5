/** The notary as its operator runs it: a process, its feed, its commands. `npm test` has built it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openCheckpoint } from '../../src/audit/tree/checkpoint-note.ts'
import { parseVkeys } from '../../src/audit/tree/note.ts'
import { notaryClient } from '../../src/serve/notary-client.ts'
import { program } from '../cli/home.ts'
import { leavesOf, log, plea, rangeOf, temporary } from './support.ts'

let folder: ReturnType<typeof temporary>
let children: ChildProcess[]
beforeEach(() => {
  folder = temporary()
  children = []
})
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  folder.remove()
})

const leaves = leavesOf(0, 400)
const ended = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode)
    else child.once('exit', (code) => resolve(code))
  })

const start = async (...more: string[]) => {
  const args = ['--json', 'notary', '--state', folder.path, '--log', log, '--listen', '127.0.0.1:0']
  const child = spawn(process.execPath, [program, ...args, ...more], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  children.push(child)
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    let words = ''
    child.stderr.on('data', (piece) => {
      words += piece
    })
    child.once('exit', () => reject(new Error(words)))
  })
  const { notary: url, key } = JSON.parse(line) as { notary: string; key: string }
  const token = readFileSync(join(folder.path, 'token'), 'utf8').trim()
  return { child, url, key, token, port: notaryClient(async () => ({ url, token })) }
}
const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}
const asked = (from: number, to: number) => {
  const { old, ...rest } = plea(leaves, from, to)
  return { ...rest, old: { ...old, hashes: old.hashes ?? [] } }
}
const keys = () => parseVkeys(readFileSync(join(folder.path, 'notary.pub'), 'utf8'))

const raw = (
  url: string,
  path: string,
  options: { method?: string; token?: string; body?: string },
): Promise<number> =>
  new Promise((resolve, reject) => {
    const { body, method = 'POST', token } = options
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const call = request(`${url}${path}`, { method, headers, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    call.on('error', reject)
    call.end(body)
  })

test('it signs over its feed, and only for who has the token', async () => {
  const { child, port, token, url } = await start()
  const answer = await port.sign(asked(0, 10))
  if (answer.kind !== 'signed') throw new Error(answer.message)
  expect(openCheckpoint(answer.note, keys(), log).size).toBe(10)
  expect(statSync(join(folder.path, 'token')).mode & 0o777).toBe(0o600)
  for (const wrong of [undefined, '', 'x', `${token}x`, token.slice(1), token.toUpperCase()])
    for (const path of ['/v1/state', '/v1/sign', '/'])
      expect(await raw(url, path, wrong === undefined ? {} : { token: wrong })).toBe(401)
  expect(await raw(url, '/v1/keys', { token })).toBe(404)
  expect((await port.state()).size).toBe(10)
  child.kill('SIGTERM')
  expect(await ended(child)).toBe(0)
})

test('a refusal says what it has and what was offered', async () => {
  const { port } = await start()
  await port.sign(asked(0, 10))
  const answer = await port.sign(asked(20, 30))
  expect(answer).toMatchObject({ kind: 'refused', why: 'behind', has: { size: 10 } })
  expect(answer).toMatchObject({ message: expect.stringContaining('10 events only, and 20') })
})

test('nothing that is sent makes it fall or sign', async () => {
  const { child, port, token, url } = await start()
  const good = JSON.stringify({
    log,
    epoch: 1,
    size: 1,
    root: rangeOf(leaves.slice(0, 1)).root().toString('base64'),
    old: { size: 0, root: rangeOf([]).root().toString('base64') },
    leaves: leaves[0]?.toString('base64'),
  })
  const bodies = [
    '',
    '{}',
    '[]',
    'null',
    good.slice(1),
    good.replace('"size":1', '"size":-1'),
    good.replace('"size":1', '"size":1e400'),
    good.replace('"size":1', '"size":0.5'),
    good.replace('"size":1', '"size":9007199254740993'),
    good.replace('"epoch":1', '"__proto__":{},"epoch":1'),
    good.replace('"leaves":"', '"leaves":"AAAA'),
    good.replace('"root":"', '"root":"AAAA'),
    '{'.repeat(100_000),
  ]
  for (const body of bodies) expect(await raw(url, '/v1/sign', { token, body })).toBe(400)
  const large = `{"x":"${'x'.repeat(2 * 1024 * 1024)}"}`
  // It may close the connection before it has read everything.
  expect([413, -1]).toContain(await raw(url, '/v1/sign', { token, body: large }).catch(() => -1))
  await fc.assert(
    fc.asyncProperty(
      fc.nat(good.length - 1),
      fc.string({ minLength: 1, maxLength: 3 }),
      async (at, text) => {
        const body = `${good.slice(0, at)}${text}${good.slice(at + text.length)}`
        if (body === good) return
        expect([400, 409]).toContain(await raw(url, '/v1/sign', { token, body }))
      },
    ),
    { numRuns: 300 },
  )
  expect(child.exitCode).toBeNull()
  expect((await port.state()).size).toBe(0)
  expect(await raw(url, '/v1/sign', { token, body: good })).toBe(200)
})

test('killed at random moments it never forgets what it signed, and never signs two trees', async () => {
  let size = 0
  const notes = new Map<number, string>()
  for (let round = 0; round < 12; round++) {
    const { child, port } = await start()
    const view = await port.state()
    // What was signed and whose answer was lost is there; what was answered is never gone.
    expect(view.size).toBeGreaterThanOrEqual(size)
    expect(view.root).toEqual(rangeOf(leaves.slice(0, view.size)).root())
    size = view.size
    setTimeout(() => child.kill('SIGKILL'), 20 + Math.random() * 120)
    try {
      for (;;) {
        const to = size + 1 + (round % 3)
        const answer = await port.sign(asked(size, to))
        if (answer.kind !== 'signed') throw new Error(answer.message)
        size = openCheckpoint(answer.note, keys(), log).size
        notes.set(size, answer.note)
      }
    } catch {
      await ended(child)
    }
  }
  for (const [at, note] of notes)
    expect(openCheckpoint(note, keys(), log).root).toEqual(rangeOf(leaves.slice(0, at)).root())
  expect(notes.size).toBeGreaterThan(0)
})

test('one process a folder', async () => {
  await start()
  const second = run('notary', '--state', folder.path, '--listen', '127.0.0.1:0')
  expect(second.status).toBe(2)
  expect(second.stderr).toContain('runs the notary')
  expect(run('notary', 'rotate', '--state', folder.path).status).toBe(2)
})

test('it listens beyond loopback only where something ends TLS before it', () => {
  for (const listen of ['0.0.0.0:0', '[::]:0', '10.0.0.1:1', 'nonsense', '127.0.0.1:99999'])
    expect(run('notary', '--state', folder.path, '--log', log, '--listen', listen).status).toBe(64)
})

test('it ends with its parent when told so', async () => {
  const { child } = await start('--with-parent')
  child.stdin?.end()
  expect(await ended(child)).toBe(0)
})

test('it listens on a unix socket, also where a dead one left it', async () => {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const { child, port, url } = await start('--listen', `unix:${join(folder.path, 's')}`)
    expect(url).toBe(`unix:${join(folder.path, 's')}`)
    expect(await port.state()).toMatchObject({ log, size: 0 })
    child.kill(signal)
    await ended(child)
  }
})

test('rotate and recover from the command line', async () => {
  const first = await start()
  const answer = await first.port.sign(asked(0, 10))
  if (answer.kind !== 'signed') throw new Error(answer.message)
  const anchor = join(folder.path, 'anchor.note')
  writeFileSync(anchor, answer.note)
  first.child.kill('SIGTERM')
  await ended(first.child)
  const rotated = run('--json', 'notary', 'rotate', '--state', folder.path, '--reason', 'drill')
  expect(rotated.status).toBe(0)
  expect(JSON.parse(rotated.stdout).keys).toHaveLength(2)
  rmSync(join(folder.path, 'signing', 'state.json'))
  const lost = run('notary', '--state', folder.path, '--listen', '127.0.0.1:0')
  expect(lost.status).toBe(2)
  expect(lost.stderr).toContain('notary recover')
  const state = ['--state', folder.path]
  expect(run('notary', 'recover', ...state).status).toBe(64)
  expect(run('notary', 'recover', ...state, '--anchor', anchor).status).toBe(64)
  expect(run('notary', 'recover', ...state, '--anchor', anchor, '--confirm', '11').status).toBe(2)
  expect(run('notary', 'recover', ...state, '--anchor', anchor, '--confirm', '10').status).toBe(0)
  const again = await start()
  expect(again.key).not.toBe(first.key)
  expect(await again.port.sign(asked(10, 20))).toMatchObject({ kind: 'signed' })
})
