/** The smallest grants for statements, as PostgreSQL analyzes them, on the embedded CARTO. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Emulator } from "../../src/emulator/index.ts"
import { ApiKeyManager, Auth, type CartoError, Grants, Sql, sql, type Statement, type Carto } from "../../src/index.ts"
import { analyze } from "../../src/keys/internal/analysis/parseStatements.ts"
import * as LeastPrivilege from "../../src/keys/LeastPrivilege.ts"
import { layerEmbedded, services } from "../support/embedded.ts"
import { missing, PostgresServer } from "../support/postgres.ts"
import { grantOf } from "./grantOf.ts"

const tables = `
  CREATE TABLE towns (id serial PRIMARY KEY, name text UNIQUE, state text, people int);
  CREATE TABLE states (id int PRIMARY KEY, name text);
  CREATE TABLE log (at timestamptz DEFAULT now(), what text);
  CREATE TABLE places (name text);
  GRANT SELECT ON places TO publicuser;
  CREATE VIEW big_towns AS SELECT id, name FROM towns WHERE people > 1000;
  CREATE VIEW invoker_towns WITH (security_invoker) AS
    SELECT id, name FROM towns WHERE state IN (SELECT name FROM states);
  CREATE VIEW checked_towns WITH (security_invoker) AS
    SELECT id, name FROM towns WHERE state IN (SELECT name FROM states) WITH CHECK OPTION;
  CREATE VIEW over_invoker AS SELECT name FROM invoker_towns;
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

const cases: ReadonlyArray<readonly [Statement, ReadonlyArray<string>]> = [
  [sql`SELECT 1`, []],
  [sql`SELECT name FROM towns;`, ["select public.towns"]],
  [sql`TABLE towns`, ["select public.towns"]],
  [sql`SELECT 1 FROM towns WHERE false`, ["select public.towns"]],
  [sql`SELECT t.id FROM towns t LEFT JOIN states s ON s.id = t.id`, ["select public.states", "select public.towns"]],
  [sql`SELECT * FROM towns new, states old`, ["select public.states", "select public.towns"]],
  [sql`SELECT a.id, b.id FROM towns a, towns b`, ["select public.towns"]],
  [
    sql`WITH s AS (SELECT * FROM states) SELECT * FROM s WHERE EXISTS (SELECT FROM towns)`,
    ["select public.states", "select public.towns"]
  ],
  [sql`SELECT * FROM big_towns`, ["select public.big_towns"]],
  [sql`SELECT * FROM invoker_towns`, ["select public.invoker_towns", "select public.states", "select public.towns"]],
  // a view with security_invoker counts for its reader even where another view's owner reads it
  [sql`SELECT * FROM over_invoker`, ["select public.over_invoker", "select public.states", "select public.towns"]],
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
  // the view's owner may write the table, but the sequence of its id is the key's own affair
  [sql`INSERT INTO big_towns (name) VALUES ('a')`, ["insert public.big_towns", "select public.towns"]],
  [sql`INSERT INTO big_towns (id, name) VALUES (1, 'a')`, ["insert public.big_towns"]],
  [sql`INSERT INTO invoker_towns (name) VALUES ('a')`, ["insert public.invoker_towns", "insert public.towns"]],
  [
    sql`INSERT INTO checked_towns (id, name) VALUES (1, 'a')`,
    ["insert public.checked_towns", "insert public.towns", "select public.states"]
  ],
  [
    sql`UPDATE invoker_towns SET name = 'a'`,
    ["select public.states", "update public.invoker_towns", "update public.towns"]
  ],
  [
    sql`SELECT id FROM invoker_towns FOR UPDATE`,
    [
      "select public.invoker_towns",
      "select public.states",
      "select public.towns",
      "update public.invoker_towns",
      "update public.towns"
    ]
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
  // neither reads the table
  [sql`CREATE TABLE made AS SELECT * FROM states WITH NO DATA`, ["create in public"]],
  [sql`CREATE TEMP TABLE made AS SELECT * FROM states`, ["select public.states"]],
  [sql`CREATE OR REPLACE VIEW made AS SELECT * FROM states WITH CHECK OPTION`, ["create in public"]],
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

const failureOf = <A, R>(effect: Effect.Effect<A, CartoError, R>) =>
  Effect.map(Effect.flip(effect), ({ message, reason }) => [reason._tag, message] as const)

const accounts = [
  { username: "demo" },
  { username: "olga", organization: { name: "acme", role: "owner" as const } },
  { username: "mary", organization: { name: "acme", role: "member" as const } }
]

const live: Layer.Layer<Carto.CartoServices | Emulator> = layerEmbedded({ postgis: false, accounts })

const suite = (on: string, embedded: Layer.Layer<Carto.CartoServices | Emulator>) =>
  layer(
    embedded.pipe(
      Layer.tap((context) =>
        Emulator.use(({ execute }) => execute("demo", tables)).pipe(Effect.provide(context), Effect.orDie)
      )
    ),
    { excludeTestServices: true, timeout: "60 seconds" }
  )(`LeastPrivilege on ${on}`, (it) => {
    it.effect.each(cases.map(([statement, expected], index) => ({ index, statement, expected })))(
      "infer reports the needs of case $index: $expected",
      ({ expected, statement }) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(said(yield* LeastPrivilege.infer([statement])), expected)
        })
    )
    it.effect("infer reports needs by the names of statements, and its grants are sufficient for all of them", () =>
      Effect.gen(function* () {
        const inference = yield* LeastPrivilege.infer(
          {
            report: sql`SELECT count(*) FROM big_towns JOIN states USING (name)`,
            import: sql`INSERT INTO towns (name) SELECT name FROM states`,
            locate: sql`SELECT cdb_geocode_admin0_polygon('USA')`
          },
          { verify: true }
        )
        assert.deepStrictEqual(inference, {
          grants: {
            apis: ["sql"],
            tables: [
              Grants.table("big_towns", ["select"], { schema: "public" }),
              Grants.table("states", ["select"], { schema: "public" }),
              Grants.table("towns", ["insert"], { schema: "public" })
            ],
            services: ["geocoding"]
          },
          needs: [
            { kind: "table", schema: "public", name: "big_towns", permission: "select", statements: ["report"] },
            { kind: "table", schema: "public", name: "states", permission: "select", statements: ["report", "import"] },
            { kind: "table", schema: "public", name: "towns", permission: "insert", statements: ["import"] },
            { kind: "service", name: "geocoding", statements: ["locate"] }
          ],
          unmet: [],
          opaque: []
        })
        assert.include(LeastPrivilege.toText(inference), "grant select on public.states — report, import")
        // and each is needed for that
        const keys = yield* ApiKeyManager
        const key = yield* keys.create({ name: "inferred", ...inference.grants })
        const locate = Sql.use((db) => db.query(sql`SELECT cdb_geocode_admin0_polygon('USA') IS NOT NULL AS found`))
        assert.deepStrictEqual((yield* locate.pipe(Auth.withApiKey(key))).rows, [{ found: true }])
        yield* keys.delete(key)
      })
    )
    it.effect("infer runs no statement and leaves nothing in the database", () =>
      Effect.gen(function* () {
        const count = Sql.use((db) =>
          db.query(sql`SELECT (SELECT count(*)::int FROM pg_class) AS relations, (SELECT count(*)::int FROM pg_proc) AS functions,
            (SELECT count(*)::int FROM pg_rewrite) AS rules, (SELECT count(*)::int FROM towns) AS towns, (SELECT last_value::int FROM tickets) AS tickets`)
        )
        const before = (yield* count).rows
        yield* LeastPrivilege.infer([
          sql`DELETE FROM towns; SELECT nextval('tickets')`,
          sql`INSERT INTO towns (name) VALUES ('; END; DROP TABLE towns; --'), ($$; END; DROP TABLE towns$$)`,
          sql`SELECT 1 /* ; END; DROP TABLE towns */`,
          sql`SELECT 'a\\'' || ' ; DROP TABLE towns'`
        ])
        // each piece is a statement of its own, so that none leaves the function it is put into
        for (const escape of [sql`SELECT 1; END; DROP TABLE towns; SELECT (1`, sql`SELECT (1`, sql`SELECT 1)`]) {
          const [tag] = yield* failureOf(LeastPrivilege.infer([escape]))
          assert.strictEqual(tag, "StatementRefused")
        }
        assert.deepStrictEqual((yield* count).rows, before)
      })
    )
    it.effect("infer reports permissions that no grant can give", () =>
      Effect.gen(function* () {
        const { needs, unmet } = yield* LeastPrivilege.infer({
          drop: sql`DROP TABLE towns`,
          index: sql`CREATE UNIQUE INDEX ON towns (name)`,
          system: sql`SELECT relname FROM pg_class`,
          conf: sql`SELECT * FROM cartodb.cdb_conf`,
          ticket: sql`SELECT nextval('tickets')`,
          nowhere: sql`CREATE TABLE nowhere.made (id int)`
        })
        assert.deepStrictEqual(needs, [])
        assert.deepStrictEqual(
          unmet.map(({ statements, what }) => `${statements.join()}: ${what}`),
          [
            "system: select on pg_catalog.pg_class",
            "conf: select on cartodb.cdb_conf",
            "ticket: usage on the sequence public.tickets",
            "nowhere: create in schema nowhere",
            "drop: DROP",
            "index: CREATE UNIQUE"
          ]
        )
      })
    )
    it.effect("infer reports functions that it cannot analyze as opaque", () =>
      Effect.gen(function* () {
        const { opaque } = yield* LeastPrivilege.infer({
          call: sql`SELECT town_of(1), owner_town_of(1), lower('a')`,
          view: sql`SELECT * FROM named`,
          insert: sql`INSERT INTO states VALUES (1)`,
          update: sql`UPDATE states SET name = 'a'`,
          block: sql`DO $$ BEGIN DELETE FROM towns; END $$`
        })
        assert.deepStrictEqual(opaque, [
          { name: "public.town_of(integer)", via: "call", statements: ["call", "view"] },
          { name: "public.note()", via: "trigger", statements: ["insert"] },
          { name: "DO", via: "call", statements: ["block"] }
        ])
      })
    )
    it.effect("infer refuses a statement that PostgreSQL cannot parse, and names it", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* failureOf(LeastPrivilege.infer({ a: sql`SELECT 1`, b: sql`SELEC 1` })), [
          "StatementRefused",
          'LeastPrivilege.infer: b: syntax error at or near "SELEC"; correct it, or leave it out'
        ])
        const [tag, message] = yield* failureOf(LeastPrivilege.infer([sql`SELECT * FROM no_such_table`]))
        assert.strictEqual(tag, "StatementRefused")
        assert.include(message, 'statement 1: relation "no_such_table" does not exist')
        assert.strictEqual((yield* failureOf(LeastPrivilege.infer([sql.unsafe("")])))[0], "InvalidInput")
        assert.deepStrictEqual(yield* LeastPrivilege.infer([]), {
          grants: { apis: ["sql"] },
          needs: [],
          unmet: [],
          opaque: []
        })
      })
    )
    it.effect("verify reports the statement that needs more grants, and leaves no key", () =>
      Effect.gen(function* () {
        const statements = { read: sql`SELECT * FROM towns`, write: sql`DELETE FROM towns` }
        const grants = { apis: ["sql" as const], tables: [Grants.table("towns", ["select"])] }
        assert.deepStrictEqual(yield* failureOf(LeastPrivilege.verify(grants, statements)), [
          "GrantsInsufficient",
          "LeastPrivilege.verify: write needs more than these grants: permission denied for table towns"
        ])
        assert.deepStrictEqual(yield* ApiKeyManager.use((keys) => keys.list({ type: "regular" })), [])
      })
    )
    it.effect("infer needs the master key", () =>
      Effect.gen(function* () {
        const keys = yield* ApiKeyManager
        const key = yield* keys.create({ name: "reader", apis: ["sql"], tables: [Grants.table("towns", ["select"])] })
        const [tag] = yield* failureOf(LeastPrivilege.infer([sql`SELECT * FROM towns`]).pipe(Auth.withApiKey(key)))
        yield* keys.delete(key)
        assert.strictEqual(tag, "SystemTableForbidden")
      })
    )
    it.effect("infer gives the same result from rules, for PostgreSQL before version 14", () =>
      Effect.gen(function* () {
        const queries = [
          "SELECT t.id FROM towns t TABLESAMPLE BERNOULLI ((SELECT 50)) LEFT JOIN states s ON s.id = t.id",
          "UPDATE towns SET people = s.id FROM states s",
          "INSERT INTO towns (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = 'b'",
          "DELETE FROM towns WHERE id IN (SELECT id FROM big_towns)",
          "SELECT nextval('tickets'), town_of(1)",
          "SELEC"
        ]
        const byFunctions = yield* analyze(queries)
        const byRules = yield* analyze(queries, [], 999_999)
        const sorted = ({ statements }: typeof byRules) =>
          statements.map(({ accesses, expression, failure, references }) => ({
            accesses: accesses.map(({ permissions, relation }) => `${relation} ${permissions.join()}`).toSorted(),
            failure: failure?.message,
            calls: expression.calls.map(({ oid, routine }) => `${routine} ${oid}`).toSorted(),
            functions: references.filter(({ class: name }) => name.endsWith("pg_proc")).map(({ oid }) => oid)
          }))
        assert.deepStrictEqual(sorted(byRules), sorted(byFunctions))
        assert.strictEqual(byFunctions.statements.filter(({ accesses }) => accesses.length > 0).length, 4)
      })
    )
    it.effect("infer in an organization keeps one grant in each schema that is not open to all members", () =>
      Effect.gen(function* () {
        const { execute } = yield* Emulator
        const [row] = yield* execute("olga", "SELECT current_user AS role")
        const role = `"${row?.["role"]}"`
        yield* execute(
          "mary",
          `CREATE TABLE mary.shared (id int); CREATE TABLE mary.open (id int); CREATE TABLE mary.own (id int);
           REVOKE USAGE ON SCHEMA mary FROM publicuser; GRANT USAGE ON SCHEMA mary TO ${role};
           GRANT SELECT ON mary.shared, mary.open TO ${role} WITH GRANT OPTION;
           GRANT SELECT ON mary.open TO PUBLIC`
        )
        yield* execute("olga", "CREATE TABLE towns (id int)")
        const inferred = (statement: Statement) => LeastPrivilege.infer([statement], { verify: true })
        assert.deepStrictEqual(said(yield* inferred(sql`SELECT * FROM towns, mary.shared`)), [
          "select mary.shared",
          "select olga.towns"
        ])
        assert.deepStrictEqual(said(yield* inferred(sql`SELECT * FROM mary.open`)), ["select mary.open"])
        assert.deepStrictEqual(said(yield* inferred(sql`SELECT * FROM mary.open, mary.shared`)), ["select mary.shared"])
        const { needs, unmet } = yield* LeastPrivilege.infer([sql`DELETE FROM mary.own`])
        assert.deepStrictEqual([needs, unmet.map(({ what }) => what)], [[], ["delete on mary.own"]])
      }).pipe(Effect.provide(services("olga", { baseUrl: "https://acme.carto.com/u/olga" })))
    )
    it.effect("each inferred grant is necessary with any names of tables", () =>
      Effect.gen(function* () {
        const statements = [
          sql`MERGE INTO towns t USING invoker_towns s ON s.id = t.id WHEN MATCHED THEN DELETE`,
          sql`SELECT * FROM ${sql.identifier('odd " {RTEPERMISSIONINFO :relid 1259} name')}`
        ]
        const { grants, needs } = yield* LeastPrivilege.infer(statements, { verify: true })
        assert.strictEqual(needs.length, 5)
        for (const need of needs) {
          const { tables } = Grants.difference(grants, grantOf(need))
          const fewer = tables.map(({ name, permissions, schema }) =>
            Grants.table(name, permissions.filter(isPermission), { schema })
          )
          const [tag] = yield* failureOf(LeastPrivilege.verify({ apis: ["sql"], tables: fewer }, statements))
          assert.strictEqual(
            tag,
            "GrantsInsufficient",
            LeastPrivilege.toText({ needs: [need], unmet: [], opaque: [], grants })
          )
        }
      })
    )
  })

const isPermission = (text: string): text is Grants.TablePermission =>
  ["select", "insert", "update", "delete"].includes(text)

suite("PGlite", live)

if (missing === undefined) {
  const server = Layer.unwrap(
    Effect.map(PostgresServer, ({ url }) => layerEmbedded({ postgis: false, accounts, database: url }))
  ).pipe(Layer.provide(PostgresServer.layer), Layer.orDie)
  suite("a PostgreSQL server", server)
}
