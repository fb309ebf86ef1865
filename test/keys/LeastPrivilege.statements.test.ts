/**
 * Realistic statements. Under a key with the inferred grants each statement runs, and without any one of them it is refused.
 * Otherwise what is missing was reported.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Emulator } from "../../src/emulator/index.ts"
import { ApiKeyManager, Auth, Grants, Sql, sql } from "../../src/index.ts"
import * as LeastPrivilege from "../../src/keys/LeastPrivilege.ts"
import { layerEmbedded } from "../support/embedded.ts"
import { grantOf } from "./grantOf.ts"

const tables = `
  CREATE TABLE regions (id int PRIMARY KEY, name text UNIQUE);
  CREATE TABLE shops (id serial PRIMARY KEY, region int REFERENCES regions ON DELETE CASCADE, name text,
    sales numeric DEFAULT 0, at timestamptz DEFAULT now(), UNIQUE (region, name));
  CREATE TABLE visits (id bigint GENERATED ALWAYS AS IDENTITY, shop int REFERENCES shops ON DELETE CASCADE, day date, n int,
    twice int GENERATED ALWAYS AS (n * 2) STORED);
  CREATE TABLE log (at timestamptz DEFAULT now(), what text);
  CREATE VIEW relations AS SELECT relname FROM pg_class; GRANT SELECT ON relations TO publicuser;
  CREATE SEQUENCE tickets;
  CREATE TABLE orders (ticket int DEFAULT nextval('tickets'), what text);
  CREATE TABLE measures (day date, v int) PARTITION BY RANGE (day);
  CREATE TABLE measures_2025 PARTITION OF measures FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
  CREATE TABLE parents (a int); CREATE TABLE children (b int) INHERITS (parents);
  CREATE VIEW good_shops AS SELECT id, region, name, sales FROM shops WHERE sales > 100;
  CREATE VIEW two AS SELECT g.name, r.name AS region FROM good_shops g JOIN regions r ON r.id = g.region;
  CREATE MATERIALIZED VIEW totals AS SELECT region, sum(sales) AS sum FROM shops GROUP BY region;
  CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO log (what) VALUES ('put'); RETURN NEW; END $$;
  CREATE VIEW put_shops AS SELECT s.id, r.name FROM shops s JOIN regions r ON r.id = s.region;
  CREATE TRIGGER put INSTEAD OF INSERT ON put_shops FOR EACH ROW EXECUTE FUNCTION put();
  CREATE FUNCTION top_shops(n int) RETURNS SETOF shops LANGUAGE sql STABLE AS 'SELECT * FROM shops LIMIT n';
  CREATE FUNCTION some_regions(int) RETURNS boolean LANGUAGE sql AS 'SELECT count(*) >= 0 FROM regions';
  CREATE VIEW noted AS SELECT s.id, r.name FROM shops s JOIN regions r ON r.id = s.region;
  CREATE RULE noted AS ON INSERT TO noted DO INSTEAD INSERT INTO log (what) VALUES (NEW.name);
  CREATE FUNCTION above_regions(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + count(*)::int FROM regions';
  CREATE TABLE computed (n int, m int GENERATED ALWAYS AS (above_regions(n)) STORED);
  CREATE TABLE checked (n int CHECK (some_regions(n)));
  CREATE TABLE ruled (n int);
  CREATE RULE ruled AS ON INSERT TO ruled DO ALSO INSERT INTO log (what) VALUES ('ruled');
  CREATE TABLE secured (n int); ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
  CREATE POLICY of_regions ON secured USING (n IN (SELECT id FROM regions));
  CREATE TABLE watched (n int); ALTER TABLE watched ENABLE ROW LEVEL SECURITY;
  CREATE POLICY by_function ON watched FOR DELETE USING (some_regions(n));
  INSERT INTO regions VALUES (1, 'north'), (2, 'south'), (3, 'empty');
  INSERT INTO shops (region, name, sales) VALUES (1, 'a', 10), (1, 'b', 200);
  INSERT INTO visits (shop, day, n) VALUES (1, '2025-01-01', 3);
  INSERT INTO orders VALUES (1, 'a');
  INSERT INTO secured VALUES (1);
  INSERT INTO computed VALUES (1);
  INSERT INTO watched VALUES (1)`

const granted: ReadonlyArray<string> = [
  "SELECT r.name, sum(s.sales) FROM shops s JOIN regions r ON r.id = s.region GROUP BY 1 HAVING sum(s.sales) > 1 ORDER BY 2 DESC LIMIT 10",
  "SELECT * FROM two",
  "SELECT * FROM good_shops g WHERE EXISTS (SELECT 1 FROM totals t WHERE t.region = g.region)",
  "SELECT name, rank() OVER w FROM shops WINDOW w AS (PARTITION BY region ORDER BY sales)",
  "SELECT r.name, t.* FROM regions r, LATERAL (SELECT s.name FROM shops s WHERE s.region = r.id LIMIT 1) t(top)",
  "SELECT d::date, count(v.n) FROM generate_series('2025-01-01'::date, '2025-01-31', '1 day') d LEFT JOIN visits v ON v.day = d GROUP BY 1",
  "SELECT (SELECT max(sales) FROM shops), ARRAY(SELECT name FROM regions)",
  "SELECT json_agg(s) FROM shops s",
  "WITH RECURSIVE t(n) AS (SELECT id FROM regions UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT * FROM t",
  "SELECT name FROM shops GROUP BY GROUPING SETS ((name), ()) ORDER BY name NULLS FIRST OFFSET 1 FETCH FIRST 3 ROWS ONLY",
  "(SELECT id FROM shops) UNION (SELECT id FROM regions)",
  "SELECT * FROM shops FOR UPDATE SKIP LOCKED",
  "SELECT * FROM checked FOR UPDATE",
  "SELECT s.* FROM shops s JOIN regions r ON r.id = s.region FOR SHARE OF s",
  "SELECT * FROM ONLY parents",
  "SELECT * FROM measures WHERE day = '2025-03-01'",
  "SELECT nextval('shops_id_seq')",
  "SELECT cdb_geocode_admin0_polygon(name) FROM regions",
  "SELECT * FROM secured",
  "EXPLAIN ANALYZE SELECT * FROM shops",
  "INSERT INTO shops DEFAULT VALUES",
  "INSERT INTO shops (region, name) VALUES (1, 'c') ON CONFLICT (region, name) DO UPDATE SET sales = shops.sales + EXCLUDED.sales RETURNING id",
  "INSERT INTO shops (region, name) VALUES (1, 'a') ON CONFLICT ON CONSTRAINT shops_region_name_key DO NOTHING",
  "INSERT INTO good_shops (id, name) VALUES (-7, 'd'), (DEFAULT, 'e')",
  "INSERT INTO visits (shop, n) VALUES (1, 2) RETURNING id, twice",
  "INSERT INTO measures VALUES ('2025-03-01', 2)",
  "INSERT INTO orders (ticket) VALUES (1)",
  "INSERT INTO ruled VALUES (1)",
  "INSERT INTO noted (name) VALUES ('a')",
  "INSERT INTO secured VALUES (1)",
  "UPDATE shops s SET sales = v.total FROM (SELECT shop, sum(n) AS total FROM visits GROUP BY shop) v WHERE v.shop = s.id",
  "UPDATE shops SET name = DEFAULT",
  "UPDATE secured SET n = 1",
  "DELETE FROM visits USING shops WHERE shops.id = visits.shop AND shops.sales = 0",
  "DELETE FROM regions",
  "WITH moved AS (DELETE FROM visits WHERE day < '2030-01-01' RETURNING shop) INSERT INTO log (what) SELECT shop::text FROM moved",
  "MERGE INTO shops s USING visits v ON v.shop = s.id WHEN MATCHED AND v.n > 10 THEN UPDATE SET sales = sales + 1 WHEN NOT MATCHED THEN INSERT (name) VALUES ('new')",
  "BEGIN; UPDATE shops SET sales = 0 WHERE id = 1; DELETE FROM visits; SAVEPOINT a",
  "CREATE TABLE copied AS SELECT * FROM shops",
  "CREATE TABLE copied (LIKE shops INCLUDING ALL, more int)",
  "CREATE TABLE made (id int GENERATED ALWAYS AS IDENTITY, n int, m int GENERATED ALWAYS AS (n * 2) STORED)",
  "SELECT * INTO copied FROM shops",
  "WITH a AS (SELECT * FROM shops) SELECT a.id INTO UNLOGGED TABLE copied FROM a",
  `SELECT id, 'into' AS "into" INTO TEMP copied FROM shops`
]

/** What no grant gives, or what is not seen through. */
const lacking: ReadonlyArray<
  readonly [statement: string, unmet: ReadonlyArray<string>, opaque: ReadonlyArray<string>]
