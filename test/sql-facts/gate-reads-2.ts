/** Further reading, above all with masked columns about: each line is allowed, and runs. On the schema of gate.test.ts. */
export const gateMoreReads: readonly string[] = `
SELECT JSON_SCALAR(1), JSON_SERIALIZE('{"a":1}' RETURNING text), JSON('{"a":1}'), JSON_ARRAY(1, 2 NULL ON NULL), JSON_ARRAY(SELECT id FROM orders ORDER BY id), JSON_OBJECTAGG('k': 1)
SELECT JSON_ARRAY(SELECT id FROM orders ORDER BY id)
SELECT c.id, JSON_ARRAY(SELECT o.id FROM orders o WHERE o.customer_id = c.id) FROM customers c
SELECT JSON_ARRAY(SELECT email FROM customers)
SELECT JSON_ARRAY(VALUES (1), (2) RETURNING jsonb)
EXPLAIN ANALYZE VERBOSE SELECT c.name, count(*) FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY 1
SELECT attrelid::regclass, attname, attstorage, attcompression, attidentity, attgenerated FROM pg_attribute WHERE attnum > 0 AND attrelid = 'customers'::regclass
SELECT dependent.relname FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class dependent ON dependent.oid = w.ev_class WHERE d.refobjid = 'customers'::regclass GROUP BY 1
SELECT pg_index_column_has_property('customers_pkey'::regclass, 1, 'asc'), pg_indexam_has_property(403, 'can_order')
SELECT id, name, left(ssn, 3) || '***' AS s FROM customers
SELECT count(*), count(email), count(*) - count(email) AS no_email FROM customers
SELECT c.id, (c.email IS NULL) AS missing FROM customers c
SELECT max(created_at) FROM customers WHERE ssn IS NULL OR email IS NULL
SELECT name, email FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE total > 2) ORDER BY name
SELECT c.* FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.status = 'paid')
SELECT to_jsonb(c) FROM customers c LIMIT 2
SELECT string_agg(email, '; ') FROM customers
SELECT email, array_agg(id) FROM customers GROUP BY email HAVING count(*) > 1
SELECT a.id, b.id FROM customers a, customers b WHERE a.ssn = b.ssn AND a.id < b.id
SELECT coalesce(email, '(none)'), coalesce(length(ssn), 0) FROM customers
SELECT * FROM customers ORDER BY email NULLS LAST LIMIT 5 OFFSET 1
SELECT id FROM customers WHERE email = 'm1@example.com' OR ssn = '900-55-7001'
SELECT id FROM customers WHERE email <> 'm1@example.com'
SELECT count(*) FROM customers WHERE email IN ('m1@example.com', 'm2@example.com')
SELECT DISTINCT email FROM customers ORDER BY email
SELECT id, row_number() OVER (PARTITION BY email ORDER BY created_at) FROM customers
SELECT email FROM customers UNION SELECT email FROM customers
SELECT email FROM customers EXCEPT SELECT email FROM customers WHERE id = 1
SELECT xmlforest(id, name) FROM customers
SELECT upper(left(name, 1)) || lower(substr(name, 2)) FROM customers
SELECT name, now() - created_at AS age FROM customers ORDER BY age DESC
SELECT date_trunc('month', created_at) AS signup, count(*) FROM customers GROUP BY signup
SELECT width_bucket(balance, 0, 100, 4) AS bucket, min(balance), max(balance), avg(balance)::numeric(10,2) FROM customers GROUP BY bucket
SELECT v_customers.id FROM v_customers WHERE id > 1
SELECT count(*) FROM v_customers
SELECT mode() WITHIN GROUP (ORDER BY email) FROM customers
SELECT id FROM customers WHERE name ILIKE 'O''Brien%' OR name = 'Robert"); drop'
SELECT round(100.0 * count(email) / nullif(count(*), 0), 1) AS fill_rate FROM customers
SELECT count(*) - count(ssn) AS missing FROM customers
SELECT count(DISTINCT email)::float / count(*) FROM customers
SELECT count(*) - count(DISTINCT email) AS dups FROM customers
SELECT count(email) = count(*) AS complete FROM customers
SELECT sum((email IS NULL)::int) AS missing FROM customers
SELECT sum(CASE WHEN email IS NULL THEN 1 ELSE 0 END) * 100.0 / count(*) FROM customers
SELECT avg(CASE WHEN ssn IS NOT NULL THEN 1.0 ELSE 0.0 END) FROM customers
SELECT count(*) FILTER (WHERE email IS NOT NULL) * 1.0 / count(*) FROM customers
SELECT email IS NOT NULL AND ssn IS NULL AS odd, count(*) FROM customers GROUP BY 1
SELECT email, count(*) FROM customers GROUP BY email HAVING count(*) > 1 ORDER BY count(*) DESC
SELECT count(*) FROM (SELECT email FROM customers GROUP BY email HAVING count(*) > 1) d
SELECT name FROM customers GROUP BY name HAVING count(email) = 0
SELECT date_trunc('month', created_at) AS m, count(email) AS with_mail, count(*) AS n FROM customers GROUP BY m HAVING count(email) > 0
SELECT c.id, c.email, sum(o.total) AS spent FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.email ORDER BY spent DESC NULLS LAST LIMIT 10
SELECT c.email, coalesce(sum(o.total), 0) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY 1
SELECT name || coalesce(' <' || email || '>', '') AS who FROM customers
SELECT concat_ws(', ', name, email) AS who FROM customers ORDER BY name
SELECT id, CASE WHEN email IS NULL THEN 'n/a' ELSE email END AS email FROM customers
SELECT id, CASE WHEN email IS NULL AND balance > 1 THEN 'call' ELSE 'mail' END FROM customers
SELECT id FROM customers WHERE (email IS NULL) = true
SELECT id FROM customers WHERE email IS NULL AND (ssn IS NOT NULL OR balance = 0)
SELECT id FROM customers WHERE NOT (email IS NULL)
SELECT id FROM customers WHERE email = 'm1@example.com' AND created_at > now() - interval '1 year' LIMIT 1
SELECT id FROM customers WHERE 'm1@example.com' = email
SELECT id FROM customers WHERE email IS DISTINCT FROM 'm1@example.com'
SELECT id FROM customers WHERE email IN (SELECT email FROM customers GROUP BY email HAVING count(*) > 1)
SELECT EXISTS (SELECT 1 FROM customers WHERE email = 'm1@example.com')
SELECT EXISTS (SELECT 1 FROM customers WHERE ssn IS NULL) AS any_missing
SELECT o.* FROM orders o WHERE o.customer_id = (SELECT id FROM customers WHERE email = 'm1@example.com')
SELECT o.id FROM orders o WHERE o.customer_id IN (SELECT id FROM customers WHERE email = 'm1@example.com')
SELECT o.id, o.total FROM orders o JOIN customers c ON c.id = o.customer_id AND c.email = 'm1@example.com' ORDER BY o.id
WITH c AS (SELECT id, email FROM customers WHERE balance > 1) SELECT c.email, count(o.id) FROM c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.email
WITH d AS (SELECT email, min(id) AS keep FROM customers GROUP BY email) SELECT c.id FROM customers c JOIN d ON d.email = c.email WHERE c.id <> d.keep
WITH ranked AS (SELECT id, email, row_number() OVER (PARTITION BY email ORDER BY created_at DESC) AS rn FROM customers) SELECT id, email FROM ranked WHERE rn = 1
SELECT DISTINCT ON (email) id, email, created_at FROM customers ORDER BY email, created_at DESC
SELECT jsonb_agg(jsonb_build_object('id', id, 'name', name, 'email', email) ORDER BY name) FROM customers
SELECT json_build_object('customer', row_to_json(c), 'orders', (SELECT json_agg(o) FROM orders o WHERE o.customer_id = c.id)) FROM customers c WHERE c.id = 1
SELECT c.name, json_agg(o.* ORDER BY o.id) FILTER (WHERE o.id IS NOT NULL) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.name
SELECT length(name), length(email) FROM customers
SELECT max(length(name)), avg(length(name)) FROM customers
SELECT id, md5(id::text || name) AS anon FROM customers
SELECT string_agg(name, ', ' ORDER BY name) FROM customers WHERE email IS NOT NULL
SELECT array_agg(DISTINCT name ORDER BY name) FROM customers
SELECT table_name, column_name FROM information_schema.columns WHERE column_name ILIKE '%ssn%' OR column_name ILIKE '%email%'
SELECT a.attname, s.n_distinct, s.null_frac FROM pg_stats s JOIN pg_attribute a ON a.attname = s.attname AND a.attrelid = 'customers'::regclass WHERE s.tablename = 'customers'
SELECT count(*) AS n, sum(total) AS s FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE name LIKE 'name%')
SELECT o.*, c.name AS customer FROM orders o INNER JOIN customers c ON (c.id = o.customer_id) WHERE c.name LIKE 'n%' ORDER BY 1, 2 LIMIT 50
SELECT lhs.id FROM orders lhs LEFT JOIN customers rhs ON rhs.id = lhs.customer_id WHERE rhs.id IS NULL
SELECT id, rank() OVER (PARTITION BY name ORDER BY email) FROM customers
SELECT id FROM (SELECT id, count(*) OVER (PARTITION BY email) AS n FROM customers) q WHERE n > 1
SELECT id FROM (SELECT id, row_number() OVER w AS n FROM customers WINDOW w AS (PARTITION BY email ORDER BY id)) q WHERE n > 1
SELECT id FROM customers WHERE id = ANY (ARRAY(SELECT id FROM customers WHERE email = 'm1@example.com'))
SELECT id FROM orders WHERE customer_id <> (SELECT id FROM customers WHERE email = 'm1@example.com')
SELECT num_nulls(email, ssn) > 0 AS incomplete, count(*) FROM customers GROUP BY num_nulls(email, ssn) > 0
SELECT avg(num_nonnulls(email, ssn, name)) FROM customers
SELECT name FROM customers GROUP BY name HAVING count(DISTINCT email) > 1
SELECT sum(balance) OVER (w RANGE BETWEEN interval '7 days' PRECEDING AND CURRENT ROW) FROM customers WINDOW w AS (ORDER BY created_at)
SELECT o.status, count(*) FILTER (WHERE o.created_at >= now() - interval '7 days') AS last_week, count(*) AS ever FROM orders o GROUP BY o.status
SELECT to_char(created_at, 'IYYY-"W"IW') AS week, sum(total)::numeric(14,2) FROM orders GROUP BY 1 ORDER BY 1 DESC LIMIT 12
SELECT customer_id, sum(total) AS ltv, percent_rank() OVER (ORDER BY sum(total)) FROM orders GROUP BY customer_id
SELECT a.status AS from_status, b.status AS to_status, count(*) FROM orders a JOIN orders b ON b.customer_id = a.customer_id AND b.created_at > a.created_at GROUP BY 1, 2
WITH daily AS (SELECT created_at::date AS d, sum(total) AS t FROM orders GROUP BY 1), ma AS (SELECT d, avg(t) OVER (ORDER BY d ROWS 6 PRECEDING) AS t7 FROM daily) SELECT * FROM ma
WITH r AS (SELECT customer_id, max(created_at) AS last_at, count(*) AS f, sum(total) AS m FROM orders GROUP BY 1) SELECT customer_id, ntile(5) OVER (ORDER BY last_at) AS r, ntile(5) OVER (ORDER BY f) AS f, ntile(5) OVER (ORDER BY m) AS m FROM r
SELECT status, json_agg(json_build_object('id', id, 'total', total) ORDER BY total DESC) FILTER (WHERE total > 1) FROM orders GROUP BY status
SELECT jsonb_build_object('count', count(*), 'by', jsonb_object_agg(status, n)) FROM (SELECT status, count(*) n FROM orders GROUP BY status) s
SELECT (regexp_match(note, '(\\w+) (\\d+)'))[2]::int AS n FROM orders WHERE note ~ '\\d'
SELECT string_to_array(note, ' ')::text[] AS words, cardinality(string_to_array(note, ' ')) FROM orders
SELECT o.id, t.word, t.pos FROM orders o CROSS JOIN LATERAL unnest(string_to_array(o.note, ' ')) WITH ORDINALITY AS t(word, pos)
SELECT DISTINCT status COLLATE "C" FROM orders ORDER BY 1
SELECT ROW(1, 'a') IS NOT DISTINCT FROM ROW(1, 'a')
SELECT (SELECT max(total) FROM orders) - (SELECT min(total) FROM orders) AS spread
SELECT id FROM orders WHERE created_at::date = DATE '2024-02-29' OR extract(doy FROM created_at) = 60
SELECT id FROM orders WHERE (status, total) = ('paid', 3) OR NOT (status IN ('x', 'y') AND total IS NULL)
SELECT id FROM orders WHERE note LIKE 'note%' AND note NOT SIMILAR TO '%(x|y)%' AND note !~ 'zz' AND note !~~* 'q%'
SELECT id FROM orders WHERE created_at BETWEEN '2020-01-01' AND '2099-12-31' AND total NOT BETWEEN 1000 AND 2000
SELECT id, total FROM orders ORDER BY CASE status WHEN 'paid' THEN 1 WHEN 'open' THEN 2 ELSE 3 END, total DESC NULLS FIRST
SELECT id FROM orders ORDER BY lower(note) COLLATE "C" DESC, 1 OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY
SELECT s.*, t.* FROM (VALUES (1, 'x')) s(a, b), LATERAL (SELECT s.a + 1 AS c) t
SELECT x.a FROM (SELECT 1 AS a UNION ALL SELECT 2 UNION ALL (SELECT 3 ORDER BY 1 LIMIT 1)) x
SELECT * FROM orders o LEFT JOIN LATERAL generate_series(1, 2) g(n) ON true LIMIT 4
SELECT id FROM (TABLE orders) t WHERE id < 3
SELECT ALL id FROM orders
SELECT DISTINCT ON (date_trunc('month', created_at)) id FROM orders ORDER BY date_trunc('month', created_at), id
SELECT quote_nullable(NULL), quote_literal('a''b'), format('%2$s %1$s', 'a', 'b'), format('%-10s|', 'x'), format('%%')
SELECT interval '1 year 2 months 3 days 04:05:06', interval '90 minutes' / 3, extract(epoch FROM interval '1 day'), make_interval(0, 0, 0, 1), date '2024-03-31' + interval '1 month'
SELECT justify_hours('30 hours'), age('2024-01-01'::timestamp), date_trunc('decade', now()), localtime, current_timestamp(3)
SELECT daterange('2024-01-01', '2024-02-01', '[]'), upper_inf(tstzrange(now(), NULL)), isempty('empty'::int4range), range_merge(int4range(1, 2), int4range(5, 6)), int4multirange(int4range(1, 3)), unnest('{[1,2),[3,4)}'::int4multirange)
SELECT array_fill(0, ARRAY[3]), array_dims(ARRAY[[1,2]]), array_upper(ARRAY[1,2], 1), array_ndims(ARRAY[1]), array_cat(ARRAY[1], ARRAY[2]), array_prepend(0, ARRAY[1]), array_positions(ARRAY[1,2,1], 1), array_to_string(ARRAY[1,NULL,3], ',', '*')
SELECT (ARRAY[[1,2],[3,4]])[2][1], (ARRAY[1,2,3])[:2], ARRAY(SELECT id FROM orders ORDER BY id), '{1,2}'::int[] || '{3}'
SELECT '{"a":{"b":[1,2]}}'::json #>> '{a,b,0}', ('{"a":{"b":1}}'::jsonb)['a']['b'], jsonb_extract_path('{"a":1}', 'a'), json_typeof('1'), jsonb_array_elements('[1,2]') ->> 0
SELECT jsonb_object_keys('{"a":1}'), json_each_text('{"a":1}'), jsonb_set_lax('{"a":1}', '{a}', NULL), json_strip_nulls('{"a":null}'), to_json(now())::text <> '', array_to_json(ARRAY[1,2])
SELECT point '(1,2)' <@ box '((0,0),(3,3))', area(box '((0,0),(2,2))'), center(circle '((1,1),2)'), lseg '[(0,0),(1,1)]' # lseg '[(0,1),(1,0)]', polygon '((0,0),(1,1),(1,0))' && polygon '((0,0),(2,2),(2,0))', path '((0,0),(1,1))', line '{1,2,3}', ?| lseg '[(0,0),(0,1)]'
SELECT abbrev(inet '10.1.0.0/16'), broadcast(inet '10.0.0.1/24'), set_masklen(inet '10.0.0.1/8', 16), inet_merge('10.0.0.1', '10.0.0.9'), macaddr '08:00:2b:01:02:03', trunc(macaddr '08:00:2b:01:02:03'), inet '10.0.0.1' + 5, '10.0.0.5'::inet - '10.0.0.1'::inet, '10.0.0.1'::inet >>= '10.0.0.0/8'::cidr IS NULL
SELECT trunc(-1.5), round(2.5), round(-2.5::float8), div(9, 4), scale(1.20), trim_scale(1.200), min_scale(1.20), factorial(5), log(2, 8), degrees(pi()), radians(180), sind(30), cosh(1), atan2(1, 1), width_bucket(5, ARRAY[1,3,6])
SELECT ts_rank(to_tsvector('english', note), plainto_tsquery('english', 'note')), setweight(to_tsvector(note), 'A') || to_tsvector('simple', status), ts_delete(to_tsvector('a b'), 'a'), ts_filter('a:1A'::tsvector, '{a}'), tsquery_phrase('a'::tsquery, 'b'::tsquery), array_to_tsvector(ARRAY['a']), to_tsquery('a') && to_tsquery('b'), !! to_tsquery('a') FROM orders LIMIT 1
SELECT grouping(status), status, count(*) FROM orders GROUP BY ROLLUP (status) HAVING grouping(status) = 0 OR count(*) > 0 ORDER BY grouping(status)
SELECT regr_slope(total, id), regr_intercept(total, id), regr_count(total, id), stddev_pop(total), variance(total), covar_samp(total, id) FROM orders
SELECT status, lead(status, 2, 'none') OVER w, nth_value(id, 2) OVER w, first_value(id) OVER (w ROWS UNBOUNDED PRECEDING) FROM orders WINDOW w AS (PARTITION BY customer_id ORDER BY created_at)
SELECT id FROM orders TABLESAMPLE SYSTEM (50) REPEATABLE (1) WHERE total > 0
EXPLAIN CREATE TABLE t_x AS SELECT id FROM orders
EXPLAIN VALUES (1)
SHOW data_directory
SHOW default_transaction_isolation
SHOW "TimeZone"
SHOW ssl
SHOW password_encryption
SELECT current_setting('server_version_num')::int >= 140000
SELECT relname, pg_size_pretty(pg_table_size(oid)), reltuples FROM pg_class WHERE relkind IN ('r', 'p', 'm') AND relnamespace = 'public'::regnamespace ORDER BY pg_table_size(oid) DESC NULLS LAST LIMIT 20
SELECT schemaname || '.' || relname AS t, n_dead_tup, round(100.0 * n_dead_tup / nullif(n_live_tup + n_dead_tup, 0), 1) AS pct FROM pg_stat_user_tables WHERE n_dead_tup > 0
SELECT indrelid::regclass, array_agg(indexrelid::regclass) FROM pg_index GROUP BY indrelid, indkey HAVING count(*) > 1
SELECT c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c WHERE c.contype = 'f' AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND c.conkey[1] = i.indkey[0])
SELECT pid, state, age(backend_xmin), now() - xact_start AS xact_age, wait_event FROM pg_stat_activity WHERE backend_type = 'client backend' ORDER BY xact_start NULLS LAST
SELECT datname, usename, count(*) FROM pg_stat_activity WHERE datname IS NOT NULL GROUP BY ROLLUP (datname, usename)
SELECT application_name, state, sync_state, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) AS lag FROM pg_stat_replication
SELECT slot_name, active, pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)) FROM pg_replication_slots
SELECT sum(heap_blks_hit) / nullif(sum(heap_blks_hit) + sum(heap_blks_read), 0)::numeric FROM pg_statio_user_tables
SELECT archived_count, failed_count, last_archived_time FROM pg_stat_archiver
SELECT * FROM pg_stat_progress_create_index
SELECT * FROM pg_stat_progress_analyze
SELECT * FROM pg_stat_database_conflicts
SELECT * FROM pg_stat_user_functions
SELECT * FROM pg_prepared_xacts
SELECT * FROM pg_shmem_allocations LIMIT 1
SELECT * FROM pg_config LIMIT 1
SELECT * FROM pg_timezone_abbrevs LIMIT 1
SELECT * FROM pg_user
SELECT usename, usesuper, valuntil FROM pg_user
SELECT pg_has_role(current_user, 'pg_monitor', 'member'), pg_get_userbyid(10), current_role, current_catalog, user
SELECT d.datname, pg_encoding_to_char(d.encoding), d.datcollate, has_database_privilege(d.oid, 'CONNECT') FROM pg_database d
SELECT n.nspname, c.relname, c.relkind, c.relrowsecurity FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relrowsecurity OR c.relforcerowsecurity
SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
SELECT l.lanname, count(*) FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang GROUP BY 1
SELECT p.oid::regprocedure, p.provolatile, p.prosecdef, p.proparallel FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
SELECT opcname, amname FROM pg_opclass o JOIN pg_am a ON a.oid = o.opcmethod LIMIT 3
SELECT relname, pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid) FROM pg_class WHERE relispartition OR relkind = 'p'
SELECT seqrelid::regclass, seqstart, seqmax, seqcycle FROM pg_sequence
SELECT last_value FROM pg_sequences WHERE sequencename = 'order_seq'
SELECT pg_relation_filepath('orders'), pg_relation_filenode('orders'), pg_column_compression(note) FROM orders LIMIT 1
SELECT pg_identify_object('pg_class'::regclass, 'orders'::regclass, 0), pg_get_object_address('table', '{public,orders}', '{}')
SELECT pg_xact_status('3'::xid8), pg_snapshot_xmin(pg_current_snapshot()), pg_visible_in_snapshot('3'::xid8, pg_current_snapshot())
SELECT to_regproc('now'), to_regrole('postgres') IS NULL, 'now'::regproc, 'english'::regconfig, 'simple'::regdictionary, '"C"'::regcollation, 'sum(int4)'::regprocedure, '+(int4,int4)'::regoperator
SELECT * FROM pg_seclabels
SELECT * FROM pg_description WHERE objoid = 'orders'::regclass
SELECT * FROM pg_policies
SELECT * FROM pg_rules WHERE tablename = 'orders'
SELECT statistics_name, n_distinct, dependencies FROM pg_stats_ext
SELECT * FROM pg_backend_memory_contexts ORDER BY total_bytes DESC LIMIT 5
SELECT * FROM information_schema.check_constraints WHERE constraint_schema = 'public'
SELECT * FROM information_schema.triggers
SELECT * FROM information_schema.column_privileges WHERE table_name = 'orders' LIMIT 1
SELECT * FROM information_schema.parameters WHERE specific_schema = 'public'
SELECT * FROM information_schema.view_column_usage
SELECT * FROM information_schema.sql_features WHERE feature_id = 'E011'
SELECT o.id FROM orders o, v_active v WHERE v.id = o.customer_id
SELECT "id", "status" FROM "public"."orders" AS "select" WHERE "select"."id" = 1
SELECT 'call do_purge(); begin; commit; grant all' AS tutorial
SELECT $q$COPY orders TO PROGRAM 'x'$q$::text, $$\\copy$$, '\\dt', E'\\\\!'
SELECT /* FOR UPDATE */ id FROM orders -- INTO x
SELECT id FROM orders WHERE note = 'a;b' ;
SELECT action, count(*) FROM audit_log WHERE action IN ('grant', 'revoke', 'drop', 'set role') GROUP BY action
SELECT delete.update FROM delete
WITH t(id, status) AS (VALUES (1, 'paid')) SELECT o.id FROM orders o JOIN t USING (id, status)
WITH x AS (SELECT * FROM orders), y AS (SELECT * FROM x WHERE id < 3) SELECT (SELECT count(*) FROM y), x.id FROM x
SELECT pg_size_pretty(sum(pg_total_relation_size(oid))) FROM pg_class WHERE relkind = 'r'
SELECT normal_rand(1, 0, 1) IS NOT NULL
SELECT txid_current_snapshot(), txid_snapshot_xmax(txid_current_snapshot())
SELECT current_query() LIKE 'SELECT%'
SELECT pg_stat_get_backend_pid(b), pg_stat_get_backend_wait_event(b) FROM pg_stat_get_backend_idset() AS b
SELECT name, setting, boot_val, pending_restart FROM pg_settings WHERE setting IS DISTINCT FROM boot_val
SELECT pg_control_checkpoint(), (pg_control_system()).system_identifier
SELECT generate_series(1, 10, 3), generate_series('2024-01-01'::timestamp, '2024-01-02', '6 hours')
SELECT id FROM orders LIMIT NULL
SELECT 1 WHERE 1 IN (VALUES (1), (2))
SELECT nullif(trim(note), '')::text IS NULL, greatest(created_at, updated_at), least(id, customer_id) FROM orders
SELECT id::text::int::numeric(10,0)::float8::bigint::smallint FROM orders
SELECT 'Ω'::text, '日本', U&'\\+01F600', E'\\u00e9', N'x'
SELECT *, total * 1.2 AS gross FROM orders
SELECT corr(total::float8, extract(epoch FROM created_at)::float8) FROM orders
SELECT ROUND(AVG(total), 2) AS "Average Order", MAX(total) AS "Max" FROM orders AS "Orders"
SELECT extract(days FROM now() - created_at)::int / 7 AS weeks, count(*) FROM orders GROUP BY 1 HAVING count(*) >= 1
SELECT to_char(total, 'FM999G999D00'), to_char(interval '3 hours', 'HH24:MI'), to_char(id, 'RN') FROM orders
SELECT CASE WHEN total < 2 THEN '0-2' WHEN total < 4 THEN '2-4' ELSE '4+' END AS band, count(*) FROM orders GROUP BY band ORDER BY min(total)
SELECT id, note, ts_rank(to_tsvector('simple', coalesce(note, '')), to_tsquery('simple', 'note:*')) AS r FROM orders ORDER BY r DESC
SELECT id + 1 AS gap_start FROM (SELECT id, lead(id) OVER (ORDER BY id) AS nxt FROM orders) x WHERE nxt > id + 1
WITH s AS (SELECT id, created_at, CASE WHEN created_at - lag(created_at) OVER (ORDER BY created_at) > interval '30 minutes' THEN 1 ELSE 0 END AS new FROM orders) SELECT sum(new) OVER (ORDER BY created_at, id) AS session, id FROM s
WITH RECURSIVE t(id, parent, depth, path) AS (SELECT id, customer_id, 1, ARRAY[id] FROM orders WHERE id = 1 UNION ALL SELECT o.id, o.customer_id, t.depth + 1, t.path || o.id FROM orders o JOIN t ON o.customer_id = t.id WHERE NOT o.id = ANY (t.path)) SELECT * FROM t ORDER BY path
SELECT status FROM orders GROUP BY status HAVING every(total > 0) AND count(DISTINCT customer_id) > 1
SELECT tablename, pg_size_pretty(pg_total_relation_size(quote_ident(schemaname) || '.' || quote_ident(tablename))) AS size FROM pg_tables WHERE schemaname = 'public' ORDER BY pg_total_relation_size(quote_ident(schemaname) || '.' || quote_ident(tablename)) DESC
SELECT current_database() AS db, pg_size_pretty(pg_database_size(current_database())) AS size
SELECT now() - min(xact_start) AS oldest FROM pg_stat_activity WHERE state IN ('idle in transaction', 'active')
SELECT backend_type, count(*) FROM pg_stat_activity GROUP BY 1 ORDER BY 2 DESC
SELECT query_id, count(*) FROM pg_stat_activity GROUP BY 1
SELECT relation::regclass, mode, count(*) FROM pg_locks WHERE relation IS NOT NULL GROUP BY 1, 2
SELECT sum(blks_hit) * 100 / nullif(sum(blks_hit + blks_read), 0) FROM pg_stat_database
SELECT relname, seq_scan - idx_scan AS too_much_seq, CASE WHEN seq_scan - coalesce(idx_scan, 0) > 0 THEN 'Missing Index?' ELSE 'OK' END FROM pg_stat_user_tables ORDER BY 2 DESC NULLS LAST
SELECT name, setting, short_desc FROM pg_settings WHERE name IN ('shared_buffers', 'effective_cache_size', 'maintenance_work_mem')
SELECT pg_get_indexdef(indexrelid), indisvalid FROM pg_index WHERE NOT indisvalid
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON c.relnamespace = n.oid WHERE c.relkind IN ('v', 'm')
SELECT t.relname, array_agg(a.attname) FROM pg_class t JOIN pg_index ix ON t.oid = ix.indrelid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (ix.indkey) WHERE ix.indisprimary GROUP BY 1
SELECT rolname, rolvaliduntil, rolconnlimit, oid FROM pg_roles WHERE rolcanlogin
SELECT * FROM pg_roles
SELECT * FROM pg_replication_slots
SELECT * FROM pg_stat_subscription
SELECT * FROM pg_namespace
SELECT * FROM pg_class WHERE relname = 'orders'
SELECT * FROM pg_index
SELECT * FROM pg_constraint
SELECT * FROM pg_proc WHERE proname = 'lower'
SELECT * FROM pg_type WHERE typname = 'int4'
SELECT * FROM pg_sequences
SELECT * FROM pg_indexes WHERE tablename = 'orders'
SELECT * FROM pg_foreign_server
SELECT * FROM pg_foreign_table
SELECT * FROM pg_stat_archiver
SELECT * FROM pg_stat_xact_user_tables
SELECT * FROM pg_statio_user_sequences
SELECT * FROM pg_stat_progress_cluster
SELECT * FROM pg_init_privs LIMIT 1
SELECT * FROM pg_default_acl
SELECT * FROM pg_replication_origin_status
SELECT * FROM pg_collation WHERE collname = 'C'
SELECT * FROM pg_operator LIMIT 1
SELECT * FROM pg_aggregate LIMIT 1
SELECT * FROM information_schema.role_table_grants WHERE grantee = 'postgres' LIMIT 1
SELECT * FROM information_schema.table_privileges LIMIT 1
SELECT * FROM information_schema.enabled_roles
SELECT * FROM information_schema.key_column_usage
SELECT * FROM information_schema.element_types LIMIT 1
SELECT * FROM information_schema.foreign_tables
SELECT * FROM information_schema.attributes
SELECT * FROM information_schema.user_defined_types
`
  .split('\n')
  .filter((line) => line !== '')
