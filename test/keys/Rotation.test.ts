/** Rotation on the embedded CARTO: under load, interrupted at every request, and with tables that a key owns. */
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Redacted, Ref } from "effect"
import { TestClock } from "effect/testing"
import { type ApiKey, ApiKeyManager, Auth, type CartoError, Grants, Sql, sql } from "../../src/index.ts"
import * as Lease from "../../src/keys/Lease.ts"
import * as Rotation from "../../src/keys/Rotation.ts"
import { layerEmbedded } from "../support/embedded.ts"
import { brokenOff, faults, faultsAt } from "../support/faults.ts"

const count = Sql.use((db) => db.query(sql`SELECT count(*)::int AS n FROM tornadoes`))
const regular = ApiKeyManager.use((keys) => keys.list({ type: "regular", order: "name" }))
const names = Effect.map(regular, (keys) => keys.map(({ name }) => name))
const reasonOf = <A, R>(effect: Effect.Effect<A, CartoError, R>) =>
  Effect.match(effect, { onFailure: ({ reason }) => reason._tag, onSuccess: () => "no failure" })
const tablesOf = ({ grants }: ApiKey) =>
  grants.tables.map(({ name, owner, permissions }) => [name, owner, permissions.join(" ")]).toSorted()
const clean = ApiKeyManager.use((keys) =>
  Effect.flatMap(keys.list({ type: "regular" }), (all) => Effect.forEach(all, (key) => keys.delete(key)))
)
const create = (name: string) =>
  ApiKeyManager.use((keys) =>
    keys.create({
      name,
      apis: ["sql"],
      tables: [Grants.table("tornadoes", ["select"]), Grants.table("storm_reports", ["select", "insert"])],
      services: ["geocoding"]
    })
  )

/** Consumers that look up their token in a store. */
const makeStore = Effect.map(Ref.make<ReadonlyArray<ApiKey>>([]), (published) => ({
  published,
  publish: (key: ApiKey) => Ref.update(published, (all) => [...all, key])
}))

const accounts = [{ username: "demo", samples: true }]
const options = { timeout: "120 seconds", excludeTestServices: true } as const

