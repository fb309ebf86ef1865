import { assert, describe, it } from "@effect/vitest"
import { isReadOnly } from "../../../src/sql/internal/isReadOnly.ts"

describe("what reads only", () => {
  for (const text of [
    "SELECT * FROM t",
    "  select 1 ; ",
    "(SELECT 1) UNION (SELECT 2)",
    "VALUES (1), (2)",
    "TABLE t",
    "SHOW search_path",
    "EXPLAIN SELECT 1",
    "WITH a AS (SELECT 1) SELECT * FROM a WHERE n IN (1, 2)",
    "SELECT count(*), max(n) FILTER (WHERE n > 1) OVER (PARTITION BY m) FROM t",
    "SELECT ST_AsGeoJSON(the_geom) FROM t WHERE ST_Intersects (the_geom, ST_MakeEnvelope(1, 2, 3, 4))",
    "SELECT pg_catalog.now()",
    "SELECT 'DELETE; INSERT INTO t' -- update t\n",
    'SELECT "delete" FROM "update"',
    "SELECT $a$ drop(); $a$",
    "SELECT updated_at, deleted FROM t",
    "SELECT pg_sleep(1)"
  ]) {
    it(text, () => assert.isTrue(isReadOnly(text)))
  }
})

describe("what may write", () => {
  for (const text of [
    "",
    "INSERT INTO t VALUES (1)",
    "UPDATE t SET a = 1",
    "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone",
    "SELECT * INTO u FROM t",
    "SELECT 1; DROP TABLE t",
    "SELECT nextval('s')",
    "SELECT f/* comment */ (1)",
    'SELECT "f"(1)',
    'SELECT my."count"(1)',
    "SELECT my.count(1)",
    "SELECT ünsafe(1)",
    "SELECT 1 FROM t FOR UPDATE",
    "EXPLAIN ANALYZE DELETE FROM t",
    "EXPLAIN (ANALYZE) SELECT f(1)",
    "SELECT cdb_geocode_admin0_polygon('USA')",
    "CREATE TABLE t (a int)",
    "SET x = 1",
    "DO $$ BEGIN END $$",
    "SELECT E'\\'' || f(1) || ''",
    "SELECT '\\' ; DELETE FROM t; --'"
  ]) {
    it(JSON.stringify(text), () => assert.isFalse(isReadOnly(text)))
  }
})
