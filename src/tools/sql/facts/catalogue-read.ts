import { createHash } from 'node:crypto'
import type { Catalogue } from './catalogue.ts'
import { firstUserOid } from './catalogue.ts'

const sessionSql = `
select current_schemas(true)::text[] as path, current_database()::text as database,
       current_setting('server_version_num')::int as server`

// Printed definitions qualify what the search path does not find; with pg_catalog alone every other name is qualified.
const pathSql = `select set_config('search_path', 'pg_catalog', true)`

const extensionOf = (oid: string, catalogue: string) => `(
  select e.extname from pg_depend d join pg_extension e on e.oid = d.refobjid
   where d.classid = '${catalogue}'::regclass and d.objid = ${oid} and d.deptype = 'e'
     and d.refclassid = 'pg_extension'::regclass limit 1)`

const relationsSql = `
select c.oid::int8 as oid, n.nspname as schema, c.relname as name, c.relkind::text as kind,
  coalesce((select json_agg(json_build_object('name', a.attname, 'type', a.atttypid::int8,
      'generated', case when a.attgenerated <> '' then
        (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d
          where d.adrelid = a.attrelid and d.adnum = a.attnum) end) order by a.attnum)
     from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
  case when c.relkind in ('v', 'm') and c.oid >= ${firstUserOid} then pg_get_viewdef(c.oid) end as definition,
  (select json_agg(i.inhparent::int8 order by i.inhseqno) from pg_inherits i where i.inhrelid = c.oid) as parents,
  nullif(exists (select from pg_rewrite r where r.ev_class = c.oid and r.ev_type <> '1'
    and c.oid >= ${firstUserOid}), false) as rules,
  (select json_agg(t.tgname order by t.tgname) from pg_trigger t
    where t.tgrelid = c.oid and not t.tgisinternal and t.tgenabled <> 'D') as triggers,
  case when c.relrowsecurity then (select json_agg(e order by e) from pg_policy p,
    lateral (values (pg_get_expr(p.polqual, p.polrelid)), (pg_get_expr(p.polwithcheck, p.polrelid))) v(e)
    where p.polrelid = c.oid and e is not null) end as policies,
  ${extensionOf('c.oid', 'pg_class')} as extension
 from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and n.nspname !~ '^pg_(toast|temp)'
order by c.oid`

const functionsSql = `
select p.oid::int8 as oid, n.nspname as schema, p.proname as name, p.prokind::text as kind,
  p.provolatile::text as volatility, p.prosecdef as definer, l.lanname as language,
  p.pronargs::int as args, p.pronargdefaults::int as defaults, p.provariadic <> 0 as variadic,
  p.proretset as rows,
  coalesce(
    (select json_agg(coalesce(nullif(p.proargnames[i], ''), 'column' || i) order by i)
       from generate_subscripts(p.proargmodes, 1) i
      where p.proargmodes[i] in ('o', 'b', 't') having count(*) > 1),
    (select json_agg(a.attname order by a.attnum) from pg_type t
       join pg_attribute a on a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
      where t.oid = p.prorettype and t.typrelid <> 0)) as outs,
  case when l.lanname = 'sql' and p.provolatile <> 'v' and p.prokind = 'f'
    then coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) end as body,
  (select json_agg(distinct t::int8) from unnest(p.proargtypes::oid[] || p.prorettype || p.proallargtypes) t
    where t >= ${firstUserOid}) as types,
  pg_get_expr(p.proargdefaults, 0) as fallbacks,
  (select substr(s, 13) from unnest(p.proconfig) s where s like 'search\\_path=%' limit 1) as path,
  nullif(exists (select from unnest(p.proconfig) s where s not like 'search\\_path=%'), false) as settings,
  (select json_agg(u.oid::int8 order by u.oid) from pg_aggregate g,
     lateral (values (g.aggtransfn), (g.aggfinalfn), (g.aggcombinefn), (g.aggserialfn), (g.aggdeserialfn),
       (g.aggmtransfn), (g.aggminvtransfn), (g.aggmfinalfn)) f(fn)
     join pg_proc u on u.oid = f.fn and u.oid >= ${firstUserOid}
    where g.aggfnoid = p.oid) as uses,
  ${extensionOf('p.oid', 'pg_proc')} as extension
 from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
where p.oid >= ${firstUserOid} and n.nspname !~ '^pg_temp'
order by p.oid`

