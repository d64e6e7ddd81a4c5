/** The embedded store's life: made, adopted, shared, killed, copied, refused. Real servers, real signals. */
import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, expect, test } from 'vitest'
import { openHome } from '../../src/store/embedded/home.ts'
import { isPostmasterOf, readPidFile, stopPostmaster } from '../../src/store/embedded/postmaster.ts'
import { ensureRunning, ownerConnection } from '../../src/store/embedded/run.ts'
import { open } from '../../src/store/open.ts'
import type { Store } from '../../src/store/port.ts'

const root = mkdtempSync(join(tmpdir(), 'cs-embedded-'))
// Where root's PostgreSQL may go; an ordinary user's stays in its state folder.
chmodSync(root, 0o711)
const rootFolder = join(root, 'lib')
const lines: string[] = []
const log = {
  info: (detail: object, message: string) =>
    void lines.push(`${message} ${JSON.stringify(detail)}`),
  warn: (detail: object, message: string) =>
    void lines.push(`${message} ${JSON.stringify(detail)}`),
  error: (detail: object, message: string) =>
    void lines.push(`${message} ${JSON.stringify(detail)}`),
}
const stores: Store[] = []
const openAt = async (state: string): Promise<Store> => {
  const store = await open({ state, rootFolder }, log)
  stores.push(store)
  return store
}
/** Gives a tree the owner that another folder has. */
const newState = (name: string): string => {
  const state = join(root, name)
  mkdirSync(state, { mode: 0o700 })
  return state
}
const postmaster = (store: Store): number => {
  const found = readPidFile(join(store.folder ?? '', 'data'))
  if (!found) throw new Error('no server')
  return found.pid
}
const runs = (store: Store): boolean => {
  const data = join(store.folder ?? '', 'data')
  const found = readPidFile(data)
  return found !== undefined && isPostmasterOf(found.pid, data)
}
const put = (store: Store, key: string) =>
  store.pool.query('insert into countersign.meta (key, value) values ($1, $1)', [key])
const has = async (store: Store, key: string): Promise<boolean> =>
  (await store.pool.query('select from countersign.meta where key = $1', [key])).rowCount === 1

afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
})
const elsewhere: string[] = []
afterAll(() => {
  for (const folder of [root, ...elsewhere]) rmSync(folder, { recursive: true, force: true })
})

test('it is made at first, keeps what was written, and is stopped by the last one out', async () => {
  const state = newState('first')
  const one = await openAt(state)
  expect(one).toMatchObject({ kind: 'embedded', serverVersion: expect.stringMatching(/^18/) })
  const place = process.geteuid?.() === 0 ? rootFolder : state
  expect(one.folder?.startsWith(realpathSync(place))).toBe(true)
  expect(realpathSync(join(state, 'postgres'))).toBe(one.folder)
  await put(one, 'kept')
  const two = await openAt(state)
  expect(two.id).toBe(one.id)
  expect(await has(two, 'kept')).toBe(true)
  await one.close()
  expect(runs(two)).toBe(true)
  await put(two, 'after')
  await two.close()
  expect(runs(two)).toBe(false)
  const again = await openAt(state)
  expect(again.id).toBe(one.id)
  expect(await has(again, 'after')).toBe(true)
})

test('who has left holds nothing that would keep the process', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  await (await openAt(newState('left'))).close()
  expect(timers()).toBeLessThanOrEqual(before)
})

test('the gateway is no superuser in it, and the socket and passwords are for nobody else', async () => {
  const store = await openAt(join(root, 'first'))
  const { rows } = await store.pool.query(
    'select rolsuper from pg_roles where rolname = current_user',
  )
  expect(rows).toEqual([{ rolsuper: false }])
  await expect(store.pool.query('delete from audit.event')).rejects.toMatchObject({ code: '42501' })
  const listening = await store.pool.query('show listen_addresses')
  expect(listening.rows).toEqual([{ listen_addresses: '' }])
  const folder = store.folder ?? ''
  expect(statSync(join(folder, 'keys.json')).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700)
  expect(statSync(String(store.connection.host)).mode & 0o777).toBe(0o700)
  const keys: Record<string, string> = JSON.parse(readFileSync(join(folder, 'keys.json'), 'utf8'))
  for (const password of ['wrong', keys.owner]) {
    const client = new pg.Client({ ...store.connection, password })
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' })
  }
  const logged = readFileSync(join(folder, 'postgres.log'), 'utf8') + lines.join('\n')
  for (const name of ['owner', 'gateway']) expect(logged).not.toContain(keys[name])
})

