/** Further ways to a masked column: each is refused, or what comes out is known to hold it. On the schema of gate.test.ts. */
export const gateMoreMasked: readonly string[] = `
SELECT id FROM (SELECT id, string_agg(ssn, '') OVER (ORDER BY id) AS x FROM customers) q WHERE x LIKE '9%'
SELECT count(ssn) FILTER (WHERE ssn > '905') * 1 FROM customers
SELECT id FROM customers c WHERE (SELECT x.id FROM customers x WHERE x.ssn = c.email OR c.ssn LIKE '9%' LIMIT 1) = 1
SELECT g FROM generate_series(7000, 7010) g, LATERAL (SELECT count(DISTINCT s) AS n FROM (SELECT ssn AS s FROM customers UNION ALL SELECT '900-55-' || g) q) z WHERE n = 5
SELECT g FROM generate_series(7000, 7010) g, LATERAL (SELECT count(*) AS n FROM (SELECT s, count(*) OVER (PARTITION BY s) AS k FROM (SELECT ssn AS s FROM customers UNION ALL SELECT '900-55-' || g) q) q2 WHERE k > 1) z WHERE n > 0
SELECT to_char(ssn::numeric, '999') FROM customers
SELECT (xmlelement(NAME a, ssn))::text FROM customers
SELECT xmlserialize(CONTENT xmlforest(ssn AS s) AS text) FROM customers
SELECT JSON_OBJECT(ssn: 1) FROM customers
SELECT JSON_ARRAY(ssn, email) FROM customers
SELECT JSON_ARRAY(SELECT ssn FROM customers)
SELECT JSON_OBJECTAGG(id: ssn) FROM customers
SELECT JSON_OBJECTAGG(ssn: id) FROM customers
SELECT JSON_SCALAR(ssn) FROM customers
SELECT JSON_VALUE(to_jsonb(c), '$.ssn') FROM customers c
SELECT JSON_QUERY(to_jsonb(c), '$.*' WITH WRAPPER) FROM customers c
SELECT JSON_EXISTS(to_jsonb(c), '$ ? (@.ssn starts with "9")') FROM customers c
SELECT t.* FROM customers c, XMLTABLE('/r' PASSING xmlelement(NAME r, c.ssn) COLUMNS s text PATH '.') t
SELECT jsonb_path_query(to_jsonb(c), '$.ssn') FROM customers c
SELECT jsonb_path_exists(to_jsonb(c), '$ ? (@.ssn like_regex "^9")') FROM customers c
SELECT to_jsonb(c) ->> 'ssn' FROM customers c
SELECT to_jsonb(c) #>> '{ssn}' FROM customers c
SELECT (to_jsonb(c))['ssn'] FROM customers c
SELECT jsonb_object_keys(jsonb_build_object(ssn, 1)) FROM customers
SELECT jsonb_object(ARRAY[ssn], ARRAY[name]) FROM customers
SELECT jsonb_set('{}', ARRAY[name], to_jsonb(ssn)) FROM customers
SELECT json_agg(c.*) FROM customers c
SELECT json_agg(x) FROM (SELECT id, email FROM customers) x
SELECT row_to_json(x) FROM (SELECT ssn AS a FROM customers) x
SELECT array_agg(c) FROM customers c
SELECT (array_agg(c))[1].ssn FROM customers c
SELECT (array_agg(c ORDER BY id))[1] FROM customers c
SELECT ((SELECT c FROM customers c LIMIT 1)).ssn
SELECT (c).* FROM (SELECT customers AS c FROM customers) x
SELECT (x.c).email FROM (SELECT c FROM customers c) x
SELECT (ROW(c.*)::customers).ssn FROM customers c
SELECT c IS NULL, c FROM customers c
SELECT c::customers FROM customers c
SELECT record_out(c) FROM customers c
SELECT concat(c) FROM customers c
SELECT c || '' FROM customers c
SELECT hash_record(c) FROM customers c
SELECT max(c::text) FROM customers c
SELECT first_value(c) OVER () FROM customers c
SELECT unnest(array_agg(c)) FROM customers c
SELECT (unnest(array_agg(c))).ssn FROM customers c
SELECT u.* FROM unnest(ARRAY(SELECT c FROM customers c)) u
SELECT t.s FROM customers t(a, b, s), orders
SELECT x.c3 FROM (customers c JOIN orders o ON o.customer_id = c.id) AS x(c1, c2, c3)
SELECT x.c3 FROM (SELECT * FROM customers) x(c1, c2, c3)
SELECT y FROM (VALUES ((SELECT max(ssn) FROM customers))) v(y)
SELECT column1 FROM (VALUES ((SELECT min(email) FROM customers))) v
WITH v(x) AS (TABLE customers) SELECT v.ssn FROM v
WITH a AS (SELECT ssn FROM customers), b AS (SELECT ssn AS x FROM a), c AS (SELECT x AS id FROM b) SELECT id FROM c
WITH a AS NOT MATERIALIZED (SELECT * FROM customers) SELECT (SELECT max(ssn) FROM a)
WITH RECURSIVE r(n, s) AS (SELECT 1, ''::text UNION ALL SELECT n + 1, s || (SELECT email FROM customers WHERE id = n) FROM r WHERE n < 4) SELECT s FROM r
WITH RECURSIVE r(a, b, c) AS (SELECT 'x'::text, 'y'::text, email FROM customers UNION ALL SELECT b, c, a FROM r WHERE a <> 'q' LIMIT 20) SELECT a FROM r
WITH RECURSIVE r AS (SELECT id, ssn FROM customers UNION SELECT id, ssn FROM r) SEARCH DEPTH FIRST BY ssn SET o SELECT o FROM r
WITH RECURSIVE r AS (SELECT id, ssn FROM customers UNION ALL SELECT r.id, r.ssn FROM r) CYCLE ssn SET c USING p SELECT p FROM r
SELECT note, id::text FROM orders UNION ALL SELECT name, ssn FROM customers
(SELECT note FROM orders) UNION ALL (SELECT NULL) UNION ALL (SELECT email FROM customers) ORDER BY 1
SELECT x FROM (SELECT 'a' AS x UNION ALL SELECT ssn FROM customers INTERSECT ALL SELECT ssn FROM customers) q
SELECT a.note FROM v_customers a JOIN v_customers b ON a.note = b.note
SELECT json_agg(v) FROM v_customers v
SELECT v::text FROM v_customers v
SELECT * FROM v_customers AS x(a, b)
SELECT b || '' FROM v_customers AS x(a, b)
SELECT mail FROM mails()
SELECT (mails()).mail
SELECT (m).mail FROM (SELECT mails() AS m) x
SELECT x FROM mails() AS t(i, x)
SELECT array_agg(mail) FROM mails()
SELECT l.x FROM customers c CROSS JOIN LATERAL (SELECT reverse(c.ssn) AS x) l
SELECT g FROM customers c, LATERAL unnest(ARRAY[c.ssn, c.email]) AS g
SELECT regexp_split_to_table(email, '@') FROM customers
SELECT t FROM customers, regexp_split_to_table(email, '@') AS t
SELECT split_part(email, '@', 2), count(*) FROM customers GROUP BY 1
SELECT DISTINCT split_part(email, '@', 2) FROM customers
SELECT substring(email FROM 1 FOR 1) FROM customers
SELECT id FROM customers ORDER BY right(ssn, 4)
SELECT id FROM customers ORDER BY email || ''
SELECT id, ssn AS k FROM customers ORDER BY k || 'x'
SELECT id FROM customers ORDER BY (SELECT c2.ssn FROM customers c2 WHERE c2.id = customers.id) LIKE '9%'
SELECT id FROM customers ORDER BY ssn = '900-55-7001'
SELECT count(*) FROM customers GROUP BY ssn LIKE '900%'
SELECT count(*) FROM customers GROUP BY CUBE (substr(email, 1, 1))
SELECT count(*) FROM customers HAVING min(ssn) LIKE '900%'
SELECT count(*) FROM customers GROUP BY id HAVING bool_or(email ~ '^m')
SELECT sum(CASE WHEN email LIKE 'm1%' THEN 1 END) FROM customers
SELECT avg((ssn ~ '^9')::int) FROM customers
SELECT bool_and(ssn ~ '^9') FROM customers
SELECT count(nullif(left(ssn, 1), '9')) FROM customers
SELECT count(substring(ssn from '^9')) FROM customers
SELECT count(CASE WHEN ssn LIKE '9%' THEN 1 END) FROM customers
SELECT num_nonnulls(nullif(left(ssn, 1), '9')) FROM customers
SELECT id FROM customers WHERE ssn LIKE '900%'
SELECT id FROM customers WHERE ssn ILIKE '900%'
SELECT id FROM customers WHERE (ssn LIKE '900%') IS TRUE
SELECT id FROM customers WHERE (ssn LIKE '900%') = true
SELECT id FROM customers WHERE ssn ^@ '900'
SELECT id FROM customers WHERE regexp_like(email, '^m1')
SELECT id FROM customers WHERE regexp_count(ssn, '5') > 2
SELECT id FROM customers WHERE ascii(ssn) = 57
SELECT id FROM customers WHERE left(ssn, 1) = '9'
SELECT id FROM customers WHERE split_part(email, '@', 1) = 'm1'
SELECT id FROM customers WHERE ssn BETWEEN '900' AND '901'
SELECT id FROM customers WHERE ssn > ANY (ARRAY['900'])
SELECT id FROM customers WHERE ssn LIKE ANY (ARRAY['900%', '1%'])
SELECT id FROM customers WHERE ssn > (SELECT '900')
SELECT id FROM customers WHERE ROW(ssn) >= ROW('900')
SELECT id FROM customers WHERE (id, ssn) IN (SELECT g, '900-55-' || 7000 + g FROM generate_series(1, 5) g)
SELECT id FROM customers WHERE ssn IN (SELECT '900-55-' || g FROM generate_series(7000, 7999) g)
SELECT id FROM customers WHERE ssn = ANY (string_to_array('900-55-7001,900-55-7002', ','))
SELECT g FROM generate_series(7000, 7999) g JOIN customers c ON c.ssn = '900-55-' || g
SELECT g FROM generate_series(7000, 7999) g WHERE EXISTS (SELECT 1 FROM customers WHERE ssn = '900-55-' || g)
SELECT g FROM generate_series(7000, 7999) g WHERE (SELECT count(*) FROM customers WHERE ssn = '900-55-' || g) > 0
SELECT g, (SELECT count(*) FROM customers WHERE ssn = '900-55-' || g) FROM generate_series(7000, 7999) g
SELECT g FROM generate_series(1, 9) g EXCEPT SELECT left(ssn, 1)::int FROM customers
SELECT x.v FROM (VALUES ('900-55-7001'), ('a')) x(v) JOIN customers c ON c.ssn = x.v
SELECT v FROM (VALUES ('900-55-7001'), ('a')) x(v) NATURAL JOIN (SELECT ssn AS v FROM customers) y
SELECT v FROM (VALUES ('900-55-7001'), ('a')) x(v) LEFT JOIN customers c ON c.ssn = v WHERE c.id IS NOT NULL
SELECT 1 / (length(ssn) - 11) FROM customers
SELECT ssn::int FROM customers
SELECT email::uuid FROM customers
SELECT email::regrole FROM customers
SELECT ssn::inet FROM customers
SELECT ssn::json FROM customers
SELECT ssn::varchar::int FROM customers
SELECT CAST(email AS point) FROM customers
SELECT to_date(ssn, 'YYYY') FROM customers
SELECT to_timestamp(ssn, 'YYYY') FROM customers
SELECT parse_ident(email) FROM customers
SELECT decode(ssn, 'hex') FROM customers
SELECT to_regclass(ssn) FROM customers
SELECT convert_from(ssn::bytea, email) FROM customers
SELECT encode('a'::bytea, ssn) FROM customers
SELECT set_config('a.b', ssn, false) FROM customers
SELECT format(email) FROM customers
SELECT regexp_replace('x', email, '') FROM customers
SELECT 'x' LIKE email FROM customers
SELECT to_tsquery(email) FROM customers
SELECT jsonb_path_query('{}', ssn::jsonpath) FROM customers
SELECT pg_input_error_info(ssn, 'int') FROM customers
SELECT (pg_input_error_info(email, 'int')).message FROM customers
SELECT * FROM customers c, pg_input_error_info(c.ssn, 'int')
SELECT timezone(email, now()) FROM customers
SELECT now() AT TIME ZONE ssn FROM customers
SELECT date_trunc(ssn, now()) FROM customers
SELECT repeat(ssn, 3) FROM customers
SELECT repeat('x', length(ssn)) FROM customers
SELECT lpad('x', length(email)) FROM customers
SELECT nth_value(id, length(ssn)) OVER () FROM customers
SELECT lag(id, length(ssn)) OVER (ORDER BY id) FROM customers
SELECT ntile(length(ssn)) OVER () FROM customers
SELECT id FROM customers OFFSET (SELECT count(*) FROM customers WHERE ssn LIKE '9%')
SELECT id FROM customers FETCH FIRST (SELECT length(min(email)) FROM customers) ROWS ONLY
SELECT id FROM orders TABLESAMPLE BERNOULLI ((SELECT length(max(ssn)) FROM customers))
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY email) FROM customers
SELECT rank('900-55-7003') WITHIN GROUP (ORDER BY ssn) FROM customers
SELECT cume_dist('900-55-7003') WITHIN GROUP (ORDER BY ssn) FROM customers
SELECT id, rank() OVER (ORDER BY ssn) FROM (SELECT id, ssn FROM customers UNION ALL SELECT 0, '905') x
SELECT id FROM (SELECT id, ssn FROM customers UNION ALL SELECT 0, '905') x ORDER BY ssn
SELECT max(ssn) FROM (SELECT ssn FROM customers UNION ALL SELECT '905') x
SELECT least(ssn, '905') FROM customers
SELECT id FROM customers WHERE greatest(ssn, '905') = '905'
SELECT id FROM customers c WHERE c.* = ROW(1, 'name 1', '900-55-7001', 'm1@example.com', c.created_at, c.balance)
SELECT id FROM customers c WHERE c::text LIKE '%900%'
SELECT id FROM customers c WHERE to_jsonb(c) @> '{"ssn": "900-55-7001"}'
SELECT id FROM customers c WHERE to_jsonb(c) ->> 'ssn' LIKE '9%'
SELECT id FROM customers c ORDER BY c
SELECT id FROM customers c ORDER BY c::text
SELECT id FROM customers c GROUP BY id, c
SELECT count(DISTINCT c) FROM customers c
SELECT CASE ssn WHEN '900-55-7001' THEN 'hit' END FROM customers
SELECT CASE WHEN ssn LIKE '900%' THEN pg_typeof(1) END FROM customers
SELECT CASE WHEN ssn = '900-55-7001' THEN 1 / (id - id) END FROM customers
SELECT coalesce(nullif(ssn, '900-55-7001'), (1 / 0)::text) FROM customers
SELECT ssn = '900-55-7001' OR 1 / (id - id) = 1 FROM customers
SELECT (SELECT 1 / 0 WHERE c.ssn = '900-55-7001') FROM customers c
SELECT EXISTS (SELECT 1 WHERE c.ssn LIKE '9%') FROM customers c
SELECT ARRAY(SELECT 1 WHERE c.email LIKE 'm%') FROM customers c
SELECT id FROM customers c WHERE ssn < (SELECT max(ssn) FROM customers)
SELECT a.id, b.id FROM customers a JOIN customers b ON a.ssn < b.ssn
SELECT corr(ascii(ssn), id) FROM customers
SELECT string_agg(DISTINCT left(email, 1), ',') FROM customers
SELECT string_agg(name, ',' ORDER BY left(ssn, 1)) FROM customers
SELECT string_agg(name, email) FROM customers
SELECT xmlagg(xmlelement(NAME x, xmlattributes(ssn AS s))) FROM customers
SELECT xmlcomment(ssn) FROM customers
SELECT xmlpi(NAME p, email) FROM customers
SELECT xmltext(email) FROM customers
SELECT xmlexists('/a[starts-with(., "9")]' PASSING xmlelement(NAME a, ssn)) FROM customers
SELECT ts_headline(email, to_tsquery('m1')) FROM customers
SELECT ts_rank(to_tsvector(ssn), 'a'::tsquery) FROM customers
SELECT ssn < '905', id FROM customers
SELECT ssn <=> 'x' FROM customers
SELECT text_lt(ssn, '905') FROM customers
SELECT texteq(ssn, '905') FROM customers
SELECT textlike(ssn, '9%') FROM customers
SELECT id FROM customers WHERE text_ge(ssn, '905')
SELECT id FROM customers WHERE pg_catalog."like"(ssn, '9%')
SELECT id FROM customers WHERE ssn OPERATOR(pg_catalog.~~) '9%'
SELECT id FROM customers WHERE ssn = '9' || '00-55-7001'
SELECT id FROM customers WHERE ssn = chr(57) || '00-55-7001'
SELECT id FROM customers WHERE ssn || '' = '900-55-7001'
SELECT id FROM customers WHERE lower(email) = 'm1@example.com'
SELECT id FROM customers WHERE trim(ssn) = '900-55-7001'
SELECT id FROM customers WHERE concat(ssn) = '9'
SELECT id FROM customers WHERE length(ssn) <> 11
SELECT ctid, ssn FROM customers
SELECT customers.*::text FROM customers
SELECT ssn AS "note; --" FROM customers
SELECT pg_catalog.concat_ws('', VARIADIC ARRAY[ssn, email]) FROM customers
SELECT format('%1$*2$s', ssn, length(email)) FROM customers
SELECT array_to_string(ARRAY[ssn], ',') FROM customers
SELECT array_append(ARRAY['a'], email) FROM customers
SELECT array_position(array_agg(ssn), '900-55-7001') FROM customers
SELECT ARRAY[ssn] @> ARRAY['900-55-7001'] FROM customers
SELECT (ARRAY[ssn, name])[id] FROM customers
SELECT ltrim(ssn, '9') = ssn FROM customers
SELECT id FROM customers WHERE ltrim(ssn, '9') = ssn
SELECT ssn = email FROM customers
SELECT crc32(ssn::bytea) FROM customers
SELECT hashtextextended(ssn, 0) FROM customers
SELECT bit_length(email), octet_length(ssn) FROM customers
SELECT pg_column_size(ssn) FROM customers
SELECT normalize(email), email IS NORMALIZED FROM customers
SELECT uuid_in(ssn::cstring) FROM customers
SELECT textin(textout(ssn)) FROM customers
SELECT textsend(ssn) FROM customers
SELECT any_value(ssn) FROM customers
SELECT jsonb_pretty(to_jsonb(c)) FROM customers c
SELECT jsonb_each(to_jsonb(c)) FROM customers c
SELECT (jsonb_each_text(to_jsonb(c))).value FROM customers c
SELECT jsonb_strip_nulls(to_jsonb(c)) FROM customers c
SELECT to_jsonb(c) - ARRAY['id', 'name'] FROM customers c
SELECT max(email) KEEP FROM customers
SELECT array_agg(ssn) OVER (ORDER BY id ROWS CURRENT ROW) FROM customers
SELECT lead(email, 1) OVER w FROM customers WINDOW w AS (ORDER BY id)
SELECT count(*) OVER (ORDER BY ssn), id FROM (SELECT ssn, id FROM customers UNION ALL SELECT '905', 0) u
SELECT ssn FROM customers WHERE false UNION ALL SELECT ssn FROM customers
SELECT j.ssn FROM customers a JOIN customers b USING (ssn) AS j
SELECT j FROM customers a JOIN customers b USING (ssn) AS j
SELECT ssn FROM customers a FULL JOIN customers b USING (ssn)
SELECT x.* FROM (customers a JOIN customers b USING (ssn)) x
EXPLAIN ANALYZE SELECT * FROM customers WHERE ssn LIKE '9%'
EXPLAIN SELECT id FROM customers WHERE ssn > '905'
SELECT attname, most_common_vals FROM pg_stats WHERE tablename = 'customers'
SELECT * FROM pg_stat_all_tables s, customers c WHERE c.ssn LIKE '9%'
SELECT id, count(*) OVER (ORDER BY left(ssn, 1)) FROM customers
SELECT x FROM (SELECT count(*) OVER (PARTITION BY left(ssn, 1)) AS x FROM customers) q WHERE x > 1
SELECT id FROM (SELECT id, rank() OVER (ORDER BY ssn) AS x FROM (SELECT id, ssn FROM customers UNION ALL SELECT 0, '905') u) q WHERE x < 3
SELECT id FROM (SELECT id, first_value(ssn) OVER (ORDER BY id) AS x FROM customers) q WHERE x LIKE '9%'
SELECT id FROM (SELECT id, lag(ssn) OVER (ORDER BY id) AS x FROM customers) q WHERE x < '905'
SELECT id FROM (SELECT id, min(ssn) OVER (PARTITION BY ssn) AS x FROM customers) q WHERE x < '905'
`
  .split('\n')
  .filter((line) => line !== '')

