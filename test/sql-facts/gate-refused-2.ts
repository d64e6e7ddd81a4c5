/** Further statements that no tool runs for anybody, on the schema of gate.test.ts. */
export const gateMoreRefused: readonly string[] = `
SELECT id, count(*) OVER w FROM customers WINDOW w AS (ORDER BY ssn RANGE BETWEEN 10 PRECEDING AND CURRENT ROW)
SELECT id, count(*) OVER (w RANGE BETWEEN 10 PRECEDING AND CURRENT ROW) FROM customers WINDOW w AS (ORDER BY ssn)
SELECT id FROM customers JOIN pg_timezone_names z ON z.name = email
SELECT id FROM pg_settings NATURAL JOIN (SELECT id, ssn AS setting FROM customers) c
SELECT name FROM pg_settings WHERE name IN (SELECT email FROM customers)
SELECT data FROM pg_catalog.pg_largeobject WHERE loid = 1
SELECT pg_catalog.pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()
SELECT "pg_catalog"."set_config"('work_mem', '1GB', true)
SELECT pg_catalog.current_setting('PRIMARY_CONNINFO')
SELECT pg_catalog.query_to_xml($$update orders set total = 0 returning *$$, false, false, '')
SELECT evil.lower('X'), pg_catalog.lower('X')
SELECT subconninfo FROM pg_catalog.pg_subscription
DELETE FROM pg_catalog.pg_trigger
CREATE TABLE pg_catalog.x (a int)
CREATE VIEW pg_catalog.pg_tables2 AS SELECT 1
ALTER TABLE orders SET SCHEMA pg_catalog
CREATE SCHEMA pg_x
DROP SCHEMA pg_catalog
DROP SCHEMA information_schema CASCADE
CREATE SCHEMA IF NOT EXISTS pg_evil
ALTER SCHEMA evil RENAME TO pg_evil
ALTER SCHEMA pg_catalog RENAME TO x
DROP FUNCTION pg_catalog.lower(text)
DROP FUNCTION pg_catalog.now
DROP OPERATOR pg_catalog.+ (int, int)
DROP VIEW pg_catalog.pg_stats
DROP TYPE pg_catalog.int4
DROP COLLATION pg_catalog."C"
DROP AGGREGATE pg_catalog.sum(int)
DROP DOMAIN information_schema.sql_identifier
CREATE TYPE pg_catalog.t AS ENUM ('a')
CREATE TYPE pg_catalog.t AS (a int)
CREATE TYPE pg_catalog.t AS RANGE (subtype = int)
CREATE DOMAIN pg_catalog.d AS int
CREATE SEQUENCE pg_catalog.s
CREATE TABLE information_schema.t (a int)
CREATE MATERIALIZED VIEW pg_catalog.m AS SELECT 1
CREATE STATISTICS pg_catalog.s ON id, status FROM orders
SELECT 1 AS a INTO pg_catalog.t
CREATE TABLE pg_catalog.t AS SELECT 1
ALTER TYPE pg_catalog.int4 RENAME TO x
ALTER TYPE comp SET SCHEMA pg_catalog
ALTER DOMAIN information_schema.cardinal_number DROP CONSTRAINT x
ALTER TABLE pg_catalog.pg_class RENAME TO x
CREATE OR REPLACE VIEW information_schema.tables AS SELECT 1 AS a
TRUNCATE pg_catalog.pg_statistic
SELECT pg_read_file('/etc/passwd', true)
SELECT id FROM orders WHERE note = pg_read_file('/etc/hostname')
SELECT * FROM pg_ls_logicalsnapdir()
SELECT * FROM pg_ls_replslotdir('s')
SELECT pg_ls_dir('.', true, false)
SELECT pg_file_write('/tmp/x', 'x', false)
SELECT pg_file_rename('a', 'b')
SELECT * FROM pg_read_server_files()
SELECT lo_from_bytea(1, pg_read_binary_file('/etc/passwd'))
SELECT lo_lseek(0, 0, 0), lo_tell(0)
SELECT loread(lo_open(16400, 262144), 1000)
SELECT encode(lo_get(oid), 'escape') FROM pg_largeobject_metadata
GRANT SELECT ON LARGE OBJECT 1 TO PUBLIC
SELECT pid, pg_cancel_backend(pid) AS x FROM pg_stat_activity
SELECT CASE WHEN true THEN pg_reload_conf() END
SELECT pg_promote(true, 60)
SELECT pg_stop_backup()
SELECT pg_backup_start('label', fast => true)
SELECT pg_log_standby_snapshot()
SELECT pg_create_physical_replication_slot('x', true)
SELECT pg_copy_logical_replication_slot('a', 'b')
SELECT * FROM pg_logical_slot_peek_binary_changes('s', NULL, 1)
SELECT pg_replication_origin_session_setup('x')
SELECT pg_replication_origin_xact_setup('0/0', now())
SELECT pg_stat_reset_slru('all')
SELECT pg_stat_reset_subscription_stats(NULL)
SELECT pg_stat_reset_backend_stats(1)
SELECT pg_stat_statements_reset()
SELECT pg_clear_attribute_stats('public', 'orders', 'id', false)
SELECT id FROM orders WHERE pg_try_advisory_xact_lock(id)
SELECT pg_advisory_unlock_shared(1)
SELECT pg_isolation_test_session_is_blocked(1, '{2}')
NOTIFY "select"
SELECT pg_sleep_for('5 minutes')
SELECT CASE WHEN 1 = 1 THEN pg_sleep(1) END
SELECT count(pg_sleep(1)) FROM generate_series(1, 10)
SELECT set_config('role', 'postgres', true)
SELECT set_config('session_authorization', 'postgres', false)
SELECT id FROM orders WHERE set_config('a.b', note, false) IS NOT NULL
SELECT current_setting('ssl_key_file')
SELECT current_setting('recovery_target' || '')
SELECT current_setting(lower('PRIMARY_CONNINFO'))
SELECT current_setting(missing_ok => true, setting_name => 'primary_conninfo')
SHOW restore_command
SELECT dblink('host=evil', 'select 1')
SELECT dblink_connect_u('h', 'x')
SELECT * FROM dblink_fetch('c', 1) AS t(a int)
SELECT dblink_cancel_query('c')
SELECT * FROM dblink_get_notify()
SELECT dblink_current_query()
SELECT dblink_build_sql_update('secrets', '1', 1, '{1}', '{2}')
SELECT * FROM crosstab2('select v,v,v from secrets')
SELECT * FROM crosstab('select 1', 2) AS t(a int)
SELECT * FROM connectby('customers', 'id', 'id', 'ssn', '1', 0, '~') AS t(k int, p int, l int, b text)
SELECT xpath('//ssn', table_to_xml('customers', true, false, ''))
SELECT database_to_xmlschema(true, false, '')
SELECT cursor_to_xmlschema('c', true, false, '')
SELECT word FROM ts_stat($$select to_tsvector(name) from customers$$)
SELECT * FROM pg_stat_get_wal_receiver() AS t
SELECT * FROM pg_cursor()
SELECT pg_rotate_logfile_old()
SELECT pg_export_snapshot() || ''
SELECT age(pg_current_xact_id()::xid)
SELECT pg_relation_check_pages('orders'::regclass)
SELECT brin_desummarize_range('i', 0)
SELECT pg_event_trigger_ddl_commands()
SELECT suppress_redundant_updates_trigger()
SELECT plpgsql_call_handler()
SELECT lo_manage()
SELECT binary_upgrade_create_empty_extension('a', 'b', false, 'c', '{}', '{}', '{}')
SELECT pg_replication_slot_advance('a', '0/1')
SELECT bthandler(NULL)
SELECT trg()
CALL public.do_purge_proc ( )
CREATE FUNCTION x() RETURNS void AS $$ delete from orders $$ LANGUAGE sql
CREATE PROCEDURE p() LANGUAGE plpgsql AS 'begin commit; end'
ALTER ROUTINE do_purge() RESET ALL
CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION f(internal))
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = ispell, DictFile = '/etc/passwd')
CREATE CONVERSION c FOR 'UTF8' TO 'LATIN1' FROM f
CREATE OPERATOR CLASS oc FOR TYPE int USING btree AS OPERATOR 1 <
CREATE TYPE base_t (INPUT = f, OUTPUT = g)
DROP EVENT TRIGGER e
ALTER EXTENSION dblink UPDATE
ALTER DATABASE x RENAME TO y
ALTER TABLESPACE pg_default SET (random_page_cost = 1)
ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE ts
DROP SERVER s
ALTER PUBLICATION p ADD TABLE secrets
DROP SUBSCRIPTION s
GRANT SELECT (ssn) ON customers TO PUBLIC
REVOKE ALL ON SCHEMA public FROM PUBLIC
ALTER GROUP g ADD USER u
ALTER VIEW v_active OWNER TO postgres
ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM PUBLIC
SET LOCAL ROLE postgres
SET LOCAL search_path TO 'evil'
SET TRANSACTION READ WRITE
RESET search_path
DISCARD TEMP
BEGIN READ WRITE
COMMIT WORK AND CHAIN
ROLLBACK PREPARED 'x'
CHECKPOINT
VACUUM FULL
COPY customers (ssn) TO '/tmp/x' CSV HEADER
COPY orders FROM '/tmp/a' WITH (FORMAT binary)
LOCK orders
DECLARE c BINARY SCROLL CURSOR FOR SELECT ssn FROM customers
DEALLOCATE p
EXECUTE q
EXPLAIN ANALYZE EXECUTE q(1)
EXPLAIN (ANALYZE) SELECT do_purge() FROM orders
EXPLAIN (ANALYZE) CREATE TABLE x AS EXECUTE q
EXPLAIN DECLARE c CURSOR FOR SELECT 1
EXPLAIN EXPLAIN SELECT 1
SELECT 1 WHERE EXISTS (SELECT 1 FROM orders FOR SHARE)
SELECT * FROM orders LIMIT 1 FOR READ ONLY FOR UPDATE
SELECT 1;DROP TABLE orders;--
SELECT '1'';'; DELETE FROM orders; SELECT ''
SELECT E'\\'; DELETE FROM orders; --'; DELETE FROM orders
SELECT U&'!003b' UESCAPE '!'; DROP TABLE orders
SELECT 1 \\gexec
\\! id
\\c other
SELECT 1 AS a \\gset
SELECT :'x'
SELECT 1 WHERE 1 = :1
USE other
SELECT @@version
SELECT * INTO OUTFILE '/tmp/x' FROM orders
INSERT IGNORE INTO orders VALUES (1)
DROP TABLE orders, customers, secrets
SELECT　1
SELECT 1 FROM orders WHERE id = 1 OR do_purge ( ) = 1
SELECT U&"do\\005fpurge"()
SELECT Do_Purge()
SELECT coalesce((SELECT do_purge()), 1)
SELECT * FROM orders JOIN LATERAL do_purge() p ON true
SELECT count(*) OVER (PARTITION BY do_purge())
SELECT 1 OFFSET do_purge()
SELECT * FROM XMLTABLE('/a' PASSING xmlelement(NAME a) COLUMNS x int PATH 'b' DEFAULT do_purge())
SELECT JSON_QUERY('{}'::jsonb, '$.a' DEFAULT do_purge()::text ON EMPTY)
SELECT JSON_ARRAYAGG(do_purge())
SELECT JSON_ARRAY(SELECT do_purge())
SELECT JSON_SERIALIZE(do_purge()::text RETURNING text)
SELECT do_purge() IS JSON
SELECT c.purge_customer FROM (SELECT * FROM customers) c
SELECT id FROM customers c ORDER BY c.purge_customer
SELECT (null::customers).purge_customer
SELECT ((SELECT c FROM customers c LIMIT 1)).purge_customer
SELECT 1 OPERATOR ( evil . + ) 1
SELECT id FROM orders ORDER BY id OPERATOR(evil.+) 1
SELECT 5::checked::int
SELECT checked '5'
SELECT ARRAY['5']::d2[]
SELECT * FROM jsonb_to_record('{"x":1}') AS t(x comp)
SELECT JSON_QUERY('{"a":5}', '$' RETURNING comp)
SELECT * FROM XMLTABLE('/a' PASSING '<a>5</a>' COLUMNS x checked PATH '.')
SELECT xmlserialize(CONTENT '5' AS checked)
SELECT jsonb_populate_recordset(null::has_comp, '[]')
INSERT INTO secrets SELECT 'x'
DELETE FROM ONLY secrets
WITH s AS (SELECT v FROM secrets) UPDATE orders SET note = s.v FROM s
SELECT * FROM orders o WHERE o.note IN (SELECT v FROM secrets)
SELECT * FROM "secrets" s, orders o
SELECT * FROM postgres.public.secrets
SELECT secrets.v::text FROM secrets
SELECT to_jsonb(s.*) FROM public.secrets AS s
SELECT EXISTS (SELECT FROM secrets)
VALUES ((SELECT v FROM secrets LIMIT 1))
EXPLAIN (ANALYZE, VERBOSE) SELECT v FROM secrets
CREATE TABLE x AS TABLE secrets
CREATE TABLE x (v text) INHERITS (secrets)
CREATE RULE r AS ON SELECT TO secrets DO INSTEAD SELECT 'x'::text AS v
CREATE INDEX ON public.secrets (v)
ALTER TABLE secrets RENAME TO orders2
ALTER TABLE IF EXISTS secrets DISABLE ROW LEVEL SECURITY
ALTER TABLE orders ADD FOREIGN KEY (note) REFERENCES secrets (v)
REINDEX TABLE secrets
TRUNCATE secrets
DROP TABLE IF EXISTS public.secrets CASCADE
SELECT passwd FROM pg_shadow
SELECT to_jsonb(s) FROM pg_shadow s
SELECT stxdmcv FROM pg_statistic_ext_data
SELECT * FROM pg_stats_ext_exprs
SELECT s.* FROM pg_stats s
SELECT x.* FROM pg_stats_ext x
SELECT left(query, 10) FROM pg_stat_activity
SELECT to_jsonb(a) -> 'query' FROM pg_stat_activity a
SELECT * FROM pg_stat_get_activity(pg_backend_pid())
SELECT umoptions FROM pg_user_mappings
SELECT * FROM pg_prepared_statements
SELECT s FROM pg_subscription s
SELECT * FROM pg_hba_file_rules
SELECT setconfig FROM pg_db_role_setting
UPDATE pg_class SET relname = 'x' WHERE relname = 'orders'
ALTER TABLE pg_class ADD COLUMN x int
CREATE TRIGGER t BEFORE UPDATE ON pg_class FOR EACH ROW EXECUTE FUNCTION trg()
DROP OWNED BY CURRENT_USER CASCADE
CREATE TABLE x (a int CHECK (do_purge() = 1))
CREATE TABLE x (a checked)
ALTER TABLE orders ALTER total SET DEFAULT do_purge()
CREATE DOMAIN x AS int CHECK (do_purge() = VALUE)
CREATE INDEX ON orders (id) WHERE do_purge() = 1
CREATE POLICY p ON orders WITH CHECK (EXISTS (SELECT 1 FROM secrets))
CREATE MATERIALIZED VIEW x AS SELECT pg_read_file('/etc/passwd')
INSERT INTO orders (note) VALUES (pg_read_file('/etc/passwd'))
UPDATE orders SET note = current_setting('primary_conninfo')
DELETE FROM orders WHERE id = do_purge()
MERGE INTO orders o USING customers c ON o.id = c.id WHEN MATCHED AND do_purge() = 1 THEN DO NOTHING
INSERT INTO v_purge VALUES (1)
SELECT 1 FROM v_purge LIMIT 0
SELECT unknown_fn(1)
SELECT nope FROM orders
SELECT http_get('http://169.254.169.254/')
SELECT aws_s3.query_export_to_s3('select 1', 'b')
SELECT plv8_reset()
SELECT pg_prewarm('orders')
SELECT get_raw_page('customers', 0)
SELECT pg_visibility('customers')
SELECT xpath_table('id', 'x', 'secrets', '/', 'true')
SELECT pg_repack()
DROP VIEW pg_stats
COMMENT ON TABLE pg_class IS 'x'
SELECT JSON_ARRAY(SELECT id FROM customers WHERE ssn LIKE '9%')
SELECT JSON_ARRAY(DELETE FROM orders RETURNING id)
`
  .split('\n')
  .filter((line) => line !== '')
