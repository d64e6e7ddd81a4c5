import type { Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { resolveXid } from '../../src/tools/sql/outcome.ts'
import { Pool } from '../../src/tools/sql/pool.ts'
import { runRead, toldOf } from '../../src/tools/sql/run.ts'
import { runWrite } from '../../src/tools/sql/run-write.ts'
import { Turns } from '../../src/tools/turns.ts'
import { column, done, type Fake, fakeServer, frame, head, ready, row, type Step } from './fake.ts'
import { limits, sessionOn, targetAt } from './support.ts'

const open: { fake: Fake; pool: Pool }[] = []
afterEach(async () => {
  for (const { fake, pool } of open.splice(0)) {
    await pool.close()
    await fake.close()
  }
})

const seconds = 0.6
const small = { ...limits, seconds, connectMs: 300, bytes: 100_000, cellBytes: 1_000 }
const start = async (
  steps: readonly Step[],
  begin?: Step,
  greet?: Step,
  allowed: typeof small = small,
) => {
  const fake = await fakeServer(steps, begin, greet)
  const pool = new Pool()
  open.push({ fake, pool })
  const target = targetAt('127.0.0.1', fake.port, 'd', { limits: allowed })
  const session = sessionOn(target, 'u', 'hunter2hunter2')
  const statement = { sql: 'select 1', params: [], rows: 100 }
  const told = toldOf(session, statement.sql, undefined)
  return {
    fake,
    pool,
    read: () =>
      pool.use(session, 'read', 'public', (lent) => runRead(lent, session, statement, told)),
    write: (ids: string[] = []) => {
      const writing = {
        ...session,
        prepared: async ({ xid }: { xid?: string }) => void ids.push(xid ?? ''),
      }
      return pool.use(writing, 'write', 'public', (lent) =>
        runWrite(lent, writing, { ...statement, sql: 'update t set a = 1' }, told, (xid) =>
          resolveXid(pool, session, xid),
        ),
      )
    },
  }
}
const within = async <T>(ms: number, work: Promise<T>): Promise<T> => {
  const began = performance.now()
  try {
    return await work
  } finally {
    // Only a hang takes so long.
    expect(performance.now() - began).toBeLessThan(5 * ms)
  }
}
const forever = (socket: Socket, bytes: Buffer): void => {
  // Many at once: single small writes would keep this process, the gateway's own here, from anything else.
  const many = Buffer.concat(Array.from({ length: Math.ceil(65_536 / bytes.length) }, () => bytes))
  const more = (): void => {
    while (!socket.destroyed && socket.write(many));
  }
  socket.on('drain', more)
  more()
}
const drip = (socket: Socket, bytes: Buffer, ms: number): void => {
  let at = 0
  const timer = setInterval(() => {
    if (socket.destroyed || at >= bytes.length) clearInterval(timer)
    else socket.write(bytes.subarray(at, ++at))
  }, ms)
}
const begun = done('BEGIN')
const nothing: Step = () => undefined
const answer = Buffer.concat([
  begun,
  column('a'),
  row('1'),
  done('SELECT 1'),
  done('ROLLBACK'),
  ready(),
])

test('the fake answers as PostgreSQL does when it behaves', async () => {
  const { read } = await start([(socket) => socket.write(answer)])
  await expect(read()).resolves.toMatchObject({ part: { rows: [['1']] } })
  await expect(read()).resolves.toMatchObject({ part: { rows: [['1']] } })
})

test('an answer in single bytes is the same answer', async () => {
  const { read } = await start([(socket) => drip(socket, answer, 1)])
  await expect(read()).resolves.toMatchObject({ part: { rows: [['1']] } })
})

test('a server that hangs before it is ready is unreachable in time', async () => {
  const silent = await start([], nothing)
  await within(1_000, expect(silent.read()).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' }))
  const halfway = await start([], (socket) => socket.write(frame('R', Buffer.alloc(4))))
  await within(1_000, expect(halfway.read()).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' }))
  const unchecked = await start([], undefined, nothing)
  await within(
    1_000,
    expect(unchecked.read()).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' }),
  )
})

test('a server that is none, or floods the login, is unreachable and ends no process', async () => {
  for (const bytes of [
    'HTTP/1.1 400 Bad Request\r\n\r\n',
    '\0\0\0\0\0\0\0\0',
    'R\0\0\0\x03',
    'Z\0\0\0\x05I',
  ]) {
    const { read } = await start([], (socket) => socket.write(bytes))
    await within(1_000, expect(read()).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' }))
  }
  const flood = await start([], (socket) => forever(socket, frame('N', 'x'.repeat(1_000))))
  await within(1_000, expect(flood.read()).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' }))
  const huge = await start([], (socket) => {
    socket.write(head('E', 900_000_000))
    forever(socket, Buffer.alloc(65_536, 120))
  })
  await within(1_000, expect(huge.read()).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' }))
})

test('a password never goes out in the clear', async () => {
  const { read, fake } = await start([], (socket) =>
    socket.write(frame('R', Buffer.from([0, 0, 0, 3]))),
  )
  await expect(read()).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' })
  expect(Buffer.concat(fake.received).includes('hunter2')).toBe(false)
})

test('a server that hangs in a statement is cancelled and left in time', async () => {
  const { read, fake } = await start([nothing])
  await within(1_500, expect(read()).rejects.toMatchObject({ code: 'TIMEOUT' }))
  await expect.poll(() => fake.cancels.length).toBe(1)
  expect(fake.cancels[0]?.readInt32BE(8)).toBe(1)
})

test('one byte at a time past the limit is TIMEOUT', async () => {
  const { read } = await start([(socket) => drip(socket, answer, 100)])
  await within(1_500, expect(read()).rejects.toMatchObject({ code: 'TIMEOUT' }))
})

test('a server that dies half-way through a row is TARGET_FAILED', async () => {
  const { read } = await start([
    (socket) => {
      socket.write(Buffer.concat([begun, column('a'), row('1').subarray(0, 9)]))
      setTimeout(() => socket.resetAndDestroy(), 30)
    },
  ])
  await expect(read()).rejects.toMatchObject({ code: 'TARGET_FAILED', teaching: { retry: true } })
})

test('garbage in place of frames is TARGET_FAILED', async () => {
  for (const bytes of [
    Buffer.from('what is this'),
    head('D', 2),
    head('E', 800_000_000),
    frame('D', Buffer.from([0, 1, 0, 0, 0, 9, 65])),
    frame('D', Buffer.from([0, 9])),
    frame('D', Buffer.from([0])),
    frame('T', Buffer.from([0, 5, 65])),
    frame('C', 'no end'),
    frame('Z', 'II'),
  ]) {
    const { read } = await start([(socket) => socket.write(Buffer.concat([begun, bytes]))])
    await within(1_000, expect(read()).rejects.toMatchObject({ code: 'TARGET_FAILED' }))
  }
})

test('rows without end are cut in flat memory, whatever their size', async () => {
  const before = process.memoryUsage.rss()
  for (const bytes of [
    row('x'.repeat(900)),
    row('x'.repeat(50_000)),
    row(''),
    row('x'.repeat(1_500_000)),
  ]) {
    // Time enough on any machine: it has to be the bytes that stop it.
    const { read, fake } = await start(
      [
        (socket) => {
          socket.write(Buffer.concat([begun, column('a')]))
          forever(socket, bytes)
        },
      ],
      undefined,
      undefined,
      { ...small, seconds: 15 },
    )
    const ran = await within(2_000, read())
    // Not `seconds`: it was stopped for what it sent.
    expect(ran.stopped).toBe('bytes')
    expect(ran.part.rows.length).toBeLessThanOrEqual(101)
    await expect.poll(() => fake.cancels.length).toBe(1)
  }
  expect(process.memoryUsage.rss() - before).toBeLessThan(120_000_000)
})

test('a row of 900 MB that never ends is given up', async () => {
  const { read } = await start([
    (socket) => {
      socket.write(
        Buffer.concat([begun, head('D', 900_000_000), Buffer.from([0, 1, 0x35, 0, 0, 0])]),
      )
      forever(socket, Buffer.alloc(65_536, 120))
    },
  ])
  await within(
    1_500,
    expect(read()).rejects.toMatchObject({ code: expect.stringMatching('TARGET_FAILED|TIMEOUT') }),
  )
})

test('a transaction left open, or a setting changed, is not lent again', async () => {
  const odd = Buffer.concat([begun, row('1'), done('SELECT 1'), done('ROLLBACK'), ready('T')])
  const first = await start([(socket) => socket.write(odd)])
  await expect(first.read()).rejects.toMatchObject({ code: 'TARGET_FAILED' })
  const changed = Buffer.concat([
    begun,
    frame('S', 'DateStyle\0German\0'),
    row('1'),
    done('SELECT 1'),
    done('ROLLBACK'),
    ready(),
  ])
  const second = await start([(socket) => socket.write(changed)])
  await expect(second.read()).rejects.toMatchObject({ code: 'TARGET_FAILED' })
})

const written = Buffer.concat([begun, done('UPDATE 1'), row('777'), done('SELECT 1'), ready('T')])

test('a COMMIT without an answer is OUTCOME_UNKNOWN, sent once, its transaction recorded', async () => {
  for (const last of [nothing, (socket: Socket) => void socket.destroy()]) {
    const { write, fake } = await start([(socket) => socket.write(written), last])
    const ids: string[] = []
    await within(
      4_000,
      expect(write(ids)).rejects.toMatchObject({
        code: 'OUTCOME_UNKNOWN',
        teaching: { retry: false },
      }),
    )
    expect(ids).toEqual(['777'])
    expect(Buffer.concat(fake.received).toString('latin1').split('update t').length).toBe(2)
  }
})

test('a write that dies before COMMIT changed nothing, and nothing is recorded', async () => {
  const { write } = await start([(socket) => void socket.destroy()])
  const ids: string[] = []
  await expect(write(ids)).rejects.toMatchObject({ code: 'TARGET_FAILED' })
  expect(ids).toEqual([])
})

test('too many that wait are turned away, and the others have their turn or their end', async () => {
  const { read } = await start([nothing])
  const all = await Promise.allSettled(Array.from({ length: 300 }, read))
  const codes = all.map((one) => (one.status === 'rejected' ? one.reason.code : 'ok'))
  expect(codes.filter((code) => code === 'TARGET_UNREACHABLE')).toHaveLength(
    300 - 256 - limits.concurrency,
  )
  expect(codes.filter((code) => code === 'TIMEOUT').length).toBe(256 + limits.concurrency)
})

test("who waits for a turn when the run's time is up is told so; who leaves is told that", async () => {
  const turns = new Turns('shop', 1)
  const done = await turns.take('ana', 1_000, new AbortController().signal)
  const run = new AbortController()
  const late = turns.take('ana', 60_000, run.signal)
  run.abort(new DOMException('too long', 'TimeoutError'))
  await expect(late).rejects.toMatchObject({ code: 'TIMEOUT' })
  await expect(turns.take('ana', 60_000, AbortSignal.abort())).rejects.toMatchObject({
    code: 'CANCELLED',
  })
  done()
})
