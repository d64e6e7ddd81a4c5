import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Catalogue } from '../../src/tools/sql/facts/index.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { reads } from './reads.ts'
import { catalogueOf, factsFor, lineageText, shop } from './support.ts'

let db: TestDatabase
let catalogue: Catalogue
beforeAll(async () => {
  db = await testDatabase()
  await db.admin.query(shop)
  catalogue = await catalogueOf(db.admin)
})
afterAll(() => db.drop())

const customers = ['id', 'name', 'ssn', 'email', 'created_at', 'balance', 'mail_domain']
const everything = customers
  .map((c) => `customers.${c}`)
  .sort()
  .join('+')

describe('where output columns come from', () => {
  test.each<[string, readonly string[] | undefined]>([
    ['select 1, now()', ['', '']],
    ['select count(*) from customers', ['']],
    ['select ssn as id, id as ssn from customers', ['customers.ssn', 'customers.id']],
    ['select a3 from customers as t(a1, a2, a3)', ['customers.ssn']],
    ['select x.b from (select id as a, ssn as b from customers) as x', ['customers.ssn']],
    ['select x.b from (select id, ssn from customers) as x(a, b)', ['customers.ssn']],
    [
      'with x(a, b) as (select id, ssn from customers) select b, a from x',
      ['customers.ssn', 'customers.id'],
    ],
    [
      'with orders as (select ssn as note from customers) select note from orders',
      ['customers.ssn'],
    ],
    ['select (c).ssn from customers c', ['customers.ssn']],
    ['select (c.*).ssn from customers c', ['customers.ssn']],
    ['select ssn(c) from customers c', ['customers.ssn']],
    ['select c from customers c', [everything]],
    ['select c.*::text from customers c', [everything]],
    ['select row_to_json(c) from customers c', [everything]],
    ['select to_jsonb(x) from (select id, ssn from customers) x', ['customers.id+customers.ssn']],
    ['select row(id, ssn) from customers', ['customers.id+customers.ssn']],
    ['select array[name, ssn] from customers', ['customers.name+customers.ssn']],
    ['select array(select ssn from customers)', ['customers.ssn']],
    ['select (array_agg(c))[1].ssn from customers c', [everything]],
    ['select (select ssn from customers limit 1), 1', ['customers.ssn', '']],
    [
      'select (select max(ssn) from customers c where c.id = o.customer_id) from orders o',
      ['customers.id+customers.ssn+orders.customer_id'],
    ],
    ["select exists (select 1 from customers where ssn = '1')", ['customers.ssn']],
    ["select case when ssn = '1' then 'a' else 'b' end from customers", ['customers.ssn']],
    [
      'select coalesce(null, ssn), nullif(name, ssn) from customers',
      ['customers.ssn', 'customers.name+customers.ssn'],
    ],
    ["select string_agg(ssn, ',' order by id) from customers", ['customers.id+customers.ssn']],
    ["select count(*) filter (where ssn = '1') from customers", ['customers.ssn']],
    ['select row_number() over (order by ssn) from customers', ['customers.ssn']],
    [
      'select lag(ssn) over (partition by name order by id) from customers',
      ['customers.id+customers.name+customers.ssn'],
    ],
    [
      'select id from customers union all select customer_id from orders',
      ['customers.id+orders.customer_id'],
    ],
    ['select null union all select ssn from customers', ['customers.ssn']],
    ['(select id from orders) union select 5', ['orders.id']],
    [
      'with recursive r(s, n) as (select ssn, 1 from customers union all select s, n + 1 from r where n < 3) select n, s from r',
      ['', 'customers.ssn'],
    ],
    [
      'with recursive r(a, b) as (select id, ssn from customers union all select r.a, r.a::text || r.b from r where r.a < 0) select a, b from r',
      ['customers.id', 'customers.id+customers.ssn'],
    ],
    [
      'select * from orders o join customers c using (id)',
      [
        'customers.id+orders.id',
        'orders.customer_id',
        'orders.status',
        'orders.total',
        'orders.note',
        'orders.created_at',
        'orders.doc',
        ...customers
          .slice(1)
          .map((c) =>
            c === 'mail_domain' ? 'customers.email+customers.mail_domain' : `customers.${c}`,
          ),
      ],
    ],
    [
      'select * from (select id, ssn from customers) a natural join (select id, note from orders) b',
      ['customers.id+orders.id', 'customers.ssn', 'orders.note'],
    ],
    [
      'select j.* from (orders o join (select id, ssn from customers) c on c.id = o.id) as j(a) limit 1',
      [
        'orders.id',
        'orders.customer_id',
        'orders.status',
        'orders.total',
        'orders.note',
        'orders.created_at',
        'orders.doc',
        'customers.id',
        'customers.ssn',
      ],
    ],
    ['select l.s from customers c, lateral (select c.ssn as s) l', ['customers.ssn']],
    ['select * from generate_series(1, 3)', ['']],
    ['select v.* from orders o, jsonb_each(o.doc) v', ['orders.doc', 'orders.doc']],
    ['select g.n, g.o from generate_series(1, 3) with ordinality g(n, o)', ['', '']],
    ['select * from v_note', ['customers.id', 'customers.ssn']],
    ['select note from v_note v', ['customers.ssn']],
    ['select * from mv', ['customers.ssn', '']],
    ['select mail_domain from customers', ['customers.email+customers.mail_domain']],
    ['select ssn from people_eu', ['people.ssn+people_eu.ssn']],
    ['select ssn_of(id) from orders', ['customers.id+customers.ssn+orders.id']],
    ['select twice(id) from orders', ['orders.id']],
    ['select relname from pg_class', ['pg_class.relname']],
    [
      'table orders limit 1',
      [
        'orders.id',
        'orders.customer_id',
        'orders.status',
        'orders.total',
        'orders.note',
        'orders.created_at',
        'orders.doc',
      ],
    ],
    ["values (1, 'a')", ['', '']],
    ["select * from jsonb_populate_record(null::orders, '{}')", undefined],
    ['explain select ssn from customers', ['']],
    ['show all', ['', '', '']],
    [
      'update customers set name = ssn where id = 1 returning ssn, name as n',
      ['customers.ssn', 'customers.name'],
    ],
    [
      'delete from customers using orders o where o.id = 0 returning o.note, customers.*',
      [
        'orders.note',
        ...customers.map((c) =>
          c === 'mail_domain' ? 'customers.email+customers.mail_domain' : `customers.${c}`,
        ),
      ],
    ],
    [
      'insert into orders (id, note) select id, ssn from customers where id < 0 returning note',
      ['orders.note'],
    ],
    [
      'update customers set name = name where id = 1 returning old.ssn, new.email',
      ['customers.ssn', 'customers.email'],
    ],
    [
      'with u as (update customers set name = name where id = 1 returning ssn as x) select x from u',
      ['customers.ssn'],
    ],
  ])('%s', async (sql, from) => {
    const facts = await factsFor(catalogue)(sql)
    expect(lineageText(facts)).toEqual(from)
  })
})

