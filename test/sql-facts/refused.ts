/** What no tool may run, whoever asks: each line is refused, also by sql_execute. On the schema of support.ts. */
export const refused: readonly string[] = `
SELECT * FROM customers WHERE ssn LIKE '1%'
SELECT id FROM customers WHERE substr(ssn,1,1) = '1'
SELECT id FROM customers WHERE ssn > '5'
SELECT id FROM customers ORDER BY substr(ssn,2)
SELECT id FROM customers ORDER BY (ssn = '123')
SELECT count(*) FROM customers GROUP BY left(ssn,1)
SELECT g FROM customers c JOIN generate_series(1,9) g ON c.ssn = g::text
SELECT v.x FROM customers c JOIN (VALUES ('123')) v(x) ON c.ssn = v.x
SELECT v.ssn FROM customers c JOIN (VALUES ('123')) v(ssn) USING (ssn)
SELECT x FROM (SELECT ssn AS x FROM customers) q WHERE x ~ '^1'
WITH q AS (SELECT ssn AS x FROM customers) SELECT 1 FROM q WHERE x LIKE '1%'
SELECT note FROM v_note WHERE note LIKE '1%'
SELECT id FROM customers c WHERE c::text LIKE '%123%'
SELECT id FROM customers c WHERE row_to_json(c)->>'ssn' LIKE '1%'
SELECT id FROM customers c WHERE (c).ssn LIKE '1%'
SELECT id, generate_series(1, ascii(ssn)) FROM customers
SELECT id, unnest(string_to_array(ssn,NULL)) FROM customers
SELECT id FROM customers c, generate_series(1, ascii(c.ssn)) g
SELECT id FROM customers c, LATERAL (SELECT 1 WHERE c.ssn LIKE '1%') x
SELECT 1/(CASE WHEN ssn LIKE '1%' THEN 0 ELSE 1 END) FROM customers
SELECT CASE WHEN ssn LIKE '1%' THEN 1/0 ELSE 1 END FROM customers
SELECT CASE WHEN ssn LIKE '1%' THEN (SELECT count(*) FROM generate_series(1,100000000)) END FROM customers
SELECT ssn LIKE '1%' AND 1/0=1 FROM customers
SELECT DISTINCT ssn = '123' FROM customers
SELECT ssn FROM customers INTERSECT SELECT '123'
SELECT '123' EXCEPT SELECT ssn FROM customers
SELECT id FROM customers LIMIT (SELECT ascii(ssn) FROM customers LIMIT 1)
SELECT id FROM customers WHERE id = (SELECT id FROM customers WHERE ssn < '5' LIMIT 1)
SELECT id FROM customers WHERE ssn = ANY($1)
SELECT id FROM customers WHERE ssn = ANY('{a,b}'::text[])
SELECT id FROM customers WHERE ssn IN ('1','2','3','4','5','6','7','8','9','10','11','12','13','14','15','16','17')
SELECT count(*) FROM customers HAVING max(ssn) > '5'
SELECT id FROM (SELECT id, ssn FROM customers UNION ALL SELECT 0, '500') u ORDER BY ssn
SELECT xmlelement(name a, ssn), ssn::xml FROM customers
SELECT ssn::regclass FROM customers
SELECT to_number(ssn,'999') FROM customers
SELECT pg_input_is_valid(ssn,'int') FROM customers
SELECT * FROM pg_stat_activity
SELECT a FROM pg_stat_activity a
SELECT a.query FROM pg_stat_activity a
SELECT (a).query FROM pg_stat_activity a
SELECT query(a) FROM pg_stat_activity a
SELECT row_to_json(a) FROM pg_stat_activity a
SELECT * FROM pg_stat_get_activity(NULL)
SELECT pg_stat_get_backend_activity(1)
SELECT * FROM pg_stats
SELECT most_common_vals FROM pg_stats WHERE tablename = 'customers'
SELECT histogram_bounds FROM pg_stats
SELECT * FROM pg_statistic
SELECT * FROM pg_shadow
SELECT * FROM pg_authid
SELECT * FROM pg_user_mapping
SELECT * FROM pg_user_mappings
SELECT umoptions FROM pg_user_mappings
SELECT subconninfo FROM pg_subscription
SELECT * FROM pg_hba_file_rules
SELECT * FROM pg_file_settings
SELECT * FROM pg_largeobject
SELECT * FROM information_schema.user_mapping_options
SELECT * FROM pg_toast.pg_toast_2619
SELECT setconfig FROM pg_db_role_setting
SELECT current_setting('app.jwt_secret')
SELECT current_setting('app.' || 'jwt_secret')
SELECT current_setting(name) FROM pg_settings
SHOW app.jwt_secret
SHOW primary_conninfo
SELECT pg_catalog.pg_read_file('/etc/passwd')
SELECT "pg_read_file"('/etc/passwd')
SELECT U&"pg\\005fread_file"('/etc/passwd')
SELECT pg_ls_dir('/')
SELECT pg_read_binary_file('x')
SELECT lo_get(1)
SELECT loread(1,1)
SELECT pg_sleep(1)
SELECT pg_sleep_for('1 s')
SELECT pg_terminate_backend(1)
SELECT pg_cancel_backend(1)
SELECT pg_reload_conf()
SELECT pg_rotate_logfile()
SELECT pg_switch_wal()
SELECT pg_create_restore_point('x')
SELECT pg_create_physical_replication_slot('x')
SELECT pg_drop_replication_slot('x')
SELECT pg_logical_slot_get_changes('x',null,null)
SELECT pg_replication_origin_create('x')
SELECT pg_stat_reset()
SELECT pg_stat_reset_shared('bgwriter')
SELECT pg_promote()
SELECT pg_wal_replay_pause()
SELECT setseed(0.5)
SELECT query_to_xml('delete from orders',true,true,'')
SELECT query_to_xmlschema('select 1',true,true,'')
SELECT database_to_xml(true,true,'')
SELECT schema_to_xml('public',true,true,'')
SELECT cursor_to_xml('c',1,true,true,'')
SELECT ts_stat('select 1')
SELECT * FROM ts_stat('select vector from apod')
SELECT wipe()
SELECT public.wipe()
SELECT 1 WHERE wipe() = 1
SELECT 1 ORDER BY wipe()
SELECT count(*) FILTER (WHERE wipe()=1) FROM orders
SELECT * FROM wipe()
SELECT * FROM ROWS FROM (wipe()) x
SELECT CASE WHEN true THEN wipe() END
SELECT ARRAY[wipe()]
SELECT row(wipe())
SELECT 1 LIMIT wipe()
SELECT sum(1) OVER (ORDER BY wipe())
SELECT sum(1) OVER w FROM orders WINDOW w AS (PARTITION BY wipe())
VALUES (wipe())
SELECT c.purge FROM customers c
SELECT (c.*).purge FROM customers c
SELECT purge(c) FROM customers c
SELECT ((SELECT c)).purge FROM customers c
SELECT trap.lower('x')
SELECT 1 OPERATOR(public.<%>) 2
SELECT public.bad_op(1,2)
SELECT * FROM json_table('{}', '$' COLUMNS (a int PATH '$.a' DEFAULT wipe() ON EMPTY)) j
SELECT xmlelement(name a, wipe())
SELECT json_object('a': wipe())
SELECT * FROM orders TABLESAMPLE system (wipe())
EXPLAIN ANALYZE SELECT wipe()
EXPLAIN SELECT wipe()
EXPLAIN ANALYZE EXECUTE p
SELECT * FROM orders FOR SHARE
SELECT * FROM orders FOR NO KEY UPDATE SKIP LOCKED
SELECT * FROM (SELECT * FROM orders FOR UPDATE) x
SELECT * FROM secrets
SELECT v FROM public.secrets
SELECT * FROM ONLY secrets
SELECT secrets FROM secrets
SELECT (SELECT v FROM secrets LIMIT 1)
SELECT * FROM orders WHERE note IN (TABLE secrets)
DELETE FROM secrets
INSERT INTO secrets VALUES ('x')
UPDATE orders SET note = (SELECT v FROM secrets LIMIT 1)
INSERT INTO orders(note) SELECT v FROM secrets
DROP TABLE secrets
ALTER TABLE secrets RENAME TO s2
ALTER TABLE public.secrets SET SCHEMA trap
CREATE VIEW vv AS SELECT * FROM secrets
CREATE TABLE t2 (LIKE secrets)
CREATE TABLE t2 () INHERITS (secrets)
CREATE INDEX ON secrets (v)
CREATE MATERIALIZED VIEW m AS SELECT v FROM secrets
TRUNCATE orders, secrets
COMMENT ON TABLE secrets IS 'x'
CREATE TRIGGER t AFTER INSERT ON secrets EXECUTE FUNCTION on_order()
CREATE RULE r AS ON INSERT TO orders DO ALSO INSERT INTO orders SELECT 1 FROM secrets
CREATE POLICY p ON secrets USING (true)
ALTER TABLE orders OWNER TO postgres
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 1'
CREATE OR REPLACE PROCEDURE f() LANGUAGE sql AS 'select 1'
DO $$ begin end $$
CALL wipe()
PREPARE p AS SELECT 1
EXECUTE p
DEALLOCATE ALL
DECLARE c CURSOR FOR SELECT 1
FETCH 1 FROM c
BEGIN
ROLLBACK
SAVEPOINT a
START TRANSACTION READ WRITE
SET search_path = trap
SET LOCAL statement_timeout = 0
SET ROLE postgres
RESET ALL
RESET ROLE
LISTEN x
UNLISTEN *
CREATE EXTENSION file_fdw
DROP EXTENSION tablefunc
DROP ROLE x
DROP OWNED BY postgres
ALTER ROLE postgres SUPERUSER
ALTER DATABASE corpus SET x.y = 1
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC
REVOKE ALL ON customers FROM PUBLIC
SECURITY LABEL ON TABLE orders IS 'x'
CREATE FOREIGN TABLE ft (a int) SERVER s
CREATE FOREIGN DATA WRAPPER w
IMPORT FOREIGN SCHEMA x FROM SERVER s INTO public
CREATE USER MAPPING FOR public SERVER s
CREATE PUBLICATION p FOR ALL TABLES
CREATE TABLESPACE t LOCATION '/tmp'
CREATE DATABASE x
CREATE CAST (int AS text) WITH FUNCTION trap.lower(text)
CREATE OPERATOR + (FUNCTION = public.bad_op, LEFTARG = int, RIGHTARG = int)
CREATE AGGREGATE agg (int) (sfunc = int4pl, stype = int)
CREATE LANGUAGE plpython3u
ALTER FUNCTION wipe() SECURITY INVOKER
LOAD 'x'
CHECKPOINT
VACUUM
VACUUM FULL orders
COPY (SELECT ssn FROM customers) TO STDOUT
COPY orders FROM STDIN
DELETE FROM pg_catalog.pg_class
INSERT INTO pg_authid DEFAULT VALUES
DROP TABLE pg_catalog.pg_class
TRUNCATE pg_class
UPDATE orders SET status = 'x' WHERE CURRENT OF c
SET CONSTRAINTS ALL DEFERRED
SELECT pg_advisory_xact_lock(1), 1
SELECT pg_catalog . pg_try_advisory_lock_shared (1)
SELECT currtid2('orders','(0,1)')
SELECT brin_summarize_new_values('x')
SELECT gin_clean_pending_list('x')
SELECT binary_upgrade_set_next_pg_type_oid(1)
SELECT pg_export_snapshot()::text
SELECT * FROM pg_ls_waldir()
SELECT pg_current_logfile()
SELECT pg_stat_file('x')
SELECT pg_backup_start('x')
SELECT pg_log_backend_memory_contexts(1)
SELECT fmgr_sql_validator(1)
SELECT plpgsql_validator(1)
SELECT pg_nextoid('pg_class','oid','x')
SELECT pg_import_system_collations('pg_catalog')
SELECT pg_extension_config_dump('x','')
SELECT txid_current()
TABLE pg_shadow
SELECT * FROM other.public.customers
SELECT * FROM pg_temp.x
SELECT 1 <%> 2
SELECT id FROM orders WHERE id <%> 1 = 1
SELECT bad_agg(id) FROM orders
SELECT 5::checked
SELECT CAST('5' AS checked)
SELECT * FROM json_to_record('{"a":1}') AS t(a checked)
SELECT 'ok'::text::mood
SELECT 'ok'::mood
INSERT INTO tinted VALUES (1, 'red'::text)
SELECT * FROM moody
SELECT * FROM watched
SELECT * FROM v_wipe
SELECT n FROM v_secret
SELECT n FROM v_deep
SELECT * FROM (SELECT * FROM v_deep) x
SELECT secret_count()
SELECT * FROM secret_count()
SELECT sly()
SELECT noisy(1)
SELECT pl(1)
SELECT rtrim(1)
SELECT pg_catalog.rtrim(noisy(1)::text)
SELECT trap.lower('x')
SELECT * FROM hidden_child
SELECT * FROM v_activity
SELECT query FROM pg_stat_activity a JOIN pg_stat_activity b USING (query)
SELECT count(*) FROM pg_stat_activity a NATURAL JOIN pg_stat_activity b
SELECT x.q FROM (SELECT query AS q FROM pg_stat_activity) x
REFRESH MATERIALIZED VIEW mv_wipe
INSERT INTO ruled VALUES (1)
INSERT INTO mv VALUES (1)
UPDATE orders SET note = 'x' WHERE wipe() = 1
UPDATE orders SET total = wipe()
INSERT INTO orders (id) VALUES (wipe())
DELETE FROM orders RETURNING wipe()
MERGE INTO orders o USING customers c ON o.id = c.id AND wipe() = 1 WHEN MATCHED THEN DELETE
INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET total = wipe()
CREATE TABLE x (a int DEFAULT wipe())
CREATE INDEX ON orders (noisy(id))
CREATE VIEW x AS SELECT wipe()
CREATE TABLE x AS SELECT pg_read_file('/etc/passwd')
ALTER TABLE orders ADD COLUMN x int DEFAULT wipe()
ALTER TABLE orders ALTER COLUMN note TYPE int USING wipe()
CREATE RULE r AS ON INSERT TO orders DO ALSO SELECT wipe()
CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW WHEN (noisy(1) = 1) EXECUTE FUNCTION on_order()
CREATE MATERIALIZED VIEW x AS SELECT wipe()
DROP SCHEMA public CASCADE
ALTER SCHEMA public RENAME TO p2
CREATE SCHEMA x AUTHORIZATION postgres
CREATE SCHEMA x CREATE TABLE y (a int)
ALTER TABLE hidden_child ADD COLUMN x int
ALTER VIEW v_secret RENAME TO v2; SELECT 1
SELECT mail_domain FROM customers WHERE mail_domain LIKE 'a%'
SELECT ssn FROM people_eu WHERE ssn LIKE '1%'
SELECT code FROM mv WHERE code > '5'
SELECT id FROM customers WHERE ssn = ssn_of(1)
SELECT ssn_of(id) FROM customers WHERE ssn_of(id) LIKE '1%'
SELECT id FROM customers WHERE (SELECT ssn FROM customers c WHERE c.id = 1) LIKE '1%'
SELECT sum(CASE WHEN ssn LIKE '1%' THEN 1 ELSE 0 END) + 1 FROM customers
SELECT count(*) FROM (SELECT 1 FROM customers WHERE left(ssn, 1) = '1') x
SELECT rank() OVER (ORDER BY left(ssn, 1)), id FROM customers
SELECT id FROM customers JOIN LATERAL (SELECT ssn AS s) x ON s ~ '1'
WITH RECURSIVE r AS (SELECT ssn, 1 AS n FROM customers UNION ALL SELECT ssn, n + 1 FROM r WHERE substr(ssn, n, 1) = '1') SELECT n FROM r
SELECT * FROM unnest((SELECT array_agg(ssn) FROM customers)) u WHERE u LIKE '1%'
SELECT g FROM customers c, generate_series(1, 9) g WHERE c.ssn = g::text
SELECT g FROM customers c, generate_series(1, 9) g WHERE c.ssn IN (g::text)
SELECT g FROM (VALUES ('1')) v(g) WHERE g IN (SELECT ssn FROM customers)
SELECT g FROM (VALUES ('1')) v(g) WHERE EXISTS (SELECT 1 FROM customers WHERE ssn = g)
SELECT id FROM customers WHERE (ssn, id) = ('1', 1)
SELECT id FROM customers WHERE NOT (ssn < '5')
SELECT id FROM customers WHERE CASE WHEN ssn < '5' THEN true ELSE false END
SELECT id FROM customers WHERE coalesce(ssn, '') < '5'
SELECT id FROM customers WHERE nullif(ssn, '1') IS NULL
SELECT id FROM customers WHERE ssn BETWEEN '1' AND '2'
SELECT id FROM customers WHERE ssn SIMILAR TO '1%'
SELECT id FROM customers WHERE starts_with(ssn, '1')
SELECT id FROM customers WHERE ssn COLLATE "C" < '5'
SELECT id FROM customers WHERE (ssn = '1') IS TRUE AND (ssn < '5') IS TRUE
EXPLAIN ANALYZE SELECT id FROM customers WHERE ssn LIKE '1%'
`
  .split('\n')
  .filter((line) => line !== '')