test('of four that open it for the first time at once, one starts it and all work', async () => {
  const state = newState('race')
  const opened = await Promise.all(Array.from({ length: 4 }, () => openAt(state)))
  expect(new Set(opened.map(({ id }) => id)).size).toBe(1)
  expect(new Set(opened.map(postmaster)).size).toBe(1)
  expect(readdirSync(state)).toEqual(['postgres'])
  await Promise.all(opened.map((store, n) => put(store, `race-${n}`)))
})

test('gateways that come and go at the same time never meet a server that is going', async () => {
  const state = newState('busy')
  for (let round = 0; round < 6; round++) {
    const first = await openAt(state)
    const [, second] = await Promise.all([first.close(), openAt(state)])
    await put(second, `round-${round}`)
    await second.close()
  }
  const store = await openAt(state)
  expect(await has(store, 'round-5')).toBe(true)
})

test('who comes while the last one stops the server waits, and starts it anew', async () => {
  const state = join(root, 'busy')
  const home = await openHome(state, rootFolder)
  await ensureRunning(home)
  const before = readPidFile(home.data)?.pid
  const last = new pg.Client(ownerConnection(home, 'postgres', 'the last one'))
  last.on('error', () => undefined)
  await last.connect()
  await last.query('select pg_advisory_lock(4877001130219843)')
  let opened = false
  const coming = openAt(state).then((store) => {
    opened = true
    return store
  })
  await new Promise((wake) => setTimeout(wake, 700))
  expect(opened).toBe(false)
  await stopPostmaster(home, 10_000)
  const store = await coming
  expect(postmaster(store)).not.toBe(before)
  await last.end()
})

test('a server that was killed is brought back under an open store, with all that was committed', async () => {
  const store = await openAt(join(root, 'first'))
  await put(store, 'before-kill')
  const before = postmaster(store)
  process.kill(before, 'SIGKILL')
  const back = () => readPidFile(join(store.folder ?? '', 'data'))?.pid ?? before
  await expect.poll(back, { timeout: 30_000, interval: 50 }).not.toBe(before)
  await expect
    .poll(() => has(store, 'before-kill').catch(() => false), { timeout: 30_000, interval: 50 })
    .toBe(true)
})

test('a server that a killed gateway left running is adopted', async () => {
  const state = join(root, 'first')
  // What a gateway that was killed leaves: a running server that nobody counts on.
  const home = await openHome(state, rootFolder)
  expect(await ensureRunning(home)).toEqual({ started: true })
  const pid = readPidFile(home.data)?.pid
  const store = await openAt(state)
  expect(postmaster(store)).toBe(pid)
  await store.close()
  expect(runs(store)).toBe(false)
})

test('a pid file that names a living stranger is told from a running server', async () => {
  const state = join(root, 'first')
  const store = await openAt(state)
  const file = join(store.folder ?? '', 'data', 'postmaster.pid')
  const text = readFileSync(file, 'utf8')
  const { uid, gid } = statSync(file)
  process.kill(postmaster(store), 'SIGKILL')
  await store.close()
  const stranger = spawn('/bin/sleep', ['60'], {
    stdio: 'ignore',
    uid,
    gid,
  })
  try {
    writeFileSync(file, text.replace(/^\d+/, String(stranger.pid)))
    const again = await openAt(state)
    expect(postmaster(again)).not.toBe(stranger.pid)
    expect(await has(again, 'before-kill')).toBe(true)
  } finally {
    stranger.kill()
  }
})

