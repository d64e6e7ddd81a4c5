/** Package managers that run no install scripts leave the package without its links; some machines leave it read-only. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findPackage, type Native, native, type Package } from '../../src/store/embedded/native.ts'
import { mayEnter, systemUser } from '../../src/store/embedded/system-user.ts'

const root = mkdtempSync(join(tmpdir(), 'cs-native-'))
chmodSync(root, 0o755)
afterAll(() => {
  writable(root)
  rmSync(root, { recursive: true, force: true })
})

const writable = (folder: string): void => {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) writable(join(folder, entry.name))
}

/** The package as `npm ci --ignore-scripts` leaves it: files, no links. */
const bare = (name: string): Package => {
  const found = findPackage()
  const copy = (from: string, to: string): void => {
    mkdirSync(to, { recursive: true })
    for (const entry of readdirSync(from, { withFileTypes: true })) {
      const [source, target] = [join(from, entry.name), join(to, entry.name)]
      if (entry.isDirectory()) copy(source, target)
      else if (entry.isFile()) hard(source, target)
    }
  }
  copy(join(found.root, 'native'), join(root, name, 'native'))
  return { root: join(root, name), version: found.version }
}
const hard = (source: string, target: string): void => {
  try {
    linkSync(source, target)
  } catch {
    copyFileSync(source, target)
    chmodSync(target, statSync(source).mode)
  }
}
const links = (at: Package): string[] =>
  (
    JSON.parse(readFileSync(join(at.root, 'native', 'pg-symlinks.json'), 'utf8')) as {
      target: string
    }[]
  ).map(({ target }) => join(at.root, target))
const runs = (binary: string): string =>
  execFileSync(binary, ['--version'], { encoding: 'utf8', env: {} }).trim()

test('missing links are made, and the server runs', () => {
  const at = bare('writable')
  expect(() =>
    execFileSync(join(at.root, 'native/bin/postgres'), ['--version'], { stdio: 'pipe' }),
  ).toThrow()
  const found = native(join(root, 'unused'), undefined, at)
  expect(runs(found.postgres)).toMatch(new RegExp(`^postgres .PostgreSQL. ${found.major}[.]`))
  for (const link of links(at)) expect(lstatSync(link).isSymbolicLink()).toBe(true)
  expect(existsSync(join(root, 'unused'))).toBe(false)
  expect(native(join(root, 'unused'), undefined, at)).toEqual(found)
})

test('a read-only package is copied once, and the copy runs', () => {
  const at = bare('read-only')
  const copies = join(root, 'copies')
  mkdirSync(copies)
  chmodSync(join(at.root, 'native', 'lib'), 0o555)
  const user = systemUser()
  // Root may write anywhere: for this test we are somebody else.
  if (user) chownSync(copies, user.uid, user.gid)
  if (user) process.seteuid?.(user.uid)
  let found: Native
  try {
    found = native(copies, undefined, at)
    expect(native(copies, undefined, at)).toEqual(found)
  } finally {
    if (user) process.seteuid?.(0)
  }
  expect(found.postgres.startsWith(copies)).toBe(true)
  expect(runs(found.postgres)).toContain('PostgreSQL')
  expect(readdirSync(copies)).toEqual([at.version])
  for (const link of links(at)) expect(existsSync(link)).toBe(false)
})

test.runIf(process.geteuid?.() === 0)(
  'a package that the system user cannot reach is copied',
  () => {
    const at = bare('closed')
    chmodSync(at.root, 0o700)
    const user = systemUser()
    if (!user) throw new Error('root has a system user')
    expect(mayEnter(user, at.root)).toBe(false)
    const copies = join(root, 'copies-of-root')
    const found = native(copies, user, at)
    expect(found.postgres.startsWith(copies)).toBe(true)
    const { uid, gid } = user
    expect(execFileSync(found.postgres, ['--version'], { encoding: 'utf8', uid, gid })).toContain(
      'PostgreSQL',
    )
  },
)
