/** DML however it is dressed: sql_query refuses it, sql_execute calls it a write. */
export const gateWrites: readonly string[] = `
WITH a AS (SELECT 1), b AS (SELECT * FROM a), c AS (UPDATE orders SET note = 'x' WHERE id IN (SELECT * FROM b) RETURNING id) SELECT a.* FROM a, c
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3), d AS (DELETE FROM audit_log WHERE id IN (SELECT n FROM r)) SELECT * FROM r
WITH i AS (INSERT INTO orders(id) SELECT 900 WHERE false RETURNING 1) VALUES (1)
WITH u AS NOT MATERIALIZED (UPDATE orders SET total = 0 WHERE id = 2 RETURNING *) TABLE u
WITH m AS (MERGE INTO orders o USING customers c ON o.customer_id = c.id WHEN MATCHED AND o.id = 1 THEN UPDATE SET note = 'm' RETURNING o.id) SELECT count(*) FROM m
INSERT INTO audit_log(action) WITH d AS (SELECT 'x'::text AS t) SELECT t FROM d
INSERT INTO audit_log DEFAULT VALUES
INSERT INTO orders (id, note) VALUES (500, 'x') ON CONFLICT DO NOTHING
INSERT INTO customers (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name WHERE customers.id > 0 RETURNING (xmax = 0)
UPDATE orders SET status = 'paid' WHERE id = 1
UPDATE orders SET status = 'x' WHERE 1 = 1
UPDATE orders SET status = 'x' WHERE id = id
UPDATE orders SET status = 'x' WHERE id IS NOT NULL OR id IS NULL
UPDATE ONLY orders AS o SET (status, note) = ROW('a', 'b') WHERE o.id = 1 RETURNING o.*
UPDATE orders SET status = DEFAULT
UPDATE orders SET total = total * 2 FROM customers WHERE customers.id = orders.customer_id
DELETE FROM orders USING customers WHERE customers.id = orders.customer_id AND customers.name = 'x'
DELETE FROM orders WHERE NOT EXISTS (SELECT 1 FROM customers WHERE false)
UPDATE v_active SET id = id
DELETE FROM v_active WHERE id = 5
INSERT INTO v_active VALUES (777)
UPDATE "delete" SET update = 1
DELETE FROM delete
MERGE INTO orders o USING (VALUES (1)) v(id) ON o.id = v.id WHEN NOT MATCHED THEN INSERT (id) VALUES (v.id) WHEN MATCHED THEN DO NOTHING
MERGE INTO orders o USING customers c ON true WHEN MATCHED THEN DELETE
SELECT nextval('public.order_seq'::regclass)
SELECT NEXTVAL('order_seq') FROM generate_series(1, 3)
SELECT setval('order_seq', 100, false)
SELECT CASE WHEN false THEN nextval('order_seq') ELSE 0 END
SELECT pg_catalog.setval(sequencename::regclass, 1) FROM pg_sequences
SELECT id FROM orders WHERE id = nextval('audit_log_id_seq')
SELECT * FROM generate_series(1, nextval('order_seq')) g
SELECT * FROM nextval('order_seq') n
SELECT 1 ORDER BY nextval('order_seq')
SELECT 1 LIMIT nextval('order_seq')
SELECT U&"nextv\\0061l"('order_seq')
SELECT "nextval"('order_seq')
SELECT coalesce(1, nextval('order_seq'))
SELECT 'order_seq'::regclass::oid, nextval(16400::oid::regclass)
VALUES (nextval('order_seq')), (1)
SELECT o.id, l.n FROM orders o, LATERAL (SELECT nextval('order_seq') + o.id) l(n)
SELECT array_agg(x ORDER BY nextval('order_seq')) FROM generate_series(1, 2) x
SELECT sum(1) OVER (ORDER BY nextval('order_seq')) FROM orders
EXPLAIN (ANALYZE, FORMAT JSON) INSERT INTO audit_log(action) VALUES ('x')
EXPLAIN (ANALYZE 'on') DELETE FROM orders WHERE id = 1
EXPLAIN (COSTS off, ANALYZE TRUE, SUMMARY off) UPDATE orders SET note = 'x' WHERE id = 1
EXPLAIN ANALYZE VERBOSE MERGE INTO orders o USING customers c ON o.id = c.id WHEN MATCHED THEN DELETE
EXPLAIN ANALYZE WITH d AS (DELETE FROM orders RETURNING 1) SELECT 1
EXPLAIN ANALYZE SELECT nextval('order_seq')
`
  .split('\n')
  .filter((line) => line !== '')

/** DDL likewise. */
export const gateAdmin: readonly string[] = `
EXPLAIN ANALYZE CREATE MATERIALIZED VIEW mv9 AS SELECT 1
EXPLAIN (ANALYZE ON) SELECT 1 AS a INTO t_explain
SELECT 1 AS x INTO UNLOGGED t_new
WITH x AS (SELECT 1 AS a) SELECT a INTO TABLE t_new FROM x
SELECT id INTO LOCAL TEMPORARY t_new FROM orders UNION SELECT 1
CREATE TABLE IF NOT EXISTS t_new (id int GENERATED ALWAYS AS IDENTITY, v text)
CREATE TABLE t_new AS TABLE orders WITH NO DATA
CREATE TABLE t_new (LIKE customers INCLUDING ALL)
CREATE UNLOGGED TABLE t_new (a int)
CREATE TABLE t_new (c int, CHECK (c > 0)) INHERITS (orders)
CREATE VIEW v_new WITH (security_barrier) AS SELECT id FROM orders
CREATE OR REPLACE VIEW v_active AS SELECT id FROM orders
CREATE RECURSIVE VIEW v_r (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM v_r WHERE n < 5
CREATE TEMP VIEW v_t AS SELECT id FROM customers
CREATE UNIQUE INDEX CONCURRENTLY i_new ON orders (id)
CREATE INDEX ON orders USING hash (status)
CREATE TRIGGER t_new BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION trg()
CREATE RULE r_new AS ON DELETE TO orders DO INSTEAD NOTHING
CREATE SEQUENCE s_new
CREATE TYPE t_pair AS (a int, b text)
CREATE DOMAIN d_new AS int CHECK (VALUE > 0)
CREATE SCHEMA s_new
ALTER TABLE orders ADD COLUMN extra int DEFAULT 5
ALTER TABLE orders ALTER COLUMN total TYPE bigint USING total::bigint
ALTER TABLE orders DISABLE TRIGGER ALL
ALTER TABLE orders ENABLE ROW LEVEL SECURITY
ALTER TABLE orders SET UNLOGGED
ALTER TABLE orders RENAME COLUMN note TO remark
ALTER VIEW v_active RENAME TO v_passive
ALTER SEQUENCE order_seq RESTART WITH 1
ALTER INDEX customers_pkey RENAME TO p2
ALTER TABLE customers DROP CONSTRAINT customers_pkey CASCADE
DROP TABLE IF EXISTS orders CASCADE
DROP VIEW v_active, v_customers
DROP INDEX customers_pkey
DROP SEQUENCE order_seq
DROP FUNCTION do_purge()
DROP MATERIALIZED VIEW mv_sales
TRUNCATE TABLE ONLY orders RESTART IDENTITY CASCADE
TRUNCATE audit_log
COMMENT ON COLUMN orders.note IS 'x'
REFRESH MATERIALIZED VIEW mv_sales
ANALYZE VERBOSE orders (total)
REINDEX TABLE customers
CLUSTER customers USING customers_pkey
`
  .split('\n')
  .filter((line) => line !== '')