layer(layerEmbedded({ postgis: false, accounts }), options)("Rotation", (it) => {
  it.effect("rotate creates, publishes and verifies a successor with the same grants, then deletes the old key", () =>
    Effect.gen(function* () {
      yield* clean
      const old = yield* create("tiles")
      const { publish, published } = yield* makeStore
      const proven: Array<string> = []
      const next = yield* Rotation.rotate("tiles", {
        publish,
        verify: () =>
          Effect.gen(function* () {
            yield* count
            proven.push((yield* ApiKeyManager.use((keys) => keys.whoami)).name)
          }),
        grace: 0
      })
      assert.strictEqual(next.name, "tiles~2")
      assert.deepStrictEqual(proven, ["tiles~2"])
      assert.deepStrictEqual(yield* names, ["tiles~2"])
      assert.deepStrictEqual(tablesOf(next), tablesOf(old))
      assert.deepStrictEqual([next.grants.apis, next.grants.services], [old.grants.apis, old.grants.services])
      assert.deepStrictEqual(
        (yield* Ref.get(published)).map(({ token }) => Redacted.value(token)),
        [Redacted.value(next.token)]
      )
      assert.strictEqual(yield* reasonOf(count.pipe(Auth.withApiKey(old))), "Unauthenticated")
      assert.strictEqual((yield* Rotation.current("tiles")).name, "tiles~2")
      // by the old key: it was replaced already
      assert.strictEqual((yield* Rotation.rotate(old, { publish, grace: 0 })).name, "tiles~2")
      assert.strictEqual((yield* Rotation.rotate("tiles", { publish, grace: 0 })).name, "tiles~3")
    })
  )

  it.effect("a rotation can begin and end in two calls, be abandoned, and run twice at once", () =>
    Effect.gen(function* () {
      yield* clean
      const old = yield* create("tiles")
      const { publish, published } = yield* makeStore
      assert.strictEqual((yield* Rotation.begin("tiles", { publish })).name, "tiles~2")
      assert.strictEqual((yield* Rotation.begin("tiles", { publish })).name, "tiles~2")
      assert.strictEqual((yield* Rotation.abandon("tiles", { publish, grace: 0 })).name, "tiles")
      assert.strictEqual((yield* Ref.get(published)).at(-1)?.name, "tiles")
      assert.deepStrictEqual(yield* names, ["tiles"])
      assert.strictEqual((yield* Rotation.abandon("tiles", { publish, grace: 0 })).name, "tiles")
      assert.strictEqual((yield* Rotation.resume("tiles", { publish, grace: 0 })).name, "tiles")
      yield* Rotation.begin("tiles", { publish })
      assert.strictEqual((yield* Rotation.finish("tiles")).name, "tiles~2")
      const both = yield* Effect.all(
        [Rotation.rotate("tiles~2", { publish, grace: 0 }), Rotation.rotate("tiles~2", { publish, grace: 0 })],
        { concurrency: 2 }
      )
      assert.deepStrictEqual(
        both.map(({ name }) => name),
        ["tiles~3", "tiles~3"]
      )
      assert.deepStrictEqual(yield* names, ["tiles~3"])
      assert.strictEqual(yield* reasonOf(Rotation.rotate("tiles~4", { publish })), "ApiKeyNotFound")
      assert.strictEqual(yield* reasonOf(Rotation.rotate("nope", { publish })), "ApiKeyNotFound")
      assert.strictEqual(yield* reasonOf(Rotation.rotate("Master", { publish })), "InvalidInput")
      const master = yield* ApiKeyManager.use((keys) => keys.whoami)
      assert.strictEqual(yield* reasonOf(Rotation.rotate(master, { publish })), "InvalidInput")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { key } = yield* Lease.lease({ purpose: "test", apis: ["sql"] })
          assert.strictEqual(yield* reasonOf(Rotation.rotate(key, { publish })), "InvalidInput")
        })
      )
      assert.strictEqual(yield* reasonOf(Rotation.rotate(old, { publish })), "no failure")
    })
  )

  it.effect("rotate keeps both keys if verify fails", () =>
    Effect.gen(function* () {
      yield* clean
      yield* create("tiles")
      const { publish } = yield* makeStore
      const failure = yield* Effect.flip(
        Rotation.rotate("tiles", { publish, verify: () => Effect.fail("no tiles"), grace: 0 })
      )
      assert.strictEqual(failure, "no tiles")
      assert.deepStrictEqual(yield* names, ["tiles", "tiles~2"])
      assert.strictEqual((yield* Rotation.resume("tiles", { publish, grace: 0 })).name, "tiles~2")
      assert.deepStrictEqual(yield* names, ["tiles~2"])
    })
  )

  it.effect("rotate fails if an existing successor has fewer grants", () =>
    Effect.gen(function* () {
      yield* clean
      yield* create("tiles")
      yield* ApiKeyManager.use((keys) => keys.create({ name: "tiles~2", apis: ["sql"] }))
      const { publish, published } = yield* makeStore
      const error: CartoError = yield* Effect.flip(Rotation.rotate("tiles", { publish, grace: 0 }))
      assert.strictEqual(error.reason._tag, "SuccessorLacksGrants")
      assert.strictEqual(yield* reasonOf(Rotation.finish("tiles")), "SuccessorLacksGrants")
      assert.deepStrictEqual(yield* Ref.get(published), [])
      assert.deepStrictEqual(yield* names, ["tiles", "tiles~2"])
    })
  )

  it.effect("rotate copies grants on materialized views, which the Auth API does not show", () =>
    Effect.gen(function* () {
      yield* clean
      const keys = yield* ApiKeyManager
      yield* Sql.use((db) =>
        db.query(sql`CREATE MATERIALIZED VIEW strong AS SELECT * FROM tornadoes WHERE magnitude > 3`)
      )
      yield* keys.create({ name: "views", apis: ["sql"], tables: [Grants.table("strong", ["select"])] })
      const { publish } = yield* makeStore
      const next = yield* Rotation.rotate("views", { publish, grace: 0 })
      yield* Sql.use((db) => db.query(sql`SELECT count(*) FROM strong`)).pipe(Auth.withApiKey(next))
    })
  )

  it.effect("grants of the option also are given once, however often the key is rotated", () =>
    Effect.gen(function* () {
      yield* clean
      yield* create("tiles")
      const { publish } = yield* makeStore
      const also = { apis: ["maps"], services: ["geocoding", "routing"] } satisfies Grants.GrantsRequest
      yield* Rotation.rotate("tiles", { publish, grace: 0, also })
      const { grants } = yield* Rotation.rotate("tiles", { publish, grace: 0, also })
      assert.deepStrictEqual(
        [grants.apis, grants.services],
        [
          ["sql", "maps"],
          ["geocoding", "routing"]
        ]
      )
    })
  )

  it.effect("rotate replaces a key that owns tables only if its tables are handed to the account", () =>
    Effect.gen(function* () {
      yield* clean
      const keys = yield* ApiKeyManager
      const maker = yield* keys.create({ name: "maker", apis: ["sql"], schemas: [Grants.schema("public")] })
      const run = (key: ApiKey, text: string) => Sql.use((db) => db.query(sql.unsafe(text))).pipe(Auth.withApiKey(key))
      yield* run(maker, "CREATE TABLE made AS SELECT 1 AS id; CREATE MATERIALIZED VIEW seen AS SELECT * FROM made")
      const { publish } = yield* makeStore
      const error: CartoError = yield* Effect.flip(Rotation.rotate("maker", { publish, grace: 0 }))
      assert.strictEqual(error.reason._tag, "KeyOwnsTables")
      assert.include(error.message, 'owns public.made, public.seen: give ownedTables: "reassign"')
      assert.deepStrictEqual(yield* names, ["maker"])

      const next = yield* Rotation.rotate("maker", {
        publish,
        // both keys work meanwhile, and the old one makes another table
        verify: (key) =>
          Effect.gen(function* () {
            yield* run(maker, "INSERT INTO made VALUES (2); CREATE TABLE late AS SELECT 1 AS id")
            yield* run(key, "UPDATE made SET id = id + 1; SELECT * FROM seen")
          }),
        grace: 0,
        ownedTables: "reassign"
      })
      assert.deepStrictEqual(yield* names, ["maker~2"])
      yield* run(next, "INSERT INTO late VALUES (2); CREATE TABLE own AS SELECT * FROM made")
      assert.strictEqual(yield* reasonOf(run(next, "DROP TABLE made")), "NotOwner")
      yield* Sql.use((db) => db.query(sql`DROP TABLE made CASCADE; DROP TABLE late`))
    })
  )

  it.effect(
    "no query fails while keys are rotated under load",
    () =>
      Effect.gen(function* () {
        yield* clean
        const { publish, published } = yield* makeStore
        yield* publish(yield* create("tiles"))
        const seen = new Map<string, number>()
        const stop = yield* Deferred.make<void>()
        const one = Effect.gen(function* () {
          const key = (yield* Ref.get(published)).at(-1)
          if (key === undefined) return
          yield* count.pipe(Auth.withApiKey(key))
          seen.set(key.name, (seen.get(key.name) ?? 0) + 1)
        })
        const consumer = Effect.repeat(one, { while: () => Effect.map(Deferred.isDone(stop), (done) => !done) })
        const consumers = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 8 }, () => consumer),
            { concurrency: 8 }
          )
        )
        const served = (name: string, least: number) =>
          Effect.repeat(Effect.sleep("5 millis"), { until: () => (seen.get(name) ?? 0) >= least })
        yield* served("tiles", 100)
        // the grace that consumers need here: all of them have come round to the new key
        const next = yield* Rotation.rotate("tiles", {
          publish,
          verify: () => Effect.andThen(count, served("tiles~2", 100)),
          grace: "1 second"
        })
        yield* served("tiles~2", 200)
        yield* Deferred.succeed(stop, undefined)
        assert.isTrue(Exit.isSuccess(yield* Fiber.await(consumers)))
        assert.strictEqual(next.name, "tiles~2")
        assert.deepStrictEqual(yield* names, ["tiles~2"])
      }),
    180_000
  )

  for (const fault of faults) {
    it.effect(
      `a repeated rotate completes one that stopped at any request (${fault})`,
      () =>
        Effect.gen(function* () {
          yield* clean
          yield* create("bystander")
          const once = Effect.fnUntraced(function* (at: number) {
            const old = yield* create("tiles")
            const { publish, published } = yield* makeStore
            const rotate = Rotation.rotate(old, { publish, verify: () => count, grace: 0 })
            const broken = yield* brokenOff(rotate, at, fault)
            const next = yield* rotate
            assert.deepStrictEqual(yield* names, ["bystander", "tiles~2"], `request ${at}`)
            assert.deepStrictEqual(tablesOf(next), tablesOf(old))
            assert.strictEqual((yield* Ref.get(published)).at(-1)?.name, "tiles~2")
            yield* count.pipe(Auth.withApiKey(next))
            yield* ApiKeyManager.use((keys) => keys.delete(next))
            return broken
          })
          const whole = yield* once(0)
          assert.isFalse(whole.failed)
          assert.isAbove(whole.requests, 8)
          // the new key, the record of the decision, and the deletion of the old key and of the record
          assert.strictEqual(whole.changes.length, 4)
          for (const at of faultsAt(whole, fault)) {
            const { failed } = yield* once(at)
            // the client finds a key whose answer was lost
            if (fault !== "answer lost") assert.isTrue(failed, `request ${at}`)
          }
        }),
      180_000
    )
  }
})

