/** A whole gateway with its notary: signed by itself, refused when the notary stays away, taken again when it is back. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { openCheckpoint } from '../../src/audit/tree/checkpoint-note.ts'
import { parseVkeys } from '../../src/audit/tree/note.ts'
import { eventually } from '../audit/support.ts'
import { program } from '../cli/home.ts'
import { freePort, openWorld, roles, type World } from '../support/gateway.ts'
import {
  type MigratedDatabase,
  migratedDatabase,
  type TestDatabase,
  testDatabase,
} from '../support/postgres.ts'
import { temporary } from './support.ts'

let target: TestDatabase
let store: MigratedDatabase
let worlds: World[]
let cleanups: (() => Promise<void> | void)[]
beforeAll(async () => {
  target = await testDatabase()
  await target.admin.query('create table people (id int, email text)')
  await roles(target)
})
afterAll(() => target.drop())
beforeEach(async () => {
  store = await migratedDatabase()
  worlds = []
  cleanups = []
})
afterEach(async () => {
  for (const world of worlds) await world.close().catch(() => undefined)
  for (const clean of cleanups) await clean()
  await store.drop()
})

const world = async (more: { log?: string; keysFrom?: string } = {}): Promise<World> => {
  const made = await openWorld({ store, target, ...more })
  worlds.push(made)
  return made
}
const query = (of: World) => of.call('sql_query', { target: 'shop', sql: 'select 1 as one' })
const signed = async (): Promise<{ size: number; note: string }> => {
  const { rows } = await store.admin.query(
    'select size::int, note from audit.checkpoint order by checkpoint.size desc limit 1',
  )
  return rows[0] ?? { size: 0, note: '' }
}
const events = async (): Promise<number> =>
  (await store.admin.query('select count(*)::int as n from audit.event')).rows[0].n
const allSigned = () => eventually(async () => (await signed()).size === (await events()))
const keysIn = (folder: string) =>
  parseVkeys(readFileSync(join(folder, 'state', 'notary', 'notary.pub'), 'utf8'))
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
/** Of the embedded notary, by the lock on its folder. */
const notaryPid = (folder: string): number =>
  Number(readFileSync(join(folder, 'state', 'notary', 'gateway.lock'), 'utf8').split(' ')[0])

test('with no notary configured the gateway has its own sign, brings it back when it dies, and takes it along when it ends', async () => {
  const gateway = await world()
  expect(await query(gateway)).toMatchObject({ status: 'ok' })
  await allSigned()
  const { note } = await signed()
  expect(openCheckpoint(note, keysIn(gateway.folder), 'test/e2e').size).toBe(await events())
  const first = notaryPid(gateway.folder)
  process.kill(first, 'SIGKILL')
  await query(gateway)
  await allSigned()
  const second = notaryPid(gateway.folder)
  expect(second).not.toBe(first)
  await gateway.served.close()
  expect(isAlive(second)).toBe(false)
  // The last events too, `stream.close` among them.
  expect((await signed()).size).toBe(await events())
})

test('a second gateway of the store goes on when the first is gone, with a notary of its own, and says so', async () => {
  const first = await world()
  await query(first)
  await allSigned()
  await first.served.close()
  const second = await world({ keysFrom: first.folder })
  expect(await query(second)).toMatchObject({ status: 'ok' })
  await eventually(async () => {
    const { note } = await signed()
    return note.includes(`\u2014`) && (await signed()).size === (await events())
  })
  await eventually(async () => {
    const { rows } = await store.admin.query(
      "select header -> 'detail' as detail from audit.event where type = 'notary.rotated'",
    )
    return rows[0]?.detail.kind === 'succeeded'
  })
  expect(await query(second)).toMatchObject({ status: 'ok' })
})