> = [
  ["TRUNCATE visits", ["TRUNCATE"], []],
  ["LOCK TABLE shops IN SHARE MODE", ["LOCK"], []],
  ["CREATE INDEX ON shops (name)", ["CREATE INDEX"], []],
  ["CREATE TABLE tied (id int REFERENCES regions)", ["REFERENCES regions"], []],
  ["CREATE TABLE heir (id int) INHERITS (parents)", ["INHERITS parents"], []],
  ["REFRESH MATERIALIZED VIEW totals", ["REFRESH"], []],
  ["ALTER TABLE shops ADD COLUMN more int", ["ALTER"], []],
  ["SELECT setval('shops_id_seq', 10)", ["update on the sequence public.shops_id_seq"], []],
  ["INSERT INTO orders (what) VALUES ('a')", ["usage on the sequence public.tickets"], []],
  ["UPDATE orders SET ticket = DEFAULT", ["usage on the sequence public.tickets"], []],
  ["SELECT * FROM information_schema.tables", ["select on information_schema.tables"], []],
  ["SELECT * FROM relations", ["select on pg_catalog.pg_class"], []],
  ["SELECT nextval(pg_get_serial_sequence('shops', 'id'))", [], ["a sequence by a name that is computed by call"]],
  ["SELECT query_to_xml('SELECT * FROM shops', true, true, '')", [], ["pg_catalog.query_to_xml by call"]],
  ["SELECT * FROM top_shops(3)", [], ["public.top_shops(n integer) by call"]],
  ["INSERT INTO put_shops (name) VALUES ('a')", [], ["public.put() by trigger"]],
  ["INSERT INTO checked VALUES (1)", [], ["public.some_regions(integer) by constraint"]],
  ["UPDATE computed SET n = 2", [], ["public.above_regions(integer) by default"]],
  ["DELETE FROM watched", [], ["public.some_regions(integer) by policy"]],
  ["DO $$ BEGIN DELETE FROM shops; END $$", [], ["DO by call"]]
]

