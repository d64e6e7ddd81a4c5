// SQL cases: a throw-away PostgreSQL with the corpus's schema, each case through sql_query and through sql_execute.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import pg from 'pg'
import { startThrowaway } from '../../dist/store/embedded/throwaway.js'

const schemaFile = () => {
  const file = process.argv.slice(2).find((arg) => arg.endsWith('.json'))
  return join(dirname(resolve(file)), 'schema.sql')
}

/** Everything that a statement could change and that does not change by itself. */
const stateSql = `
  select string_agg(line, E'\\n' order by line) as state from (
    select concat_ws(' ', 'class ', c.oid, c.relname, c.relkind, coalesce(c.relacl::text, ''), c.relhasrules, c.relhastriggers, c.relrowsecurity) as line from pg_class c where c.relnamespace not in (select oid from pg_namespace where nspname like 'pg_toast%' or nspname like 'pg_temp%')
    union all select concat_ws(' ', 'attribute ', attrelid, attname, atttypid) from pg_attribute where attrelid >= 16384 and attnum > 0
    union all select concat_ws(' ', 'proc ', oid, proname, md5(prosrc), coalesce(proacl::text, '')) from pg_proc where oid >= 16384
    union all select concat_ws(' ', 'role ', rolname, rolsuper, rolcanlogin, rolcreaterole, rolreplication, coalesce(rolconfig::text, '')) from pg_roles
    union all select concat_ws(' ', 'member ', roleid, ' ', member) from pg_auth_members
    union all select concat_ws(' ', 'setting ', name, setting) from pg_settings where source not in ('session', 'client', 'override')
    union all select concat_ws(' ', 'database ', datname) from pg_database
    union all select concat_ws(' ', 'extension ', extname) from pg_extension
    union all select concat_ws(' ', 'trigger ', tgname, tgrelid) from pg_trigger
    union all select concat_ws(' ', 'event trigger ', evtname) from pg_event_trigger
    union all select concat_ws(' ', 'server ', srvname) from pg_foreign_server
    union all select concat_ws(' ', 'subscription ', subname) from pg_subscription
    union all select concat_ws(' ', 'publication ', pubname) from pg_publication
    union all select concat_ws(' ', 'large object ', oid) from pg_largeobject_metadata
    union all select concat_ws(' ', 'slot ', slot_name) from pg_replication_slots
    union all select concat_ws(' ', 'advisory ', pid, objid) from pg_locks where locktype = 'advisory'
    union all select concat_ws(' ', 'sequence ', schemaname, sequencename, coalesce(last_value::text, '-')) from pg_sequences
    union all select concat_ws(' ', 'customers ', coalesce(md5(string_agg(t::text, ',' order by t::text)), '')) from public.customers t
    union all select concat_ws(' ', 'orders ', coalesce(md5(string_agg(t::text, ',' order by t::text)), '')) from public.orders t
    union all select concat_ws(' ', 'secrets ', coalesce(md5(string_agg(t::text, ',' order by t::text)), '')) from public.secrets t
    union all select concat_ws(' ', 'audit_log ', coalesce(md5(string_agg(t::text, ',' order by t::text)), '')) from public.audit_log t
    union all select concat_ws(' ', 'delete ', coalesce(md5(string_agg(t::text, ',' order by t::text)), '')) from public.delete t
  ) lines`

const fill = `
  insert into public.customers select n, 'name ' || n, '9' || lpad((n * 37)::text, 2, '0') || '-55-' || lpad((7000 + n)::text, 4, '0'), 'canary' || n || '@corpus.example', now(), n from generate_series(1, 20) n;
  insert into public.orders select n, 1 + n % 20, 'paid', n * 1.5, 'note ' || n, now(), now(), null from generate_series(1, 50) n;
  insert into public.secrets select 'canary-secret-' || n from generate_series(1, 3) n;
  insert into public.audit_log(action) values ('start');
  refresh materialized view public.mv_sales;
  create role reader login password 'reader-password';
  create role writer login password 'writer-password';
  grant usage on schema public, evil to reader, writer;
  grant select on all tables in schema public to reader;
  grant select on all sequences in schema public to reader;
  grant all on all tables in schema public to writer;
  grant all on all sequences in schema public to writer;
  grant create on schema public to writer;
  analyze;`

export const open = async () => {
  const cluster = await startThrowaway()
  const admin = new pg.Client({ connectionString: cluster.url })
  await admin.connect()
  await admin.query(readFileSync(schemaFile(), 'utf8'))
  await admin.query("select set_config('search_path', 'public', false)")
  await admin.query(fill)
  const canaries = (
    await admin.query(
      'select ssn as v from customers union all select email from customers union all select v from secrets',
    )
  ).rows.map((row) => row.v)
  const { port } = new URL(cluster.url)
  return {
    canaries,
    config: (dir) => {
      for (const role of ['reader', 'writer'])
        writeFileSync(
          join(dir, role),
          JSON.stringify({ username: role, password: `${role}-password` }),
          { mode: 0o600 },
        )
      return [
        'credentials:',
        '  shop-reader: file:./reader',
        '  shop-writer: file:./writer',
        'targets:',
        '  shop:',
        '    kind: postgres',
        '    labels: { env: prod }',
        '    host: 127.0.0.1',
        `    port: ${port}`,
        '    database: postgres',
        '    tls: disable',
        '    credentials: { read: shop-reader, write: shop-writer }',
        '    columns: { customers.ssn: redact, customers.email: redact }',
        '    denyTables: [secrets]',
        '    limits: { rows: 1000, bytes: 1MiB, seconds: 3 }',
      ].join('\n')
    },
    calls: (one) => [
      { tool: 'sql_query', args: { target: 'shop', sql: one.input } },
      { tool: 'sql_execute', args: { target: 'shop', sql: one.input } },
    ],
    snapshot: async () => (await admin.query(stateSql)).rows[0].state,
    close: async () => {
      await admin.end()
      await cluster.stop()
    },
  }
}