const external = async () => {
  const folder = temporary()
  const port = await freePort()
  let child: ChildProcess | undefined
  const start = async () => {
    child = spawn(
      process.execPath,
      [
        program,
        'notary',
        '--state',
        folder.path,
        '--log',
        'test/e2e',
        '--listen',
        `127.0.0.1:${port}`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const { stdout } = child
    if (stdout) await new Promise((ready) => createInterface({ input: stdout }).once('line', ready))
  }
  const stop = () =>
    new Promise<void>((done) => {
      if (child === undefined || child.exitCode !== null) return done()
      child.once('exit', () => done())
      child.kill('SIGTERM')
    })
  cleanups.push(stop, () => folder.remove())
  await start()
  const token = join(folder.path, 'token')
  const config = `notary: { url: "http://127.0.0.1:${port}", token: "file:${token}", maxUnsigned: 4s }, anchors: [{ dir: "${join(folder.path, 'anchors')}" }]`
  return { folder, config, start, stop }
}

test('a notary elsewhere: calls go on to the limit, are refused after it, and go on when it is back', async () => {
  const notary = await external()
  const gateway = await world({ log: notary.config })
  expect(await query(gateway)).toMatchObject({ status: 'ok' })
  await allSigned()
  expect(existsSync(join(gateway.folder, 'state', 'notary'))).toBe(false)
  await eventually(() => existsSync(join(notary.folder.path, 'anchors')))
  expect(readdirSync(join(notary.folder.path, 'anchors'))[0]).toMatch(/^test_e2e-001-\d{16}\.note$/)
  // Idle for longer than the limit is fine.
  await new Promise((wake) => setTimeout(wake, 4_500))
  await notary.stop()
  expect(await query(gateway)).toMatchObject({ status: 'ok' })
  await new Promise((wake) => setTimeout(wake, 5_000))
  const { rows: before } = await store.admin.query(
    "select count(*)::int as n from audit.event where type = 'call.intent'",
  )
  expect(await query(gateway)).toMatchObject({ refused: { code: 'AUDIT_UNAVAILABLE' } })
  const { rows: after } = await store.admin.query(
    "select count(*)::int as n from audit.event where type = 'call.intent'",
  )
  expect(after).toEqual(before)
  // What a closed gate refuses is recorded all the same.
  const { rows: refused } = await store.admin.query(
    "select header -> 'outcome' ->> 'code' as code from audit.event where type = 'call.refused'",
  )
  expect(refused).toEqual([{ code: 'AUDIT_UNAVAILABLE' }])
  await notary.start()
  await allSigned()
  await eventually(async () => (await query(gateway)).status === 'ok')
})

test('rebase from the command line after the store was put back, shown first and confirmed', async () => {
  const gateway = await world()
  await query(gateway)
  await allSigned()
  const backup = await events()
  await query(gateway)
  await gateway.served.close()
  const lost = await events()
  await store.admin.query('delete from audit.leaf where idx >= $1', [backup])
  await store.admin.query('delete from audit.checkpoint where size > $1', [backup])
  await store.admin.query("delete from countersign.meta where key = 'log.range'")
  const run = (...args: string[]) =>
    new Promise<{ code: number | null; text: string }>((resolve) => {
      const child = spawn(process.execPath, [
        program,
        '--config',
        join(gateway.folder, 'countersign.yaml'),
        ...args,
      ])
      let text = ''
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (piece) => {
          text += piece
        })
      child.once('exit', (code) => resolve({ code, text }))
    })
  const shown = await run('audit', 'rebase', '--reason', 'backup')
  expect(shown).toMatchObject({
    code: 1,
    text: expect.stringContaining(`--confirm ${lost}:${backup}`),
  })
  expect((await run('audit', 'rebase', '--reason', 'backup', '--confirm', `${lost}:1`)).code).toBe(
    2,
  )
  const done = await run('audit', 'rebase', '--reason', 'backup', '--confirm', `${lost}:${backup}`)
  expect(done).toMatchObject({ code: 0, text: expect.stringContaining('kind rebased') })
})
