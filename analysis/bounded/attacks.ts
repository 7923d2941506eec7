/** Queries written to break what bounds them, by what they go for. For the tests. */

/** Take as much memory as there is. */
const MEMORY = `
SELECT range(500000000)
SELECT len(range(500000000))
SELECT range(4000000000)
SELECT generate_series(1, 300000000)
SELECT list_transform(range(50000000), x -> x::VARCHAR || 'xxxxxxxxxxxxxxxxxxxx')
SELECT list_sort(range(100000000))
SELECT list_concat(range(100000000), range(100000000))
SELECT list_zip(range(50000000), range(50000000))
SELECT flatten([range(100000000) FOR i IN range(10)])
SELECT list_resize([1], 1000000000)
SELECT list_resize([1], 1000000000, 7)
SELECT array_resize(['x'], 400000000, 'y')
SELECT repeat('x', 1000000000)
SELECT repeat('x', 2000000000)
SELECT len(repeat(repeat('x', 1000000), 1000000))
SELECT repeat([1, 2, 3], 200000000)
SELECT lpad('x', 1000000000, 'y')
SELECT rpad('x', 2000000000, 'yz')
SELECT printf('%1000000000d', 1)
SELECT format('{:1000000000}', 1)
SELECT format('{:>2000000000}', 'x')
SELECT replace(repeat('x', 1000000), 'x', repeat('y', 100000))
SELECT regexp_replace(repeat('x', 1000000), 'x', repeat('y', 100000), 'g')
SELECT translate(repeat('x', 900000000), 'x', 'y')
SELECT string_split(repeat('x,', 100000000), ',')
SELECT regexp_extract_all(repeat('x', 200000000), '.')
SELECT regexp_split_to_array(repeat('x ', 100000000), ' ')
SELECT hex(repeat('x', 800000000))
SELECT bin(repeat('x', 200000000))
SELECT base64(repeat('x', 800000000)::BLOB)
SELECT url_encode(repeat('ä', 300000000))
SELECT upper(repeat('ß', 500000000))
SELECT reverse(repeat('ab', 500000000))
SELECT list(i) FROM range(1000000000) t(i)
SELECT list(repeat('x', 1000) || i) FROM range(100000000) t(i)
SELECT list(range(1000)) FROM range(1000000)
SELECT string_agg(i::VARCHAR, ',') FROM range(1000000000) t(i)
SELECT string_agg(repeat('x', 1000), ',') FROM range(10000000)
SELECT array_agg(i ORDER BY i DESC) FROM range(300000000) t(i)
SELECT histogram(i) FROM range(100000000) t(i)
SELECT map_from_entries([(i, i) FOR i IN range(50000000)])
SELECT map(range(100000000), range(100000000))
SELECT json_group_array(i) FROM range(300000000) t(i)
SELECT json_group_object(i, repeat('x', 100)) FROM range(50000000) t(i)
SELECT to_json(range(200000000))
SELECT json_pretty(to_json(range(100000000)))
SELECT json_structure(('[' || repeat('{"a":1},', 20000000) || '1]'))
SELECT json_extract('[' || repeat('[1],', 100000000) || '1]', '$[*]')
SELECT json_valid(repeat('[', 500000000))
SELECT json_transform('[' || repeat('1,', 200000000) || '1]', '["BIGINT"]')
SELECT * FROM json_each('[' || repeat('1,', 200000000) || '1]')
SELECT * FROM json_tree('[' || repeat('[1],', 100000000) || '1]')
SELECT count(DISTINCT i) FROM range(1000000000) t(i)
SELECT count(DISTINCT md5(i::VARCHAR)) FROM range(100000000) t(i)
SELECT i, count(*) FROM range(500000000) t(i) GROUP BY i
SELECT DISTINCT md5(i::VARCHAR) FROM range(300000000) t(i)
SELECT * FROM range(300000000) t(i) ORDER BY hash(i)
SELECT md5(i::VARCHAR) AS h FROM range(100000000) t(i) ORDER BY h
SELECT row_number() OVER (ORDER BY hash(i)) FROM range(300000000) t(i)
SELECT sum(i) OVER (ORDER BY i ROWS BETWEEN 1000000 PRECEDING AND CURRENT ROW) FROM range(100000000) t(i)
SELECT list(i) OVER (ORDER BY i) FROM range(1000000) t(i)
SELECT string_agg(i::VARCHAR, '') OVER (ORDER BY i) FROM range(1000000) t(i)
SELECT quantile_cont(i, 0.5) FROM range(1000000000) t(i)
SELECT median(i) OVER (ORDER BY i ROWS 100000 PRECEDING) FROM range(10000000) t(i)
SELECT mode(i) FROM range(300000000) t(i)
SELECT a.i FROM range(100000000) a(i) JOIN range(100000000) b(i) ON a.i = b.i
SELECT * FROM range(30000000) a(i) JOIN range(30000000) b(i) ON a.i < b.i
SELECT * FROM range(100000000) a(i) FULL JOIN range(100000000) b(i) USING (i)
SELECT unnest(range(1000000000)), unnest(range(1000000000))
SELECT unnest(range(1000000)) FROM range(1000000)
SELECT [x + y FOR x IN range(30000)] FROM range(30000) t(y)
WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t) SELECT list(i) FROM t
WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i FROM t, range(2)) SELECT count(*) FROM t
WITH RECURSIVE t(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM t) SELECT max(len(s)) FROM t
WITH RECURSIVE t(l) AS (SELECT [1] UNION ALL SELECT l || l FROM t) SELECT max(len(l)) FROM t
WITH RECURSIVE t(i) AS (SELECT 1 UNION SELECT i + 1 FROM t) SELECT count(*) FROM t
WITH t AS MATERIALIZED (SELECT * FROM range(1000000000)) SELECT count(*) FROM t a, t b
WITH a AS MATERIALIZED (SELECT repeat('x', 100000) AS s FROM range(100000)) SELECT count(*) FROM a
PIVOT (SELECT i, i % 100000 AS k FROM range(1000000) t(i)) ON k IN (1, 2, 3) USING list(i) GROUP BY i
UNPIVOT (SELECT range(10000000) AS a, range(10000000) AS b) ON a, b
SELECT reduce(range(1000000), (x, y) -> x + y), list_reduce([repeat('x', 1000000) FOR i IN range(1000)], (x, y) -> x || y)
SELECT bitstring_agg(i) FROM range(1000000000) t(i)
SELECT bitstring('1', 2000000000)
SELECT repeat('1', 1000000000)::BIT
SELECT approx_top_k(i, 100000000) FROM range(100000000) t(i)
SELECT reservoir_quantile(i, 0.5, 1000000000) FROM range(1000000000) t(i)
SELECT arg_max(i, i, 100000000) FROM range(100000000) t(i)
SELECT equi_width_bins(0, 1000000000, 1000000000, false)
SELECT row_to_json(t) FROM (SELECT range(100000000) AS a) t
SELECT struct_pack(a := range(100000000), b := range(100000000))
SELECT list_aggregate(range(300000000), 'list')
SELECT list_distinct(range(200000000))
SELECT list_grade_up(range(100000000))
SELECT array_cross_product([1.0, 2.0, 3.0]::DOUBLE[3], [1.0, 2.0, 3.0]::DOUBLE[3]), range(500000000)
SELECT range(100000000)::VARCHAR
SELECT range(100000000)::VARCHAR::BIGINT[]
SELECT (SELECT list(i) FROM range(200000000) t(i)) FROM range(3)
SELECT * FROM range(10000) a SEMI JOIN range(1000000000) b ON a.range + b.range < 0
SELECT * FROM (SELECT * FROM range(200000000) ORDER BY random()) LIMIT 1
SELECT * FROM range(300000000) USING SAMPLE 200000000 ROWS
SELECT factorial(33), repeat(repeat(repeat('x', 1000), 1000), 1000)
SELECT list(e) FROM events e, range(100000000)
SELECT text || repeat('x', 500000000) FROM events
SELECT struct_pack(e, repeat('x', 30000000)) FROM events e, range(100)
SELECT array_to_string([repeat('x', 1000000) FOR i IN range(2000)], '')
SELECT encode(repeat('x', 1000000000))
SELECT strip_accents(repeat('é', 300000000))
SELECT concat(repeat('x', 900000000), repeat('y', 900000000))
SELECT to_base(1, 2, 2000000000)
SELECT 'x' LIKE repeat('%a', 100000000)
SELECT list_filter(range(300000000), x -> x > 0)
SELECT repeat('x', 31000000) FROM range(1000)
`;

