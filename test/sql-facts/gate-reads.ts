/** Reading as analysts and agents write it, on the schema of gate.test.ts: each line is allowed, and runs. */
export const gateReads: readonly string[] = `
SELECT status, count(*) AS n, round(100.0 * count(*) / sum(count(*)) OVER (), 2) AS pct FROM orders GROUP BY status ORDER BY n DESC
SELECT date_trunc('day', created_at) AS day, count(*) FROM orders WHERE created_at > now() - interval '30 days' GROUP BY 1 ORDER BY 1
SELECT customer_id, total, rank() OVER (PARTITION BY customer_id ORDER BY total DESC) AS r FROM orders
SELECT id, total, total - lag(total) OVER (ORDER BY id) AS delta FROM orders
SELECT id, avg(total) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND 1 FOLLOWING) FROM orders
SELECT id, sum(total) OVER w AS running, count(*) OVER w FROM orders WINDOW w AS (PARTITION BY status ORDER BY id)
SELECT id, ntile(4) OVER (ORDER BY total), cume_dist() OVER (ORDER BY total), dense_rank() OVER (ORDER BY status) FROM orders
SELECT id, first_value(note) OVER (PARTITION BY status ORDER BY created_at DESC), last_value(id) OVER (ORDER BY id RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM orders
SELECT created_at, sum(total) OVER (ORDER BY created_at RANGE BETWEEN INTERVAL '7 days' PRECEDING AND CURRENT ROW) FROM orders
SELECT id, count(*) OVER (ORDER BY id GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES) FROM orders
WITH monthly AS (SELECT date_trunc('month', created_at) m, sum(total) s FROM orders GROUP BY 1) SELECT m, s, s - lag(s) OVER (ORDER BY m) FROM monthly
WITH RECURSIVE fib(a, b) AS (SELECT 0, 1 UNION ALL SELECT b, a + b FROM fib WHERE b < 1000) SELECT a FROM fib
WITH RECURSIVE d(day) AS (SELECT date '2024-01-01' UNION ALL SELECT day + 1 FROM d WHERE day < date '2024-01-10') SELECT * FROM d
WITH RECURSIVE tree AS (SELECT 1 AS id, ARRAY[1] AS path UNION ALL SELECT id + 1, path || (id + 1) FROM tree WHERE id < 5) SELECT id, array_to_string(path, '>') FROM tree
WITH a AS MATERIALIZED (SELECT id FROM orders), b AS NOT MATERIALIZED (SELECT id FROM customers) SELECT count(*) FROM a FULL OUTER JOIN b USING (id)
WITH RECURSIVE t(n) AS (VALUES (1) UNION SELECT n * 2 FROM t WHERE n < 100) SEARCH BREADTH FIRST BY n SET o SELECT n FROM t ORDER BY o
SELECT c.id, x.last_total FROM customers c LEFT JOIN LATERAL (SELECT total AS last_total FROM orders o WHERE o.customer_id = c.id ORDER BY created_at DESC LIMIT 1) x ON true
SELECT c.name, o.* FROM customers c CROSS JOIN LATERAL (SELECT id, total FROM orders WHERE customer_id = c.id ORDER BY total DESC LIMIT 3) o
SELECT '{"a": [1, 2, {"b": 3}]}'::jsonb #> '{a,2,b}', '{"a":1}'::jsonb ->> 'a', '[1,2]'::jsonb -> 0
SELECT '{"a":1,"b":2}'::jsonb @> '{"a":1}', '{"a":1}'::jsonb ? 'a', '{"a":1}'::jsonb ?| array['x','a'], '{"a":1}'::jsonb ?& array['a']
SELECT '{"a":1}'::jsonb || '{"b":2}'::jsonb, '{"a":1,"b":2}'::jsonb - 'a', '{"a":{"b":1}}'::jsonb #- '{a,b}'
SELECT jsonb_path_query('{"a":[1,2,3]}', '$.a[*] ? (@ > 1)'), jsonb_path_exists('{"a":1}', '$.a'), '{"a":5}'::jsonb @? '$.a ? (@ > 3)', '{"a":5}'::jsonb @@ '$.a == 5'
SELECT jsonb_set('{"a":1}', '{b}', '2', true), jsonb_insert('{"a":[1]}', '{a,0}', '0'), jsonb_strip_nulls('{"a":null}')
SELECT key, value, jsonb_typeof(value) FROM jsonb_each('{"a":1,"b":"x"}'::jsonb)
SELECT * FROM jsonb_to_recordset('[{"a":1,"b":"x"},{"a":2}]') AS t(a int, b text)
SELECT * FROM json_array_elements_text('["a","b"]') WITH ORDINALITY AS e(v, i)
SELECT json_agg(json_build_object('id', id, 'total', total) ORDER BY id) FROM orders
SELECT jsonb_object_agg(id, status) FROM orders WHERE id < 5
SELECT row_to_json(o) FROM (SELECT id, status FROM orders) o
SELECT to_jsonb(o) - 'note' FROM orders o LIMIT 3
SELECT json_object('{a,1,b,2}'), json_object('{a,b}', '{1,2}')
SELECT JSON_OBJECT('id': id, 'status': status) FROM orders LIMIT 2
SELECT JSON_ARRAYAGG(id ORDER BY id) FROM orders
SELECT * FROM JSON_TABLE('[{"a":1}]'::jsonb, '$[*]' COLUMNS (a int PATH '$.a')) jt
SELECT JSON_VALUE('{"a":"x"}'::jsonb, '$.a'), JSON_QUERY('{"a":[1]}'::jsonb, '$.a'), JSON_EXISTS('{"a":1}'::jsonb, '$.a')
SELECT '{"a":1}' IS JSON, '[1]' IS JSON ARRAY
SELECT ARRAY[1,2,3] || 4, ARRAY[1,2] @> ARRAY[1], ARRAY[1,2] && ARRAY[2,3], array_length(ARRAY[[1,2],[3,4]], 2)
SELECT array_agg(DISTINCT status ORDER BY status), array_agg(id) FILTER (WHERE total > 10) FROM orders
SELECT unnest(string_to_array('a,b,c', ',')), generate_subscripts(ARRAY['a','b'], 1)
SELECT (ARRAY[1,2,3,4])[2:3], array_position(ARRAY['a','b'], 'b'), array_remove(ARRAY[1,2,1], 1), array_replace(ARRAY[1,2], 1, 9), trim_array(ARRAY[1,2,3], 1)
SELECT id FROM orders WHERE status = ANY ('{paid,open}'::text[]) AND id <> ALL (ARRAY[1,2])
SELECT * FROM unnest(ARRAY[1,2], ARRAY['x','y']) WITH ORDINALITY AS u(n, t, i)
SELECT to_tsvector('english', 'The quick brown foxes') @@ to_tsquery('english', 'fox & quick')
SELECT id, ts_rank_cd(to_tsvector('simple', note), q) FROM orders, websearch_to_tsquery('simple', 'note 1') q WHERE to_tsvector('simple', note) @@ q
SELECT ts_headline('english', 'a quick fox', plainto_tsquery('fox')), phraseto_tsquery('quick fox'), tsvector_to_array(to_tsvector('a b'))
SELECT * FROM ts_debug('english', 'hello world')
SELECT 'fat & (rat | cat)'::tsquery, 'a fat cat'::tsvector, querytree('a'::tsquery)
SELECT now() - interval '1 day', age(timestamp '2024-01-01', timestamp '2023-01-01'), date_part('hour', now()), extract(epoch FROM interval '1 hour')
SELECT date_trunc('week', now()), date_trunc('hour', now(), 'Europe/Berlin'), now() AT TIME ZONE 'America/New_York'
SELECT to_char(now(), 'YYYY-MM-DD HH24:MI:SS'), to_date('2024-01-31', 'YYYY-MM-DD'), to_timestamp('31/01/2024', 'DD/MM/YYYY')
SELECT make_date(2024, 2, 29), make_timestamp(2024, 1, 1, 0, 0, 0), make_interval(hours => 2), justify_interval(interval '1 mon -1 hour')
SELECT generate_series(date '2024-01-01', date '2024-01-07', '1 day')::date AS d
SELECT d::date, coalesce(count(o.id), 0) FROM generate_series(now() - interval '6 days', now(), '1 day') d LEFT JOIN orders o ON o.created_at::date = d::date GROUP BY 1 ORDER BY 1
SELECT (date '2024-01-01', date '2024-02-01') OVERLAPS (date '2024-01-15', interval '10 days')
SELECT extract(isodow FROM created_at) AS dow, extract(hour FROM created_at), count(*) FROM orders GROUP BY 1, 2
SELECT current_date, current_time, localtimestamp(0), transaction_timestamp(), statement_timestamp(), clock_timestamp()
SELECT date_bin('15 minutes', created_at, timestamptz '2001-01-01') AS bucket, count(*) FROM orders GROUP BY bucket
SELECT 'infinity'::timestamp, '-infinity'::date, isfinite(now()), 'tomorrow'::date - 'today'::date
SELECT status, date_trunc('month', created_at), sum(total) FROM orders GROUP BY ROLLUP (status, date_trunc('month', created_at))
SELECT status, customer_id, count(*), grouping(status, customer_id) FROM orders GROUP BY CUBE (status, customer_id)
SELECT status, customer_id, sum(total) FROM orders GROUP BY GROUPING SETS ((status, customer_id), (status), ())
SELECT customer_id, status, count(*) FROM orders GROUP BY DISTINCT ROLLUP (customer_id, status), ROLLUP (customer_id)
SELECT percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY total), percentile_disc(0.9) WITHIN GROUP (ORDER BY total) FROM orders
SELECT mode() WITHIN GROUP (ORDER BY status), rank(10) WITHIN GROUP (ORDER BY total), percent_rank(10) WITHIN GROUP (ORDER BY total) FROM orders
SELECT corr(id, total), covar_pop(id, total), regr_r2(total, id), stddev_samp(total), var_pop(total) FROM orders
SELECT bool_or(total > 50), bool_and(total > 0), bit_and(id), bit_xor(id), every(id > 0) FROM orders
SELECT count(*) FILTER (WHERE status = 'paid') AS paid, sum(total) FILTER (WHERE total BETWEEN 10 AND 20) FROM orders
SELECT any_value(status), min(created_at), max(created_at), range_agg(int4range(id, id + 1)) FROM orders
SELECT string_agg(DISTINCT status, ', ' ORDER BY status) FROM orders
SELECT width_bucket(total, 0, 100, 5) AS b, count(*), repeat('*', count(*)::int) FROM orders GROUP BY 1 ORDER BY 1
SELECT customer_id FROM orders GROUP BY customer_id HAVING count(*) > 1 AND sum(total) > 10
SELECT DISTINCT ON (customer_id) customer_id, id, created_at FROM orders ORDER BY customer_id, created_at DESC
EXPLAIN SELECT * FROM orders WHERE customer_id = 5
EXPLAIN (FORMAT JSON) SELECT count(*) FROM orders
EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) SELECT count(*) FROM orders WHERE total > 10
EXPLAIN VERBOSE SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id
EXPLAIN (COSTS OFF, SETTINGS, WAL FALSE) SELECT 1
EXPLAIN (ANALYZE FALSE) DELETE FROM orders WHERE id = 1
EXPLAIN UPDATE orders SET total = 0 WHERE id = 1
EXPLAIN INSERT INTO orders (id) VALUES (1)
EXPLAIN (SUMMARY, FORMAT YAML) WITH x AS (SELECT 1) SELECT * FROM x
EXPLAIN (ANALYZE, VERBOSE, FORMAT XML) SELECT status, count(*) FROM orders GROUP BY status
SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2
SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_name = 'orders' ORDER BY ordinal_position
SELECT constraint_name, constraint_type FROM information_schema.table_constraints WHERE table_name = 'customers'
SELECT kcu.column_name FROM information_schema.table_constraints tc JOIN information_schema.key_column_usage kcu USING (constraint_name, table_schema) WHERE tc.constraint_type = 'PRIMARY KEY'
SELECT routine_name, routine_type, data_type FROM information_schema.routines WHERE routine_schema = 'public'
SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'
SELECT schemaname, tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
SELECT relname, seq_scan, idx_scan, n_live_tup, n_dead_tup, last_autovacuum FROM pg_stat_user_tables ORDER BY n_dead_tup DESC
SELECT relname, pg_size_pretty(pg_total_relation_size(relid)) FROM pg_statio_user_tables ORDER BY pg_total_relation_size(relid) DESC
SELECT c.oid::regclass, c.reltuples::bigint, pg_size_pretty(pg_relation_size(c.oid)), pg_size_pretty(pg_indexes_size(c.oid)) FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
SELECT datname, pg_size_pretty(pg_database_size(oid)), numbackends, xact_commit, blks_hit * 100.0 / nullif(blks_hit + blks_read, 0) FROM pg_database JOIN pg_stat_database USING (datname)
SELECT indexrelname, idx_scan FROM pg_stat_user_indexes WHERE idx_scan = 0
SELECT n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public'
SELECT prosrc FROM pg_proc WHERE proname = 'do_purge'
SELECT pg_get_functiondef('do_purge()'::regprocedure)
SELECT pg_get_viewdef('v_customers', true)
SELECT conname, contype, pg_get_constraintdef(oid, true) FROM pg_constraint WHERE conrelid = 'customers'::regclass
SELECT t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE NOT tgisinternal
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull FROM pg_attribute a WHERE a.attrelid = 'orders'::regclass AND a.attnum > 0 AND NOT a.attisdropped
SELECT i.relname, array_agg(a.attname ORDER BY k.ord) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY AS k(attnum, ord) JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum GROUP BY 1
SELECT e.extname, e.extversion, n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
SELECT name, setting, unit, source FROM pg_settings WHERE category ILIKE '%memory%'
SELECT pid, usename, application_name, client_addr, state, wait_event_type, now() - query_start AS running FROM pg_stat_activity WHERE state <> 'idle'
SELECT state, count(*) FROM pg_stat_activity GROUP BY state
SELECT max(age(datfrozenxid)) FROM pg_database
SELECT l.mode, l.granted, c.relname FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation
SELECT pid, pg_blocking_pids(pid) FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0
SELECT checkpoints_timed FROM (SELECT num_timed AS checkpoints_timed FROM pg_stat_checkpointer) x
SELECT attname, n_distinct, null_frac, avg_width, correlation FROM pg_stats WHERE tablename = 'orders'
SELECT rolname, rolsuper, rolcreaterole, rolcanlogin FROM pg_roles ORDER BY 1
SELECT grantee, privilege_type FROM information_schema.role_table_grants WHERE table_name = 'orders'
SELECT has_table_privilege(current_user, 'orders', 'SELECT'), has_schema_privilege('public', 'USAGE')
SELECT version(), current_database(), current_schema(), current_schemas(true), current_user, session_user, inet_server_port()
SELECT pg_postmaster_start_time(), now() - pg_postmaster_start_time() AS uptime, pg_conf_load_time()
SELECT pg_is_in_recovery(), pg_current_wal_lsn(), pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')
SELECT enumlabel FROM pg_enum JOIN pg_type t ON t.oid = enumtypid WHERE t.typname = 'mood'
SELECT obj_description('orders'::regclass, 'pg_class'), col_description('orders'::regclass, 1)
SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'orders'::regclass
SELECT sequencename, last_value, increment_by FROM pg_sequences
SELECT last_value, is_called FROM order_seq
SELECT pg_get_serial_sequence('audit_log', 'id')
SELECT * FROM pg_stat_progress_vacuum
SELECT to_regclass('public.orders'), to_regtype('int4'), 'int4'::regtype, 'public'::regnamespace
SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype = 'f'
SELECT typname, typtype, typcategory FROM pg_type WHERE typnamespace = 'public'::regnamespace
SELECT regexp_replace(note, '\\d+', '#', 'g'), regexp_match(note, '(\\w+) (\\d+)'), regexp_split_to_array(note, '\\s+') FROM orders LIMIT 5
SELECT regexp_count(note, 'e'), regexp_instr(note, 'e'), regexp_like(note, '^n', 'i'), regexp_substr(note, '\\d+') FROM orders LIMIT 3
SELECT id FROM orders WHERE note ~ '^note [0-9]+$' AND note !~* 'xyz' AND note NOT LIKE '%\\_%' ESCAPE '\\' AND note SIMILAR TO '(note|memo)%'
SELECT substring(note FROM '[0-9]+')::int FROM orders
SELECT upper(name), initcap(name), lower(name), length(name), reverse(name), left(name, 2), right(name, 2) FROM customers
SELECT format('%s: %L %I %5s', name, name, name, id) FROM customers
SELECT split_part(name, ' ', 2), position(' ' IN name), strpos(name, 'e'), lpad(id::text, 6, '0'), rpad(name, 20, '.'), btrim('  x ') FROM customers
SELECT translate(name, 'aeiou', '*****'), ascii(name), chr(65), md5(name), to_hex(id), quote_literal(name), concat(name, '-', id) FROM customers
SELECT unaccent FROM (SELECT 'a' AS unaccent) x
SELECT starts_with(name, 'n'), name ^@ 'n', octet_length(name), normalize(name, NFC), string_to_array(name, ' ') FROM customers
SELECT encode(sha256(name::bytea), 'hex'), encode('abc'::bytea, 'base64'), decode('YWJj', 'base64') FROM customers LIMIT 1
SELECT '42'::int, 42::text, '3.14'::numeric(5,2), 'true'::bool, CAST('2024-01-01' AS date), int '7', '1 day'::interval, 1.5::float8::int
SELECT total::money, total::int, round(total, 1), ceil(total), floor(total), trunc(total, 1), sign(total), mod(id, 7), id % 3, power(2, 10), sqrt(16), cbrt(27), ln(10), log(100), exp(1), pi(), gcd(12, 18), lcm(4, 6) FROM orders LIMIT 2
SELECT greatest(1, 2, 3), least(total, 100), coalesce(note, '-'), nullif(status, '') FROM orders LIMIT 2
SELECT B'1010' & B'1100', 5 # 3, ~1, 1 << 4, 6 | 1, |/ 25.0, @ -5, 2 ^ 3
SELECT random(), gen_random_uuid(), random() * 10 FROM generate_series(1, 3)
SELECT * FROM (VALUES (1, 'one'), (2, 'two'), (3, 'three')) AS t(num, word)
VALUES (1), (2), (3) ORDER BY 1 DESC LIMIT 2
SELECT * FROM orders TABLESAMPLE SYSTEM (10)
SELECT * FROM orders TABLESAMPLE BERNOULLI (5.5) REPEATABLE (42)
SHOW server_version
SHOW timezone
SHOW TIME ZONE
SHOW transaction_isolation
SHOW max_connections
SHOW work_mem
SHOW statement_timeout
SHOW ALL
SHOW SESSION AUTHORIZATION
SELECT current_setting('work_mem'), current_setting('TimeZone', true)
SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.name ILIKE 'name 1%' ORDER BY o.created_at DESC LIMIT 20 OFFSET 5
SELECT c.id, c.name, count(o.id) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id ORDER BY 3 DESC
SELECT c.id FROM customers c WHERE NOT EXISTS (SELECT FROM orders o WHERE o.customer_id = c.id)
SELECT id FROM customers EXCEPT SELECT customer_id FROM orders
SELECT id FROM customers INTERSECT SELECT customer_id FROM orders ORDER BY id
SELECT a.id, b.id FROM orders a JOIN orders b ON a.customer_id = b.customer_id AND a.id < b.id
SELECT * FROM orders NATURAL JOIN (SELECT 1 AS id) x
SELECT o.id FROM orders o RIGHT JOIN customers c ON c.id = o.customer_id WHERE o.id IS NULL
SELECT id, email FROM customers ORDER BY id LIMIT 5
SELECT id, name, ssn FROM customers WHERE id = 3
SELECT * FROM customers LIMIT 10
SELECT count(DISTINCT email), count(ssn) FROM customers
SELECT count(*) FROM customers WHERE email IS NULL
SELECT name FROM customers WHERE email = 'canary1@corpus.example'
SELECT id FROM customers WHERE email IN ('a@example.com', 'b@example.com')
SELECT email, count(*) FROM customers GROUP BY email HAVING count(*) > 1
SELECT o.id, c.email FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id LIMIT 5
SELECT lower(email) FROM customers LIMIT 3
SELECT CASE WHEN email IS NULL THEN 'missing' ELSE 'there' END, count(*) FROM customers GROUP BY 1
SELECT a.id, b.id FROM customers a JOIN customers b ON a.email = b.email AND a.id <> b.id
SELECT name || ' <' || email || '>' FROM customers LIMIT 3
SELECT coalesce(email, 'n/a') AS email FROM customers LIMIT 2
SELECT json_agg(json_build_object('id', id, 'email', email)) FROM customers
SELECT id, name, balance FROM customers WHERE balance > (SELECT avg(balance) FROM customers)
SELECT CASE WHEN balance < 5 THEN 'low' WHEN balance < 15 THEN 'mid' ELSE 'high' END AS tier, count(*), avg(balance) FROM customers GROUP BY tier
SELECT CASE status WHEN 'paid' THEN 1 ELSE 0 END FROM orders
SELECT sum(total) / nullif(count(*), 0) AS aov FROM orders
SELECT count(*), count(deleted_at), count(*) - count(deleted_at) AS live FROM orders
SELECT id FROM orders WHERE deleted_at IS NULL AND updated_at >= created_at AND status IS DISTINCT FROM 'void'
SELECT id, (total > 20)::int AS big, total::text || ' EUR' FROM orders WHERE total BETWEEN SYMMETRIC 30 AND 10
SELECT (o).status, (o).total FROM orders o
SELECT o FROM orders o LIMIT 1
SELECT ROW(id, status) = ROW(1, 'paid') FROM orders
SELECT id FROM orders WHERE (id, status) IN (SELECT id, status FROM orders WHERE total > 5)
SELECT id FROM orders WHERE (customer_id, total) > (5, 10) ORDER BY customer_id, total LIMIT 10
SELECT id FROM orders ORDER BY total DESC NULLS LAST, id FETCH NEXT 5 ROWS ONLY
SELECT id FROM orders ORDER BY total DESC FETCH FIRST 3 ROWS WITH TIES
SELECT id FROM orders ORDER BY status COLLATE "C", id USING >
SELECT ctid, xmin, tableoid::regclass, id FROM orders LIMIT 2
SELECT "update" FROM "delete"
SELECT update FROM public.delete
SELECT id AS "select", status AS "drop table" FROM orders
SELECT 'it''s; a -- test /* really */' AS s
SELECT $$DELETE FROM orders; DROP TABLE x$$ AS q, $tag$ ; $$ ; $tag$ AS r
SELECT E'line\\nbreak', U&'d\\0061ta', U&"d\\0061ta" FROM (SELECT 1 AS data) x
SELECT 1 /* comment /* nested; */ ; */ + 1
SELECT 1 -- trailing; DROP TABLE orders
/* SELECT */ SELECT 1 ; 
SELECT 1 ; -- done
select ID, Status from Orders where STATUS = 'paid'
SELECT note FROM orders WHERE note IN ('insert', 'update; delete', 'truncate')
SELECT id, action FROM audit_log WHERE action = 'delete' OR detail LIKE 'UPDATE %'
TABLE audit_log
(TABLE orders LIMIT 1) UNION ALL (TABLE orders LIMIT 1)
SELECT * FROM v_active
SELECT * FROM mv_sales
SELECT v.id, v.note FROM v_customers v LIMIT 3
SELECT count FROM mv_sales
SELECT int4range(1, 10) * int4range(5, 15), '[2024-01-01,2024-02-01)'::daterange @> date '2024-01-15', lower(numrange(1, 2)), tstzrange(now(), NULL) && tstzrange(now(), now())
SELECT '{[1,3),[5,7)}'::int4multirange @> 6
SELECT '192.168.1.5'::inet << '192.168.0.0/16'::cidr, host(inet '10.0.0.1/8'), masklen('10.0.0.0/8'), network(inet '10.1.2.3/8')
SELECT point(1,2) <-> point(3,4), box '((0,0),(1,1))' @> point(0.5, 0.5), circle '((0,0),2)'
SELECT xmlelement(name foo, xmlattributes('x' AS bar), 'content'), xmlforest(id, status) FROM orders LIMIT 1
SELECT (xpath('/a/b/text()', '<a><b>x</b></a>'::xml))[1]
SELECT pg_typeof(total), pg_typeof(now()), pg_column_size(note), pg_size_pretty(1234567::bigint), pg_size_bytes('10 MB') FROM orders LIMIT 1
SELECT txid_current_if_assigned(), pg_current_snapshot(), pg_backend_pid()
SELECT num_nonnulls(note, status), num_nulls(note, deleted_at) FROM orders LIMIT 1
SELECT uuid '00000000-0000-0000-0000-000000000001', '\\xDEADBEEF'::bytea, length('\\x00ff'::bytea), get_byte('\\x41'::bytea, 0)
SELECT crc32('abc'::bytea)
SELECT normal_rand(3, 0, 1)
SELECT * FROM normal_rand(5, 10, 2) AS r(v)
SELECT pg_stat_get_live_tuples('orders'::regclass), pg_stat_get_numscans('orders'::regclass)
SELECT date '2024-01-01' + 7, date '2024-01-10' - date '2024-01-01', time '10:00' + interval '1 h', timestamptz 'now' - timestamptz 'yesterday'
SELECT quantile, total FROM (SELECT ntile(10) OVER (ORDER BY total) AS quantile, total FROM orders) q WHERE quantile = 10
SELECT customer_id, min(created_at) OVER (PARTITION BY customer_id) AS first_seen FROM orders
SELECT s.status, o.n FROM (SELECT DISTINCT status FROM orders) s LEFT JOIN (SELECT status, count(*) n FROM orders GROUP BY status) o USING (status)
SELECT x.id, x.rn FROM (SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY created_at DESC) AS rn FROM orders) x WHERE x.rn = 1
SELECT id, CASE WHEN lag(status) OVER (ORDER BY id) IS DISTINCT FROM status THEN 1 ELSE 0 END FROM orders
WITH cohorts AS (SELECT customer_id, date_trunc('month', min(created_at)) AS m FROM orders GROUP BY 1) SELECT c.m, count(DISTINCT o.customer_id) FROM cohorts c JOIN orders o USING (customer_id) GROUP BY 1
SELECT sum(total) FROM orders WHERE created_at >= date_trunc('month', current_date) - interval '1 month' AND created_at < date_trunc('month', current_date)
SELECT avg(extract(epoch FROM updated_at - created_at)) FROM orders
SELECT count(*) FROM orders WHERE note IS NULL OR trim(note) = ''
SELECT id, md5(o::text) FROM orders o LIMIT 2
SELECT pg_catalog.count(*) FROM pg_catalog.pg_class
SELECT has_function_privilege('do_purge()', 'EXECUTE')
SELECT proname FROM pg_proc WHERE prosecdef
SELECT grp, sum(v) FROM (SELECT id % 3 AS grp, total AS v FROM orders) t GROUP BY grp WINDOW w AS (ORDER BY grp)
SELECT a, b FROM generate_series(1, 2) a CROSS JOIN generate_series(1, 2) b WHERE a <= b
SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY['a','b'])) AS t(n, s)
SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()
SELECT wait_event_type, wait_event, count(*) FROM pg_stat_activity GROUP BY 1, 2
SELECT * FROM pg_stat_bgwriter
SELECT * FROM pg_stat_io LIMIT 1
SELECT relname, age(relfrozenxid) FROM pg_class WHERE relkind = 'r' ORDER BY 2 DESC LIMIT 5
SELECT * FROM information_schema.columns WHERE table_name = 'customers'
SELECT * FROM information_schema.views WHERE table_schema = 'public'
SELECT tc.table_name, ccu.table_name AS refs FROM information_schema.table_constraints tc JOIN information_schema.constraint_column_usage ccu ON ccu.constraint_name = tc.constraint_name WHERE tc.constraint_type = 'FOREIGN KEY'
SELECT schema_name FROM information_schema.schemata
SELECT * FROM pg_tables WHERE schemaname = 'public'
SELECT * FROM pg_matviews
SELECT evtname, evtevent FROM pg_event_trigger
SELECT policyname, qual FROM pg_policies
SELECT rulename, definition FROM pg_rules WHERE schemaname = 'public'
SELECT name, default_version, installed_version FROM pg_available_extensions WHERE name = 'dblink'
SELECT * FROM pg_timezone_names WHERE name LIKE 'Europe/B%'
SELECT word FROM pg_get_keywords() WHERE catcode = 'R'
SELECT collname FROM pg_collation LIMIT 3
SELECT unnest(relacl) FROM pg_class WHERE relname = 'orders'
SELECT (aclexplode(relacl)).* FROM pg_class WHERE relname = 'orders'
SELECT oprname, oprleft::regtype FROM pg_operator WHERE oprnamespace = 'evil'::regnamespace
SELECT least(greatest(total, 1), 100) + abs(-1) * div(7, 2) FROM orders LIMIT 1
SELECT id FROM orders o WHERE total = (SELECT max(total) FROM orders i WHERE i.customer_id = o.customer_id)
SELECT id, total, (SELECT count(*) FROM orders b WHERE b.total > a.total) + 1 AS place FROM orders a ORDER BY place LIMIT 5
SELECT bool_and(id = ANY (ARRAY(SELECT id FROM orders))) FROM orders
SELECT exists(SELECT 1 FROM orders WHERE total < 0) AS has_negative
SELECT id FROM orders WHERE total > ALL (SELECT total FROM orders WHERE id < 5)
SELECT id FROM orders WHERE status LIKE ANY (ARRAY['pa%', 'op%'])
SELECT concat_ws(' ', VARIADIC ARRAY['a','b']), json_build_array(VARIADIC ARRAY[1,2])
SELECT trim(BOTH 'x' FROM 'xxaxx'), overlay('abcdef' PLACING 'ZZ' FROM 2 FOR 3), position('c' IN 'abc'), substring('abcdef' FOR 2), ltrim('  a'), 'abc' ~~ 'a%', 'abc' ~~* 'A%'
SELECT extract(year FROM age(now(), created_at)) FROM orders LIMIT 1
SELECT int8 '9223372036854775807', 9007199254740993, -0.0, 'NaN'::float8, 1e400::numeric
SELECT name FROM customers WHERE name = 'Robert''); DROP TABLE students;--'
SELECT COALESCE(SUM(total), 0)::numeric(12,2) AS revenue, COUNT(DISTINCT customer_id) AS buyers FROM orders WHERE status = 'paid'
SELECT generate_series(1, 3) AS n, 'x' || generate_series(1, 3)
SELECT inet_client_addr() IS NULL, pg_client_encoding(), getdatabaseencoding()
SELECT email IS NULL AS missing, count(*) FROM customers GROUP BY 1
SELECT format('%s <%s>', name, email), pg_typeof(email) FROM customers
SELECT * FROM mails()
SELECT 1; -- done
SELECT 1 /* /* */ ; DROP TABLE orders; */
`
  .split('\n')
  .filter((line) => line !== '')

/** What an older server does not know yet, with the first major version that does. */
const newer: readonly (readonly [RegExp, number])[] = [
  [/\bregexp_count\b/, 15],
  [/\bIS JSON\b|\bJSON_ARRAYAGG\b|\bJSON_OBJECT\(|\bJSON_ARRAY\(|\bany_value\b|\bpg_stat_io\b/, 16],
  [
    /\bJSON_TABLE\b|\bJSON_VALUE\b|\bJSON_SCALAR\(|\bJSON_SERIALIZE\(|\bJSON\(|\bpg_stat_checkpointer\b/,
    17,
  ],
  [/\bcrc32\b/, 18],
]
export const knownSince = (sql: string): number =>
  Math.max(14, ...newer.filter(([form]) => form.test(sql)).map(([, major]) => major))
