/** Leases, pools of leases and the sweep, on the embedded CARTO. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Deferred, type Duration, Effect, Exit, Fiber, Logger, Random, Scope } from "effect"
import { TestClock } from "effect/testing"
import { ApiKeyManager, Auth, type CartoError, Grants, Sql, sql } from "../../src/index.ts"
import * as Lease from "../../src/keys/Lease.ts"
import * as LeasePool from "../../src/keys/LeasePool.ts"
import { layerEmbedded } from "../support/embedded.ts"
import { json, masterToken, provideScript, scriptedFetch, wireKey } from "../support/scriptedFetch.ts"

const tornadoes = { tables: [Grants.table("tornadoes", ["select"])] }
const count = Sql.use((db) => db.query(sql`SELECT count(*)::int AS n FROM tornadoes`))
const regular = ApiKeyManager.use((keys) => keys.list({ type: "regular" }))
const names = Effect.map(regular, (keys) => keys.map(({ name }) => name))
const reasonOf = <A, R>(effect: Effect.Effect<A, CartoError, R>) =>
  Effect.match(effect, { onFailure: ({ reason }) => reason._tag, onSuccess: () => "no failure" })

const accounts = [{ username: "demo", samples: true }]

layer(layerEmbedded({ postgis: false, accounts }), { timeout: "120 seconds" })("Lease", (it) => {
  it.effect("a lease is a key with the requested grants that is deleted when the scope closes", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const held = yield* Lease.lease({ purpose: "report", owner: "me", ttl: "90 seconds", ...tornadoes }).pipe(
        Scope.provide(scope)
      )
      assert.deepStrictEqual(yield* names, [held.key.name])
      assert.match(held.key.name, /^lease~report~me~19700101T000130Z~/)
      assert.isAbove((yield* count.pipe(Auth.withApiKey(held.key))).rows.length, 0)
      const write = Sql.use((db) => db.query(sql`DELETE FROM tornadoes`)).pipe(Auth.withApiKey(held.key))
      assert.strictEqual(yield* reasonOf(write), "PermissionDenied")
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* names, [])
      assert.strictEqual(yield* reasonOf(count.pipe(Auth.withApiKey(held.key))), "Unauthenticated")
    })
  )

  it.effect("withLease deletes its key after success, failure, defect and interruption", () =>
    Effect.gen(function* () {
      const under = Lease.withLease({ purpose: "test", ...tornadoes })
      assert.deepStrictEqual((yield* under(count)).rows.length, 1)
      assert.strictEqual(yield* Effect.flip(under(Effect.fail("no"))), "no")
      assert.isTrue(Exit.hasDies(yield* Effect.exit(under(Effect.die("bad")))))
      const begun = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(under(Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)))
      yield* Deferred.await(begun)
      assert.strictEqual((yield* names).length, 1)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* names, [])
    })
  )

  it.effect("an effect that runs longer than its lease is interrupted, and the key is deleted", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const fiber = yield* Effect.andThen(Deferred.succeed(begun, undefined), Effect.never).pipe(
        Lease.withLease({ purpose: "slow", ttl: "1 minute", ...tornadoes }),
        Effect.flip,
        Effect.forkChild
      )
      yield* Deferred.await(begun)
      yield* TestClock.adjust("61 seconds")
      const error: CartoError = yield* Fiber.join(fiber)
      assert.strictEqual(error.reason._tag, "LeaseExpired")
      assert.include(error.message, "give a longer ttl")
      assert.deepStrictEqual(yield* names, [])
    })
  )

  it.effect("sweep deletes expired leases, and no key with a similar name", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const abandon = (owner: string, ttl: Duration.Input) =>
        Effect.gen(function* () {
          const held = yield* Lease.lease({ purpose: "crash", owner, ttl, ...tornadoes })
          return held.key.name
        }).pipe(Scope.provide(Scope.makeUnsafe()))
      const short = yield* abandon("a", "1 minute")
      const other = yield* abandon("b", "1 minute")
      const long = yield* abandon("a", "1 hour")
      const similar = [short.replace("crash", "crush"), "lease", "lease~report~me~19700101T000130Z~0123456789~00000000"]
      yield* Effect.forEach(similar, (name) => keys.create({ name, apis: ["sql"] }))
      assert.deepStrictEqual(yield* Lease.sweep(), { deleted: [], refused: [] })
      // a minute of grace
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual((yield* Lease.sweep()).deleted, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual((yield* Lease.sweep({ owner: "a" })).deleted, [short])
      assert.deepStrictEqual((yield* Lease.sweep({ grace: 0 })).deleted, [other])
      assert.sameMembers([...(yield* names)], [long, ...similar])
      const key = yield* keys.get("lease")
      assert.strictEqual(yield* reasonOf(Lease.sweep().pipe(Auth.withApiKey(key))), "MasterKeyRequired")
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual((yield* Lease.sweep()).deleted, [long])
      yield* Effect.forEach(similar, (name) => keys.delete(name))
    })
  )

  it.effect("a scope with waitUntil does not wait for the deletion of its lease", () =>
    Effect.gen(function* () {
      const background: Array<Promise<void>> = []
      yield* count.pipe(
        Lease.withLease({ purpose: "worker", waitUntil: (deletion) => background.push(deletion), ...tornadoes })
      )
      assert.strictEqual(background.length, 1)
      yield* Effect.promise(() => Promise.all(background))
      assert.deepStrictEqual(yield* names, [])
    })
  )

  it.effect("a lease with invalid options is refused before any request", () =>
    Effect.gen(function* () {
      for (const options of [
        { purpose: "a/b" },
        { purpose: "a~b" },
        { purpose: "" },
        { purpose: "a", owner: "b c" },
        { purpose: "a", ttl: 0 },
        { purpose: "a", ttl: Number.POSITIVE_INFINITY }
      ]) {
        assert.strictEqual(
          yield* reasonOf(Lease.withLease(Effect.void, { ...options, ...tornadoes })),
          "InvalidInput",
          JSON.stringify(options)
        )
      }
      assert.strictEqual(yield* reasonOf(LeasePool.make({ purpose: "a", ttl: "5 minutes" })), "InvalidInput")
      assert.strictEqual(yield* reasonOf(LeasePool.make({ purpose: "a", capacity: 0 })), "InvalidInput")
    })
  )

  it.effect(
    "1,000 leases by 64 fibers with random interruptions leave no key",
    () =>
      Effect.gen(function* () {
        let begun = 0
        const one = Effect.gen(function* () {
          const [before, after] = yield* Effect.all([Random.nextIntBetween(0, 400), Random.nextIntBetween(0, 40)])
          const steps = (n: number) => Effect.repeat(Effect.yieldNow, { times: n })
          const fiber = yield* Effect.andThen(
            Effect.sync(() => void begun++),
            steps(after)
          ).pipe(Lease.withLease({ purpose: "load", apis: ["sql"] }), Effect.forkChild)
          if (before < 200) yield* Effect.andThen(steps(before), Fiber.interrupt(fiber))
          return Exit.isSuccess(yield* Fiber.await(fiber))
        })
        const ended = yield* Effect.forEach(Array.from({ length: 1000 }), () => one, { concurrency: 64 })
        const succeeded = ended.filter(Boolean).length
        // how many are interrupted in time depends on the machine: both kinds must have been there
        assert.isAbove(succeeded, 0)
        assert.isBelow(succeeded, 1000)
        assert.isAtLeast(begun, succeeded)
        assert.deepStrictEqual(yield* names, [])
      }),
    180_000
  )
})

layer(layerEmbedded({ postgis: false, accounts }), { timeout: "120 seconds" })("LeasePool", (it) => {
  const reports = { tables: [Grants.table("storm_reports", ["select"])] }

  it.effect("a pool gives one key for equal grants, and deletes it after idleTimeToLive", () =>
    Effect.gen(function* () {
      const pool = yield* LeasePool.make({ purpose: "pool", idleTimeToLive: "1 minute" })
      const keyOf = (grants: Grants.GrantsRequest) => Effect.scoped(Effect.map(pool.get(grants), ({ key }) => key.name))
      const first = yield* keyOf(tornadoes)
      assert.strictEqual(yield* keyOf({ apis: ["maps", "sql"], ...tornadoes }), first)
      assert.notStrictEqual(yield* keyOf({ apis: ["sql"], ...tornadoes }), first)
      assert.strictEqual((yield* names).length, 2)
      yield* count.pipe(pool.withLease(tornadoes))
      yield* TestClock.adjust("61 seconds")
      yield* untilKeys(0)
    })
  )

  it.effect("a pool replaces a lease before it ends, and holders of the old lease keep it", () =>
    Effect.gen(function* () {
      const pool = yield* LeasePool.make({
        purpose: "renewal",
        ttl: "1 hour",
        renewBefore: "10 minutes",
        idleTimeToLive: "2 hours",
        capacity: 2
      })
      const scope = yield* Scope.make()
      const old = yield* Scope.provide(pool.get(tornadoes), scope)
      yield* TestClock.adjust("50 minutes")
      assert.strictEqual((yield* Effect.scoped(pool.get(tornadoes))).key.name, old.key.name)
      yield* TestClock.adjust("1 second")
      const next = yield* Effect.scoped(pool.get(tornadoes))
      assert.notStrictEqual(next.key.name, old.key.name)
      assert.sameMembers([...(yield* names)], [old.key.name, next.key.name])
      yield* count.pipe(Auth.withApiKey(old.key))
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* names, [next.key.name])
    })
  )

  it.effect("a pool never has more keys than its capacity: it deletes an unused key, or the caller waits", () =>
    Effect.gen(function* () {
      const pool = yield* LeasePool.make({ purpose: "capacity", capacity: 1, idleTimeToLive: "1 hour" })
      const most: Array<number> = []
      const see = Effect.map(names, (all) => void most.push(all.length))
      yield* Effect.forEach(
        Array.from({ length: 24 }, (_, index) => (index % 2 === 0 ? tornadoes : reports)),
        (grants) => Effect.scoped(Effect.andThen(pool.get(grants), see)),
        { concurrency: 8 }
      )
      assert.strictEqual(most.length, 24)
      assert.deepStrictEqual(new Set(most), new Set([1]))
      // a lease that is too old must not keep its own successor waiting
      const old = yield* Effect.scoped(pool.get(reports))
      yield* TestClock.adjust("56 minutes")
      assert.notStrictEqual((yield* Effect.scoped(pool.get(reports))).key.name, old.key.name)
    })
  )

  it.effect("a waiting caller has a turn, even if other callers keep asking for the key in use", () =>
    Effect.gen(function* () {
      const pool = yield* LeasePool.make({
        purpose: "turns",
        capacity: 1,
        idleTimeToLive: "1 hour",
        turn: "10 seconds"
      })
      const ask = Effect.fnUntraced(function* (grants: Grants.GrantsRequest) {
        const scope = yield* Scope.make()
        const asked = yield* Effect.forkChild(Scope.provide(pool.get(grants), scope))
        return { asked, leave: Scope.close(scope, Exit.void) }
      })
      const nameOf = ({ asked }: { readonly asked: Fiber.Fiber<Lease.Lease, CartoError> }) =>
        Effect.map(Fiber.join(asked), ({ key }) => key.name)
      const isWaiting = ({ asked }: { readonly asked: Fiber.Fiber<Lease.Lease, CartoError> }) =>
        Effect.map(Effect.repeat(Effect.yieldNow, { times: 100 }), () => asked.pollUnsafe() === undefined)

      const first = yield* ask(tornadoes)
      const name = yield* nameOf(first)
      const other = yield* ask(reports)
      assert.isTrue(yield* isWaiting(other))
      // within its turn a key is shared
      yield* TestClock.adjust("9 seconds")
      const second = yield* ask(tornadoes)
      assert.strictEqual(yield* nameOf(second), name)
      yield* first.leave
      yield* TestClock.adjust("1 second")
      const third = yield* ask(tornadoes)
      assert.isTrue(yield* isWaiting(third))
      yield* second.leave
      yield* nameOf(other)
      assert.isTrue(yield* isWaiting(third))
      yield* other.leave
      assert.notStrictEqual(yield* nameOf(third), name)
      assert.strictEqual((yield* names).length, 1)
      yield* third.leave
    })
  )

  it.effect("a pool ends the turn of only as many keys as callers wait for", () =>
    Effect.gen(function* () {
      const pool = yield* LeasePool.make({ purpose: "one-turn", capacity: 2, idleTimeToLive: "1 hour", turn: 0 })
      const maps = { apis: ["maps"] } satisfies Grants.GrantsRequest
      const settled = Effect.repeat(Effect.yieldNow, { times: 100 })
      yield* pool.get(tornadoes)
      const { key } = yield* pool.get(reports)
      const waiting = yield* Effect.forkChild(Effect.scoped(pool.get(maps)))
      yield* settled
      // the turn of the first is over, and who found that out has left
      const another = yield* Effect.forkChild(Effect.scoped(pool.get(tornadoes)))
      yield* settled
      yield* Fiber.interrupt(another)
      assert.strictEqual((yield* pool.get(reports)).key.name, key.name)
      assert.isUndefined(waiting.pollUnsafe())
      yield* Fiber.interrupt(waiting)
    }).pipe(Effect.scoped)
  )

  it.effect("nested withLease with the same grants uses the same lease, even if other callers wait", () =>
    Effect.gen(function* () {
      const pool = yield* LeasePool.make({ purpose: "inside", capacity: 1, turn: 0 })
      const waiting = yield* Deferred.make<Fiber.Fiber<Lease.Lease, CartoError>>()
      yield* Effect.gen(function* () {
        const fiber = yield* Effect.forkDetach(Effect.scoped(pool.get(reports)))
        yield* Effect.repeat(Effect.yieldNow, { times: 100 })
        yield* Deferred.succeed(waiting, fiber)
        yield* count.pipe(pool.withLease(tornadoes))
      }).pipe(pool.withLease(tornadoes))
      yield* Fiber.join(yield* Deferred.await(waiting))
    })
  )

  it.effect("a pool creates the key again after a failure", () =>
    Effect.gen(function* () {
      const pool = yield* LeasePool.make({ purpose: "failure", capacity: 1, idleTimeToLive: "1 hour" })
      const later = { tables: [Grants.table("later", ["select"])] }
      const failures = yield* Effect.forEach([1, 2, 3], () => reasonOf(Effect.scoped(pool.get(later))), {
        concurrency: 3
      })
      assert.deepStrictEqual(failures, ["GrantNotHeld", "GrantNotHeld", "GrantNotHeld"])
      yield* Sql.use((db) => db.query(sql`CREATE TABLE later AS SELECT 1 AS id`))
      yield* Sql.use((db) => db.query(sql`SELECT * FROM later`)).pipe(pool.withLease(later))
    })
  )

  it.effect("a pool replaces a key that another caller deleted", () =>
    Effect.gen(function* () {
      const pool = yield* LeasePool.make({ purpose: "revoked", idleTimeToLive: "1 hour" })
      const { key } = yield* Effect.scoped(pool.get(tornadoes))
      yield* ApiKeyManager.use((keys) => keys.delete(key))
      assert.strictEqual(yield* reasonOf(count.pipe(pool.withLease(tornadoes))), "Unauthenticated")
      assert.strictEqual((yield* count.pipe(pool.withLease(tornadoes))).rows.length, 1)
    })
  )

  it.effect("a pool creates leases with its own API key, also if the caller runs under another key", () =>
    Effect.gen(function* () {
      const pool = yield* LeasePool.make({ purpose: "nested", idleTimeToLive: "1 hour" })
      yield* count.pipe(pool.withLease(tornadoes), pool.withLease(reports))
    })
  )

  it.effect("64 fibers with random interruptions share few keys of a pool, and leave none", () =>
    Effect.gen(function* () {
      const seen = new Set<string>()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const pool = yield* LeasePool.make({ purpose: "load", capacity: 2 })
          const one = Effect.gen(function* () {
            const n = yield* Random.nextIntBetween(0, 200)
            const grants = [tornadoes, reports, { apis: ["sql" as const] }][n % 3] ?? tornadoes
            const fiber = yield* Effect.scoped(Effect.map(pool.get(grants), ({ key }) => void seen.add(key.name))).pipe(
              Effect.forkChild
            )
            if (n < 100) yield* Effect.andThen(Effect.repeat(Effect.yieldNow, { times: n }), Fiber.interrupt(fiber))
            return yield* Fiber.await(fiber)
          })
          const ended = yield* Effect.forEach(Array.from({ length: 300 }), () => one, { concurrency: 64 })
          assert.isAbove(ended.filter(Exit.isSuccess).length, 100)
          assert.isAtMost((yield* names).length, 2)
        })
      )
      assert.isBelow(seen.size, 150)
      assert.deepStrictEqual(yield* names, [])
    })
  )

  /** Deletions of idle leases run in fibers of the pool. */
  const untilKeys = (n: number) =>
    Effect.repeat(regular, { until: (keys) => keys.length === n, times: 1000 }).pipe(
      Effect.tap((keys) => Effect.sync(() => assert.strictEqual(keys.length, n)))
    )
})

