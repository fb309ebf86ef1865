/** Plans on the embedded CARTO: their text, their effects, and the keys that they leave alone. */
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Ref } from "effect"
import { TestClock } from "effect/testing"
import { type ApiKey, ApiKeyManager, Auth, type CartoError, Grants, Sql, sql } from "../../src/index.ts"
import type * as DesiredKeys from "../../src/keys/DesiredKeys.ts"
import * as Lease from "../../src/keys/Lease.ts"
import * as Plan from "../../src/keys/Plan.ts"
import * as Rotation from "../../src/keys/Rotation.ts"
import { layerEmbedded, services } from "../support/embedded.ts"
import { brokenOff, faults, faultsAt } from "../support/faults.ts"

const reasonOf = <A, R>(effect: Effect.Effect<A, CartoError, R>) =>
  Effect.match(effect, { onFailure: ({ reason }) => reason._tag, onSuccess: () => "no failure" })

const accounts = [
  { username: "demo", samples: true },
  { username: "olga", organization: { name: "acme", role: "owner" as const } },
  { username: "mary", organization: { name: "acme", role: "member" as const } }
]
const options = { timeout: "120 seconds", excludeTestServices: true } as const

const run = (text: string) => Sql.use((db) => db.query(sql.unsafe(text)))
const list = ApiKeyManager.use((keys) => keys.list({ type: "regular", order: "name" }))
const names = Effect.map(list, (keys) => keys.map(({ name }) => name))
/** All that is visible of the keys. */
const seen = Effect.map(list, (keys) =>
  keys.map(({ grants, name }) => [
    name.replace(/^lease~.*$/, "lease"),
    Grants.union(Grants.toRequest(grants).request, {})
  ])
)
const clean = Effect.gen(function* () {
  const keys = yield* ApiKeyManager
  yield* Effect.forEach(yield* keys.list({ type: "regular" }), (key) => keys.delete(key))
  yield* run(`DROP TABLE IF EXISTS towns, made, _vovw_1_tornadoes CASCADE; DROP MATERIALIZED VIEW IF EXISTS strong;
    CREATE TABLE towns AS SELECT 1 AS id`)
})

const tornadoes = Grants.table("tornadoes", ["select"])
const towns = Grants.table("towns", ["select", "insert"])
const desired = (...keys: ReadonlyArray<DesiredKeys.DesiredKey>): DesiredKeys.DesiredKeys => ({ prefix: "maps-", keys })
const publish = () => Effect.void
const applyNow = (of: DesiredKeys.DesiredKeys) =>
  Effect.flatMap(Plan.plan(of), (plan) => Plan.apply(plan, { publish, grace: 0 }))
const actionsOf = ({ items }: Pick<Plan.Plan, "items">) => items.map(({ action, name }) => `${action} ${name}`)
const base = (name: string | undefined) => name?.replace(/[0-9a-f]{8}$/, "")

