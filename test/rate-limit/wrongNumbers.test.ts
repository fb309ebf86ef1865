/** Numbers from outside that are wrong: headers of a response, and clocks. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer } from "effect"
import * as RateLimiter from "effect/persistence/RateLimiter"
import { TestClock } from "effect/testing"
import { makeFifoQueue } from "../../src/rate-limit/internal/fifoQueue.ts"
import { pace } from "../../src/rate-limit/internal/client.ts"
import { makePacer } from "../../src/rate-limit/internal/pacer.ts"
import * as PolicyStore from "../../src/rate-limit/internal/policyStore.ts"
import { inMemory } from "../../src/rate-limit/RateGovernor.ts"
import { inTime, left, query, rows, scripted, servicesOf, times } from "./pacing.ts"

/** Makes calls at once, of which each gets the response of its number. Returns when each was sent, in seconds. */
const sentTimes = (calls: number, respond: (call: number) => Response) =>
  Effect.gen(function* () {
    const { layer, sent } = scripted((call) => Effect.succeed(respond(call)))
    yield* inTime(times(calls, Effect.ignore(query)), 50).pipe(
      Effect.provide(servicesOf("alice", inMemory(), { retry: false })),
      Effect.provide(layer)
    )
    return sent
  })

const day = 86_400
const refusal = (headers: Record<string, string>) => Response.json({ error: ["over"] }, { status: 429, headers })

describe("a governor that is given one wrong number", () => {
  for (const at of [0, 1, 5, 20]) {
    for (const reset of [61, 3600, day, 999_999_999]) {
      it.effect(`does not wait for a bucket that is said to be full in ${reset} s, in response ${at + 1}`, () =>
        Effect.gen(function* () {
          // ten a second are allowed
          const sent = yield* sentTimes(40, (call) => rows(left(11, 10, call === at ? reset : 0)))
          assert.strictEqual(sent.length, 40)
          assert.isAtMost(sent.at(-1) ?? Infinity, 15)
        })
      )
    }
    for (const header of [String(day), "999999999999", "Fri, 01 Jan 2100 00:00:00 GMT"]) {
      it.effect(`sends the next call after 10 s if Retry-After is ${header}, in response ${at + 1}`, () =>
        Effect.gen(function* () {
          const sent = yield* sentTimes(40, (call) =>
            call === at ? refusal({ "retry-after": header, ...left(11, 0) }) : rows(left(11, 10))
          )
          assert.strictEqual(sent.length, 40)
          assert.isAtMost(sent.at(-1) ?? Infinity, 25)
        })
      )
    }
    for (const limit of ["1", "1000001", "999999999999", "0.5", "-3", "NaN", "Infinity"]) {
      it.effect(`keeps its pace if the limit is ${limit}, in response ${at + 1}`, () =>
        Effect.gen(function* () {
          const sent = yield* sentTimes(40, (call) =>
            rows({ ...left(11, 10), ...(call === at ? { "carto-rate-limit-limit": limit } : {}) })
          )
          assert.strictEqual(sent.length, 40)
          assert.isAtMost(sent.at(-1) ?? Infinity, 10)
        })
      )
    }
  }

  it.effect("reads a date of Retry-After by the server's own date", () =>
    Effect.gen(function* () {
      const sent = yield* sentTimes(10, (call) =>
        call === 1
          ? refusal({
              // the server's clock is a day ahead of ours
              date: "Fri, 02 Jan 1970 00:00:00 GMT",
              "retry-after": "Fri, 02 Jan 1970 00:00:03 GMT",
              ...left(11, 0)
            })
          : rows(left(11, 10))
      )
      const [, second = 0, third = 0] = sent
      assert.approximately(third - second, 3, 0.5)
    })
  )

  it.effect("waits as long as the server says if calls are refused again and again", () =>
    Effect.gen(function* () {
      const sent = yield* sentTimes(6, () => refusal({ "retry-after": String(day), ...left(11, 0) }))
      const waits = sent.slice(1).map((at, index) => Math.round(at - (sent[index] ?? 0)))
      assert.deepStrictEqual(waits, [10, 20, 40, 80, 120])
    })
  )
})

