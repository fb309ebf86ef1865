import { assert, describe, it } from "@effect/vitest"
import { isReadOnly } from "../../../../src/sql/internal/readOnly/isReadOnly.ts"

const reads = [
  "SELECT * FROM t",
  "  select 1 ; ",
  "SELECT 1;; -- the end",
  "(SELECT 1) UNION (SELECT 2)",
  "VALUES (1), (2)",
  "TABLE t",
  "TABLE s.t",
  "SHOW search_path",
  "EXPLAIN SELECT 1",
  "WITH a AS (SELECT 1) SELECT * FROM a WHERE n IN (1, 2)",
  "WITH RECURSIVE a (n, m) AS (SELECT 1, 2 UNION ALL SELECT n + 1, m FROM a WHERE n < 9) SELECT * FROM a",
  "SELECT count(*), max(n) FILTER (WHERE n > 1) OVER (PARTITION BY m) FROM t",
  "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY n) FROM t ORDER BY (1)",
  "SELECT ST_AsGeoJSON(the_geom) FROM t WHERE ST_Intersects (the_geom, ST_MakeEnvelope(1, 2, 3, 4))",
  "SELECT pg_catalog.now()",
  "SELECT 'DELETE; INSERT INTO t' -- update t\n",
  'SELECT "delete" FROM "update"',
  "SELECT $a$ drop(); $a$",
  "SELECT updated_at, deleted FROM t",
  "SELECT pg_sleep(1)",
  'SELECT * FROM "public"."t" AS x, other.u WHERE "year" = 2025 AND name ILIKE \'a%\'',
  "SELECT p.*, s.t.* FROM s.t p JOIN s.u ON a = b",
  "SELECT a FROM t JOIN (SELECT 1 AS b) q ON a = b",
  "SELECT n FROM generate_series(1, 3) g(n), (VALUES (1)) AS v(m)",
  "SELECT '{1}'::int[], CAST(a AS double precision), date '2020-01-01', a::pg_catalog.int4, b::numeric(10, 2) FROM t",
  "SELECT extract(year FROM at), trim(both 'x' from a), at AT TIME ZONE 'UTC' FROM t",
  "SELECT a FROM t WHERE b IS DISTINCT FROM c AND d BETWEEN '1' AND '2' AND e NOT LIKE 'x' LIMIT 10 OFFSET 5",
  "SELECT E'a\\'b', '{\"a\": 1}'::jsonb -> 'a' #>> '{b}', a[1:2], 1.5, .5, 1e3 FROM t",
  "SELECT CASE WHEN a > 1 THEN 'x' ELSE 'y' END FROM t GROUP BY 1 HAVING count(*) > 1"
]