layer(layerEmbedded({ postgis: false, accounts }), options)("Plan", (it) => {
  it.effect("a plan creates, replaces and deletes keys, and leaves keys outside its prefix alone", () =>
    Effect.gen(function* () {
      yield* clean
      const keys = yield* ApiKeyManager
      yield* keys.create({ name: "other", apis: ["sql"], tables: [tornadoes] })
      yield* keys.create({ name: "maps-by-hand", apis: ["sql", "maps"], tables: [tornadoes] })
      yield* keys.create({ name: "maps-old", apis: ["sql"] })
      const { key: leased } = yield* Lease.lease({ purpose: "test", apis: ["sql"] })
      const first = desired(
        { name: "maps-tiles", tables: [tornadoes] },
        { name: "maps-by-hand", tables: [tornadoes] },
        { name: "maps-etl", apis: ["sql"], tables: [towns], schemas: [Grants.schema("public")], services: ["routing"] }
      )
      const plan = yield* Plan.plan(first)
      assert.deepStrictEqual(actionsOf(plan), [
        "unchanged maps-by-hand",
        "create maps-etl",
        "delete maps-old",
        "create maps-tiles"
      ])
      const published: Array<string> = []
      const proven: Array<string> = []
      const applied = yield* Plan.apply(plan, {
        publish: (key) => Effect.sync(() => published.push(key.name)),
        verify: () => ApiKeyManager.use((manager) => Effect.map(manager.whoami, ({ name }) => proven.push(name))),
        grace: 0
      })
      assert.deepStrictEqual(published.map(base), ["maps-tiles~1~", "maps-etl~1~"])
      assert.deepStrictEqual(proven, published)
      assert.deepStrictEqual([...applied.keys.keys()], ["maps-tiles", "maps-by-hand", "maps-etl"])
      assert.deepStrictEqual((yield* names).map(base), [
        base(leased.name),
        "maps-by-hand",
        "maps-etl~1~",
        "maps-tiles~1~",
        "other"
      ])
      // there is nothing left to do, by a new plan or by the same
      assert.isTrue(Plan.isUnchanged(yield* Plan.plan(first)))
      const before = yield* list
      assert.deepStrictEqual((yield* applyNow(first)).items, [])
      assert.deepStrictEqual((yield* Plan.apply(plan, { publish, grace: 0 })).items, [])
      assert.deepStrictEqual(yield* list, before)

      const second = desired({ name: "maps-tiles", tables: [tornadoes, towns] }, { name: "maps-etl", apis: ["sql"] })
      const next = yield* Plan.plan(second)
      assert.deepStrictEqual(actionsOf(next), ["delete maps-by-hand", "replace maps-etl", "replace maps-tiles"])
      yield* Plan.apply(next, { publish, grace: 0 })
      assert.deepStrictEqual((yield* names).map(base), [base(leased.name), "maps-etl~2~", "maps-tiles~2~", "other"])
      yield* run("SELECT * FROM towns").pipe(Auth.withApiKey(yield* Rotation.current("maps-tiles")))
      assert.isTrue(Plan.isUnchanged(yield* Plan.plan(second)))
      assert.strictEqual((yield* keys.list()).length, 6)
      // all regular keys, when told so; leases are not among them
      assert.deepStrictEqual(actionsOf(yield* Plan.plan({ prefix: "", keys: [] })), [
        "delete maps-etl",
        "delete maps-tiles",
        "delete other"
      ])
    }).pipe(Effect.scoped)
  )

  it.effect("a key has drifted if its table was replaced, and is unchanged after a rotation", () =>
    Effect.gen(function* () {
      yield* clean
      const wanted = desired({ name: "maps-towns", tables: [tornadoes, towns] })
      yield* applyNow(wanted)
      yield* Rotation.rotate("maps-towns", { publish, grace: 0 })
      assert.deepStrictEqual(actionsOf(yield* Plan.plan(wanted)), ["unchanged maps-towns"])
      yield* run("DROP TABLE towns; CREATE TABLE towns AS SELECT 1 AS id")
      const plan = yield* Plan.plan(wanted)
      const [item] = plan.items
      assert.strictEqual(item?.action, "drifted")
      assert.deepStrictEqual(item?.missing.tables, [
        { schema: "public", name: "towns", permissions: ["insert", "select"] }
      ])
      assert.isTrue(item?.extra.tables.length === 0)
      assert.match(
        Plan.toText(plan),
        /! maps-towns has lost or gained grants since it was made: maps-towns~3~\w{8} replaces maps-towns~2~\w{8}\n {6}\+ insert, select on public\.towns\n\nPlan: 1 drifted\./
      )
      yield* Plan.apply(plan, { publish, grace: 0 })
      yield* run("SELECT * FROM towns").pipe(Auth.withApiKey(yield* Rotation.current("maps-towns")))
      assert.deepStrictEqual(actionsOf(yield* Plan.plan(wanted)), ["unchanged maps-towns"])
    })
  )

  it.effect("a plan is unchanged for materialized views, overviews and keys with the Maps API only", () =>
    Effect.gen(function* () {
      yield* clean
      yield* run(`CREATE MATERIALIZED VIEW strong AS SELECT * FROM tornadoes WHERE magnitude > 3;
        CREATE TABLE _vovw_1_tornadoes AS SELECT * FROM tornadoes LIMIT 1`)
      const strong = Grants.table("strong", ["select"])
      const wanted = desired(
        { name: "maps-a", tables: [tornadoes, strong], user: ["profile"], datasets: ["carto.one"] },
        { name: "maps-b", apis: ["maps"], tables: [tornadoes, strong], tableMetadata: true }
      )
      yield* applyNow(wanted)
      assert.isTrue(Plan.isUnchanged(yield* Plan.plan(wanted)))
      // the fingerprint tells what the server never shows
      const fewer = desired({ name: "maps-a", tables: [tornadoes, strong], datasets: ["carto.one"] })
      assert.deepStrictEqual(actionsOf(yield* Plan.plan(fewer)), ["replace maps-a", "delete maps-b"])
      // a view that is not desired any more is seen
      const without = desired({ name: "maps-a", tables: [tornadoes], user: ["profile"], datasets: ["carto.one"] })
      const [item] = (yield* Plan.plan(without)).items
      assert.deepStrictEqual(item?.extra.tables, [{ schema: "public", name: "strong", permissions: ["select"] }])
    })
  )

  it.effect("a table without a schema in a plan is in the member's own schema", () =>
    Effect.gen(function* () {
      yield* run("CREATE TABLE towns AS SELECT 1 AS id")
      const wanted = desired({ name: "maps-towns", tables: [Grants.table("towns", ["select"])] })
      yield* applyNow(wanted)
      assert.isTrue(Plan.isUnchanged(yield* Plan.plan(wanted)))
      const explicit = desired({ name: "maps-towns", tables: [Grants.table("towns", ["select"], { schema: "olga" })] })
      assert.isTrue(Plan.isUnchanged(yield* Plan.plan(explicit)))
    }).pipe(Effect.provide(services("olga", { baseUrl: "https://acme.carto.com/u/olga" })))
  )

  it.effect("apply of an outdated plan changes nothing", () =>
    Effect.gen(function* () {
      yield* clean
      const keys = yield* ApiKeyManager
      const wanted = desired({ name: "maps-a", tables: [tornadoes] }, { name: "maps-b", tables: [towns] })
      const plan = yield* Plan.plan(wanted)
      yield* keys.create({ name: "maps-b", apis: ["sql"] })
      yield* keys.create({ name: "maps-c", apis: ["sql"] })
      const before = yield* names
      const error: CartoError = yield* Effect.flip(Plan.apply(plan, { publish, grace: 0 }))
      assert.strictEqual(error.message, 'Plan.apply: the plan is out of date for "maps-b", "maps-c": make a new one')
      assert.deepStrictEqual(yield* names, before)
    })
  )

  it.effect("a first key that was not published is published by the next plan", () =>
    Effect.gen(function* () {
      yield* clean
      const wanted = desired({ name: "maps-a", tables: [tornadoes] })
      const failed = yield* Plan.apply(yield* Plan.plan(wanted), {
        publish: () => Effect.fail("no store"),
        grace: 0
      }).pipe(Effect.flip)
      assert.strictEqual(failed, "no store")
      assert.deepStrictEqual((yield* names).map(base), ["maps-a~0~", "maps-a~1~"])
      const plan = yield* Plan.plan(wanted)
      assert.deepStrictEqual(actionsOf(plan), ["finish maps-a"])
      assert.match(Plan.toText(plan), /> maps-a exists as maps-a~1~\w{8}, but may not have been published/)
      const published: Array<string> = []
      // no grace: nobody uses what holds the place
      yield* Plan.apply(plan, { publish: ({ name }) => Effect.sync(() => published.push(name)), grace: "1 hour" })
      assert.deepStrictEqual(published.map(base), ["maps-a~1~"])
      assert.deepStrictEqual((yield* names).map(base), ["maps-a~1~"])
      assert.isTrue(Plan.isUnchanged(yield* Plan.plan(wanted)))

      // what is refused leaves nothing behind
      const impossible = desired({ name: "maps-b", tables: [Grants.table("nowhere", ["select"])] })
      assert.strictEqual(yield* reasonOf(applyNow(impossible)), "GrantNotHeld")
      assert.deepStrictEqual((yield* names).map(base), ["maps-a~1~"])
      yield* ApiKeyManager.use((keys) => keys.create({ name: "maps-c~0~01234567", apis: [] }))
      assert.strictEqual(yield* reasonOf(Rotation.current("maps-c")), "ApiKeyNotFound")
      yield* applyNow(desired({ name: "maps-c", tables: [tornadoes] }))
      assert.deepStrictEqual((yield* names).map(base), ["maps-c~1~"])
    })
  )

  it.effect("the owner of an organization plans and applies the keys of a member", () =>
    Effect.gen(function* () {
      const mary = services("mary", { baseUrl: "https://acme.carto.com/u/mary" })
      yield* run("CREATE TABLE towns AS SELECT 1 AS id; CREATE MATERIALIZED VIEW seen AS SELECT * FROM towns").pipe(
        Effect.provide(mary)
      )
      const wanted = desired({
        name: "maps-towns",
        tables: [Grants.table("towns", ["select"]), Grants.table("seen", ["select"])]
      })
      const published: Array<string> = []
      const publishing = { publish: ({ name }: ApiKey) => Effect.sync(() => published.push(name)), grace: 0 }
      const targetUser = "mary"
      // under any key: only keys of mary's are asked
      const targetSql = yield* Sql.pipe(
        Effect.provide(services("mary", { baseUrl: "https://acme.carto.com/u/mary", apiKey: Auth.defaultPublic }))
      )
      const before = yield* names
      for (const target of [{ targetUser }, { targetUser, targetSql }]) {
        const plan = yield* Plan.plan(wanted, target)
        yield* Plan.apply(plan, { ...publishing, ...target })
        assert.isTrue(Plan.isUnchanged(yield* Plan.plan(wanted, target)))
      }
      assert.deepStrictEqual(yield* names, before)
      const current = yield* Rotation.current("maps-towns", { targetUser })
      const next = yield* Rotation.rotate(current, { ...publishing, targetUser, targetSql })
      assert.deepStrictEqual(published, [current.name, next.name])
      yield* run("SELECT * FROM towns, seen").pipe(Auth.withApiKey(next), Effect.provide(mary))
      // the Auth API alone does not tell of the view
      const blind = yield* Rotation.rotate(next, { ...publishing, targetUser })
      assert.strictEqual(
        yield* reasonOf(run("SELECT * FROM seen").pipe(Auth.withApiKey(blind), Effect.provide(mary))),
        "PermissionDenied"
      )
      const also = { tables: [Grants.table("seen", ["select"], { schema: "mary" })] }
      const told = yield* Rotation.rotate(blind, { ...publishing, targetUser, also })
      yield* run("SELECT * FROM seen, towns").pipe(Auth.withApiKey(told), Effect.provide(mary))
      const reassign = { ...publishing, targetUser, ownedTables: "reassign" as const }
      assert.strictEqual(yield* reasonOf(Rotation.rotate(told, reassign)), "InvalidInput")
      yield* Plan.apply(yield* Plan.plan({ prefix: "maps-", keys: [] }, { targetUser }), publishing)
      assert.strictEqual(yield* reasonOf(Rotation.current("maps-towns", { targetUser })), "ApiKeyNotFound")
    }).pipe(Effect.provide(services("olga", { baseUrl: "https://acme.carto.com/u/olga" })))
  )

  it.effect("apply replaces a key that owns tables only if its tables are handed to the account", () =>
    Effect.gen(function* () {
      yield* clean
      yield* applyNow(desired({ name: "maps-etl", apis: ["sql"], schemas: [Grants.schema("public")] }))
      yield* run("CREATE TABLE made AS SELECT 1 AS id").pipe(Auth.withApiKey(yield* Rotation.current("maps-etl")))
      const wanted = desired({ name: "maps-etl", apis: ["sql"], tables: [Grants.table("made", ["select"])] })
      const plan = yield* Plan.plan(wanted)
      assert.deepStrictEqual(plan.items[0]?.owned, ["public.made"])
      assert.include(Plan.toText(plan), "      the account becomes the owner of public.made")
      const before = yield* names
      assert.strictEqual(yield* reasonOf(Plan.apply(plan, { publish, grace: 0 })), "KeyOwnsTables")
      assert.deepStrictEqual(yield* names, before)
      yield* Plan.apply(plan, { publish, grace: 0, ownedTables: "reassign" })
      yield* run("SELECT * FROM made").pipe(Auth.withApiKey(yield* Rotation.current("maps-etl")))
      assert.isTrue(Plan.isUnchanged(yield* Plan.plan(wanted)))
    })
  )

  it.effect("a plan with invalid keys or options is refused", () =>
    Effect.gen(function* () {
      for (const [keys, field] of [
        [[{ name: "tiles" }], "keys[0].name"],
        [[{ name: "maps-a~2" }], "keys[0].name"],
        [[{ name: "maps-a" }, { name: "maps-a" }], "keys[1].name"],
        [[{ name: "maps-a", tables: [Grants.table("a.b", ["select"])] }], "keys[0].tables[0].name"],
        [[{ name: "maps/a" }], "keys[0].name"]
      ] as const) {
        const error: CartoError = yield* Effect.flip(Plan.plan(desired(...keys)))
        assert.strictEqual("field" in error.reason ? error.reason.field : error.reason._tag, field)
      }
    })
  )

  const state = Effect.gen(function* () {
    yield* clean
    const keys = yield* ApiKeyManager
    yield* keys.create({ name: "other", apis: ["sql"], tables: [tornadoes] })
    yield* keys.create({ name: "maps-replaced", apis: ["sql"], tables: [tornadoes] })
    yield* keys.create({ name: "maps-deleted", apis: ["sql"] })
    return yield* list
  })
  const wanted = desired(
    { name: "maps-created", apis: ["sql"], tables: [towns] },
    { name: "maps-replaced", apis: ["sql"], tables: [towns] }
  )
  const checkEnd = Effect.fnUntraced(function* (at: string, before: ReadonlyArray<ApiKey>) {
    assert.deepStrictEqual((yield* names).map(base), ["maps-created~1~", "maps-replaced~2~", "other"], at)
    const other = (keys: ReadonlyArray<ApiKey>) => keys.find(({ name }) => name === "other")
    assert.deepStrictEqual(other(yield* list), other(before))
    assert.isTrue(Plan.isUnchanged(yield* Plan.plan(wanted)))
    yield* run("SELECT * FROM towns").pipe(Auth.withApiKey(yield* Rotation.current("maps-replaced")))
    return yield* seen
  })

  for (const fault of faults) {
    it.effect(
      `a second plan completes an apply that stopped at any request (${fault})`,
      () =>
        Effect.gen(function* () {
          const once = Effect.fnUntraced(function* (at: number) {
            const before = yield* state
            const published = yield* Ref.make<ReadonlyArray<string>>([])
            const ensure = Effect.flatMap(Plan.plan(wanted), (plan) =>
              Plan.apply(plan, {
                publish: ({ name }) => Ref.update(published, (all) => [...all, name]),
                grace: 0
              })
            )
            const broken = yield* brokenOff(ensure, at, fault)
            // what an interrupted run sent may arrive after the second run has looked
            yield* Effect.retry(ensure, { times: 2, while: ({ reason }) => reason._tag === "PlanStale" })
            assert.deepStrictEqual(
              new Set((yield* Ref.get(published)).map(base)),
              new Set(["maps-created~1~", "maps-replaced~2~"]),
              `request ${at}`
            )
            return { ...broken, end: yield* checkEnd(`request ${at}`, before) }
          })
          const whole = yield* once(0)
          assert.isFalse(whole.failed)
          assert.isAbove(whole.requests, 12)
          // two keys and a placeholder are created, two keys and the placeholder deleted, and two decisions recorded meanwhile
          assert.strictEqual(whole.changes.length, 10)
          for (const at of faultsAt(whole, fault)) {
            const broken = yield* once(at)
            // the client finds a key whose answer was lost
            if (fault !== "answer lost") assert.isTrue(broken.failed, `request ${at}`)
            assert.deepStrictEqual(broken.end, whole.end)
          }
        }),
      400_000
    )
  }
})