layer(layerEmbedded({ postgis: false, accounts }), { timeout: "120 seconds" })("the grace", (it) => {
  it.effect("the old key works during the grace period of rotate", () =>
    Effect.gen(function* () {
      yield* clean
      const old = yield* create("tiles")
      const published = yield* Deferred.make<ApiKey>()
      const fiber = yield* Effect.forkChild(
        Rotation.rotate("tiles", { publish: (key) => Deferred.succeed(published, key), grace: "10 minutes" })
      )
      yield* Deferred.await(published)
      yield* TestClock.adjust("9 minutes")
      yield* count.pipe(Auth.withApiKey(old))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber)).name, "tiles~2")
      assert.strictEqual(yield* reasonOf(count.pipe(Auth.withApiKey(old))), "Unauthenticated")
    })
  )

  it.effect("abandon in the grace period of rotate keeps the older key, and rotate reports that it was overtaken", () =>
    Effect.gen(function* () {
      yield* clean
      const old = yield* create("tiles")
      const { publish, published } = yield* makeStore
      const begun = yield* Deferred.make<void>()
      const rotating = yield* Effect.forkChild(
        Rotation.rotate("tiles", {
          publish: (key) => Effect.andThen(publish(key), Deferred.succeed(begun, undefined)),
          grace: "10 minutes"
        })
      )
      yield* Deferred.await(begun)
      const abandoning = yield* Effect.forkChild(Rotation.abandon("tiles", { publish, grace: "1 minute" }))
      yield* Effect.repeat(Ref.get(published), { until: (all) => all.length === 2 })
      assert.strictEqual((yield* Rotation.current("tiles")).name, "tiles")
      assert.strictEqual(yield* reasonOf(Rotation.finish("tiles")), "ReplacementOvertaken")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(abandoning)).name, "tiles")
      yield* TestClock.adjust("10 minutes")
      const error: CartoError = yield* Effect.flip(Fiber.join(rotating))
      assert.strictEqual(error.reason._tag, "ReplacementOvertaken")
      assert.deepStrictEqual(yield* names, ["tiles"])
      assert.strictEqual((yield* Ref.get(published)).at(-1)?.name, "tiles")
      yield* count.pipe(Auth.withApiKey(old))
    })
  )

  it.effect("rotate completes an abandon that was interrupted in its grace period", () =>
    Effect.gen(function* () {
      yield* clean
      const old = yield* create("tiles")
      const { publish, published } = yield* makeStore
      yield* Rotation.begin("tiles", { publish })
      const abandoning = yield* Effect.forkChild(Rotation.abandon("tiles", { publish, grace: "1 hour" }))
      yield* Effect.repeat(Ref.get(published), { until: (all) => all.length === 2 })
      yield* Fiber.interrupt(abandoning)
      assert.deepStrictEqual(yield* names, ["tiles", "tiles~2", "tiles~2~decided"])
      assert.strictEqual((yield* Rotation.rotate("tiles", { publish, grace: 0 })).name, "tiles")
      assert.deepStrictEqual(new Set((yield* Ref.get(published)).slice(1).map(({ name }) => name)), new Set(["tiles"]))
      assert.deepStrictEqual(yield* names, ["tiles"])
      yield* count.pipe(Auth.withApiKey(old))
      assert.strictEqual((yield* Rotation.rotate("tiles", { publish, grace: 0 })).name, "tiles~2")
    })
  )

  it.effect("rotate fails and deletes nothing if the published key is regenerated in the grace period", () =>
    Effect.gen(function* () {
      yield* clean
      const old = yield* create("tiles")
      const published = yield* Deferred.make<ApiKey>()
      const fiber = yield* Effect.forkChild(
        Rotation.rotate("tiles", { publish: (key) => Deferred.succeed(published, key), grace: "10 minutes" })
      )
      const next = yield* Deferred.await(published)
      yield* ApiKeyManager.use((keys) => keys.regenerate(next))
      yield* TestClock.adjust("10 minutes")
      const error: CartoError = yield* Effect.flip(Fiber.join(fiber))
      assert.include(error.message, '"tiles~2" has a new token')
      yield* count.pipe(Auth.withApiKey(old))
    })
  )

  it.effect("rotate, resume and abandon refuse invalid options before any request", () =>
    Effect.gen(function* () {
      yield* clean
      yield* create("tiles")
      const publish = () => Effect.void
      for (const grace of [Number.NaN, -1, "10 minuts", "-1 seconds", Infinity, {}, "soon"]) {
        const options = { publish, grace } as Rotation.RotateOptions<never, never>
        for (const call of [Rotation.rotate, Rotation.resume, Rotation.abandon]) {
          assert.strictEqual(yield* reasonOf(call("tiles", options)), "InvalidInput")
        }
      }
      for (const options of [{}, { publish: "vault" }, { publish, verify: 1 }, { publish, ownedTables: "keep" }]) {
        const given = options as unknown as Rotation.RotateOptions<never, never>
        for (const call of [Rotation.begin, Rotation.rotate, Rotation.resume]) {
          assert.strictEqual(yield* reasonOf(call("tiles", given)), "InvalidInput")
        }
      }
      assert.deepStrictEqual(yield* names, ["tiles"])
    })
  )
})