const writes: ReadonlyArray<readonly [kind: string, texts: ReadonlyArray<string>]> = [
  [
    "a statement that does not query",
    ["", ";", "CREATE TABLE t (a int)", "SET x = 1", "DO $$ BEGIN END $$", "CALL f()"]
  ],
  ["data changed directly", ["INSERT INTO t VALUES (1)", "UPDATE t SET a = 1", "COPY t FROM STDIN", "MERGE INTO t"]],
  ["data changed in a common table expression", ["WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone"]],
  ["a second statement", ["SELECT 1; DROP TABLE t", "SHOW x; DROP TABLE t"]],
  ["a new table or a lock", ["SELECT * INTO u FROM t", "SELECT 1 FROM t FOR UPDATE", "SELECT 1 FROM t FOR KEY SHARE"]],
  [
    "a statement that EXPLAIN runs",
    ["EXPLAIN ANALYZE DELETE FROM t", "EXPLAIN (ANALYZE) SELECT f(1)", "EXPLAIN ANALYZE SELECT 1", "EXPLAIN EXECUTE p"]
  ],
  [
    "a function with an effect",
    [
      "SELECT nextval('s')",
      "SELECT pg_catalog.nextval('s')",
      "SELECT setval('s', 1)",
      "SELECT set_config('a.b', 'c', false)",
      "SELECT lo_create(0)",
      "SELECT pg_notify('a', 'b')",
      "SELECT pg_advisory_lock(1)",
      "SELECT pg_terminate_backend(1)",
      "SELECT query_to_xml('DELETE', true, true, '')",
      "SELECT * FROM dblink('DELETE') AS t(a int)",
      "SELECT cdb_geocode_admin0_polygon('USA')"
    ]
  ],
  [
    "a function of the account, however its name is written",
    [
      "SELECT f/* comment */ (1)",
      "SELECT f -- comment\n (1)",
      'SELECT "f"(1)',
      'SELECT "f"/*c*/(1)',
      'SELECT U&"f"(1)',
      'SELECT my."count"(1)',
      "SELECT my.count(1)",
      "SELECT ünsafe(1)",
      "SELECT e\u0301x(1)",
      "SELECT n😀(1)",
      "SELECT ran\u212a(1)",
      "SELECT f\u00a0(1)",
      "SELECT\u00a0f(1)",
      "SELECT st_pay(1)",
      "SELECT a FROM t, f(1)",
      "SELECT a FROM t, s.f(1)",
      "SELECT a FROM t TABLESAMPLE f(1)",
      "SELECT a[f(1)] FROM t",
      "SELECT (f(1)).*"
    ]
  ],
  [
    "a function with the name of a word of the language",
    [
      "SELECT sets(1)",
      "SELECT filter(1)",
      "SELECT over(1)",
      "SELECT by(1)",
      "SELECT cube(1)",
      "SELECT like(1, 2)",
      "SELECT join(a) FROM t",
      "SELECT materialized(1)",
      "SELECT DISTINCT ON (a) over(b) FROM t",
      "SELECT DISTINCT ON (a) f(b) FROM t",
      "SELECT DISTINCT ON (values) f(b) FROM t"
    ]
  ],
  [
    "an operator of the account",
    ["SELECT 1 @@@ 2", "SELECT 1 === 2", "SELECT 1 OPERATOR(my.+) 2", "SELECT a<~>b FROM t", "SELECT - !!! a FROM t"]
  ],
  [
    "attribute notation",
    [
      "SELECT p.paid FROM payments p",
      'SELECT p."paid" FROM payments p',
      "SELECT (p).paid FROM payments p",
      "SELECT a[1].paid FROM t",
      "SELECT 1 FROM t, u WHERE p.paid",
      "SELECT extract(year FROM p.paid) FROM p",
      "SELECT a IS DISTINCT FROM p.paid FROM p",
      "SELECT 1 FROM p ORDER BY a, p.paid",
      "SELECT s.p.paid FROM s.p"
    ]
  ],
  [
    "a cast to a type of the account",
    [
      "SELECT 1::d",
      "SELECT 1::my.int4",
      'SELECT 1::"int4"',
      "SELECT CAST(1 AS d)",
      "SELECT CAST((SELECT 1 AS a) AS d)",
      "SELECT d '1'",
      "SELECT d E'1'",
      "SELECT d $$1$$",
      "SELECT \"d\" '1'",
      "SELECT my.d '1'",
      "SELECT d(1)",
      "SELECT '{1}'::d[]",
      "SELECT double '1'",
      "SELECT 1::double",
      "SELECT like 'x'",
      "SELECT NOT like 'x'",
      "SELECT * FROM jsonb_to_recordset('[]') AS x(a d)",
      "SELECT jsonb_populate_record(NULL::payments, '{}')"
    ]
  ],
  [
    "quotes that a setting or a Unicode escape decides",
    [
      "SELECT '\\' ; DELETE FROM t; --'",
      "SELECT '\\', f(1), '\\'",
      "SELECT E'\\'' || f(1) || ''",
      "SELECT E'a'\n'\\' , ' , f(1) , ''",
      "SELECT U&'a' UESCAPE '!'",
      "SELECT 1 /* /* */ */ , f(1)"
    ]
  ]
]

describe("isReadOnly", () => {
  for (const text of reads) {
    it(`isReadOnly recognizes ${JSON.stringify(text)}`, () => assert.isTrue(isReadOnly(text)))
  }

  for (const [kind, texts] of writes) {
    it(`isReadOnly does not recognize ${kind}`, () => {
      for (const text of texts) assert.isFalse(isReadOnly(text), text)
    })
  }

  it("isReadOnly reads each part of a long statement once", () => {
    // a quadratic scan of one of these would take minutes
    const length = 300_000
    for (const part of ["1", "a", "$a", "/*", "'' ", "-", "(", ".", '"', "E'\\'' "]) {
      isReadOnly(`SELECT ${part.repeat(length / part.length)}`)
    }
  })
})