describe("a clock that is set", () => {
  /** The wall clock that processes see, which is set by `hours` in the middle of the calls. */
  const whileSet = <A, E, R>(hours: number, effect: Effect.Effect<A, E, R>) =>
    Effect.updateService(effect, Clock.Clock, (clock) => {
      const shift = () => (clock.monotonicTimeNanosUnsafe() > 3_000_000_000n ? hours * 3_600_000 : 0)
      return {
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + shift(),
        currentTimeMillis: Effect.map(clock.currentTimeMillis, (time) => time + shift()),
        currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
        currentTimeNanos: clock.currentTimeNanos,
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: clock.monotonicTimeNanos,
        sleep: (duration) => clock.sleep(duration)
      }
    })

  for (const hours of [-1, 1]) {
    it.effect(`by ${hours} h does not move the calls of a process`, () =>
      Effect.gen(function* () {
        const { layer, sent } = scripted((call) =>
          Effect.succeed(call === 20 ? refusal({ "retry-after": "2", ...left(11, 0) }) : rows(left(11, 10)))
        )
        const started = yield* Clock.currentTimeMillis
        yield* inTime(
          whileSet(hours, times(100, query)).pipe(
            Effect.provide(servicesOf("alice", inMemory())),
            Effect.provide(layer)
          ),
          50
        )
        assert.strictEqual(sent.length, 101)
        assert.isAtMost(((yield* Clock.currentTimeMillis) - started) / 1000, 20)
      })
    )

    it.effect(`by ${hours} h does not stop the processes that share a store, if it is the store's`, () =>
      Effect.gen(function* () {
        const limiter = yield* Effect.provide(RateLimiter.make, Layer.fresh(RateLimiter.layerStoreMemory))
        const { get, replace } = PolicyStore.inMemory()
        const time = Effect.map(Clock.currentTimeMillis, (now) => now + (now > 3000 ? hours * 3_600_000 : 0))
        const transforms = Array.from({ length: 3 }, () => {
          const { admit, onNoResponse, onResponse } = makePacer({
            freshness: 200,
            limiter,
            policies: {
              get: (key) => Effect.zipWith(get(key), time, (stored, at) => ({ ...stored, time: at })),
              replace
            }
          })
          return pace({
            admit: (key) => Effect.orDie(admit(key)),
            onResponse: (ticket, report) => Effect.orDie(onResponse(ticket, report)),
            onNoResponse
          })
        })
        const { layer, sent } = scripted(() => Effect.succeed(rows(left(11, 2))))
        yield* inTime(
          Effect.all(
            transforms.map((transform) => Effect.provide(times(50, query), servicesOf("alice", transform))),
            { concurrency: "unbounded" }
          ).pipe(Effect.provide(layer)),
          50
        )
        assert.strictEqual(sent.length, 150)
        assert.isAtMost(sent.at(-1) ?? Infinity, 60)
      })
    )
  }
})

describe("the queue of calls", () => {
  it.effect("passes over a fiber that has ended without a trace, as with a request that a Worker has lost", () =>
    Effect.gen(function* () {
      const queue = makeFifoQueue()
      const ended: Array<number> = []
      const add = (number: number, effect: Effect.Effect<void>) =>
        Effect.forkChild(
          Effect.andThen(
            queue.run(effect),
            Effect.sync(() => void ended.push(number))
          )
        )
      yield* add(1, Effect.never)
      // lost while it waits
      const lost = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.updateService(effect, Clock.Clock, (clock) => ({ ...clock, sleep: () => Effect.never }))
      yield* Effect.forkChild(lost(queue.run(Effect.void)))
      const others = [yield* add(3, Effect.void), yield* add(4, Effect.void)]
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual(ended, [])
      yield* TestClock.adjust("8 seconds")
      yield* Fiber.joinAll(others)
      assert.deepStrictEqual(ended, [3, 4])
    })
  )

  it.effect("waits for a fiber that has said how long it takes", () =>
    Effect.gen(function* () {
      const queue = makeFifoQueue()
      const long = Effect.andThen(queue.announce(60_000), Effect.sleep("1 minute"))
      yield* Effect.forkChild(queue.run(long))
      const next = yield* Effect.forkChild(queue.run(Effect.void))
      yield* TestClock.adjust("59 seconds")
      assert.isUndefined(next.pollUnsafe())
      yield* TestClock.adjust("3 seconds")
      assert.isDefined(next.pollUnsafe())
    })
  )
})
