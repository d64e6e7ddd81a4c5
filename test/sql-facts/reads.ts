/** Everyday reading that must come out as a read, on the schema of support.ts. */
export const reads: readonly string[] = `
SELECT count(*) FROM orders
SELECT c.name, o.total FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.total > 100 ORDER BY o.total DESC LIMIT 10
SELECT c.email, count(*) FROM customers c JOIN orders o ON o.customer_id=c.id GROUP BY c.email HAVING count(*) > 1 ORDER BY 2 DESC
SELECT date_trunc('month', created_at) AS m, sum(total), avg(total)::numeric(10,2) FROM orders GROUP BY 1 ORDER BY 1
SELECT status, count(*) FILTER (WHERE total > 10) FROM orders GROUP BY status
SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY created_at DESC) rn FROM orders
SELECT *, lag(total) OVER w, sum(total) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM orders WINDOW w AS (PARTITION BY status ORDER BY id)
SELECT id, rank() OVER (ORDER BY total DESC NULLS LAST), ntile(4) OVER (ORDER BY total), percent_rank() OVER (ORDER BY total) FROM orders
WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n+1 FROM t WHERE n < 100) SELECT sum(n) FROM t
WITH a AS (SELECT * FROM orders), b AS (SELECT customer_id, max(total) AS top FROM a GROUP BY customer_id) SELECT a.id, b.top FROM a JOIN b USING (customer_id)
SELECT '{"a":{"b":[1,2]}}'::jsonb #>> '{a,b,0}', '{"a":1}'::json->>'a', jsonb_path_query('[1,2]'::jsonb, '$[*]')
SELECT key, value FROM jsonb_each('{"a":1}')
SELECT * FROM json_to_recordset('[{"a":1,"b":"x"}]') AS x(a int, b text)
SELECT * FROM jsonb_to_record('{"a":1}') AS x(a int)
SELECT e->>'sku' FROM jsonb_array_elements('[{"sku":1}]'::jsonb) AS e
SELECT * FROM generate_series(1,10) WITH ORDINALITY AS t(v, n)
SELECT d::date FROM generate_series(now() - interval '7 days', now(), interval '1 day') d
SELECT d.day, coalesce(count(o.id),0) FROM generate_series(date '2024-01-01', date '2024-01-31', interval '1 day') AS d(day) LEFT JOIN orders o ON o.created_at::date = d.day::date GROUP BY d.day ORDER BY d.day
SELECT unnest(ARRAY[1,2,3]), unnest('{a,b,c}'::text[])
SELECT * FROM unnest(ARRAY[1,2], ARRAY['a','b']) AS t(a,b)
SELECT o.id, x.v FROM orders o, LATERAL (SELECT o.total * 2 AS v) x
SELECT c.id, l.total FROM customers c LEFT JOIN LATERAL (SELECT total FROM orders o WHERE o.customer_id = c.id ORDER BY created_at DESC LIMIT 1) l ON true
SELECT c.id FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)
SELECT c.id FROM customers c WHERE c.id IN (SELECT customer_id FROM orders WHERE total > 5)
SELECT c.id FROM customers c WHERE c.id NOT IN (1,2,3) AND c.name IS NOT NULL AND c.balance BETWEEN 1 AND 10
SELECT (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) AS n, c.name FROM customers c
SELECT CASE WHEN total > 100 THEN 'big' WHEN total IS NULL THEN 'none' ELSE 'small' END AS size, count(*) FROM orders GROUP BY 1
SELECT coalesce(note,'-'), nullif(status,''), greatest(1,total), least(1,2) FROM orders
SELECT extract(year from created_at), date_part('dow', created_at), age(created_at), to_char(created_at,'YYYY-MM') FROM orders
SELECT created_at AT TIME ZONE 'UTC', now()::date, current_date, current_timestamp, localtime FROM orders
SELECT upper(name), length(name), trim(name), substring(name from 1 for 3), position('a' in name), overlay(name placing 'x' from 1), split_part(name,' ',1) FROM customers
SELECT regexp_replace(name,'a','b','g'), regexp_matches(name,'x'), name ~* '^a', name SIMILAR TO '%x%', name LIKE 'a\\%' ESCAPE '\\' FROM customers
SELECT string_agg(status, ',' ORDER BY status), array_agg(DISTINCT status), json_agg(o), jsonb_object_agg(id, status) FROM orders o
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total), mode() WITHIN GROUP (ORDER BY status) FROM orders
SELECT status, customer_id, sum(total), grouping(status) FROM orders GROUP BY ROLLUP (status, customer_id)
SELECT status, sum(total) FROM orders GROUP BY CUBE (status, customer_id)
SELECT to_tsvector('english', note) @@ plainto_tsquery('x'), ts_rank(to_tsvector(note), to_tsquery('a & b')), ts_headline(note, to_tsquery('a')) FROM orders
SELECT md5('a'), sha256('a'::bytea), encode('a'::bytea,'hex'), gen_random_uuid(), random(), clock_timestamp()
SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'
SELECT c.relname, pg_relation_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'
SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = 'orders'::regclass AND a.attnum > 0
SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'orders'
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'public.customers'::regclass
SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE proname = 'trg'
SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
SELECT datname, pg_size_pretty(pg_database_size(datname)) FROM pg_database
SELECT pid, state, wait_event, backend_start FROM pg_stat_activity
SELECT count(*) FROM pg_stat_activity WHERE state = 'active'
SELECT name, setting FROM pg_settings WHERE name LIKE 'work%'
SELECT * FROM pg_settings
SELECT rolname, rolsuper FROM pg_roles
SELECT tablename, attname, n_distinct FROM pg_stats
SELECT * FROM pg_locks
SELECT locktype, pid, mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
SELECT version(), current_user, session_user, current_database(), pg_backend_pid(), inet_server_addr()
SELECT obj_description('orders'::regclass), col_description('orders'::regclass, 1)
SELECT has_table_privilege('orders','select')
SHOW ALL
SHOW server_version
SHOW timezone
SHOW statement_timeout
SHOW TRANSACTION ISOLATION LEVEL
EXPLAIN SELECT * FROM orders
EXPLAIN (FORMAT JSON, COSTS OFF) SELECT * FROM orders WHERE id = 1
EXPLAIN ANALYZE SELECT count(*) FROM orders
EXPLAIN (ANALYZE, BUFFERS) SELECT o.* FROM orders o
EXPLAIN DELETE FROM orders
EXPLAIN (ANALYZE OFF) UPDATE orders SET status = 'x'
SELECT * FROM customers
SELECT id, email FROM customers ORDER BY email
SELECT email, count(*) FROM customers GROUP BY email
SELECT DISTINCT email FROM customers
SELECT count(DISTINCT email) FROM customers
SELECT count(ssn) FROM customers
SELECT count(*) FROM customers WHERE ssn IS NULL
SELECT id, name FROM customers WHERE email = 'a@example.com'
SELECT id, name FROM customers WHERE email = $1
SELECT id FROM customers WHERE email IN ('a@x','b@x')
SELECT lower(email), coalesce(ssn,'none'), ssn || '-' || name, left(ssn,3) FROM customers
SELECT CASE WHEN ssn IS NULL THEN 'no' ELSE 'yes' END FROM customers
SELECT a.id, b.id FROM customers a JOIN customers b ON a.email = b.email AND a.id < b.id
SELECT a.id FROM customers a JOIN customers b USING (email)
SELECT max(email), min(ssn) FROM customers
SELECT json_build_object('id', id, 'email', email) FROM customers
SELECT array_agg(email) FROM customers
SELECT o.ctid, o.xmin, o.tableoid::regclass FROM orders o
SELECT * FROM orders TABLESAMPLE BERNOULLI (10) REPEATABLE (1)
SELECT 1 UNION SELECT 2 INTERSECT SELECT 3 ORDER BY 1 LIMIT 5
SELECT email FROM customers UNION ALL SELECT note FROM orders
SELECT * FROM (VALUES (1,'a'),(2,'b')) AS v(id, label) JOIN orders o ON o.id = v.id
SELECT * FROM orders NATURAL JOIN (SELECT id FROM customers) x
SELECT (o).id, (o).* FROM orders o
SELECT o FROM orders o
SELECT row(1,2), ROW(o.*) FROM orders o
SELECT 1 = ANY(ARRAY[1,2]), 1 < ALL(SELECT id FROM orders), (1,2) IN (SELECT id, customer_id FROM orders)
SELECT xmlelement(name foo, xmlattributes(1 as a), 'x'), xmlforest(id, status) FROM orders
SELECT int4range(1,5) @> 3, '[1,2]'::numrange, daterange('2024-01-01','2024-02-01') && daterange('2024-01-15','2024-01-20'), lower(int4range(1,2))
SELECT B'101', X'1F', 1.5e3, 'x'::bytea, interval '1 day', date '2024-01-01', timestamp '2024-01-01'
SELECT COLLATION FOR ('a'), 'a' COLLATE "C" < 'b'
SELECT bool_and(true), every(true), bit_or(1), stddev(total), corr(total, id), regr_slope(total, id) FROM orders
SELECT setweight(to_tsvector('a'),'A'), strip(to_tsvector('a')), numnode('a'::tsquery)
SELECT txid_current_if_assigned(), pg_current_snapshot(), pg_is_in_recovery(), pg_postmaster_start_time()
SELECT width_bucket(total, 0, 100, 10), count(*) FROM orders GROUP BY 1
SELECT format('%s-%s', id, status), quote_ident('a'), concat_ws(',', id, status), lpad(id::text, 5, '0'), chr(65), ascii('A'), repeat('x',3), reverse('abc'), initcap('abc'), translate('a','b','c'), to_hex(255) FROM orders
SELECT make_date(2024,1,1), make_interval(days => 3), justify_days(interval '40 days'), date_bin('15 minutes', now(), timestamp '2001-01-01'), to_timestamp(0), isfinite(now())
SELECT array_length(ARRAY[1],1), cardinality(ARRAY[1]), array_position(ARRAY[1,2],2), array_remove(ARRAY[1],1), array_to_string(ARRAY['a'],','), string_to_array('a,b',','), ARRAY[1] || 2, ARRAY[1] && ARRAY[1]
SELECT * FROM pg_stat_user_indexes
SELECT * FROM pg_stat_database
SELECT * FROM pg_tables
SELECT * FROM pg_views
SELECT * FROM pg_extension
SELECT * FROM pg_timezone_names
SELECT * FROM information_schema.tables
SELECT * FROM pg_partition_tree('orders'::regclass)
SELECT * FROM pg_options_to_table(NULL)
SELECT pg_typeof(id), pg_column_size(note) FROM orders
SELECT n_live_tup, n_dead_tup, last_autovacuum FROM pg_stat_all_tables WHERE schemaname='public'
SELECT DISTINCT ON (customer_id) customer_id, id, total FROM orders ORDER BY customer_id, created_at DESC
SELECT * FROM orders ORDER BY created_at DESC FETCH FIRST 5 ROWS WITH TIES
SELECT * FROM orders OFFSET 5 LIMIT ALL
SELECT a.n FROM (SELECT generate_series(1,5) AS n) a WHERE a.n % 2 = 0
SELECT t.* FROM orders AS t(a,b,c,d,e,f,g) WHERE t.a = 1
WITH t AS NOT MATERIALIZED (SELECT 1 AS x) TABLE t
WITH RECURSIVE s AS (SELECT 1 AS id, 0 AS parent UNION SELECT id+1, id FROM s WHERE id<5) SEARCH DEPTH FIRST BY id SET ord CYCLE id SET is_cycle USING path SELECT id, ord, is_cycle, path FROM s
SELECT j.id, k.note FROM (orders j JOIN customers c ON c.id = j.customer_id) LEFT JOIN orders k ON k.id = j.id
SELECT q.x FROM (orders o JOIN customers c ON c.id = o.customer_id) AS q(x)
SELECT x.* FROM ROWS FROM (generate_series(1,2), generate_series(1,3)) AS x(a,b)
SELECT current_setting('TimeZone'), current_setting('work_mem', true)
SELECT interval '1 hour' * 2, now() - '1 day'::interval, (now(), now()) OVERLAPS (now(), now())
SELECT jsonb_set('{}'::jsonb,'{a}','1'), '{"a":1}'::jsonb ? 'a', '{"a":1}'::jsonb @> '{}', jsonb_pretty('{}'::jsonb), jsonb_strip_nulls('{}'), to_jsonb(o) FROM orders o
SELECT ('{"a":1}'::jsonb)['a']
SELECT name FROM customers WHERE lower(name) LIKE '%smith%' AND created_at >= now() - interval '30 days'
SELECT customers.name FROM public.customers WHERE public.customers.id = 1
SELECT NOT true, true IS NOT FALSE, NULL IS UNKNOWN, 1 IS DISTINCT FROM 2
SELECT (ARRAY[1,2,3])[1:2], ('{"a":1}'::jsonb)['a']
SELECT '192.168.0.1'::inet << '192.168.0.0/16', host('10.0.0.1'::inet)
SELECT * FROM xmltable('/r' PASSING ('<r><a>1</a></r>'::xml) COLUMNS a int PATH 'a')
SELECT twice(id), body_atomic(id), 1 <+> 2, good_agg(id) FROM orders GROUP BY id
SELECT ssn_of(1)
SELECT o.label, label(o), (o).label FROM orders o
SELECT 5::positive, 'red'::tint
SELECT * FROM tenants
SELECT * FROM tinted
SELECT 'x'::text::varchar, CASE WHEN true THEN 1 ELSE 2::int END, nullif(1,2), current_date, localtimestamp(2), (SELECT 1), (VALUES (1)), ARRAY(SELECT 1), (SELECT count(*)::int FROM orders), CASE WHEN true THEN 1 ELSE (id) END, (ARRAY[1])[1], least(1,2)::text, now() AT TIME ZONE 'UTC', extract(year from now()), user, 1 IN (SELECT 2), 1 + 1, $$x$$, NOT true, status COLLATE "C" IS NULL FROM orders
SELECT span(1, 2), '[1,2]'::span @> 1.5::float8
SELECT * FROM v_ids
SELECT * FROM v_note
SELECT pid FROM v_pid
SELECT n FROM mv
SELECT * FROM people_eu
SELECT last_value FROM seq
SELECT mail_domain FROM customers
SELECT doc->>'a', doc @> '{"a":1}', doc ? 'a' FROM orders
SELECT jsonb_array_length('[1]'::jsonb), jsonb_typeof(doc) FROM orders
SELECT k, v FROM orders o, jsonb_each(o.doc) AS j(k, v)
SELECT o.id, t.* FROM orders o CROSS JOIN LATERAL jsonb_to_record(o.doc) AS t(a int)
WITH secrets AS (SELECT 1 AS v) SELECT v FROM secrets
SELECT string_agg(name, ', ' ORDER BY created_at) FILTER (WHERE balance > 0) FROM customers
SELECT id FROM orders WHERE (customer_id, status) IN ((1,'open'),(2,'open'))
SELECT sum(total) FILTER (WHERE status = 'open') * 100.0 / nullif(sum(total), 0) FROM orders
SELECT customer_id, array_agg(id ORDER BY id) FROM orders GROUP BY customer_id HAVING sum(total) > 10
SELECT c.id, o.n FROM customers c LEFT JOIN (SELECT customer_id, count(*) n FROM orders GROUP BY 1) o ON o.customer_id = c.id
SELECT id FROM orders WHERE note ~ '^[a-z]+$' OR note ILIKE ANY (ARRAY['a%','b%'])
SELECT date_trunc('week', created_at)::date AS wk, count(DISTINCT customer_id) FROM orders GROUP BY wk ORDER BY wk
SELECT * FROM orders WHERE created_at > now() - make_interval(days => 7) ORDER BY id FETCH FIRST ROW ONLY
SELECT first_value(id) OVER (PARTITION BY status ORDER BY id RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW) FROM orders
SELECT 'DROP TABLE customers; DELETE FROM orders' AS txt, $$DELETE FROM orders$$ AS d
SELECT 1 AS "delete", 2 AS "update;"
SELECT /* DELETE FROM orders; */ 1 -- DROP TABLE x
SELECT e'\\'; drop table customers; --'
SELECT U&'\\0061', U&"\\0069d" FROM orders
SELECT a.id FROM orders a JOIN orders b USING (id) AS j WHERE j.id = 1
SELECT count(*) FROM customers WHERE ssn IS NOT NULL AND email = 'u1@example.com'
SELECT md5(email), length(ssn), upper(email), ssn || '' FROM customers
SELECT email, count(*) OVER (PARTITION BY email) FROM customers
SELECT id FROM customers WHERE email = $1 AND id > $2
SELECT c.email, o.id FROM customers c JOIN orders o ON o.note = c.email
SELECT id FROM customers WHERE ssn IN (SELECT ssn FROM people)
EXPLAIN SELECT * FROM v_note
`
  .split('\n')
  .filter((line) => line !== '')
