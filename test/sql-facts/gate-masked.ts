/** Ways to a masked column, on the schema of gate.test.ts: each is refused, or what comes out is known to hold it. */
export const gateMasked: readonly string[] = `
SELECT c.ssn AS id FROM customers AS c
SELECT ssn || '' FROM customers
SELECT concat_ws('-', id, ssn) FROM customers
SELECT reverse(ssn) FROM customers
SELECT array_agg(ssn) FROM customers
SELECT string_agg(email, ',') FROM customers
SELECT regexp_replace(ssn, '-', '', 'g') FROM customers
SELECT regexp_split_to_table(ssn, '-') FROM customers
SELECT encode(ssn::bytea, 'base64') FROM customers
SELECT encode(convert_to(ssn, 'UTF8'), 'hex') FROM customers
SELECT decode(ssn, 'escape') FROM customers
SELECT ascii(ssn) FROM customers
SELECT get_byte(ssn::bytea, 0) FROM customers
SELECT sha256(ssn::bytea) FROM customers
SELECT hashtext(ssn) FROM customers
SELECT translate(ssn, '0123456789', 'abcdefghij') FROM customers
SELECT to_jsonb(c) - 'name' FROM customers c
SELECT jsonb_agg(c) FROM customers c
SELECT json_object_agg(id, ssn) FROM customers
SELECT json_build_array(ssn) FROM customers
SELECT (to_jsonb(c))->>'ssn' FROM customers c
SELECT value FROM customers c, jsonb_each_text(to_jsonb(c))
SELECT key, value FROM customers c CROSS JOIN LATERAL json_each_text(row_to_json(c)) WHERE key = 'ssn'
SELECT xmlforest(ssn, email) FROM customers
SELECT xmlelement(name s, ssn) FROM customers
SELECT xmlagg(xmlelement(name s, ssn)) FROM customers
SELECT xmlconcat(xmlelement(name a, email)) FROM customers
SELECT customers FROM customers
SELECT customers::text FROM customers
SELECT ROW(c.*) FROM customers c
SELECT (c.*)::text LIKE '%9%' FROM customers c
SELECT format('%s', c) FROM customers c
SELECT quote_literal(ssn) FROM customers
SELECT max(ssn), min(email) FROM customers
SELECT mode() WITHIN GROUP (ORDER BY ssn) FROM customers
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY ssn) FROM customers
SELECT first_value(ssn) OVER (ORDER BY id) FROM customers
SELECT lag(email, 1, 'x') OVER (ORDER BY id) FROM customers
SELECT nth_value(ssn, 2) OVER () AS total FROM customers
WITH c(a, b, c) AS (SELECT id, ssn, email FROM customers) SELECT b AS a FROM c
WITH RECURSIVE r(i, s) AS (SELECT 1, ssn FROM customers WHERE id = 1 UNION ALL SELECT i + 1, substr(s, 2) FROM r WHERE i < 5) SELECT s FROM r
SELECT x FROM (SELECT id, ssn FROM customers) q(i, x)
SELECT s.note FROM v_customers s
SELECT (v).note FROM v_customers v
SELECT upper(note) AS status FROM v_customers
SELECT note FROM orders UNION SELECT ssn FROM customers
SELECT NULL::text AS x EXCEPT ALL SELECT ssn FROM customers
SELECT c.email FROM customers c NATURAL JOIN v_active
SELECT email FROM customers a JOIN customers b USING (id, email)
SELECT j.email FROM customers a JOIN customers b USING (email) AS j
SELECT l.e FROM orders o, LATERAL (SELECT email AS e FROM customers WHERE id = o.customer_id) l
SELECT (SELECT ssn FROM customers WHERE id = o.customer_id) AS note FROM orders o
SELECT ARRAY(SELECT ssn FROM customers)
SELECT unnest(ARRAY[ssn, email]) FROM customers
SELECT * FROM unnest(ARRAY(SELECT email FROM customers)) AS note
SELECT CASE WHEN id > 0 THEN ssn ELSE '' END FROM customers
SELECT coalesce(NULL, ssn) FROM customers
SELECT greatest(ssn, '') FROM customers
SELECT least(email, 'zzzz') FROM customers
SELECT nullif(ssn, 'x') FROM customers
SELECT (ARRAY[ssn])[1] FROM customers
SELECT ssn::varchar(3) FROM customers
SELECT CAST(ssn AS char(11)) FROM customers
SELECT ssn::name FROM customers
SELECT ssn::jsonb FROM customers
SELECT ssn::date FROM customers
SELECT email::inet FROM customers
SELECT to_tsvector(email) FROM customers
SELECT ts_lexize('simple', email) FROM customers
SELECT xpath('/a/text()', xmlelement(name a, ssn)) FROM customers
SELECT overlay(ssn PLACING '' FROM 1 FOR 1) FROM customers
SELECT substring(ssn FROM '\\d+') FROM customers
SELECT ssn COLLATE "C" FROM customers
SELECT DISTINCT ON (ssn) ssn FROM customers
SELECT count(*), ssn FROM customers GROUP BY ssn
SELECT ssn FROM customers GROUP BY GROUPING SETS ((ssn), ())
TABLE v_customers
SELECT email FROM ONLY customers
SELECT postgres.public.customers.ssn FROM postgres.public.customers
SELECT "customers"."ssn" FROM "public"."customers"
SELECT U&"s\\0073n" FROM customers
SELECT * FROM customers c(a, b, c, d)
SELECT * FROM (TABLE customers) t(a, b, x)
SELECT json_populate_record(null::customers, row_to_json(c)) FROM customers c
SELECT (jsonb_populate_record(null::customers, to_jsonb(c))).ssn FROM customers c
SELECT * FROM customers c, LATERAL jsonb_to_record(to_jsonb(c)) AS x(ssn text)
SELECT x.* FROM customers c, LATERAL (VALUES (c.ssn), (c.email)) x(v)
SELECT t.x FROM customers c CROSS JOIN LATERAL string_to_table(c.ssn, '-') AS t(x)
`
  .split('\n')
  .filter((line) => line !== '')