test('data of another major version is refused with the way to upgrade, and not touched', async () => {
  const state = join(root, 'first')
  const store = await openAt(state)
  await store.close()
  const file = join(store.folder ?? '', 'data', 'PG_VERSION')
  writeFileSync(file, '15\n')
  await expect(open({ state, rootFolder }, log)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/PostgreSQL 15; .*brings 18\. To upgrade/),
  })
  writeFileSync(file, '18\n')
  await openAt(state)
})

test('a cold copy of the folder is a backup: restored elsewhere, it has all that was committed', async () => {
  const from = newState('backed-up')
  const store = await openAt(from)
  await put(store, 'precious')
  await store.close()
  const folder = store.folder ?? ''
  const restored = newState('restored')
  const place = join(root, 'restored-data')
  // With owners and modes, as an administrator copies it.
  execFileSync('cp', ['-a', folder, place])
  symlinkSync(place, join(restored, 'postgres'))
  // The original runs meanwhile, and is not mistaken for the copy.
  const original = await openAt(from)
  await put(original, 'later')
  const copy = await openAt(restored)
  expect(copy.id).toBe(original.id)
  expect(postmaster(copy)).not.toBe(postmaster(original))
  expect(await has(copy, 'precious')).toBe(true)
  expect(await has(copy, 'later')).toBe(false)
})

test("a password file that is lost, or is another cluster's, is an error that says so", async () => {
  const state = join(root, 'backed-up')
  const file = join(realpathSync(join(state, 'postgres')), 'keys.json')
  const text = readFileSync(file, 'utf8')
  unlinkSync(file)
  await expect(open({ state, rootFolder }, log)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('keys.json'),
  })
  const keys: object = JSON.parse(text)
  writeFileSync(file, JSON.stringify({ ...keys, owner: 'x' }))
  const wrong = await open({ state, rootFolder }, log).catch((error: unknown) => error)
  expect(wrong).toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('same backup'),
  })
  writeFileSync(file, text)
  const store = await openAt(state)
  await store.close()
  expect(runs(store)).toBe(false)
})

test('a state folder with a long name gets its socket elsewhere, in a folder of its own', async () => {
  const state = newState('n'.repeat(120))
  // As an ordinary user has it: the cluster in the state folder.
  chmodSync(state, 0o711)
  const store = await openAt(state)
  expect(store.folder).toBe(join(realpathSync(state), 'postgres'))
  const socket = String(store.connection.host)
  expect(socket.length).toBeLessThan(80)
  expect(statSync(socket).mode & 0o777).toBe(0o700)
  await store.close()
  expect(existsSync(join(store.folder ?? '', 'data', 'postmaster.pid'))).toBe(false)
  const again = await openAt(state)
  expect(again.connection.host).toBe(socket)
  await again.close()
  rmSync(socket, { recursive: true })
  const anew = await openAt(state)
  elsewhere.push(String(anew.connection.host))
})

test('a stranger who answers on our socket is not taken for our server', async () => {
  const [mine, other] = [join(root, 'first'), join(root, 'backed-up')]
  const theirs = await openAt(other)
  const home = await openHome(mine, rootFolder)
  rmSync(home.socketFolder, { recursive: true })
  symlinkSync(String(theirs.connection.host), join(home.folder, 'run'))
  writeFileSync(join(String(theirs.connection.host), 'home'), home.folder)
  await expect(open({ state: mine, rootFolder }, log)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/does not take the password|Another PostgreSQL/),
  })
  const keys = join(home.folder, 'keys.json')
  const text = readFileSync(keys, 'utf8')
  // Even with its password: a copy of the folder has that too.
  writeFileSync(keys, readFileSync(join(theirs.folder ?? '', 'keys.json')))
  await expect(open({ state: mine, rootFolder }, log)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('Another PostgreSQL'),
  })
  writeFileSync(keys, text)
  rmSync(join(home.folder, 'run'))
  expect((await openAt(mine)).id).not.toBe(theirs.id)
})
