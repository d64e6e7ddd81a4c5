/** Sessions on the run's own PostgreSQL, as the gateway would make them. */
import { randomBytes } from 'node:crypto'
import type { Limits, PostgresTarget, Session } from '../../src/types.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'

export const limits: Limits = {
  rows: 1_000,
  bytes: 1_048_576,
  cellBytes: 65_536,
  seconds: 10,
  connectMs: 2_000,
  lockMs: 500,
  concurrency: 4,
}

export const targetAt = (
  host: string,
  port: number,
  database: string,
  over: Partial<PostgresTarget> = {},
): PostgresTarget => ({
  kind: 'postgres',
  name: 'shop',
  labels: {},
  credentials: { read: 'reader', write: 'writer' },
  limits,
  host,
  port,
  database,
  tls: 'disable',
  allowSuperuser: false,
  columns: {},
  denyTables: [],
  ...over,
})

export interface Prepared {
  readonly ids: string[]
  fail?: Error
  /** Runs while the transaction waits for its id to be recorded. */
  meanwhile?: () => Promise<void> | void
}

export const sessionOn = (
  target: PostgresTarget,
  user: string,
  password: string,
  over: Partial<Session<PostgresTarget>> & { prepare?: Prepared; sub?: string } = {},
): Session<PostgresTarget> => ({
  callId: 'call',
  target,
  credential: { name: user, version: password, reveal: () => ({ username: user, password }) },
  limits: target.limits,
  signal: new AbortController().signal,
  caller: { iss: 'test', sub: over.sub ?? 'ana', groups: [] },
  prepared: async ({ xid }) => {
    await over.prepare?.meanwhile?.()
    if (over.prepare?.fail) throw over.prepare.fail
    over.prepare?.ids.push(xid ?? '')
  },
  ...over,
})

export interface Shop {
  readonly db: TestDatabase
  readonly target: PostgresTarget
  readonly reader: string
  readonly writer: string
  readonly superuser: { readonly name: string; readonly password: string }
  readonly password: string
  read(over?: Parameters<typeof sessionOn>[3], target?: PostgresTarget): Session<PostgresTarget>
  write(over?: Parameters<typeof sessionOn>[3], target?: PostgresTarget): Session<PostgresTarget>
  drop(): Promise<void>
}

/** A database with customers, orders and two roles of the least power. */
export const openShop = async (
  over: Partial<PostgresTarget> = {},
  database: () => Promise<TestDatabase> = testDatabase,
): Promise<Shop> => {
  const db = await database()
  const url = new URL(db.url)
  const tag = randomBytes(4).toString('hex')
  const [reader, writer, password] = [`r_${tag}`, `w_${tag}`, randomBytes(9).toString('hex')]
  await db.admin.query(`
    create role ${reader} login password '${password}';
    create role ${writer} login password '${password}';
    create table customers (id int primary key, gone text, name text not null, ssn text, email text, balance numeric(20,2));
    alter table customers drop column gone;
    create table orders (id bigint generated always as identity primary key, customer int not null references customers (id), note text, made timestamptz default now());
    create index orders_customer on orders (customer);
    create view known as select name, ssn as number from customers;
    create table secrets (id int, word text);
    insert into customers select i, 'name ' || i, 'ssn-' || i, 'c' || i || '@example.com', i * 1.5 from generate_series(1, 2000) i;
    insert into orders (customer, note) select 1 + i % 2000, 'note ' || i from generate_series(1, 3000) i;
    grant select on all tables in schema public to ${reader};
    grant select, insert, update, delete on all tables in schema public to ${writer};
    grant create on schema public to ${writer};
    analyze;`)
  const target = targetAt(url.hostname, Number(url.port), db.name, over)
  return {
    db,
    target,
    reader,
    writer,
    superuser: { name: url.username, password: decodeURIComponent(url.password) },
    password,
    read: (more, on = target) => sessionOn(on, reader, password, more),
    write: (more, on = target) => sessionOn(on, writer, password, more),
    drop: async () => {
      await db.drop()
    },
  }
}
