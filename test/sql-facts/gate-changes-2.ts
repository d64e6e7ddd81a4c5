/** Further DML: sql_query refuses it, sql_execute calls it a write. */
export const gateMoreWrites: readonly string[] = `
INSERT INTO orders (id, status) SELECT id + 100, 'new' FROM orders WHERE status = 'paid' RETURNING id
INSERT INTO orders (id, status) VALUES (1, 'a'), (2, 'b') ON CONFLICT DO NOTHING RETURNING *
INSERT INTO orders AS o (id) VALUES (1) RETURNING o.id AS new_id
INSERT INTO customers (id, name, ssn, email) VALUES ($1, $2, $3, $4)
INSERT INTO audit_log (id, action) OVERRIDING SYSTEM VALUE VALUES (1, 'x')
INSERT INTO orders (id, total) VALUES (1, (SELECT max(total) FROM orders))
INSERT INTO orders TABLE orders
UPDATE orders SET status = CASE WHEN total > 2 THEN 'big' ELSE 'small' END, updated_at = now() WHERE deleted_at IS NULL
UPDATE orders SET (status, note) = ('a', 'b') WHERE id = 1
UPDATE orders SET (status, note) = (SELECT 'a', name FROM customers WHERE id = 1) WHERE id = 1
UPDATE orders o SET total = s.t FROM (SELECT customer_id, sum(total) AS t FROM orders GROUP BY 1) s WHERE s.customer_id = o.customer_id
UPDATE orders SET note = note || ' (fixed)' WHERE id = ANY (ARRAY[1, 2]) RETURNING id, note
UPDATE customers SET email = lower(email) WHERE email <> lower(email)
UPDATE customers SET ssn = NULL WHERE created_at < now() - interval '7 years'
UPDATE orders SET total = 0 WHERE 'a' = 'a'
UPDATE orders SET total = 0 WHERE NOT false
UPDATE orders SET total = 0 WHERE id > 0 OR true
UPDATE orders SET total = 0 WHERE id IN (SELECT id FROM orders)
UPDATE orders SET total = 0 WHERE coalesce(id, 0) = coalesce(id, 0)
DELETE FROM orders WHERE created_at < now() - interval '1 year'
DELETE FROM orders o USING (SELECT min(id) AS id, customer_id FROM orders GROUP BY 2) k WHERE o.customer_id = k.customer_id AND o.id <> k.id
DELETE FROM orders WHERE ctid NOT IN (SELECT min(ctid) FROM orders GROUP BY customer_id)
DELETE FROM orders WHERE 1 < 2
DELETE FROM orders
DELETE FROM orders WHERE (SELECT true)
DELETE FROM audit_log WHERE id = 5 RETURNING *
MERGE INTO orders t USING (SELECT id, name FROM customers) s ON t.customer_id = s.id WHEN MATCHED AND t.status = 'x' THEN UPDATE SET note = s.name WHEN NOT MATCHED THEN INSERT (id, note) VALUES (s.id, s.name)
WITH moved AS (DELETE FROM orders WHERE status = 'old' RETURNING *) INSERT INTO audit_log (action) SELECT 'archived ' || id FROM moved
WITH a AS (UPDATE orders SET total = 1 WHERE id = 1 RETURNING id), b AS (DELETE FROM audit_log WHERE id IN (SELECT id FROM a)) SELECT 1
WITH a AS (INSERT INTO audit_log (action) VALUES ('x') RETURNING id) UPDATE orders SET note = 'y' WHERE id IN (SELECT id FROM a)
WITH a AS (SELECT 1), d AS (DELETE FROM orders WHERE false) TABLE a
SELECT nextval('order_seq'::text)
SELECT pg_catalog."setval"('order_seq'::regclass, 9999, true)
SELECT currval('order_seq'), nextval('order_seq')
SELECT (SELECT nextval('order_seq')), id FROM orders
SELECT id FROM orders GROUP BY id HAVING nextval('order_seq') > 0
SELECT * FROM (VALUES (nextval('order_seq'))) v
SELECT ARRAY[nextval('order_seq')], ROW(nextval('order_seq'))
SELECT count(*) FILTER (WHERE nextval('order_seq') > 0) FROM orders
EXPLAIN (ANALYZE, TIMING off) WITH x AS (INSERT INTO audit_log (action) VALUES ('x') RETURNING 1) SELECT * FROM x
EXPLAIN (VERBOSE, ANALYZE yes) DELETE FROM orders WHERE id = 1
EXPLAIN (ANALYZE "true") UPDATE orders SET total = 1
INSERT INTO orders (id, note) VALUES (1, DEFAULT), (2, 'x')
INSERT INTO orders (id) VALUES (1) ON CONFLICT ON CONSTRAINT o_pk DO UPDATE SET total = orders.total + excluded.total, updated_at = now()
INSERT INTO orders (id) VALUES ($1) ON CONFLICT (id) WHERE status = 'x' DO NOTHING
INSERT INTO customers (id, email) SELECT id + 100, email FROM customers ON CONFLICT DO NOTHING
UPDATE orders SET total = $1 WHERE id = $2
UPDATE orders SET deleted_at = CURRENT_TIMESTAMP WHERE id IN (SELECT id FROM orders ORDER BY id LIMIT 10)
UPDATE orders AS o SET note = c.email FROM customers AS c WHERE c.id = o.customer_id AND c.email LIKE '%@example.com'
UPDATE customers SET email = regexp_replace(email, '@example\\.com$', '@example.org') WHERE email ~ '@example\\.com$' RETURNING id
UPDATE customers SET balance = balance * 1.1 WHERE lower(email) = 'm1@example.com'
DELETE FROM customers WHERE email LIKE '%@spam.test'
DELETE FROM orders WHERE id IN (SELECT o.id FROM orders o LEFT JOIN customers c ON c.id = o.customer_id WHERE c.id IS NULL)
WITH dup AS (SELECT id, row_number() OVER (PARTITION BY email ORDER BY id) AS rn FROM customers) DELETE FROM customers WHERE id IN (SELECT id FROM dup WHERE rn > 1)
WITH up AS (UPDATE orders SET total = 1 WHERE id = 1 RETURNING *) SELECT up.id, c.name FROM up JOIN customers c ON c.id = up.customer_id
MERGE INTO orders AS t USING jsonb_to_recordset($1::jsonb) AS s(id int, total numeric) ON t.id = s.id WHEN MATCHED AND s.total IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET total = s.total WHEN NOT MATCHED THEN INSERT (id, total) VALUES (s.id, s.total)
`
  .split('\n')
  .filter((line) => line !== '')