/** Ways to a masked number or time: each is refused. */
export const gateMeasures: readonly string[] = `
SELECT id, count(*) OVER w FROM customers WINDOW w AS (ORDER BY balance RANGE BETWEEN 10 PRECEDING AND CURRENT ROW)
SELECT id, count(*) OVER (w RANGE BETWEEN 10 PRECEDING AND CURRENT ROW) FROM customers WINDOW w AS (ORDER BY balance)
SELECT id, count(*) OVER (ORDER BY balance RANGE 10 PRECEDING) FROM customers
SELECT id, count(*) OVER w2 FROM customers WINDOW w AS (ORDER BY created_at), w2 AS (w RANGE BETWEEN interval '1 day' PRECEDING AND CURRENT ROW)
SELECT balance::int FROM customers
SELECT balance + 1 FROM customers
SELECT sum(balance) > 10 FROM customers
SELECT width_bucket(balance, 0, 10, 2) FROM customers
SELECT count(*) FROM customers GROUP BY date_trunc('year', created_at)
SELECT generate_series(1, balance::int) FROM customers
SELECT int4range(0, balance::int) FROM customers
SELECT make_interval(days => balance::int) FROM customers
SELECT overlay('abc' PLACING 'x' FROM balance::int) FROM customers
SELECT left('abc', balance::int) FROM customers
SELECT c.id, p.attnum FROM customers c JOIN pg_attribute p ON p.attnum = c.balance
SELECT c.id, o.total FROM customers c JOIN orders o ON o.total = c.balance
SELECT (SELECT id FROM orders WHERE total = (SELECT max(balance) FROM customers))
SELECT id FROM orders WHERE total = (SELECT max(balance) FROM customers)
SELECT id FROM orders WHERE total = (SELECT balance FROM customers WHERE id = 2)
SELECT id FROM orders WHERE total IN (SELECT balance FROM customers WHERE id = 2)
SELECT o.id FROM orders o JOIN (SELECT balance AS total FROM customers) c USING (total)
SELECT o.id FROM orders o NATURAL JOIN (SELECT balance AS total FROM customers) c
SELECT o.id FROM orders o WHERE EXISTS (SELECT o.total INTERSECT SELECT balance FROM customers)
SELECT id FROM orders WHERE total IN (SELECT total FROM orders INTERSECT SELECT balance FROM customers WHERE id = 2)
SELECT b.id FROM bids b JOIN customers c ON b.amount = c.balance
SELECT CASE o.total WHEN c.balance THEN 1 END FROM orders o, customers c
`
  .split('\n')
  .filter((line) => line !== '')
