/** Effective permissions of keys, as PostgreSQL reports them under the key, on the embedded CARTO. */
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { Emulator } from "../../src/emulator/index.ts"
import { ApiKeyManager, Auth, type CartoError, Carto, Grants, Sql, sql } from "../../src/index.ts"
import * as Verification from "../../src/keys/Verification.ts"
import { layerEmbedded } from "../support/embedded.ts"

const tables = `
  CREATE TABLE towns (id serial PRIMARY KEY, name text);
  CREATE TABLE secrets (text text);
  CREATE TABLE places (name text);
  GRANT SELECT ON places TO publicuser;
  CREATE MATERIALIZED VIEW counts AS SELECT count(*) AS n FROM towns;
  CREATE TABLE "odd ""name""" (id int)`

const nothing = Grants.difference({}, {})

/** The services of `demo`, over a fetch that does something after a key was made. */
const afterCreation = (then: (execute: (sql: string) => Promise<unknown>) => Promise<unknown>) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { account, execute, fetch } = yield* Emulator
      const { baseUrl, masterKey } = yield* Effect.fromNullishOr(account("demo"))
      const run = (sql: string) => Effect.runPromise(execute("demo", sql))
      const tampered: typeof globalThis.fetch = async (input, init) => {
        const request = new Request(input, init)
        const creates = request.method === "POST" && request.url.endsWith("/api_keys")
        const response = await fetch(request)
        if (creates) await then(run)
        return response
      }
      return Carto.layer({ baseUrl, apiKey: masterKey }).pipe(
        Layer.provide(Layer.fresh(FetchHttpClient.layer)),
        Layer.provide(Layer.succeed(FetchHttpClient.Fetch, tampered))
      )
    })
  ).pipe(Layer.orDie)

/** Runs SQL with the role of the newest key in place of `$role`. */
const onNewestRole =
  (text: string) =>
  (run: (sql: string) => Promise<unknown>): Promise<unknown> =>
    run(`DO $$ BEGIN EXECUTE replace('${text}', '$role',
      (SELECT quote_ident(rolname) FROM pg_roles WHERE rolname LIKE 'carto_role_%' ORDER BY oid DESC LIMIT 1)); END $$`)

const fails = <A, R>(effect: Effect.Effect<A, CartoError, R>) => Effect.map(Effect.flip(effect), ({ reason }) => reason)

const live = layerEmbedded({ postgis: false, accounts: [{ username: "demo" }] }).pipe(
  Layer.tap((context) =>
    Emulator.use(({ execute }) => execute("demo", tables)).pipe(Effect.provide(context), Effect.orDie)
  )
)