/** Further DDL likewise. */
export const gateMoreAdmin: readonly string[] = `
CREATE TABLE invoices (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, order_id int NOT NULL, amount numeric(12,2) NOT NULL CHECK (amount >= 0), tags text[] DEFAULT '{}', meta jsonb NOT NULL DEFAULT '{}'::jsonb, created_at timestamptz NOT NULL DEFAULT now(), UNIQUE (order_id, created_at))
CREATE TABLE t_g (a int, b int GENERATED ALWAYS AS (a * 2) STORED)
CREATE TABLE t_g (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL)
CREATE TABLE t_e (r int4range, EXCLUDE USING gist (r WITH &&))
CREATE TABLE t_f (id int REFERENCES customers (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED)
CREATE TABLE t_p (id int, at timestamptz) PARTITION BY RANGE (at)
CREATE TABLE t_h (id int) PARTITION BY HASH (id) WITH (fillfactor = 70)
CREATE TABLE t_u (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, n int DEFAULT nextval('order_seq'))
CREATE TABLE t_c AS SELECT status, count(*) FROM orders GROUP BY status WITH DATA
CREATE TEMPORARY TABLE t_tmp ON COMMIT DROP AS SELECT id FROM orders
ALTER TABLE orders ADD COLUMN IF NOT EXISTS archived boolean NOT NULL DEFAULT false
ALTER TABLE orders ADD COLUMN ref uuid DEFAULT gen_random_uuid()
ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'new', ALTER COLUMN note TYPE varchar(200)
ALTER TABLE orders ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY
ALTER TABLE orders ALTER COLUMN status DROP NOT NULL, ALTER COLUMN total SET STATISTICS 500, ALTER COLUMN note SET STORAGE EXTERNAL
ALTER TABLE orders ADD CONSTRAINT fk_c FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID
ALTER TABLE orders VALIDATE CONSTRAINT fk_c
ALTER TABLE orders ADD PRIMARY KEY (id)
ALTER TABLE orders ADD CONSTRAINT u UNIQUE USING INDEX i_u
ALTER TABLE orders DROP COLUMN IF EXISTS note CASCADE
ALTER TABLE orders SET (autovacuum_vacuum_scale_factor = 0.01, fillfactor = 80)
ALTER TABLE orders RESET (fillfactor)
ALTER TABLE orders CLUSTER ON customers_pkey
ALTER TABLE orders REPLICA IDENTITY FULL
ALTER TABLE orders SET LOGGED
ALTER TABLE orders FORCE ROW LEVEL SECURITY
ALTER TABLE customers DROP COLUMN ssn
ALTER TABLE customers RENAME COLUMN ssn TO note
ALTER TABLE orders DETACH PARTITION audit_log
ALTER TABLE orders INHERIT audit_log
ALTER TABLE orders DISABLE RULE r
ALTER TABLE orders ALTER CONSTRAINT fk_c DEFERRABLE
ALTER TABLE orders SET SCHEMA evil
ALTER INDEX customers_pkey SET (fillfactor = 90)
ALTER INDEX IF EXISTS customers_pkey SET TABLESPACE pg_default
ALTER VIEW v_active SET (security_invoker = true)
ALTER MATERIALIZED VIEW mv_sales RENAME TO mv_x
ALTER SEQUENCE order_seq INCREMENT BY 10 CACHE 5 OWNED BY orders.id
ALTER TYPE comp ADD ATTRIBUTE b int
ALTER TYPE comp RENAME ATTRIBUTE a TO z
ALTER DOMAIN d2 DROP CONSTRAINT IF EXISTS x
CREATE INDEX CONCURRENTLY IF NOT EXISTS i_a ON orders USING btree (customer_id, created_at DESC NULLS LAST) INCLUDE (total) WHERE status = 'paid'
CREATE INDEX i_gin ON orders USING gin (to_tsvector('english', note))
CREATE INDEX i_low ON customers (lower(email))
CREATE INDEX i_brin ON orders USING brin (created_at) WITH (pages_per_range = 32)
CREATE UNIQUE INDEX i_n ON orders (id) NULLS NOT DISTINCT
DROP INDEX CONCURRENTLY IF EXISTS customers_pkey
CREATE VIEW v_big AS SELECT id, total FROM orders WHERE total > 100 WITH CHECK OPTION
CREATE OR REPLACE VIEW v_sum (s, n) AS SELECT status, count(*) FROM orders GROUP BY status
CREATE MATERIALIZED VIEW mv_d AS SELECT created_at::date AS d, sum(total) FROM orders GROUP BY 1 WITH NO DATA
REFRESH MATERIALIZED VIEW CONCURRENTLY mv_sales
DROP MATERIALIZED VIEW IF EXISTS mv_sales CASCADE
DROP TYPE comp CASCADE
DROP DOMAIN IF EXISTS d2
DROP TRIGGER IF EXISTS t ON orders
DROP RULE r ON orders
DROP POLICY p ON orders
DROP PROCEDURE do_purge_proc()
DROP AGGREGATE IF EXISTS agg (int)
DROP OPERATOR evil.+ (int, int)
DROP SCHEMA evil CASCADE
DROP STATISTICS IF EXISTS st
DROP TABLE IF EXISTS delete
CREATE POLICY own ON orders FOR SELECT TO PUBLIC USING (customer_id = 1)
CREATE STATISTICS st (dependencies, ndistinct) ON status, customer_id FROM orders
CREATE TYPE status_t AS ENUM ('new', 'paid')
CREATE TYPE r_t AS RANGE (subtype = timestamptz)
CREATE DOMAIN email_t AS text CHECK (VALUE ~ '@') NOT NULL
CREATE SEQUENCE IF NOT EXISTS s_x AS bigint MINVALUE 1 CYCLE OWNED BY orders.id
CREATE TRIGGER tr AFTER UPDATE OF status ON orders REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION trg()
CREATE CONSTRAINT TRIGGER tr AFTER INSERT ON orders DEFERRABLE FOR EACH ROW EXECUTE FUNCTION trg()
CREATE RULE "_RETURN" AS ON SELECT TO orders DO INSTEAD SELECT * FROM audit_log
CREATE RULE r AS ON UPDATE TO orders WHERE new.total > 5 DO ALSO (INSERT INTO audit_log (action) VALUES ('a'); INSERT INTO audit_log (action) VALUES ('b'))
COMMENT ON TABLE orders IS 'Orders; one per basket'
COMMENT ON FUNCTION do_purge() IS NULL
COMMENT ON INDEX customers_pkey IS 'x'
TRUNCATE orders CASCADE
TRUNCATE ONLY audit_log, orders RESTART IDENTITY
ANALYZE
ANALYZE (VERBOSE) orders, customers (id)
REINDEX INDEX CONCURRENTLY customers_pkey
REINDEX (VERBOSE) SCHEMA public
CLUSTER
SELECT id, total INTO archive FROM orders WHERE created_at < now()
CREATE TABLE IF NOT EXISTS copy_c AS SELECT ssn FROM customers
EXPLAIN ANALYZE CREATE TABLE x AS SELECT ssn FROM customers
ALTER TABLE orders ALTER CONSTRAINT fk_c NOT DEFERRABLE
ALTER TABLE orders ALTER CONSTRAINT fk_c NOT ENFORCED
ALTER TABLE orders ADD CONSTRAINT nn NOT NULL note NOT VALID
ALTER TABLE orders ADD CONSTRAINT ck CHECK (total > 0) NOT ENFORCED
CREATE TABLE t_w (id int4range, at tstzrange, PRIMARY KEY (id, at WITHOUT OVERLAPS))
CREATE TABLE t_q (a int COLLATE "C" , b text COMPRESSION lz4, c text STORAGE EXTERNAL)
CREATE TABLE t_q (a int) TABLESPACE pg_default
CREATE TABLE t_q (a int) USING heap
CREATE TABLE t_q PARTITION OF orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')
CREATE TABLE t_q PARTITION OF orders FOR VALUES WITH (MODULUS 4, REMAINDER 0)
CREATE TABLE t_q PARTITION OF orders DEFAULT
ALTER TABLE orders ATTACH PARTITION audit_log FOR VALUES FROM (MINVALUE) TO (MAXVALUE)
ALTER TABLE orders DETACH PARTITION audit_log CONCURRENTLY
ALTER TABLE orders ALTER COLUMN id SET GENERATED BY DEFAULT RESTART WITH 100
ALTER TABLE orders ALTER COLUMN id DROP IDENTITY IF EXISTS
ALTER TABLE orders ALTER COLUMN note SET COMPRESSION lz4
ALTER TABLE orders ALTER COLUMN total DROP EXPRESSION
ALTER TABLE orders ALTER COLUMN total SET EXPRESSION AS (id * 2)
ALTER TABLE orders ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC'
ALTER TABLE orders ALTER COLUMN status TYPE text USING lower(status), ALTER COLUMN status SET DEFAULT 'open'
ALTER TABLE orders ALTER COLUMN id SET (n_distinct = 100)
ALTER TABLE orders SET WITHOUT CLUSTER
ALTER TABLE orders SET ACCESS METHOD heap
ALTER TABLE orders SET TABLESPACE pg_default
ALTER TABLE orders NO INHERIT audit_log
ALTER TABLE orders RENAME CONSTRAINT a TO b
ALTER TABLE orders ENABLE REPLICA TRIGGER t
ALTER TABLE IF EXISTS ONLY orders DROP CONSTRAINT IF EXISTS c RESTRICT
ALTER TABLE orders ADD EXCLUDE USING gist (customer_id WITH =)
ALTER TRIGGER t ON orders RENAME TO u
ALTER POLICY p ON orders RENAME TO q
ALTER POLICY p ON orders USING (id > 0) WITH CHECK (id > 0)
ALTER RULE r ON orders RENAME TO s
ALTER STATISTICS st SET STATISTICS 100
ALTER STATISTICS st RENAME TO st2
ALTER TYPE mood ADD VALUE IF NOT EXISTS 'ok' BEFORE 'sad'
ALTER TYPE mood RENAME VALUE 'a' TO 'b'
ALTER DOMAIN d_x ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID
ALTER DOMAIN d_x SET DEFAULT 5
ALTER SCHEMA evil RENAME TO good
ALTER MATERIALIZED VIEW mv_sales SET SCHEMA evil
ALTER MATERIALIZED VIEW mv_sales CLUSTER ON i
ALTER INDEX customers_pkey ALTER COLUMN 1 SET STATISTICS 10
ALTER INDEX customers_pkey ATTACH PARTITION i2
ALTER SEQUENCE IF EXISTS order_seq RENAME TO os
ALTER SEQUENCE order_seq AS bigint NO MAXVALUE
CREATE INDEX i_x ON orders ((note || status) text_pattern_ops, (total * 2) DESC)
CREATE INDEX i_x ON orders USING gin (note gin_trgm_ops)
CREATE INDEX i_j ON orders USING gin ((to_jsonb(note)) jsonb_path_ops) WITH (fastupdate = off)
CREATE INDEX i_d ON orders (date_trunc('day', created_at AT TIME ZONE 'UTC'))
CREATE INDEX i_s ON orders USING spgist (note)
CREATE INDEX ON ONLY orders (id) TABLESPACE pg_default
CREATE VIEW v_all AS SELECT o.*, c.name FROM orders o JOIN customers c ON c.id = o.customer_id
CREATE VIEW v_rec AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r
CREATE VIEW v_m AS SELECT id, ssn FROM customers
CREATE OR REPLACE TRIGGER tr BEFORE UPDATE ON orders FOR EACH ROW WHEN (old.* IS DISTINCT FROM new.*) EXECUTE FUNCTION trg()
CREATE TRIGGER tr INSTEAD OF INSERT ON v_active FOR EACH ROW EXECUTE PROCEDURE trg()
CREATE POLICY p ON orders AS RESTRICTIVE FOR UPDATE TO CURRENT_USER USING (status <> 'paid') WITH CHECK (total >= 0)
CREATE TABLE "Order Items" ("Id" serial PRIMARY KEY, "Qty" smallint DEFAULT 1 CHECK ("Qty" BETWEEN 1 AND 99), price money, at time with time zone DEFAULT CURRENT_TIME, day date DEFAULT CURRENT_DATE, who name DEFAULT CURRENT_USER, loc point, net cidr, bits bit varying(8), doc xml, search tsvector)
CREATE TABLE t_like (LIKE orders INCLUDING DEFAULTS EXCLUDING CONSTRAINTS, extra int)
CREATE TABLE t_arr (a int[][], b text ARRAY, c numeric(10, 2)[] DEFAULT ARRAY[]::numeric[])
CREATE TEMP TABLE tt (LIKE orders) ON COMMIT DELETE ROWS
REINDEX TABLE CONCURRENTLY orders
REINDEX (CONCURRENTLY, VERBOSE) INDEX customers_pkey
CLUSTER VERBOSE customers
DROP VIEW IF EXISTS v_active CASCADE
DROP TABLE orders RESTRICT
DROP SEQUENCE IF EXISTS order_seq CASCADE
DROP ROUTINE IF EXISTS do_purge()
DROP SCHEMA IF EXISTS evil
DROP TYPE IF EXISTS comp, comp2
DROP COLLATION IF EXISTS c
`
  .split('\n')
  .filter((line) => line !== '')
