/** ApiKeyManager on the embedded CARTO, for behavior that needs a database. */
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted, Stream } from "effect"
import { ApiKeyManager, Auth, type CartoError, Grants, Sql, sql } from "../../src/index.ts"
import { layerEmbedded, services } from "../support/embedded.ts"

const accounts = [
  { username: "demo", samples: true, keyQuota: 40 },
  { username: "olga", organization: { name: "acme", role: "owner" as const } },
  { username: "mary", organization: { name: "acme", role: "member" as const } }
]

layer(layerEmbedded({ postgis: false, accounts }), { timeout: "60 seconds" })("on PostgreSQL", (it) => {
  it.effect("create names the tables that are missing or in another schema", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const error: CartoError = yield* Effect.flip(
        keys.create({
          name: "a",
          tables: [
            Grants.table("tornadoes", ["select"]),
            Grants.table("no_such_table", ["select", "insert"]),
            Grants.table("tornadoes", ["select"], { schema: "demo" })
          ]
        })
      )
      assert.strictEqual(error.reason._tag, "GrantNotHeld")
      assert.deepStrictEqual("lacking" in error.reason && error.reason.lacking, [
        "select on public.no_such_table",
        "insert on public.no_such_table",
        "select on demo.tornadoes"
      ])
      assert.include(error.message, "there is no public.no_such_table")
      assert.include(error.message, "tornadoes is in schema public, not demo: name that schema in the grant")
    })
  )
  it.effect("a table without a schema in a member's grants is in the member's schema", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      yield* Sql.use((db) => db.query(sql`CREATE TABLE towns AS SELECT 1 AS id`))
      const key = yield* keys.create({ name: "towns", tables: [Grants.table("towns", ["select"])] })
      assert.deepStrictEqual(
        key.grants.tables.map(({ name, schema }) => [schema, name]),
        [["mary", "towns"]]
      )
      yield* Sql.use((db) => db.query(sql`SELECT * FROM towns`)).pipe(Auth.withApiKey(key))
    }).pipe(Effect.provide(services("mary", { baseUrl: "https://acme.carto.com/u/mary" })))
  )
  it.effect("the schema of a member is read from the server if the URL is on-premises", () =>
    Effect.gen(function* () {
      yield* Sql.use((db) => db.query(sql`CREATE TABLE villages AS SELECT 1 AS id`))
      const key = yield* ApiKeyManager.use((keys) =>
        keys.create({ name: "on-premises", tables: [Grants.table("villages", ["select"])] })
      )
      assert.strictEqual(key.grants.tables[0]?.schema, "mary")
    }).pipe(Effect.provide(services("mary", { baseUrl: "https://maps.example.org/user/mary" })))
  )
  it.effect("two accounts in one program do not share state", () =>
    Effect.gen(function* () {
      const outer = yield* ApiKeyManager.use((keys) => keys.whoami)
      const inner = yield* ApiKeyManager.use((keys) => keys.whoami).pipe(Effect.provide(services("olga")))
      const lean = yield* Sql.use((db) => db.query(sql`SELECT current_user AS role`)).pipe(
        Effect.provide(services("mary"))
      )
      assert.deepStrictEqual([outer.username, inner.username], ["demo", "olga"])
      assert.notDeepEqual(lean.rows, (yield* Sql.use((db) => db.query(sql`SELECT current_user AS role`))).rows)
    })
  )
  it.effect("the owner of an organization manages the keys of a member", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const key = yield* keys.create({ name: "by olga", apis: ["sql"], targetUser: "mary" })
      assert.strictEqual(key.username, "mary")
      assert.include(
        (yield* keys.list({ targetUser: "mary", type: "regular" })).map(({ name }) => name),
        "by olga"
      )
      yield* keys.delete(key, { targetUser: "mary" })
      const error: CartoError = yield* Effect.flip(keys.list({ targetUser: "demo" }))
      assert.strictEqual(error.reason._tag, "TargetUserNotFound")
    }).pipe(Effect.provide(services("olga")))
  )
  it.effect("the grants of a key equal the requested grants, and can be requested again", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const request = {
        apis: ["sql" as const],
        tables: [Grants.table("tornadoes", ["select", "update"]), Grants.table("storm_reports", ["insert"])],
        schemas: [Grants.schema("public")],
        tableMetadata: true,
        services: ["geocoding" as const],
        datasets: ["carto.a"]
      }
      const first = yield* keys.create({ name: "first", ...request })
      assert.isTrue(Grants.covers(first.grants, request))
      const again = Grants.toRequest(first.grants)
      assert.isTrue(again.dropped.some((dropped) => dropped.includes("usage")))
      const second = yield* keys.create({ name: "second", ...again.request })
      assert.deepStrictEqual(Grants.difference(first.grants, second.grants), Grants.difference({}, {}))
      assert.deepStrictEqual(Grants.difference(second.grants, first.grants), Grants.difference({}, {}))
      // a key that makes a table owns it
      yield* Sql.use((db) => db.query(sql`CREATE TABLE made (id int)`)).pipe(Auth.withApiKey(second))
      const owned = (yield* keys.get("second")).grants.tables.find(({ name }) => name === "made")
      assert.isTrue(owned?.owner)
    })
  )
  it.effect("keys with any characters in their names are created, read and deleted", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const names = ["a.b.json", "é☃😀", "100% + ?x=1#y", "..a", "%2e%2e", "a\\b", " a ", "'; DROP", "key\tname"]
      for (const name of names) yield* keys.create({ name, apis: ["sql"] })
      for (const name of names) {
        assert.strictEqual((yield* keys.get(name)).name, name)
        const { token } = yield* keys.regenerate(name)
        assert.isTrue(yield* keys.isValid(token))
        yield* keys.delete(name)
        assert.isFalse(yield* keys.isValid(token))
      }
    })
  )
  it.effect("list reads all pages of one key, filtered by type", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const all = yield* Stream.runCollect(keys.stream({ pageSize: 1 }))
      assert.deepStrictEqual(
        all.map(({ name }) => name),
        (yield* keys.list()).map(({ name }) => name)
      )
      assert.deepStrictEqual([all[0]?.type, all[1]?.type], ["master", "default"])
    })
  )
  it.effect(
    "regenerate fails if a granted table was dropped, and create fails with ApiKeyQuotaReached at the quota",
    () =>
      Effect.gen(function* () {
        const keys = yield* ApiKeyManager
        yield* Sql.use((db) => db.query(sql`CREATE TABLE passing (id int)`))
        yield* keys.create({ name: "passing", tables: [Grants.table("passing", ["select"])] })
        yield* Sql.use((db) => db.query(sql`DROP TABLE passing`))
        const gone: CartoError = yield* Effect.flip(keys.regenerate("passing"))
        assert.strictEqual(gone.reason._tag, "RegenerateRefused")
        const error: CartoError = yield* Effect.flip(
          Effect.forEach(
            Array.from({ length: 41 }, (_, index) => `q${index}`),
            (name) => keys.create({ name, apis: [] })
          )
        )
        assert.strictEqual(error.reason._tag, "ApiKeyQuotaReached")
      })
  )
  it.effect("queries under the master key succeed while it is regenerated", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const db = yield* Sql
      const before = yield* (yield* Auth).apiKey
      yield* Effect.all(
        [
          ...Array.from({ length: 10 }, () => db.query(sql`SELECT 1`)),
          keys.regenerate("Master"),
          ...Array.from({ length: 10 }, () => db.query(sql`SELECT 1`)),
          keys.list()
        ],
        { concurrency: "unbounded" }
      )
      assert.notStrictEqual(Redacted.value(yield* (yield* Auth).apiKey), Redacted.value(before))
      assert.isFalse(yield* keys.isValid(Redacted.make(`${Redacted.value(before)}x`)))
    })
  )
})
