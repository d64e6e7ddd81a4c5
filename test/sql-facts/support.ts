import type pg from 'pg'
import type { Catalogue, SqlFacts, SqlMode, SqlRules } from '../../src/tools/sql/facts/index.ts'
import { readCatalogue, sqlFacts } from '../../src/tools/sql/facts/index.ts'

/** A shop with every trap that a database can set: code behind views, operators, casts, domains, policies and rules. */
export const shop = `
create schema trap;
create table customers (id int primary key, name text, ssn text, email text, created_at timestamptz, balance numeric,
  mail_domain text generated always as (split_part(email, '@', 2)) stored);
create table orders (id int primary key, customer_id int references customers, status text, total numeric, note text,
  created_at timestamptz, doc jsonb);
create table secrets (v text);
create table audit (id serial primary key, action text);
create table people (id int, ssn text, region text) partition by list (region);
create table people_eu partition of people for values in ('eu');
create table hidden_child () inherits (secrets);
create table ruled (id int);
create rule ruled_insert as on insert to ruled do instead delete from audit;
create sequence seq;
create function wipe() returns int language sql security definer as $$ delete from audit; select 1 $$;
create function noisy(int) returns int language sql as $$ select $1 $$;
create function twice(int) returns int language sql immutable as $$ select $1 * 2 $$;
create function ssn_of(int) returns text language sql stable as $$ select ssn from customers where id = $1 $$;
create function secret_count() returns bigint language sql stable as $$ select count(*) from secrets $$;
create function sly() returns int language sql stable as $$ select wipe() $$;
create function body_atomic(a int) returns int immutable begin atomic select a + 1; end;
create function pl(int) returns int language plpgsql stable as $$ begin return $1; end $$;
create function tenant() returns int language plpgsql stable as $$ begin return 1; end $$;
create function purge(customers) returns int language sql as $$ delete from audit; select 1 $$;
create function label(orders) returns text language sql immutable as $$ select 'x' $$;
create function rtrim(int) returns text language sql as $$ select 'x' $$;
create function trap.lower(text) returns text language sql as $$ select 'x' $$;
create function bad_op(int, int) returns int language sql as $$ delete from audit; select 1 $$;
create operator <%> (function = bad_op, leftarg = int, rightarg = int);
create function good_op(int, int) returns int language sql immutable as $$ select $1 + $2 $$;
create operator <+> (function = good_op, leftarg = int, rightarg = int);
create function check_it(int) returns boolean language sql as $$ delete from audit; select true $$;
create domain checked as int check (check_it(value));
create domain positive as int check (value > 0);
create type mood as enum ('sad', 'ok');
create function mood_of(text) returns mood language sql as $$ delete from audit; select 'ok'::mood $$;
create cast (text as mood) with function mood_of(text) as implicit;
create type span as range (subtype = float8);
create type tint as enum ('red', 'blue');
create type shade as enum ('red', 'blue');
create function shade_of(text) returns shade language sql as $$ delete from audit; select 'red'::shade $$;
create cast (text as shade) with function shade_of(text) as assignment;
create table tinted (id int, s shade);
create aggregate bad_agg (int) (sfunc = bad_op, stype = int, initcond = '0');
create aggregate good_agg (int) (sfunc = good_op, stype = int, initcond = '0');
create table tenants (id int, name text);
alter table tenants enable row level security;
create policy t on tenants using (id = tenant());
create table watched (id int);
alter table watched enable row level security;
create policy w on watched using (noisy(id) = 1);
create table moody (id int, m mood);
create view v_ids as select id from customers;
create view v_note as select id, ssn as note from customers;
create view v_wipe as select wipe();
create view v_secret as select length(v) as n from secrets;
create view v_deep as select n from v_secret;
create view v_activity as select pid, query from pg_stat_activity;
create view v_pid as select pid, state from pg_stat_activity;
create materialized view mv as select ssn as code, count(*) as n from customers group by ssn with no data;
create materialized view mv_wipe as select wipe() with no data;
create function on_order() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger order_trigger before update on orders for each row execute function on_order();
insert into customers select i, 'n' || i, lpad(i::text, 9, '0'), 'u' || i || '@example.com', now(), i from generate_series(1, 20) i;
insert into orders select i, 1 + i % 20, 'open', i, 'note', now(), '{"a": 1}' from generate_series(1, 50) i;
insert into secrets values ('hush');
insert into audit (action) values ('start');
refresh materialized view mv;
`

export const shopRules: SqlRules = {
  columns: {
    'customers.ssn': 'redact',
    'public.customers.email': 'token',
    'people.ssn': 'partial',
  },
  denyTables: ['secrets'],
}

/** The catalogue of a database as the gateway reads it. */
export const catalogueOf = async (pool: pg.Pool): Promise<Catalogue> => {
  const client = await pool.connect()
  try {
    await client.query('begin read only')
    return await readCatalogue(async (sql) => (await client.query(sql)).rows)
  } finally {
    await client.query('rollback')
    client.release()
  }
}

/** Facts of a statement, with as many parameters as it names. */
export const factsFor =
  (catalogue: Catalogue, rules: SqlRules = shopRules) =>
  (sql: string, mode: SqlMode = 'execute'): Promise<SqlFacts> => {
    const params = Math.max(0, ...[...sql.matchAll(/\$(\d)\b/g)].map((m) => Number(m[1])))
    return sqlFacts(sql, params, async () => catalogue, mode, rules)
  }

/** `customers.ssn+orders.id` an output column, `?` where nothing is proven. */
export const lineageText = (facts: SqlFacts): readonly string[] | undefined =>
  facts.lineage?.map(
    (from) =>
      from
        ?.map((s) => `${s.table}.${s.column}`)
        .sort()
        .join('+') ?? '?',
  )
