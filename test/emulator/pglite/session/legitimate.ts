/** Ordinary requests of a key, which must work although its session is locked to its role. */
import type { Attack } from "./attacks.ts"

const requests: Readonly<Record<string, ReadonlyArray<string>>> = {
  select: ["SELECT 1", "SELECT * FROM public.shared", "TABLE public.shared"],
  "insert what it was granted": ["INSERT INTO public.shared VALUES (1) RETURNING a"],
  "create, alter and drop a table": [
    "CREATE TABLE sandbox.t (a int, b text)",
    "ALTER TABLE sandbox.t ADD COLUMN c int DEFAULT 1",
    "INSERT INTO sandbox.t VALUES (1, 'x'); UPDATE sandbox.t SET b = 'y'; DELETE FROM sandbox.t",
    "TRUNCATE sandbox.t",
    "DROP TABLE sandbox.t"
  ],
  upsert: [
    "CREATE TABLE sandbox.t (a int PRIMARY KEY, b int)",
    "INSERT INTO sandbox.t VALUES (1, 1) ON CONFLICT (a) DO UPDATE SET b = excluded.b"
  ],
  merge: [
    "CREATE TABLE sandbox.t (a int, b int)",
    "MERGE INTO sandbox.t USING (SELECT 1 AS a) n ON t.a = n.a WHEN NOT MATCHED THEN INSERT VALUES (n.a, 1)"
  ],
  "create as select": [
    "CREATE TABLE sandbox.t AS SELECT generate_series(1, 10) AS a",
    "SELECT count(*) FROM sandbox.t"
  ],
  "serial column": ["CREATE TABLE sandbox.t (a serial, b text)", "INSERT INTO sandbox.t (b) VALUES ('x') RETURNING a"],
  "identity column": [
    "CREATE TABLE sandbox.t (a int GENERATED ALWAYS AS IDENTITY)",
    "INSERT INTO sandbox.t DEFAULT VALUES"
  ],
  index: ["CREATE TABLE sandbox.t (a int)", "CREATE INDEX ON sandbox.t (a)", "REINDEX TABLE sandbox.t"],
  "index without lock": ["CREATE TABLE sandbox.t (a int)", "CREATE INDEX CONCURRENTLY i ON sandbox.t (a)"],
  "vacuum and analyze": [
    "CREATE TABLE sandbox.t (a int)",
    "VACUUM sandbox.t",
    "VACUUM FULL sandbox.t",
    "ANALYZE sandbox.t"
  ],
  transaction: ["BEGIN; CREATE TABLE sandbox.t (a int); COMMIT", "SELECT * FROM sandbox.t"],
  "roll back": ["BEGIN; CREATE TABLE sandbox.t (a int); ROLLBACK", "CREATE TABLE sandbox.t (a int)"],
  savepoint: [
    "CREATE TABLE sandbox.t (a int)",
    "BEGIN; SAVEPOINT s; INSERT INTO sandbox.t VALUES (1); ROLLBACK TO s; RELEASE s; COMMIT"
  ],
  DO: ["DO $$ BEGIN PERFORM 1; RAISE NOTICE 'x'; END $$"],
  "DO that catches an error": ["DO $$ BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN NULL; END $$"],
  "procedure that commits": [
    `CREATE TABLE sandbox.t (a int);
     CREATE PROCEDURE sandbox.p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO sandbox.t VALUES (1); COMMIT; INSERT INTO sandbox.t VALUES (2); END $$`,
    "CALL sandbox.p()"
  ],
  function: ["CREATE FUNCTION sandbox.f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1'", "SELECT sandbox.f(1)"],
  "security definer function": [
    "CREATE FUNCTION sandbox.f() RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT current_user::text'",
    "SELECT sandbox.f()"
  ],
  trigger: [
    `CREATE TABLE sandbox.t (a int);
     CREATE FUNCTION sandbox.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.a = 2; RETURN NEW; END $$;
     CREATE TRIGGER t BEFORE INSERT ON sandbox.t FOR EACH ROW EXECUTE FUNCTION sandbox.f()`,
    "INSERT INTO sandbox.t VALUES (1) RETURNING a"
  ],
  "deferred constraint": [
    "CREATE TABLE sandbox.t (a int PRIMARY KEY, b int REFERENCES sandbox.t DEFERRABLE INITIALLY DEFERRED)",
    "BEGIN; INSERT INTO sandbox.t VALUES (1, 2); INSERT INTO sandbox.t VALUES (2, 1); COMMIT"
  ],
  "view and materialized view": [
    "CREATE VIEW sandbox.v AS SELECT 1 AS a; SELECT * FROM sandbox.v",
    "CREATE MATERIALIZED VIEW sandbox.m AS SELECT 1 AS a; REFRESH MATERIALIZED VIEW sandbox.m; SELECT * FROM sandbox.m"
  ],
  "partitioned table": [
    "CREATE TABLE sandbox.t (a int) PARTITION BY RANGE (a); CREATE TABLE sandbox.u PARTITION OF sandbox.t FOR VALUES FROM (0) TO (10)",
    "INSERT INTO sandbox.t VALUES (1)"
  ],
  "row-level security": [
    "CREATE TABLE sandbox.t (a int); ALTER TABLE sandbox.t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON sandbox.t USING (true)"
  ],
  "types and domains": [
    "CREATE TYPE sandbox.e AS ENUM ('a', 'b'); SELECT 'a'::sandbox.e",
    "CREATE DOMAIN sandbox.d AS int CHECK (VALUE > 0); SELECT 1::sandbox.d",
    "CREATE TYPE sandbox.c AS (a int, b text); SELECT (1, 'x')::sandbox.c"
  ],
  "temporary table": ["CREATE TEMP TABLE t (a int) ON COMMIT DROP; INSERT INTO t VALUES (1)"],
  cursor: ["BEGIN; DECLARE c CURSOR FOR SELECT generate_series(1, 10); FETCH 5 FROM c; CLOSE c; COMMIT"],
  "prepared statement": ["PREPARE p (int) AS SELECT $1 + 1; EXECUTE p (1); DEALLOCATE p"],
  "recursive query and window": [
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 100) SELECT sum(n) OVER (ORDER BY n) FROM r"
  ],
  explain: ["EXPLAIN SELECT 1", "EXPLAIN (ANALYZE, FORMAT JSON) SELECT 1"],
  settings: [
    "SET statement_timeout = 1000; SHOW statement_timeout",
    "SET search_path = sandbox; CREATE TABLE t (a int)",
    "SET LOCAL TimeZone = 'Europe/Madrid'"
  ],
  "grant what it owns": ["CREATE TABLE sandbox.t (a int); GRANT SELECT ON sandbox.t TO publicuser, victim"],
  "advisory lock": ["SELECT pg_advisory_lock(1); SELECT pg_advisory_unlock(1)"],
  "listen and notify": ["LISTEN c; NOTIFY c, 'x'; UNLISTEN c"],
  "large object": ["SELECT lo_from_bytea(0, 'x')"],
  "copy out": ["COPY (SELECT generate_series(1, 3)) TO STDOUT WITH (FORMAT csv, HEADER)"],
  catalogue: ["SELECT relname FROM pg_class LIMIT 1", "SELECT * FROM information_schema.tables LIMIT 1"],
  "CARTO's functions": ["SELECT cartodb.cdb_usertables()", "SELECT cartodb.cdb_username()"],
  comment: ["CREATE TABLE sandbox.t (a int); COMMENT ON TABLE sandbox.t IS 'x'"]
}

export const legitimate: ReadonlyArray<Attack> = Object.entries(requests).map(([name, texts]) => ({
  name,
  requests: texts
}))