layer(layerEmbedded({ postgis: false, accounts }), { timeout: "120 seconds" })("Plan in its grace", (it) => {
  const grace = "10 minutes"
  const named = (name: string) => desired({ name, apis: ["sql"], tables: [tornadoes] })
  /** Applies a plan in a fiber, up to its wait. */
  const applyToWait = (of: DesiredKeys.DesiredKeys) =>
    Effect.gen(function* () {
      const published = yield* Deferred.make<ApiKey>()
      const plan = yield* Plan.plan(of)
      const fiber = yield* Effect.forkChild(
        Plan.apply(plan, { publish: (key) => Deferred.succeed(published, key), grace })
      )
      yield* Deferred.await(published)
      // a placeholder is deleted before the wait: a clock that is moved earlier would end that request
      yield* Effect.repeat(names, { until: (all) => !all.some((name) => name.includes("~0~")) })
      yield* Effect.repeat(names, { times: 2 })
      return fiber
    })
  const query = run("SELECT count(*) FROM tornadoes")

  it.effect("a key that a plan renames works until the grace period ends", () =>
    Effect.gen(function* () {
      yield* clean
      const { keys } = yield* applyNow(named("maps-old"))
      const old = keys.get("maps-old")
      assert.isDefined(old)
      const fiber = yield* applyToWait(named("maps-new"))
      yield* TestClock.adjust("9 minutes")
      yield* query.pipe(Auth.withApiKey(old))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* reasonOf(query.pipe(Auth.withApiKey(old))), "Unauthenticated")
      assert.deepStrictEqual((yield* names).map(base), ["maps-new~1~"])
    })
  )

  it.effect(
    "a plan that brings back a name in the grace period of another plan has a working key, and the other plan is overtaken",
    () =>
      Effect.gen(function* () {
        yield* clean
        yield* applyNow(named("maps-a"))
        const fiber = yield* applyToWait(named("maps-b"))
        const back = desired(
          { name: "maps-a", apis: ["sql"], tables: [tornadoes] },
          { name: "maps-b", apis: ["sql"], tables: [tornadoes] }
        )
        const { keys } = yield* applyNow(back)
        yield* TestClock.adjust(grace)
        const error: CartoError = yield* Effect.flip(Fiber.join(fiber))
        assert.strictEqual(error.reason._tag, "ReplacementOvertaken")
        for (const name of ["maps-a", "maps-b"]) {
          const key = keys.get(name)
          assert.isDefined(key)
          yield* query.pipe(Auth.withApiKey(key))
        }
        assert.isTrue(Plan.isUnchanged(yield* Plan.plan(back)))
      })
  )

  it.effect("abandon in the grace period of apply keeps the older key, and apply is overtaken", () =>
    Effect.gen(function* () {
      yield* clean
      yield* applyNow(named("maps-a"))
      const fiber = yield* applyToWait(desired({ name: "maps-a", apis: ["sql"], tables: [tornadoes, towns] }))
      const stays = yield* Rotation.abandon("maps-a", { publish, grace: 0 })
      assert.strictEqual(base(stays.name), "maps-a~1~")
      yield* TestClock.adjust(grace)
      const error: CartoError = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error.reason._tag, "ReplacementOvertaken")
      yield* query.pipe(Auth.withApiKey(stays))
      assert.deepStrictEqual((yield* names).map(base), ["maps-a~1~"])
    })
  )

  it.effect("plans whose prefixes begin one another do not delete each other's keys", () =>
    Effect.gen(function* () {
      yield* clean
      const inner = { prefix: "maps-old-", keys: [{ name: "maps-old-a", apis: ["sql" as const] }] }
      yield* applyNow(inner)
      const error: CartoError = yield* Effect.flip(Plan.plan(named("maps-b")))
      assert.include(error.message, '"maps-old-a", which a plan with another prefix made')
      assert.isTrue(Plan.isUnchanged(yield* Plan.plan(inner)))
      yield* applyNow({ ...inner, keys: [] })
      yield* applyNow(named("maps-b"))
    })
  )

  it.effect("apply refuses options that cannot work before any request", () =>
    Effect.gen(function* () {
      yield* clean
      const plan = yield* Plan.plan(named("maps-a"))
      for (const options of [{}, { publish: 1 }, { publish, grace: Number.NaN }, { publish, grace: "10 minuts" }]) {
        const given = options as unknown as Plan.ApplyOptions<never, never>
        assert.strictEqual(yield* reasonOf(Plan.apply(plan, given)), "InvalidInput")
      }
      assert.deepStrictEqual(yield* names, [])
      for (const wrong of [undefined, {}, { prefix: "a" }, { prefix: "a", keys: [1] }, { prefix: 1, keys: [] }]) {
        assert.strictEqual(yield* reasonOf(Plan.plan(wrong as unknown as DesiredKeys.DesiredKeys)), "InvalidInput")
      }
    })
  )

  it.effect("a grant on a table of another key names that key", () =>
    Effect.gen(function* () {
      yield* clean
      const keys = yield* ApiKeyManager
      const maker = yield* keys.create({ name: "maker", apis: ["sql"], schemas: [Grants.schema("public")] })
      yield* run("CREATE TABLE made AS SELECT 1 AS id").pipe(Auth.withApiKey(maker))
      const reading = { name: "reader", apis: ["sql" as const], tables: [Grants.table("made", ["select"])] }
      const error: CartoError = yield* Effect.flip(keys.create(reading))
      assert.include(error.message, 'public.made belongs to the key "maker": run ALTER TABLE public.made OWNER TO')
      yield* run("ALTER TABLE public.made OWNER TO CURRENT_USER")
      yield* keys.create(reading)
    })
  )
})
