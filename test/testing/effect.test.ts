import { assert, layer } from "@effect/vitest"
import { Clock, Duration, Effect } from "effect"
import { ApiKeyManager, Auth, Grants, Sql, sql } from "../../src/index.ts"
import { TestAccount, TestServer } from "../../src/testing/index.ts"
import { expected } from "./faults.ts"

const places = sql`
  CREATE TABLE places (id int PRIMARY KEY, name text);
  INSERT INTO places VALUES (1, ${"it's"})`

/** One layer, provided to many tests. */
const account = TestAccount.layer({
  seed: places,
  keys: { reader: { tables: [Grants.table("places", ["select"])] }, tiles: { apis: ["maps"] } }
})

layer(TestServer.layer())("with Effect", (it) => {
  const rows = Effect.map(
    Sql.use((db) => db.query(sql`SELECT * FROM places`)),
    ({ rows }) => rows
  )

  for (const turn of ["first", "second"]) {
    it.effect(`an account has its own tables and keys, and nothing of the test before: ${turn}`, () =>
      Effect.gen(function* () {
        const { key } = yield* TestAccount
        const found = [{ id: 1, name: "it's" }]
        assert.deepStrictEqual(yield* rows, found)
        assert.deepStrictEqual(yield* rows.pipe(Auth.withApiKey(key("reader"))), found)
        const change = Sql.use((db) => db.query(sql`INSERT INTO places VALUES (2, 'b')`))
        const refused = yield* change.pipe(Auth.withApiKey(key("reader")), Effect.flip)
        assert.strictEqual(refused.reason._tag, "PermissionDenied")
        const lacking = yield* rows.pipe(Auth.withApiKey(key("tiles")), Effect.flip)
        assert.strictEqual(lacking.reason._tag, "ApiNotGranted")
        yield* change
        yield* ApiKeyManager.use((keys) => keys.delete("reader"))
        assert.throws(() => key("other"), /without a key "other"/)
      }).pipe(Effect.provide(account))
    )
  }

  it.effect("accounts see nothing of each other", () =>
    Effect.gen(function* () {
      const server = yield* TestServer
      const [one, other] = yield* Effect.all([server.account({ seed: places }), server.account({ samples: true })])
      const schema = sql.identifier(one.username)
      const read = (services: typeof one) =>
        Sql.use((db) => db.query(sql`SELECT * FROM ${schema}.places`)).pipe(
          Effect.map(({ rows }) => rows.length),
          Effect.provide(services.layer)
        )
      assert.strictEqual(yield* read(one), 1)
      assert.strictEqual((yield* Effect.flip(read(other))).reason._tag, "PermissionDenied")
      const tornadoes = Sql.use((db) => db.query(sql`SELECT * FROM tornadoes LIMIT 1`))
      assert.strictEqual((yield* tornadoes.pipe(Effect.provide(other.layer))).rows.length, 1)
      assert.strictEqual((yield* tornadoes.pipe(Effect.provide(one.layer), Effect.flip)).reason._tag, "UndefinedTable")
    })
  )

  it.effect("an account with a database to itself has schema public", () =>
    Effect.gen(function* () {
      const server = yield* TestServer
      const own = yield* server.account({ seed: places, ownDatabase: true })
      const found = yield* Sql.use((db) => db.query(sql`SELECT count(*)::int AS n FROM public.places`)).pipe(
        Effect.provide(own.layer)
      )
      assert.deepStrictEqual(found.rows, [{ n: 1 }])
    })
  )

  it.effect("the server's clock moves while the test's stands still", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
      const { createdAt } = yield* ApiKeyManager.use((keys) => keys.whoami)
      assert.isAbove(createdAt.getTime(), Date.UTC(2025))
    }).pipe(Effect.provide(account))
  )

  for (const [fault, reason] of expected) {
    it.effect(`the fault ${fault} fails one call, or all until it is ended`, () =>
      Effect.gen(function* () {
        const { fail } = yield* TestAccount
        fail(fault, { times: 1, retryAfter: 7 })
        const error = yield* Effect.flip(rows)
        assert.strictEqual(error.reason._tag, reason)
        if (error.reason._tag === "RateLimited") {
          assert.strictEqual(error.reason.retryAfter?.pipe(Duration.toSeconds), 7)
        }
        assert.strictEqual((yield* rows).length, 1)
        const undo = fail(fault)
        yield* Effect.flip(rows)
        yield* Effect.flip(rows)
        undo()
        assert.strictEqual((yield* rows).length, 1)
      }).pipe(Effect.provide(account))
    )
  }

  it.effect("a write whose response is cut has taken place, and the client finds the key", () =>
    Effect.gen(function* () {
      const { fail } = yield* TestAccount
      fail("connection-cut", { when: ({ method }) => method === "POST" })
      fail("statement-timeout")
      const keys = yield* ApiKeyManager
      // the client looks up what the write did
      const lost = yield* keys.create({ name: "lost" })
      assert.deepStrictEqual(lost, yield* keys.get("lost"))
    }).pipe(Effect.provide(account))
  )

  it.effect("an error in the seed names the statement's mistake", () =>
    Effect.gen(function* () {
      const server = yield* TestServer
      const wrong = yield* Effect.flip(server.account({ seed: sql`CREATE TABLES` }))
      assert.include(wrong.message, "syntax error")
      const value = yield* Effect.flip(server.account({ seed: sql`SELECT ${Number.NaN / 0}, ${"\0"}` }))
      assert.include(value.message, "TestAccount.seed")
    })
  )
})