/** Take as much time as there is. */
const TIME = `
SELECT count(*) FROM range(10000000) a, range(10000000) b
SELECT sum(a.range * b.range * c.range) FROM range(100000) a, range(100000) b, range(100000) c
SELECT * FROM range(1000000000000)
SELECT * FROM range(9223372036854775807)
WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t) SELECT count(*) FROM t
WITH RECURSIVE t(i) AS (SELECT 1 UNION SELECT (i * 7 + 1) % 1000000007 FROM t) SELECT max(i) FROM t
SELECT max(md5(i::VARCHAR)) FROM range(100000000000) t(i)
SELECT levenshtein(repeat('a', 100000), repeat('b', 100000))
SELECT damerau_levenshtein(repeat('a', 20000), repeat('b', 20000))
SELECT jaccard(repeat('a', 100000000), repeat('b', 100000000))
SELECT regexp_matches(repeat('a', 100000000), '(a*)*(b*)*(a*)*$')
SELECT regexp_matches(repeat('a', 1000000), '(a{0,1000}){0,1000}b')
SELECT repeat('a', 1000000) LIKE '%a%a%a%a%a%a%a%a%b'
SELECT repeat('a', 100000) SIMILAR TO '(a|aa)+b'
SELECT a.seq FROM events a, events b, events c, events d, events e, events f, events g WHERE a.seq + b.seq + c.seq + d.seq + e.seq + f.seq + g.seq < 0
SELECT (SELECT count(*) FROM range(100000000) b(j) WHERE j % (i + 1) = 0) FROM range(100000000) t(i)
SELECT count(*) FROM range(1000000) a WHERE EXISTS (SELECT 1 FROM range(1000000) b WHERE b.range * a.range < 0)
SELECT reduce(range(100000000), (x, y) -> (x * 31 + y) % 1000003)
SELECT random() FROM range(1000000000000) WHERE random() < 0
SELECT sha256(repeat('x', 100000)) FROM range(100000000)
SELECT list_sort([random() FOR i IN range(1000)]) FROM range(100000000)
SELECT median(random()) FROM range(100000) GROUP BY random() ORDER BY random()
SELECT editdist3(repeat('a', 30000), repeat('b', 30000)), hamming(repeat('a', 100000000), repeat('b', 100000000))
SELECT jaro_winkler_similarity(repeat('a', 200000), repeat('b', 200000))
SELECT count(*) FROM range(1000000) a(i) JOIN range(1000000) b(i) ON a.i <> b.i
SELECT count(*) FROM range(100000) a(i) ASOF JOIN range(100000) b(i) ON a.i >= b.i, range(1000000)
SELECT * FROM range(1000000000000) LIMIT 10 OFFSET 999999999999
SELECT DISTINCT i % 10 FROM range(1000000000000) t(i)
FROM range(1000000000000) SELECT max(range) GROUP BY ALL ORDER BY ALL
SELECT uuid() FROM range(1000000000000) ORDER BY 1 LIMIT 1
`;