describe("leases after lost responses", () => {
  it.effect("a lease whose creation fails with OutcomeUnknown deletes the key that may exist", () => {
    const script = scriptedFetch(new Error("connection reset"), new Response(null, { status: 204 }))
    return Effect.gen(function* () {
      const error: CartoError = yield* Effect.flip(Effect.scoped(Lease.lease({ purpose: "a", apis: ["sql"] })))
      assert.strictEqual(error.reason._tag, "OutcomeUnknown")
      assert.deepStrictEqual(
        script.asked.map(({ method }) => method),
        ["POST", "GET", "DELETE"]
      )
      const { name }: { readonly name: string } = JSON.parse(script.asked[0]?.body ?? "")
      assert.isTrue(script.asked[2]?.url.endsWith(`/api/v3/api_keys/${name}`))
    }).pipe(provideScript(script))
  })

  it.effect("a lease whose creation gets no response fails, and its key is deleted", () => {
    const script = scriptedFetch(json(wireKey(), 201))
    const fetch: typeof globalThis.fetch = (input, init) =>
      init?.method === "POST" ? new Promise(() => {}) : script.fetch(input, init)
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(
        Effect.flip(Lease.withLease(Effect.succeed(1), { purpose: "a", apis: ["sql"] }))
      )
      yield* TestClock.adjust("31 seconds")
      const error: CartoError = yield* Fiber.join(fiber)
      assert.strictEqual(error.reason._tag, "OutcomeUnknown")
      assert.deepStrictEqual(
        script.asked.map(({ method }) => method),
        ["GET", "DELETE"]
      )
    }).pipe(provideScript({ ...script, fetch }))
  })

  it.effect("a lease whose deletion fails logs the name of the key, and sweep deletes it", () => {
    const script = scriptedFetch(json(wireKey(), 201), new Response("down", { status: 500 }))
    const logged: Array<unknown> = []
    const logger = Logger.make(({ message }) => void logged.push(message))
    return Effect.gen(function* () {
      assert.strictEqual(yield* Lease.withLease(Effect.succeed(1), { purpose: "a", apis: ["sql"] }), 1)
      assert.strictEqual(script.asked.length, 2)
      assert.include(JSON.stringify(logged), "is left to Lease.sweep")
      assert.notInclude(JSON.stringify(logged), masterToken)
    }).pipe(Effect.provide(Logger.layer([logger])), provideScript(script))
  })
})
