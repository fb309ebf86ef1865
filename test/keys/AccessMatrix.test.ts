/** The access matrix and the audit of keys, on the embedded CARTO. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Emulator } from "../../src/emulator/index.ts"
import { ApiKeyManager, Auth, Grants, Sql, sql } from "../../src/index.ts"
import * as Audit from "../../src/keys/Audit.ts"
import * as AccessMatrix from "../../src/keys/AccessMatrix.ts"
import { layerEmbedded, services } from "../support/embedded.ts"

const tables = `
  CREATE TABLE towns (id serial PRIMARY KEY, name text);
  CREATE TABLE customers (id int, email text, "dateOfBirth" date, description text, shipped_at date);
  CREATE TABLE places (name text);
  GRANT SELECT ON places TO publicuser;
  CREATE TABLE forum (name text);
  GRANT SELECT, INSERT ON forum TO publicuser;
  CREATE VIEW big_towns AS SELECT name FROM towns;
  CREATE MATERIALIZED VIEW counts AS SELECT count(*) AS n FROM towns;
  CREATE TABLE "<script>&""'</text>" (id int)`

const setUp = Effect.gen(function* () {
  yield* Emulator.use(({ execute }) => execute("demo", tables))
  const keys = yield* ApiKeyManager
  yield* keys.create({ name: "reader", apis: ["sql"], tables: [Grants.table("towns", ["select"])] })
  const writer = yield* keys.create({
    name: "writer",
    tables: [
      Grants.table("towns", ["select", "insert", "update", "delete"]),
      Grants.table("customers", ["select"]),
      Grants.table("counts", ["select"])
    ],
    schemas: [Grants.schema("public")],
    services: ["geocoding"]
  })
  yield* Sql.use((db) => db.query(sql`CREATE TABLE drafts (id int)`)).pipe(Auth.withApiKey(writer))
  yield* keys.create({ name: "maps only", apis: ["maps"], tables: [Grants.table("big_towns", ["select"])] })
  yield* keys.create({ name: "<b>&\"'\u0007", apis: ["sql"] })
})

const live = layerEmbedded({ postgis: false, accounts: [{ username: "demo" }] }).pipe(
  Layer.tap((context) => Layer.build(Layer.effectDiscard(setUp)).pipe(Effect.provide(context)))
)

layer(live, { excludeTestServices: true, timeout: "60 seconds" })("keys and tables", (it) => {
  it.effect("make reports the permissions that PostgreSQL gives each key", () =>
    Effect.gen(function* () {
      const matrix = yield* AccessMatrix.make()
      assert.strictEqual(matrix.username, "demo")
      assert.deepStrictEqual(
        matrix.keys.map(({ source, creates, name }) => [name, source, creates]),
        [
          ["Master", "database", ["public"]],
          ["Default public", "database", []],
          ["<b>&\"'\u0007", "database", []],
          ["maps only", "auth-api", []],
          ["reader", "database", []],
          ["writer", "database", ["public"]]
        ]
      )
      const text = AccessMatrix.toText(matrix).split("\n")
      assert.deepStrictEqual(
        text.slice(2, -1).map((line) => line.trim().split(/ {2,}/)),
        [
          ["public.<script>&\"'</text>", "riud!", "·", "·", "·", "·", "·"],
          ["public.big_towns", "riud!", "·", "·", "r", "·", "·"],
          ["public.counts", "riud!", "·", "·", "·", "·", "r"],
          ["public.customers", "riud!", "·", "·", "·", "·", "r"],
          ["public.drafts", "riud!", "·", "·", "·", "·", "riud!"],
          ["public.forum", "riud!", "ri*", "ri*", "·", "ri*", "ri*"],
          ["public.places", "riud!", "r*", "r*", "·", "r*", "r*"],
          ["public.towns", "riud!", "·", "·", "·", "r", "riud"],
          ["creates in", "public", "·", "·", "·", "·", "public"]
        ]
      )
      assert.include(text[0], "<b>&\"'\\u{7}")
    })
  )
  it.effect("toSvg is well-formed XML with any names", () =>
    Effect.gen(function* () {
      const svg = AccessMatrix.toSvg(yield* AccessMatrix.make())
      assert.notMatch(svg, /<script|<b>/)
      assert.notInclude(svg, "\u0007")
      assert.include(svg, "&lt;script&gt;&amp;&quot;&#39;&lt;/text&gt; (table): select")
      // every tag that opens closes again, in order
      const open: Array<string> = []
      for (const [, slash, name = "", rest = ""] of svg.matchAll(/<(\/?)([a-z]+)((?:"[^"]*"|[^">])*)>/g)) {
        if (slash === "/") assert.strictEqual(open.pop(), name)
        else if (!rest.endsWith("/")) open.push(name)
      }
      assert.deepStrictEqual(open, [])
    })
  )
  it.effect("audit reports writes, unused grants, an unneeded Maps API and personal data of each key", () =>
    Effect.gen(function* () {
      const { keys } = yield* Audit.audit({
        statements: [sql`SELECT name FROM towns`, sql`INSERT INTO towns (name) VALUES ('a')`],
        personalData: true
      })
      const find = (name: string) => keys.find((key) => key.name === name)
      assert.deepStrictEqual(find("writer"), {
        name: "writer",
        type: "regular",
        source: "database",
        writes: [
          { schema: "public", name: "drafts", permissions: ["insert", "update", "delete"] },
          { schema: "public", name: "towns", permissions: ["insert", "update", "delete"] }
        ],
        creates: ["public"],
        owns: [{ schema: "public", name: "drafts" }],
        schemas: ["public"],
        unused: Grants.difference(
          {
            tables: [
              Grants.table("towns", ["update", "delete"]),
              Grants.table("customers", ["select"]),
              Grants.table("counts", ["select"])
            ],
            schemas: [Grants.schema("public")],
            services: ["geocoding"]
          },
          {}
        ),
        unneededMaps: true,
        personalData: ["public.customers.email", "public.customers.dateOfBirth"]
      })
      assert.deepStrictEqual(find("Default public")?.writes, [
        { schema: "public", name: "forum", permissions: ["insert"] }
      ])
      assert.deepStrictEqual(find("reader")?.unused, Grants.difference({}, {}))
      assert.isFalse(find("reader")?.unneededMaps)
      assert.strictEqual(find("maps only")?.unused, undefined)
      const text = Audit.toText({ username: "demo", keys })
      assert.match(text, /writer +regular +changes rows +public.drafts \(iud\), public.towns \(iud\)/)
      assert.match(
        text,
        /writer +regular +unused +select on public.counts; select on public.customers; delete, update on public.towns; create in schema public; service geocoding/
      )
      assert.match(text, /Default public +default +changes rows +public.forum \(i\)/)
      assert.notInclude(text, "Master")
    })
  )
  it.effect("audit makes only the checks that its options ask for, and takes statements for each key", () =>
    Effect.gen(function* () {
      const { keys } = yield* Audit.audit({
        statements: ({ name }) => (name === "writer" ? [sql`SELECT * FROM counts`] : undefined),
        personalData: /^ship/g
      })
      const find = (name: string) => keys.find((key) => key.name === name)
      assert.strictEqual(find("reader")?.unused, undefined)
      assert.notInclude(JSON.stringify(find("writer")?.unused), "counts")
      assert.deepStrictEqual(find("writer")?.personalData, ["public.customers.shipped_at"])
      const { keys: plain } = yield* Audit.audit()
      assert.isTrue(plain.every(({ personalData, unused }) => personalData === undefined && unused === undefined))
      assert.strictEqual(Audit.toText({ username: "demo", keys: [] }), "demo has 0 keys, and nothing was found")
    })
  )
})

const organisation = [
  { username: "olga", organization: { name: "acme", role: "owner" as const } },
  { username: "mary", organization: { name: "acme", role: "member" as const } }
]

layer(layerEmbedded({ postgis: false, accounts: [{ username: "demo" }, ...organisation] }), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("in an organisation", (it) => {
  it.effect(
    "a table shared in an organization is in the matrix, and the audit reports that its reader sees several schemas",
    () =>
      Effect.gen(function* () {
        const { execute } = yield* Emulator
        const [row] = yield* execute("olga", "SELECT current_user AS role")
        yield* execute(
          "mary",
          `CREATE TABLE mary.shared (id int); CREATE TABLE mary.own (id int); CREATE TABLE mary.open (id int);
         REVOKE USAGE ON SCHEMA mary FROM publicuser; GRANT SELECT ON mary.open TO PUBLIC;
         GRANT USAGE ON SCHEMA mary TO "${row?.["role"]}"; GRANT SELECT ON mary.shared TO "${row?.["role"]}" WITH GRANT OPTION`
        )
        yield* execute("olga", "CREATE TABLE olga.towns (id int)")
        yield* ApiKeyManager.use((keys) =>
          keys.create({
            name: "both",
            tables: [Grants.table("towns", ["select"]), Grants.table("shared", ["select"], { schema: "mary" })]
          })
        )
        yield* ApiKeyManager.use((keys) => keys.create({ name: "home", tables: [Grants.table("towns", ["select"])] }))
        const { keys } = yield* Audit.audit()
        assert.deepStrictEqual(keys.find(({ name }) => name === "both")?.schemas, ["mary", "olga"])
        assert.match(Audit.toText({ username: "olga", keys }), /both +regular +sees several schemas +mary, olga/)
        const matrix = yield* AccessMatrix.make()
        assert.deepStrictEqual(
          matrix.tables.map(({ name, schema }) => `${schema}.${name}`),
          ["mary.open", "mary.shared", "olga.towns"]
        )
        // what everybody may read is out of reach in a schema that a key may not use
        assert.deepStrictEqual(
          matrix.cells[0]?.map(({ permissions }, index) => [matrix.keys[index]?.name, permissions]),
          [
            ["Master", ["select"]],
            ["Default public", []],
            ["both", ["select"]],
            ["home", []]
          ]
        )
      }).pipe(Effect.provide(services("olga", { baseUrl: "https://acme.carto.com/u/olga" })))
  )
})
