/** Needs of the objects that a statement names: each kind of object is analyzed, or reported as opaque. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Emulator } from "../../src/emulator/index.ts"
import { sql } from "../../src/index.ts"
import * as LeastPrivilege from "../../src/keys/LeastPrivilege.ts"
import { layerEmbedded } from "../support/embedded.ts"

const objects = `
  CREATE TABLE log (n int, k serial); CREATE TABLE other (n int); CREATE TABLE plain (n int);
  CREATE SEQUENCE numbers;
  CREATE FUNCTION look(int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT FROM other); END';
  CREATE FUNCTION closed(int) RETURNS boolean IMMUTABLE SECURITY DEFINER LANGUAGE sql AS 'SELECT true';
  REVOKE EXECUTE ON FUNCTION closed(int) FROM PUBLIC;
  CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE VIEW invoked WITH (security_invoker) AS SELECT n FROM other;

  CREATE TABLE ruled_sequence (n int);
  CREATE RULE r AS ON DELETE TO ruled_sequence DO ALSO INSERT INTO log (n) SELECT nextval('numbers');
  CREATE TABLE ruled_function (n int);
  CREATE RULE r AS ON INSERT TO ruled_function DO ALSO INSERT INTO log (n) SELECT 1 WHERE look(NEW.n);
  CREATE TABLE ruled_view (n int);
  CREATE RULE r AS ON INSERT TO ruled_view DO ALSO INSERT INTO log (n) SELECT n FROM invoked;
  CREATE TABLE discarded (n int);
  CREATE RULE r AS ON INSERT TO discarded DO INSTEAD NOTHING;

  CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
  CREATE FUNCTION same(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT $1 = $2 AND EXISTS (SELECT FROM other)';
  CREATE OPERATOR ==== (LEFTARG = int, RIGHTARG = int, FUNCTION = same);
  CREATE TABLE policed (n int); ALTER TABLE policed ENABLE ROW LEVEL SECURITY;
  CREATE POLICY p ON policed USING (n ==== 1);
  CREATE FUNCTION step(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1';
  CREATE AGGREGATE total(int) (SFUNC = step, STYPE = int);
  CREATE DOMAIN looked AS int CHECK (look(VALUE));
  CREATE TABLE domains (n int, d looked);
  CREATE TABLE indexed (n int); CREATE INDEX ON indexed (look(n));
  CREATE TABLE partial (n int); CREATE INDEX ON partial (n) WHERE look(n);
  CREATE TABLE parted (n int) PARTITION BY LIST (look(n)); CREATE TABLE parted_all PARTITION OF parted DEFAULT;
  CREATE TABLE ranges (n int) PARTITION BY RANGE (n);
  CREATE TABLE ranges_all PARTITION OF ranges (CHECK (look(n))) DEFAULT;
  CREATE TRIGGER t BEFORE INSERT ON ranges_all FOR EACH ROW EXECUTE FUNCTION fire();
  CREATE TABLE parent (n int); CREATE TABLE child () INHERITS (parent);
  CREATE TRIGGER t BEFORE UPDATE ON child FOR EACH ROW EXECUTE FUNCTION fire();
  CREATE TABLE timed (n int);
  CREATE TRIGGER t AFTER INSERT ON timed FOR EACH ROW WHEN (closed(NEW.n)) EXECUTE FUNCTION fire();
  CREATE TABLE defaulted (n int, b boolean DEFAULT closed(1));
  CREATE TABLE checked (n int CHECK (closed(n)));
  CREATE TABLE referred (id int PRIMARY KEY); CREATE TABLE referring (id int REFERENCES referred ON DELETE CASCADE);
  CREATE TRIGGER t AFTER DELETE ON referring FOR EACH ROW EXECUTE FUNCTION fire();
  CREATE DOMAIN secret AS int; REVOKE USAGE ON TYPE secret FROM PUBLIC;
  CREATE TABLE secrets (n int, s secret);
  CREATE TABLE separate (n int); ALTER TABLE separate ENABLE ROW LEVEL SECURITY;
  CREATE POLICY r ON separate FOR SELECT USING (true);
  CREATE POLICY w ON separate FOR UPDATE USING (true) WITH CHECK (n IN (SELECT n FROM other));
  CREATE TABLE closed_off (n int); ALTER TABLE closed_off ENABLE ROW LEVEL SECURITY;
  CREATE FUNCTION defaulting(a boolean DEFAULT look(1)) RETURNS boolean LANGUAGE sql SECURITY DEFINER AS 'SELECT a'`

const cases: ReadonlyArray<readonly [text: string, findings: ReadonlyArray<string>]> = [
  ["DELETE FROM ruled_sequence", ["delete ruled_sequence", "select log", "unmet usage on the sequence public.numbers"]],
  [
    "INSERT INTO ruled_function VALUES (1)",
    ["insert ruled_function", "opaque public.look(integer) by rule", "select log"]
  ],
  ["INSERT INTO ruled_view VALUES (1)", ["insert ruled_view", "select log", "select other"]],
  ["INSERT INTO discarded SELECT n FROM other", []],
  ["SELECT * FROM plain WHERE n === 1", ["select plain"]],
  ["SELECT * FROM plain WHERE n ==== 1", ["opaque public.same(integer, integer) by call", "select plain"]],
  ["SELECT * FROM policed", ["opaque public.same(integer, integer) by policy", "select policed"]],
  ["SELECT total(n) FROM plain", ["opaque public.step(integer, integer) by call", "select plain"]],
  ["SELECT 1::looked", ["opaque public.look(integer) by constraint"]],
  ["SELECT ARRAY[n]::looked[] FROM plain", ["opaque public.look(integer) by constraint", "select plain"]],
  ["INSERT INTO domains (n) VALUES (1)", ["insert domains", "opaque public.look(integer) by constraint"]],
  ["UPDATE domains SET n = 1", ["update domains"]],
  ["INSERT INTO indexed VALUES (1)", ["insert indexed", "opaque public.look(integer) by index"]],
  ["DELETE FROM indexed", ["delete indexed"]],
  ["UPDATE partial SET n = 2", ["opaque public.look(integer) by index", "update partial"]],
  ["INSERT INTO parted VALUES (1)", ["insert parted", "opaque public.look(integer) by partition"]],
  ["INSERT INTO parted_all VALUES (1)", ["insert parted_all", "opaque public.look(integer) by partition"]],
  [
    "INSERT INTO ranges VALUES (1)",
    ["insert ranges", "opaque public.fire() by trigger", "opaque public.look(integer) by constraint"]
  ],
  ["UPDATE parent SET n = 1", ["opaque public.fire() by trigger", "update parent"]],
  ["INSERT INTO parent VALUES (1)", ["insert parent"]],
  [
    "INSERT INTO timed VALUES (1)",
    ["insert timed", "opaque public.fire() by trigger", "unmet execute on public.closed(integer)"]
  ],
  ["INSERT INTO defaulted (n) VALUES (1)", ["insert defaulted", "unmet execute on public.closed(integer)"]],
  ["INSERT INTO defaulted VALUES (1, true)", ["insert defaulted"]],
  ["INSERT INTO checked VALUES (1)", ["insert checked", "unmet execute on public.closed(integer)"]],
  ["DELETE FROM referred", ["delete referred", "opaque public.fire() by trigger"]],
  ["CREATE TABLE made (s secret)", ["create public", "unmet usage on the type public.secret"]],
  ["CREATE TEMP TABLE made AS SELECT s FROM secrets", ["select secrets", "unmet usage on the type public.secret"]],
  ["CREATE TEMP TABLE made AS SELECT n FROM secrets", ["select secrets"]],
  ["CREATE TABLE made (LIKE secrets)", ["create public", "select secrets", "unmet usage on the type public.secret"]],
  ["SELECT 1::secret", []],
  ["SELECT defaulting()", ["opaque public.look(integer) by call"]],
  ["SET ROLE postgres", ["unmet SET ROLE"]],
  ["SET LOCAL role = 'postgres'", ["unmet SET role"]],
  ["SET ROLE NONE", []],
  ["SET SESSION AUTHORIZATION postgres", ["unmet SET SESSION AUTHORIZATION"]],
  ["SET SESSION AUTHORIZATION DEFAULT", []],
  ["SET log_statement = 'all'", ["unmet SET log_statement"]],
  ["SET work_mem TO '1MB'; SET app.user = 'a'", []],
  ["RESET session_replication_role", ["unmet SET session_replication_role"]],
  ["SHOW data_directory", ["unmet SHOW data_directory"]],
  ["SHOW work_mem", []],
  ["SELECT set_config('log_statement', 'all', true)", ["unmet SET log_statement"]],
  ["SELECT set_config('app.user', 'a', true)", []],
  ["SELECT current_setting('data_directory')", ["unmet SHOW data_directory"]],
  ["SELECT pg_read_file('PG_VERSION')", ["unmet execute on pg_catalog.pg_read_file(text)"]],
  ["COPY plain TO PROGRAM 'cat'", ["select plain", "unmet COPY with a file or a program of the server"]],
  // WITH CHECK of the UPDATE is no matter of reading
  ["SELECT * FROM separate", ["select separate"]],
  ["UPDATE separate SET n = 1", ["select other", "update separate"]],
  ["INSERT INTO closed_off VALUES (1)", ["insert closed_off", "unmet a policy for insert on public.closed_off"]],
  ["CREATE TABLE made AS SELECT * FROM plain WITH NO DATA", ["create public"]],
  ["CREATE VIEW made AS SELECT * FROM plain", ["create public"]],
  ["CREATE RECURSIVE VIEW made (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM made WHERE n < 3", ["create public"]],
  ["CREATE OR REPLACE VIEW invoked AS SELECT 1 AS n", ["create public", "unmet ownership of public.invoked"]],
  ["CREATE STATISTICS made ON n, k FROM log", ["unmet CREATE STATISTICS"]],
  ["DECLARE c CURSOR FOR SELECT * FROM plain", ["select plain"]],
  ["EXPLAIN CREATE TABLE made AS SELECT * FROM plain", ["select plain"]]
]

const findingsOf = ({ needs, opaque, unmet }: LeastPrivilege.Inference): ReadonlyArray<string> =>
  [
    ...needs.map((need) => (need.kind === "table" ? `${need.permission} ${need.name}` : `create ${need.name}`)),
    ...unmet.map(({ what }) => `unmet ${what}`),
    ...opaque.map(({ name, via }) => `opaque ${name} by ${via}`)
  ].toSorted()

layer(
  layerEmbedded({ postgis: false, accounts: [{ username: "demo" }] }).pipe(
    Layer.tap((context) =>
      Emulator.use(({ execute }) => execute("demo", objects)).pipe(Effect.provide(context), Effect.orDie)
    )
  ),
  { excludeTestServices: true, timeout: "60 seconds" }
)("LeastPrivilege.infer", (it) => {
  it.effect.each(cases)("infer reports the needs of all objects of: %s", ([text, findings]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(findingsOf(yield* LeastPrivilege.infer([sql.unsafe(text)])), findings)
    })
  )
})