// The server says of each result column which table column it is, when it is one unchanged: lineage must have it.
test.each(reads.map((sql) => [sql]))('as the server counts and names them: %s', async (sql) => {
  const facts = await factsFor(catalogue)(sql)
  const { rows: tables } = await db.admin.query(
    `select c.oid::int8::text as oid, n.nspname || '.' || relname as name from pg_class c join pg_namespace n on n.oid = relnamespace`,
  )
  const nameOf = new Map(tables.map((t: { oid: string; name: string }) => [t.oid, t.name]))
  const params = Array.from({ length: facts.params }, () => null)
  const client = await db.admin.connect()
  try {
    await client.query('begin read only')
    const { fields } = await client.query(sql, params)
    if (facts.lineage === undefined) return
    expect(facts.lineage).toHaveLength(fields.length)
    const known = facts.outputs?.map((name, i) => name ?? fields[i]?.name)
    if (known !== undefined) expect(known).toEqual(fields.map((f) => f.name))
    for (const [i, field] of fields.entries()) {
      const table = nameOf.get(String(field.tableID))
      const relation = catalogue.relations.find((r) => `${r.schema}.${r.name}` === table)
      const column = relation?.columns[field.columnID - 1]
      if (
        relation === undefined ||
        column === undefined ||
        relation.kind === 'v' ||
        relation.kind === 'm'
      )
        continue
      expect(facts.lineage[i]).toContainEqual({
        schema: relation.schema,
        table: relation.name,
        column: column.name,
      })
    }
  } finally {
    await client.query('rollback')
    client.release()
  }
})