const permissions = ["select", "insert", "update", "delete"] as const
const isPermission = (text: string): text is Grants.TablePermission => permissions.some((known) => known === text)

/** The grants of an inference but for one of them. */
const without = ({ grants }: LeastPrivilege.Inference, need: LeastPrivilege.Need): Grants.GrantsRequest => {
  const left = Grants.difference(grants, grantOf(need))
  const some = <A>(list: ReadonlyArray<A> = []) => (list.length === 0 ? undefined : list)
  return {
    apis: ["sql"],
    tables: some(
      left.tables.map(({ name, permissions, schema }) =>
        Grants.table(name, permissions.filter(isPermission), { schema })
      )
    ),
    schemas: some(left.schemas.map(({ name }) => Grants.schema(name))),
    services: some(grants.services?.filter((service) => need.kind !== "service" || service !== need.name))
  }
}

/** Whether a key with these grants may run a statement, which is rolled back. */
const mayRun = Effect.fnUntraced(function* (grants: Grants.GrantsRequest, text: string) {
  const keys = yield* ApiKeyManager
  const key = yield* keys.create({ ...grants, name: "k" })
  return yield* Sql.use((db) => db.query(sql`${sql.unsafe(text)}; ROLLBACK`)).pipe(
    Auth.withApiKey(key),
    Effect.as(true),
    Effect.catchReasons("CartoError", {
      NotOwner: () => Effect.succeed(false),
      PermissionDenied: () => Effect.succeed(false),
      SystemTableForbidden: () => Effect.succeed(false),
      // the data services' own words for a key that may not use them
      QueryFailed: ({ description }) => Effect.succeed(!/permission/i.test(description))
    }),
    Effect.ensuring(Effect.orDie(keys.delete(key)))
  )
})

layer(
  layerEmbedded({ postgis: false, accounts: [{ username: "demo" }] }).pipe(
    Layer.tap((context) =>
      Emulator.use(({ execute }) => execute("demo", tables)).pipe(Effect.provide(context), Effect.orDie)
    )
  ),
  { excludeTestServices: true, timeout: "60 seconds" }
)("inferred grants", (it) => {
  it.effect.each(granted)("inferred grants are sufficient, and each is necessary: %s", (text) =>
    Effect.gen(function* () {
      const inference = yield* LeastPrivilege.infer([sql.unsafe(text)], { verify: true })
      assert.deepStrictEqual([inference.unmet, inference.opaque], [[], []])
      assert.isTrue(yield* mayRun(inference.grants, text), LeastPrivilege.toText(inference))
      for (const need of inference.needs) {
        assert.isFalse(yield* mayRun(without(inference, need), text), JSON.stringify(need))
      }
    })
  )

  it.effect.each(lacking)("infer reports what no grant can give: %s", ([text, unmet, opaque]) =>
    Effect.gen(function* () {
      const inference = yield* LeastPrivilege.infer([sql.unsafe(text)])
      assert.deepStrictEqual(
        inference.unmet.map(({ what }) => what),
        unmet
      )
      assert.deepStrictEqual(
        inference.opaque.map(({ name, via }) => `${name} by ${via}`),
        opaque
      )
      assert.isFalse(yield* mayRun(inference.grants, text))
    })
  )

  it.effect("inferred grants are sufficient for COPY, whose data is not part of the statement", () =>
    Effect.gen(function* () {
      const needs = (text: string) =>
        Effect.map(LeastPrivilege.infer([sql.unsafe(text)]), ({ needs, unmet }) => [
          ...needs.map((need) => (need.kind === "table" ? `${need.permission} ${need.name}` : need.name)),
          ...unmet.map(({ what }) => what)
        ])
      assert.deepStrictEqual(yield* needs("COPY (SELECT * FROM good_shops) TO STDOUT"), ["select good_shops"])
      // all columns come with the data, so that no default is asked for
      assert.deepStrictEqual(yield* needs("COPY orders FROM STDIN WITH CSV"), ["insert orders"])
      assert.deepStrictEqual(yield* needs("COPY orders (ticket, what) FROM STDIN"), ["insert orders"])
      assert.deepStrictEqual(yield* needs("COPY orders (what) FROM STDIN"), [
        "insert orders",
        "usage on the sequence public.tickets"
      ])
    })
  )
})
