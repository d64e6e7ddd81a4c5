/** What sql_schema asks the catalogue. $1 pattern (LIKE), $2 schema.name of denied tables, $3 kinds of relation. */
export type Kind = 'table' | 'view' | 'function' | 'index'
export type Detail = 'names' | 'summary' | 'full'

const ours = `n.nspname <> 'information_schema' and n.nspname !~ '^pg_'`
const match = (name: string): string =>
  `(case when $1 like '%.%' then n.nspname || '.' || ${name} else ${name}::text end) ilike $1`
const allowed = (name: string): string =>
  `not (lower(n.nspname || '.' || ${name}) = any ($2::text[]))`

const columns = (full: boolean): string => `(select json_agg(json_build_array(a.attname,
  format_type(a.atttypid, a.atttypmod), a.attnotnull, ${
    full ? 'pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum)' : 'null, null'
  }) order by a.attnum)
  from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns`

const fullRelation = `,
  (select json_agg(pg_get_constraintdef(k.oid) order by k.contype, k.conname) from pg_constraint k
    left join pg_class f on f.oid = k.confrelid left join pg_namespace fn on fn.oid = f.relnamespace
    where k.conrelid = c.oid and not coalesce(lower(fn.nspname || '.' || f.relname) = any ($2::text[]), false))
    as constraints,
  (select json_agg(pg_get_indexdef(i.indexrelid) order by i.indexrelid) from pg_index i
    where i.indrelid = c.oid) as indexes,
  (select json_agg(t.tgname order by t.tgname) from pg_trigger t
    where t.tgrelid = c.oid and not t.tgisinternal) as triggers,
  case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end as definition`

const relations = (detail: Detail): string => `
select n.nspname as schema, c.relname as name,
  case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
    when 'p' then 'partitioned table' else 'table' end as kind${
      detail === 'names'
        ? ''
        : `, case when c.reltuples >= 0 then c.reltuples::int8 end as rows,
  obj_description(c.oid, 'pg_class') as comment, ${columns(detail === 'full')}`
    }${detail === 'full' ? fullRelation : ''}
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind::text = any ($3::text[]) and ${ours} and ${match('c.relname')} and ${allowed('c.relname')}
order by 1, 2`

const indexes = (detail: Detail): string => `
select n.nspname as schema, c.relname as name, t.relname as on_table${
  detail === 'names'
    ? ''
    : `, i.indisunique as is_unique, i.indisvalid as valid, pg_get_indexdef(c.oid) as definition`
}${detail === 'full' ? ', pg_relation_size(c.oid) as bytes' : ''}
from pg_class c join pg_namespace n on n.oid = c.relnamespace
join pg_index i on i.indexrelid = c.oid join pg_class t on t.oid = i.indrelid
where c.relkind::text = any ($3::text[]) and ${ours} and (${match('c.relname')} or ${match('t.relname')})
  and ${allowed('t.relname')}
order by 1, 3, 2`

const functions = (detail: Detail): string => `
select n.nspname as schema, p.proname as name${
  detail === 'names'
    ? ''
    : `, pg_get_function_identity_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as returns,
  case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end as volatility`
}${
  detail === 'full'
    ? `, l.lanname as language, p.prosecdef as security_definer, obj_description(p.oid, 'pg_proc') as comment`
    : ''
}
from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
where ${ours} and ${match('p.proname')} and $2::text[] is not null and $3::text[] is not null
order by 1, 2`

/** The statement for a kind, and which relkinds it is about. Runs under the search path `pg_catalog`. */
export const schemaSql = (
  kind: Kind | undefined,
  detail: Detail,
): { readonly sql: string; readonly relkinds: string } => {
  switch (kind) {
    case 'function':
      return { sql: functions(detail), relkinds: '{}' }
    case 'index':
      return { sql: indexes(detail), relkinds: '{i,I}' }
    case 'table':
      return { sql: relations(detail), relkinds: '{r,p,f}' }
    case 'view':
      return { sql: relations(detail), relkinds: '{v,m}' }
    case undefined:
      return { sql: relations(detail), relkinds: '{r,p,f,v,m}' }
  }
}