layer(live, { excludeTestServices: true, timeout: "60 seconds" })("Verification", (it) => {
  it.effect("a verified key has all requested permissions according to PostgreSQL", () =>
    Effect.gen(function* () {
      const key = yield* Verification.createVerified({
        name: "everything",
        tables: [
          Grants.table("towns", ["select", "update"]),
          // the Auth API does not show this one at all
          Grants.table("counts", ["select"], { schema: "public" }),
          Grants.table('odd "name"', ["insert"])
        ],
        schemas: [Grants.schema("public")],
        tableMetadata: true,
        services: ["routing"],
        user: ["profile"],
        datasets: ["carto.a"]
      })
      const { source, extra, held, missing } = yield* Verification.verifyGrants(key)
      assert.strictEqual(source, "database")
      assert.deepStrictEqual(missing, nothing)
      // what the Auth API leaves out is beyond what it says
      assert.deepStrictEqual(extra, Grants.difference({ tables: [Grants.table("counts", ["select"])] }, {}))
      assert.isTrue(Grants.covers(held, { tables: [Grants.table("places", ["select"])], services: ["routing"] }))
      yield* ApiKeyManager.use((keys) => keys.delete(key))
    })
  )
  it.effect("a new key with fewer permissions than requested is deleted", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const reason = yield* fails(
        Verification.createVerified({
          name: "less",
          tables: [Grants.table("towns", ["select", "insert"]), Grants.table("counts", ["select"])]
        })
      )
      assert.deepInclude(reason, {
        _tag: "GrantsDiffer",
        missing: Grants.difference(
          { tables: [Grants.table("towns", ["insert"]), Grants.table("counts", ["select"])] },
          {}
        ),
        extra: nothing
      })
      assert.include(reason.message, '"less" lacks select on public.counts, insert on public.towns, so it was deleted')
      assert.deepStrictEqual(yield* keys.list({ type: "regular" }), [])
    }).pipe(
      Effect.provide(
        afterCreation(async (run) => {
          await onNewestRole("REVOKE INSERT ON towns FROM $role")(run)
          await onNewestRole("REVOKE SELECT ON counts FROM $role")(run)
        })
      )
    )
  )
  it.effect("a new key with more permissions than requested is deleted", () =>
    Effect.gen(function* () {
      const reason = yield* fails(
        Verification.createVerified({ name: "more", tables: [Grants.table("towns", ["select"])] })
      )
      assert.deepInclude(reason, {
        _tag: "GrantsDiffer",
        missing: nothing,
        extra: Grants.difference(
          { tables: [Grants.table("secrets", ["select"])], schemas: [Grants.schema("public")] },
          {}
        )
      })
      assert.deepStrictEqual(yield* ApiKeyManager.use((keys) => keys.list({ type: "regular" })), [])
    }).pipe(
      Effect.provide(
        afterCreation(async (run) => {
          await onNewestRole("GRANT SELECT ON secrets TO $role")(run)
          await onNewestRole("GRANT CREATE ON SCHEMA public TO $role")(run)
        })
      )
    )
  )
  it.effect("a new key is deleted if its verification fails or is interrupted", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const asking = yield* Deferred.make<void>()
      const db = yield* Sql
      const query: Sql["Service"]["query"] = (_, options) => db.query(sql`SELECT 1 / 0`, options)
      const failing = { ...db, query }
      const hanging = { ...db, query: () => Effect.andThen(Deferred.succeed(asking, undefined), Effect.never) }
      const proving = (service: Sql["Service"]) =>
        Effect.provideService(Verification.createVerified({ name: "unproven", apis: ["sql"] }), Sql, service)
      assert.strictEqual((yield* fails(proving(failing)))._tag, "QueryFailed")
      assert.deepStrictEqual(yield* keys.list({ type: "regular" }), [])
      const fiber = yield* Effect.forkChild(proving(hanging))
      yield* Deferred.await(asking)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* keys.list({ type: "regular" }), [])
    })
  )
  it.effect("drift is reported, and a key without the SQL API is checked with the Auth API only", () =>
    Effect.gen(function* () {
      const { execute } = yield* Emulator
      const keys = yield* ApiKeyManager
      yield* execute("demo", "CREATE TABLE draft (id int)")
      const options = { tables: [Grants.table("draft", ["select"]), Grants.table("towns", ["select"])] }
      const key = yield* Verification.createVerified({ name: "drifting", ...options })
      const maps = yield* Verification.createVerified({ name: "maps", apis: ["maps"], ...options })
      yield* execute("demo", "DROP TABLE draft; CREATE TABLE draft (id int)")
      const lost = Grants.difference({ tables: [Grants.table("draft", ["select"])] }, {})
      assert.deepStrictEqual((yield* Verification.verifyGrants(key, options)).missing, lost)
      const { source, extra, missing } = yield* Verification.verifyGrants(yield* keys.get("maps"), {
        apis: ["maps"],
        ...options
      })
      assert.deepStrictEqual([source, missing, extra], ["auth-api", lost, nothing])
      yield* keys.delete(key)
      yield* keys.delete(maps)
    })
  )
  it.effect("can returns the permission that PostgreSQL reports under the key", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const key = yield* keys.create({
        name: "k",
        tables: [Grants.table("towns", ["select"]), Grants.table('odd "name"', ["delete"])]
      })
      assert.isTrue(yield* Verification.can(key, "select", "towns"))
      assert.isTrue(yield* Verification.can(key.token, "select", "towns", { schema: "public" }))
      assert.isFalse(yield* Verification.can(key, "delete", "towns"))
      assert.isTrue(yield* Verification.can(key, "delete", 'odd "name"'))
      assert.isTrue(yield* Verification.can(key, "select", "places"))
      assert.isFalse(yield* Verification.can(key, "select", "secrets"))
      assert.isFalse(yield* Verification.can(key, "create", "public"))
      assert.isTrue(yield* Verification.can(Auth.defaultPublic, "select", "places"))
      assert.isFalse(yield* Verification.can(key, "select", "cdb_conf", { schema: "cartodb" }))
      assert.strictEqual((yield* fails(Verification.can(key, "select", "no_such_table")))._tag, "UndefinedTable")
      assert.strictEqual((yield* fails(Verification.can(key, "select", "x".repeat(64))))._tag, "InvalidInput")
      assert.strictEqual((yield* fails(Verification.can(key, "select", "towns\0")))._tag, "InvalidInput")
      assert.strictEqual((yield* fails(Verification.can(key, "select", "")))._tag, "InvalidInput")
      yield* keys.delete(key)
      assert.strictEqual((yield* fails(Verification.can(key, "select", "towns")))._tag, "Unauthenticated")
    })
  )
})