/** Want what is outside of the traces: files, settings, extensions, other text as SQL. */
const DOORS = `
FROM query(replace('FROM enable-logging(1)','-','_'))
FROM query('SELECT 1')
FROM query_table('events')
FROM query_table(['events', 'events'])
WITH q AS (FROM query('SELECT 1')) FROM q
SELECT (SELECT max(a) FROM query('SELECT 1 AS a'))
SELECT * FROM system.main."Enable_Logging"('QueryLog')
SELECT * FROM enable_logging('QueryLog', storage = 'file', storage_path = '/tmp/vfr-log')
FROM enable_profiling()
FROM disable_logging()
FROM truncate_duckdb_logs()
FROM duckdb_logs
FROM duckdb_logs()
FROM duckdb_logs_parsed('QueryLog')
SELECT write_log('x')
SELECT getenv('HOME')
SELECT system.main.getenv('HOME')
SELECT "GetEnv"('HOME')
SELECT current_setting('memory_limit')
FROM duckdb_settings()
FROM duckdb_settings
FROM duckdb_secrets()
FROM which_secret('s3://x', 's3')
FROM duckdb_extensions()
FROM duckdb_databases
FROM pragma_database_size()
FROM pragma_storage_info('events')
FROM glob('/*')
FROM glob('/proc/self/environ')
FROM read_text('/etc/passwd')
FROM read_blob('/etc/passwd')
FROM read_csv('/etc/passwd')
FROM read_csv_auto('/etc/passwd')
FROM read_json('/etc/passwd')
FROM read_ndjson_objects('/etc/passwd')
FROM read_parquet('/etc/passwd')
FROM parquet_metadata('/etc/passwd')
FROM read_duckdb('/etc/passwd')
FROM sniff_csv('/etc/passwd')
FROM '/etc/passwd'
FROM "/etc/passwd"
FROM 'https://example.com/x.csv'
FROM '/dev/zero'
FROM 's3://bucket/x.parquet'
FROM seq_scan('events')
FROM arrow_scan(1::UBIGINT, 2::UBIGINT, 3::UBIGINT)
FROM arrow_scan(1, 2, 3)
SELECT json_execute_serialized_sql('{}')
FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))
SELECT json_deserialize_sql('{}')
SELECT json_serialize_plan('SELECT 1')
FROM sql_auto_complete('SEL')
FROM test_all_types()
FROM test_vector_types(NULL::INTEGER)
FROM check_peg_parser('SELECT 1')
FROM enable_peg_parser()
FROM force_checkpoint()
FROM checkpoint()
FROM duckdb_memory()
FROM duckdb_functions()
SELECT nextval('s')
SELECT currval('s')
SELECT getvariable('x')
SELECT sleep_ms(100000)
SELECT pg_sleep(100)
SELECT txid_current()
SELECT setseed(0.5)
SELECT parse_duckdb_log_message('QueryLog', 'x')
SELECT __internal_compress_string_ubigint('x')
SELECT __internal_decompress_string_ubigint(1)
SELECT stats(1), vector_type(1)
SELECT create_sort_key(1, 'x')
SELECT cast_to_type('x', NULL::BIGINT[])
SET memory_limit = '100GB'
SET threads = 64
SET lock_configuration = false
RESET memory_limit
SET VARIABLE x = 1
PRAGMA enable_logging
PRAGMA memory_limit='100GB'
PRAGMA database_list
CALL enable_logging()
CALL pragma_version()
INSTALL httpfs
LOAD httpfs
ATTACH ':memory:' AS m
ATTACH '/tmp/vfr-attack.db'
DETACH kept
USE kept
COPY events TO '/tmp/vfr-attack.csv'
COPY (SELECT 1) TO '/dev/stdout'
COPY (SELECT 1) TO '/proc/self/fd/1'
EXPORT DATABASE '/tmp/vfr-attack'
IMPORT DATABASE '/tmp/vfr-attack'
CREATE TABLE t AS SELECT 1
CREATE TEMP TABLE t AS FROM range(1000000000)
CREATE VIEW v AS FROM query('SELECT 1')
CREATE OR REPLACE VIEW events AS SELECT 1
CREATE MACRO m(x) AS TABLE FROM query(x)
CREATE SECRET s (TYPE s3)
CREATE SEQUENCE s
CREATE TYPE e AS ENUM ('a')
DROP VIEW events
DROP SCHEMA lib CASCADE
INSERT INTO events VALUES (1)
UPDATE events SET seq = 1
DELETE FROM events
ALTER VIEW events RENAME TO e
PREPARE p AS SELECT 1
EXECUTE p
DEALLOCATE p
BEGIN
COMMIT
CHECKPOINT
FORCE CHECKPOINT
VACUUM
ANALYZE
EXPLAIN ANALYZE SELECT 1
EXPLAIN SELECT 1
SELECT 1; SELECT 2
SELECT 1; CALL enable_logging()
SELECT 1;;; DROP VIEW events
COMMENT ON VIEW events IS 'x'
PIVOT events ON kind USING count(*)
SELECT * FROM events_of(['mark'], 1)
SELECT $1
SELECT ?
SELECT $x
`;

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** What breaks programs by its size or depth. */
const SHAPES = [
  `SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`,
  `SELECT ${'['.repeat(5000)}1${']'.repeat(5000)}`,
  `SELECT ${'-'.repeat(1)} ${'+ '.repeat(100_000)}1`,
  `SELECT ${'NOT '.repeat(50_000)}true`,
  `SELECT 1${' + 1'.repeat(200_000)}`,
  `SELECT ${'abs('.repeat(3000)}1${')'.repeat(3000)}`,
  `SELECT ${'(SELECT '.repeat(2000)}1${')'.repeat(2000)}`,
  `SELECT 1${' UNION ALL SELECT 1'.repeat(5000)}`,
  `FROM ${'(FROM '.repeat(2000)}events${')'.repeat(2000)}`,
  `SELECT CASE ${'WHEN 1 = 2 THEN 3 '.repeat(50_000)} END`,
  `SELECT ${'"a".'.repeat(10_000)}"b"`,
  `SELECT 1 AS "${'x'.repeat(10_000_000)}"`,
  `SELECT '${'x'.repeat(40_000_000)}'`,
  `SELECT ${Array.from({ length: 100_000 }, (_, i) => i).join(',')}`,
  `SELECT * FROM events ${Array.from({ length: 60 }, (_, i) => `, events e${i}`).join('')}`,
  `WITH ${Array.from({ length: 30 }, (_, i) => `t${i + 1} AS (FROM t${i}, t${i} u)`)
    .join(',')
    .replace('t0, t0 u', 'range(2) a(i), range(2) b(i)')} SELECT count(*) FROM t30`,
  `SELECT CAST(NULL AS ${'STRUCT(a '.repeat(3000)}INTEGER${')'.repeat(3000)})`,
  `SELECT CAST('${'['.repeat(100_000)}' AS JSON)`,
  `SELECT CAST('${'['.repeat(100_000)}${']'.repeat(100_000)}' AS JSON)`,
  `SELECT regexp_matches('x', '${'('.repeat(20_000)}')`,
  `SELECT regexp_matches('x', '${'(x'.repeat(900)}${')'.repeat(900)}')`,
  `SELECT 'x' IN (${"'y',".repeat(100_000)}'z')`,
  'SELECT \0 1',
  "SELECT 'a\0b'",
  '\u{feff}SELECT 1',
  'SELECT 💥',
  "SELECT U&'\\d800'",
  `SELECT '\\xff'::BLOB::VARCHAR`,
  '/* */ -- nothing',
  '',
  ';',
];

/** By what they go for: doors must all be refused, the others may also be answered. */
export const ATTACKS = {
  memory: lines(MEMORY),
  time: lines(TIME),
  doors: lines(DOORS),
  shapes: SHAPES,
} as const;
