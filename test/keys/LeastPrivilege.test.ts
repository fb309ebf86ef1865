/** The smallest grants for statements, by PostgreSQL's own reading of them, on the embedded CARTO. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { sql, type Statement } from "../../src/index.ts"
import * as LeastPrivilege from "../../src/keys/LeastPrivilege.ts"
import { Emulator } from "../../src/emulator/index.ts"
import { layerEmbedded } from "../support/embedded.ts"

const tables = `
  CREATE TABLE towns (id serial PRIMARY KEY, name text UNIQUE, state text, people int);
  CREATE TABLE states (id int PRIMARY KEY, name text);
  CREATE TABLE log (at timestamptz DEFAULT now(), what text);
  CREATE TABLE places (name text);
  GRANT SELECT ON places TO publicuser;
  CREATE VIEW big_towns AS SELECT id, name FROM towns WHERE people > 1000;
  CREATE VIEW invoker_towns WITH (security_invoker) AS
    SELECT id, name FROM towns WHERE state IN (SELECT name FROM states);
  CREATE MATERIALIZED VIEW town_counts AS SELECT state, count(*) AS n FROM towns GROUP BY state;
  CREATE SEQUENCE tickets;
  CREATE FUNCTION town_of(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT name FROM towns WHERE id = $1';
  CREATE FUNCTION owner_town_of(int) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
    AS 'SELECT name FROM towns WHERE id = $1';
  CREATE VIEW named AS SELECT town_of(1) AS name;
  CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO log (what) VALUES ('state'); RETURN NEW; END $$;
  CREATE TRIGGER note AFTER INSERT ON states FOR EACH ROW EXECUTE FUNCTION note();
  CREATE TABLE "odd "" {RTEPERMISSIONINFO :relid 1259} name" ("a b" int)`

const said = ({ needs }: LeastPrivilege.Inference) =>
  needs
    .map((need) =>
      need.kind === "table"
        ? `${need.permission} ${need.schema}.${need.name}`
        : need.kind === "schema"
          ? `create in ${need.name}`
          : `service ${need.name}`
    )
    .toSorted()

const inferred = (statement: Statement, options: { readonly verify: boolean } = { verify: true }) =>
  Effect.map(LeastPrivilege.infer([statement], options), said)

const account = { username: "demo" }

layer(layerEmbedded({ postgis: false, accounts: [account] }), { excludeTestServices: true, timeout: "60 seconds" })(
  "LeastPrivilege",
  (it) => {
    it.effect("reads and writes told apart, by every kind of statement", () =>
      Effect.gen(function* () {
        yield* Emulator.use(({ execute }) => execute("demo", tables))
        const cases: ReadonlyArray<readonly [Statement, ReadonlyArray<string>]> = [
          [sql`SELECT 1`, []],
          [sql`SELECT name FROM towns;`, ["select public.towns"]],
          [sql`TABLE towns`, ["select public.towns"]],
          [sql`SELECT 1 FROM towns WHERE false`, ["select public.towns"]],
          [
            sql`SELECT t.id FROM towns t LEFT JOIN states s ON s.id = t.id`,
            ["select public.states", "select public.towns"]
          ],
          [sql`SELECT * FROM towns new, states old`, ["select public.states", "select public.towns"]],
          [sql`SELECT a.id, b.id FROM towns a, towns b`, ["select public.towns"]],
          [
            sql`WITH s AS (SELECT * FROM states) SELECT * FROM s WHERE EXISTS (SELECT FROM towns)`,
            ["select public.states", "select public.towns"]
          ],
          [sql`SELECT * FROM big_towns`, ["select public.big_towns"]],
          [
            sql`SELECT * FROM invoker_towns`,
            ["select public.invoker_towns", "select public.states", "select public.towns"]
          ],
          [sql`SELECT * FROM town_counts`, ["select public.town_counts"]],
          [sql`SELECT * FROM places`, []],
          [sql`INSERT INTO towns (name) VALUES ('a')`, ["insert public.towns"]],
          [sql`INSERT INTO towns (name) VALUES ('a') RETURNING id`, ["insert public.towns", "select public.towns"]],
          [sql`INSERT INTO towns (name) SELECT name FROM states`, ["insert public.towns", "select public.states"]],
          [sql`INSERT INTO towns (name) VALUES ('a') ON CONFLICT DO NOTHING`, ["insert public.towns"]],
          [
            sql`INSERT INTO towns (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = 'b'`,
            ["insert public.towns", "select public.towns", "update public.towns"]
          ],
          [sql`INSERT INTO big_towns (name) VALUES ('a')`, ["insert public.big_towns"]],
          [
            sql`INSERT INTO invoker_towns (name) VALUES ('a')`,
            ["insert public.invoker_towns", "insert public.towns", "select public.states", "select public.towns"]
          ],
          [sql`UPDATE towns SET name = 'b'`, ["update public.towns"]],
          [sql`UPDATE towns SET name = 'b' WHERE id = 1`, ["select public.towns", "update public.towns"]],
          [sql`UPDATE towns SET people = s.id FROM states s`, ["select public.states", "update public.towns"]],
          [sql`DELETE FROM towns`, ["delete public.towns"]],
          [
            sql`DELETE FROM towns USING states WHERE states.id = towns.id`,
            ["delete public.towns", "select public.states", "select public.towns"]
          ],
          [sql`SELECT * FROM towns FOR UPDATE`, ["select public.towns", "update public.towns"]],
          [
            sql`WITH gone AS (DELETE FROM states RETURNING id) SELECT count(*) FROM gone`,
            ["delete public.states", "select public.states"]
          ],
          [
            sql`MERGE INTO towns t USING states s ON s.id = t.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)`,
            ["delete public.towns", "insert public.towns", "select public.states", "select public.towns"]
          ],
          [sql`EXPLAIN (VERBOSE, FORMAT JSON) SELECT * FROM towns`, ["select public.towns"]],
          [sql`/* a */ EXPLAIN ANALYZE VERBOSE DELETE FROM towns -- ; DROP TABLE towns`, ["delete public.towns"]],
          [sql`COPY towns (id, name) TO STDOUT WITH (FORMAT csv)`, ["select public.towns"]],
          [sql`COPY (SELECT * FROM big_towns) TO STDOUT`, ["select public.big_towns"]],
          [sql`COPY towns (name) FROM STDIN`, ["insert public.towns"]],
          [sql`CREATE TABLE made AS SELECT * FROM states WITH NO DATA`, ["create in public", "select public.states"]],
          [sql`CREATE TEMP TABLE made AS SELECT * FROM states`, ["select public.states"]],
          [
            sql`CREATE OR REPLACE VIEW made AS SELECT * FROM states WITH CHECK OPTION`,
            ["create in public", "select public.states"]
          ],
          [sql`SELECT nextval('towns_id_seq')`, ["select public.towns"]],
          [
            sql`SELECT cdb_geocode_admin0_polygon('USA'), cdb_isochrone(NULL, 'walk', ARRAY[1], NULL)`,
            ["service geocoding", "service isolines"]
          ],
          [
            sql`SELECT * FROM ${sql.identifier('odd " {RTEPERMISSIONINFO :relid 1259} name')} AS ":requiredPerms"`,
            ['select public.odd " {RTEPERMISSIONINFO :relid 1259} name']
          ],
          [
            sql`SET statement_timeout = 1000; SELECT * FROM towns; DELETE FROM states`,
            ["delete public.states", "select public.towns"]
          ]
        ]
        for (const [statement, expected] of cases) {
          const found = yield* inferred(statement)
          assert.deepStrictEqual(found, expected)
        }
      })
    )
  }
)