const operatorsSql = `
select n.nspname as schema, o.oprname as name, o.oprcode::oid::int8 as function
 from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
where o.oid >= ${firstUserOid} order by o.oid`

const castsSql = `
select castsource::int8 as source, casttarget::int8 as target, castfunc::int8 as function,
  castcontext::text as context
 from pg_cast where oid >= ${firstUserOid} and castfunc >= ${firstUserOid} order by oid`

const typesSql = `
select t.oid::int8 as oid, n.nspname as schema, t.typname as name,
  coalesce((select json_agg(pg_get_expr(c.conbin, 0) order by c.oid) from pg_constraint c
    where c.contypid = t.oid and c.conbin is not null), '[]') as checks,
  (select json_agg(distinct part::int8) from (
     select t.typbasetype union all select t.typelem
     union all select g.rngsubtype from pg_range g where t.oid in (g.rngtypid, g.rngmultitypid)
     union all select a.atttypid from pg_attribute a
       where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) x(part)
    where part >= ${firstUserOid} or (t.typtype = 'd' and part > 0)) as parts
 from pg_type t join pg_namespace n on n.oid = t.typnamespace
where t.oid >= ${firstUserOid}
  -- Of rows only those that hold user types; the others bring nothing.
  and (t.typtype <> 'c' or exists (select from pg_attribute a
    where a.attrelid = t.typrelid and a.attnum > 0 and a.atttypid >= ${firstUserOid}))
  and n.nspname !~ '^pg_(toast|temp)'
order by t.oid`

const outsSql = `
select coalesce(json_object_agg(name, outs), '{}') as outs from (
  select p.proname as name,
    case when count(distinct o.outs::text) = 1 then min(o.outs::text)::json end as outs
   from pg_proc p, lateral (
     select json_agg(p.proargnames[i] order by i) as outs from generate_subscripts(p.proargmodes, 1) i
      where p.proargmodes[i] in ('o', 'b', 't') having count(*) > 1) o
  where p.pronamespace = 'pg_catalog'::regnamespace and o.outs is not null
  group by 1) f`

const all = (sql: string) =>
  `coalesce((select json_agg(json_strip_nulls(row_to_json(x))) from (${sql}) x), '[]')`

const catalogueSql = `
select json_build_object('relations', ${all(relationsSql)}, 'functions', ${all(functionsSql)},
  'operators', ${all(operatorsSql)}, 'casts', ${all(castsSql)}, 'types', ${all(typesSql)},
  'outs', (select outs from (${outsSql}) o))::text as catalogue`

type Row = Readonly<Record<string, unknown>>

/**
 * Reads the catalogue of the session's database.
 *
 * `query` runs one statement without parameters and resolves to its rows, by column name, with int4 as number, text[]
 * as array and text as string (the defaults of `pg`). It must be inside ONE transaction that is rolled back
 * afterwards (read-only is enough): the search path is changed in it with effect until its end. The path found
 * before that is the role's own default, and is what unqualified names are resolved by; pin it on every
 * connection that runs judged statements (`sessionSettings`).
 */
export const readCatalogue = async (
  query: (sql: string) => Promise<readonly Row[]>,
): Promise<Catalogue> => {
  const [session] = await query(sessionSql)
  await query(pathSql)
  const [row] = await query(catalogueSql)
  const { path, database, server } = session as {
    path: readonly string[]
    database: string
    server: number
  }
  const text = String(row?.catalogue)
  const searchPath = path.filter((schema) => !schema.startsWith('pg_temp'))
  const version = createHash('sha256')
    .update(JSON.stringify([database, server, searchPath]))
    .update(text)
    .digest('hex')
    .slice(0, 32)
  // The text was put together by catalogueSql above from the system catalogue: its shape is Catalogue's.
  const parts = JSON.parse(text) as Omit<
    Catalogue,
    'version' | 'database' | 'server' | 'searchPath'
  >
  return { version, database, server, searchPath, ...parts }
}
