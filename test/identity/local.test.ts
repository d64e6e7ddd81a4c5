import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { localToken, sameSecret } from '../../src/identity/local.ts'
import { countRefusals } from '../../src/identity/refusals.ts'
import {
  FolderTaken,
  openStateFolder,
  socketPaths,
  takeFolder,
} from '../../src/identity/state-folder.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cs-state-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the local token', () => {
  test('is made once, for this user alone', async () => {
    const { token, file } = await localToken(folder)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect((await localToken(folder)).token).toBe(token)
    expect(readdirSync(folder)).toEqual(['local.token'])
  })

  test('ten starters at once end with one', async () => {
    const made = await Promise.all(Array.from({ length: 10 }, () => localToken(folder)))
    expect(new Set(made.map(({ token }) => token)).size).toBe(1)
    expect(readdirSync(folder)).toEqual(['local.token'])
  })

  test('a file that others can read, a link and nonsense are refused', async () => {
    const { file } = await localToken(folder)
    chmodSync(file, 0o644)
    await expect(localToken(folder)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    rmSync(file)
    writeFileSync(file, 'short\n', { mode: 0o600 })
    await expect(localToken(folder)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    rmSync(file)
    symlinkSync('/etc/hostname', file)
    await expect(localToken(folder)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  test('compares whole secrets only', () => {
    expect(sameSecret('abc', 'abc')).toBe(true)
    for (const other of ['', 'ab', 'abcd', 'ABC']) expect(sameSecret(other, 'abc')).toBe(false)
  })
})

describe('the state folder', () => {
  test('is closed to others, also when it was open', async () => {
    const state = join(folder, 'deep', 'state')
    await openStateFolder(state)
    expect(statSync(state).mode & 0o777).toBe(0o700)
    chmodSync(state, 0o755)
    await openStateFolder(state)
    expect(statSync(state).mode & 0o777).toBe(0o700)
  })

  test('a link to a folder is no folder', async () => {
    symlinkSync(tmpdir(), join(folder, 'link'))
    await expect(openStateFolder(join(folder, 'link'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })

  test('one whose path is too long for a socket gets a short folder of its own', async () => {
    const long = join(folder, 'x'.repeat(90), 'state')
    const paths = await openStateFolder(long)
    expect(Buffer.byteLength(paths.mcp)).toBeLessThan(104)
    expect(paths).toEqual(socketPaths(long))
    const short = join(paths.mcp, '..')
    expect(statSync(short).mode & 0o777).toBe(0o700)
    rmSync(short, { recursive: true })
  })

  test('belongs to one gateway at a time', async () => {
    const release = await takeFolder(folder)
    // Our own id in the lock is taken for a former process's, so another live one has to stand in it.
    writeFileSync(join(folder, 'gateway.lock'), `${process.ppid}  0123456789abcdef`)
    await expect(takeFolder(folder)).rejects.toThrow(FolderTaken)
    await release()
    expect(existsSync(join(folder, 'gateway.lock'))).toBe(true)
    rmSync(join(folder, 'gateway.lock'))
    await (await takeFolder(folder))()
    expect(readdirSync(folder)).toEqual([])
  })

  test('a lock whose holder is dead is taken over', async () => {
    writeFileSync(join(folder, 'gateway.lock'), '4194000 77 0123456789abcdef')
    const release = await takeFolder(folder)
    await release()
    writeFileSync(join(folder, 'gateway.lock'), `${process.ppid} 1 0123456789abcdef`)
    await (await takeFolder(folder))()
  })

  test('a lock that can not be made is an error, not an endless try', async () => {
    mkdirSync(join(folder, 'gateway.lock'))
    await expect(takeFolder(folder)).rejects.toThrow()
  })
})

describe('refused sign-ins', () => {
  test('a flood becomes one event an interval, and nothing is lost while the log is away', async () => {
    vi.useFakeTimers()
    const sent: unknown[] = []
    let broken = true
    const refusals = countRefusals(async (counts) => {
      if (broken) throw new Error('no log')
      sent.push(counts)
    }, 1000)
    for (let many = 0; many < 10_000; many += 1) refusals.count('signature')
    refusals.count('host')
    await vi.advanceTimersByTimeAsync(1001)
    expect(sent).toEqual([])
    broken = false
    refusals.count('host')
    await vi.advanceTimersByTimeAsync(1001)
    expect(sent).toEqual([{ signature: 10_000, host: 2 }])
    refusals.count('expired')
    await refusals.close()
    expect(sent).toHaveLength(2)
    vi.useRealTimers()
  })
})
