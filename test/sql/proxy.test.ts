import { connect, createServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sqlFamily } from '../../src/tools/sql/index.ts'
import type { PostgresTarget, Session } from '../../src/types.ts'
import { authority, certificate, key } from './certificate.ts'
import { openShop, type Prepared, type Shop } from './support.ts'

let shop: Shop
const families: ReturnType<typeof sqlFamily>[] = []
const servers: Server[] = []
const family = () => {
  const made = sqlFamily()
  families.push(made)
  return made
}
beforeAll(async () => {
  shop = await openShop()
})
afterAll(async () => {
  for (const one of families) await one.family.close()
  for (const server of servers) server.close()
  await shop.drop()
})

const listen = async (accept: (socket: Socket) => void): Promise<number> => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    accept(socket)
  })
  servers.push(server)
  await new Promise<void>((listening) => server.listen(0, () => listening()))
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}
const onward = (): Socket => {
  const socket = connect(shop.target.port, shop.target.host)
  socket.on('error', () => undefined)
  return socket
}
const join = (a: Socket, b: Socket): void => {
  a.pipe(b).pipe(a)
  a.once('close', () => b.destroy())
  b.once('close', () => a.destroy())
}

/** Ends TLS in front of the real server, or says that there is none. */
const tlsProxy = (answer: string) =>
  listen((socket) =>
    socket.once('data', () => {
      socket.write(answer)
      if (answer !== 'S') return
      const secure = new TLSSocket(socket, { isServer: true, cert: certificate, key })
      secure.on('error', () => undefined)
      join(secure, onward())
    }),
  )
const at = (port: number, over: Partial<PostgresTarget>): PostgresTarget => ({
  ...shop.target,
  host: 'localhost',
  port,
  ...over,
})

test('TLS: required encrypts, verified also wants the authority and the name', async () => {
  const port = await tlsProxy('S')
  const describe = (over: Partial<PostgresTarget>) =>
    family().family.describe(shop.read({}, at(port, over)))
  await expect(describe({ tls: 'require' })).resolves.toMatchObject({ database: shop.db.name })
  await expect(describe({ tls: 'verify', ca: authority })).resolves.toBeTruthy()
  for (const over of [
    { tls: 'verify' },
    { tls: 'verify', ca: authority, host: '127.0.0.1' },
  ] as const)
    await expect(describe(over)).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: 'shop has a certificate that is not trusted.',
    })
})

test('TLS: a server that has none, or slips bytes in before it, is refused', async () => {
  for (const answer of ['N', 'E', 'SN'])
    await expect(
      family().family.describe(shop.read({}, at(await tlsProxy(answer), { tls: 'require' }))),
    ).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' })
})

/** Passes everything on until a COMMIT goes out; then its answer is kept back and the line cut. */
const cutAtCommit = (before: boolean) =>
  listen((socket) => {
    const server = onward()
    let cut = false
    socket.on('data', (bytes) => {
      if (bytes.includes('COMMIT')) {
        cut = true
        if (before) {
          socket.destroy()
          server.destroy()
          return
        }
      }
      server.write(bytes)
    })
    server.on('data', (bytes) => {
      if (cut) socket.destroy()
      else socket.write(bytes)
    })
    socket.once('close', () => server.destroy())
    server.once('close', () => socket.destroy())
  })
const update = async (port: number, note: string, prepare: Prepared) => {
  const { family: one, tools } = family()
  const target = at(port, {})
  const tool = tools.find(({ name }) => name === 'sql_execute')
  const input = { target: 'shop', sql: 'update orders set note = $1 where id = 9', params: [note] }
  const look = {
    target,
    catalogue: async <C>() => (await one.describe(shop.read({}, target))) as C,
  }
  const facts = await tool?.facts(input, look)
  if (!facts) throw new Error('no facts')
  return tool?.run(input, facts, shop.write({ prepare }, target) as Session)
}
const noteOf9 = async () =>
  (await shop.db.admin.query('select note from orders where id = 9')).rows[0].note

test('a COMMIT whose answer is lost is looked up, and is a success when it was one', async () => {
  const prepare: Prepared = { ids: [] }
  const output = await update(await cutAtCommit(false), 'kept', prepare)
  expect(output).toMatchObject({ fields: { command: 'UPDATE', affected: 1 } })
  expect(await noteOf9()).toBe('kept')
  expect(prepare.ids).toHaveLength(1)
})

test('a COMMIT that never arrived is looked up, and is an error with nothing changed', async () => {
  const prepare: Prepared = { ids: [] }
  await expect(update(await cutAtCommit(true), 'lost', prepare)).rejects.toMatchObject({
    code: expect.stringMatching('TARGET_FAILED|OUTCOME_UNKNOWN'),
  })
  expect(await noteOf9()).not.toBe('lost')
})

test('a session that an administrator ends is TARGET_FAILED, and the next run has a new one', async () => {
  const { family: one, tools } = family()
  const query = tools.find(({ name }) => name === 'sql_query')
  const catalogue = await one.describe(shop.read())
  const run = async (sql: string) => {
    const input = { target: 'shop', sql }
    const look = { target: shop.target, catalogue: async <C>() => catalogue as C }
    const facts = await query?.facts(input, look)
    return facts && query?.run(input, facts, shop.read() as Session)
  }
  const running = run('select count(*) from orders a, orders b, orders c')
  const ending = expect(running).rejects.toMatchObject({
    code: 'TARGET_FAILED',
    teaching: { retry: true },
  })
  await expect
    .poll(
      async () =>
        (
          await shop.db.admin.query(
            `select count(pg_terminate_backend(pid))::int n from pg_stat_activity where usename = $1 and state = 'active'`,
            [shop.reader],
          )
        ).rows[0].n,
    )
    .toBe(1)
  await ending
  expect(await run('select 1')).toMatchObject({ rows: [['1']] })
})
