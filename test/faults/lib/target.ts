/** Targets that keep their own record of what was done to them: a PostgreSQL database and an HTTP service, with secrets planted in both. */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import pg from 'pg'
import type { Kit } from './fault.ts'
import { shared } from './shared.ts'

export interface Effect {
  readonly word: string
  readonly by: 'sql' | 'http'
  /** Wall clock of this machine, in milliseconds. */
  readonly wall: number
}

export interface Target {
  readonly host: '127.0.0.1'
  readonly port: number
  readonly database: string
  readonly logins: Readonly<Record<'reader' | 'writer', { username: string; password: string }>>
  readonly httpUrl: string
  readonly httpToken: string
  /** What may show up nowhere: passwords, tokens, contents that masking must find. */
  readonly secrets: readonly string[]
  /** Of its superuser. */
  readonly url: string
  readonly admin: pg.Pool
  /** Everything that was done, to both, in no order. */
  effects(): Promise<readonly Effect[]>
  /** Requests are answered only when the function that is returned is called; each has its effect at once. */
  holdHttp(): () => void
  /** The pieces that one of `arrived` waits for. */
  arrived(word: string): boolean
}

const secretOf = (kind: string): string => `${kind}-${randomBytes(12).toString('hex')}`

/** In a database of its own on the run's cluster for targets. */
export const openTarget = async (kit: Kit): Promise<Target> => {
  const cluster = await shared().targets()
  const name = `t_${randomBytes(5).toString('hex')}`
  const root = new pg.Client({ connectionString: cluster.url })
  await root.connect()
  await root.query(`create database ${name}`).finally(() => root.end())
  const url = new URL(cluster.url)
  url.pathname = `/${name}`
  const admin = new pg.Pool({ connectionString: url.href, max: 4 })
  admin.on('error', () => undefined)
  kit.defer(() => admin.end())
  const logins = {
    reader: { username: `r_${name}`, password: secretOf('reader') },
    writer: { username: `w_${name}`, password: secretOf('writer') },
  }
  const planted = {
    email: `${secretOf('mail')}@mail.example`,
    token: `ghp_${randomBytes(18).toString('hex')}`,
  }
  await admin.query(`
    create table effects (n serial, word text not null, at timestamptz not null default clock_timestamp());
    create table people (id integer primary key, name text, email text, note text);
    insert into people values (1, 'Ada', '${planted.email}', 'uses ${planted.token} for now');
    create role ${logins.reader.username} login password '${logins.reader.password}';
    create role ${logins.writer.username} login password '${logins.writer.password}';
    grant select on effects, people to ${logins.reader.username};
    grant select, insert, update on effects, people to ${logins.writer.username};
    grant usage on sequence effects_n_seq to ${logins.writer.username}`)

  const done: Effect[] = []
  let held: Promise<void> | undefined
  const httpToken = secretOf('service')
  const server = createServer((request, response) => {
    request.resume()
    const word = decodeURIComponent(/^\/effects\/(.+)$/.exec(request.url ?? '')?.[1] ?? '')
    if (request.headers.authorization !== `Bearer ${httpToken}` || word === '') {
      response.writeHead(403).end()
      return
    }
    done.push({ word, by: 'http', wall: Date.now() })
    void Promise.resolve(held).then(() => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ did: word, for: planted.email, with: planted.token }))
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  kit.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const httpPort = typeof address === 'object' && address !== null ? address.port : 0
  return {
    host: '127.0.0.1',
    port: cluster.port,
    database: name,
    logins,
    httpUrl: `http://127.0.0.1:${httpPort}`,
    httpToken,
    secrets: [
      logins.reader.password,
      logins.writer.password,
      httpToken,
      planted.email,
      planted.token,
    ],
    url: url.href,
    admin,
    async effects() {
      const { rows } = await admin.query<{ word: string; wall: number }>(
        'select word, extract(epoch from at)::float8 * 1000 as wall from effects',
      )
      return [...rows.map((row): Effect => ({ ...row, by: 'sql' })), ...done]
    },
    holdHttp() {
      let release: () => void = () => undefined
      held = new Promise((go) => {
        release = go
      })
      return () => {
        held = undefined
        release()
      }
    },
    arrived: (word) => done.some((one) => one.word === word),
  }
}
