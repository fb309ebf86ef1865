import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Exit, Fiber, Layer, Logger, Random, Redacted, Stream } from "effect"
import type { HttpClient } from "effect/http"
import * as RateLimiter from "effect/persistence/RateLimiter"
import { TestClock } from "effect/testing"
import { ApiKeyManager, Auth, BatchSql, type Carto, CopySql, sql } from "../../src/index.ts"
import { endpointOf, pace } from "../../src/rate-limit/internal/client.ts"
import { withFallback } from "../../src/rate-limit/internal/fallback.ts"
import { makePacer, type Pacer } from "../../src/rate-limit/internal/pacer.ts"
import { learn, type Observed, observe, type Policy, type Report } from "../../src/rate-limit/internal/policy.ts"
import * as PolicyStore from "../../src/rate-limit/internal/policyStore.ts"
import { connect } from "../../src/promise/index.ts"
import { inMemory, RateGovernor } from "../../src/rate-limit/RateGovernor.ts"
import { layerClient, type LimitedServer, makeServer, type Plan } from "../support/limitedServer.ts"
import { recordSpans } from "../support/recordSpans.ts"
import { inTime, left, query, rows, scripted, servicesOf, times, type Transform } from "./pacing.ts"

/** Which part of what the plan allows, from the first call to the last, was used. */
const usedOf = ({ arrivals }: LimitedServer, [burst, count, period]: Plan): number => {
  const passed = arrivals.filter(({ refused }) => !refused)
  const seconds = ((passed.at(-1)?.at ?? 0) - (passed[0]?.at ?? 0)) / 1000
  return passed.length / (burst + 1 + (seconds * count) / period)
}

const refusedBy = ({ arrivals }: LimitedServer): number => arrivals.filter(({ refused }) => refused).length

/** Governors of several processes that share a store. */
const governors = (processes: number) =>
  Effect.gen(function* () {
    const limiter = yield* Effect.provide(RateLimiter.make, Layer.fresh(RateLimiter.layerStoreMemory))
    const { get, replace } = PolicyStore.inMemory()
    const policies: PolicyStore.PolicyStore<never> = {
      get: (key) => Effect.delay(get(key), 1),
      replace: (key, policy) => Effect.delay(replace(key, policy), 1)
    }
    return Array.from({ length: processes }, (): Transform => {
      const { admit, onNoResponse, onResponse } = makePacer({ freshness: 200, limiter, policies })
      return pace({
        admit: (key) => Effect.orDie(admit(key)),
        onResponse: (ticket, report) => Effect.orDie(onResponse(ticket, report)),
        onNoResponse
      })
    })
  })

describe("a burst of calls ends without an error to its callers", () => {
  const jittered = Effect.map(Random.next, (part) => part * 20)
  const plans: ReadonlyArray<readonly [name: string, plan: Plan, calls: number, atLeast: number]> = [
    ["10 a second", [10, 10, 1], 200, 0.95],
    ["15 a second", [15, 15, 1], 200, 0.95],
    ["6 a second", [6, 6, 1], 100, 0.95],
    ["1 a second", [1, 1, 1], 40, 0.9],
    // one call stays in the bucket, which counts where there are few
    ["3 a minute", [3, 3, 60], 20, 0.85],
    ["1 a minute", [1, 1, 60], 10, 0.85],
    ["a large burst and 10 a second", [100, 10, 1], 240, 0.9],
    ["a burst of 10 and 1 a second", [10, 1, 1], 60, 0.9],
    // the limit suggests ten times as much time between calls, which is made good the later the more there are at a time
    ["a burst of 10 and 100 a second", [10, 100, 1], 600, 0.2],
    ["no burst at all", [0, 1, 1], 20, 0.7]
  ]
  for (const [name, plan, calls, atLeast] of plans) {
    for (const processes of [1, 4]) {
      it.effect(`${name}, ${processes === 1 ? "one process" : `${processes} that share a store`}`, () =>
        Effect.gen(function* () {
          const server = makeServer()
          server.limit("alice", "query", plan)
          const transforms = processes === 1 ? [inMemory()] : yield* governors(processes)
          yield* inTime(
            Effect.all(
              transforms.map((transform) =>
                Effect.provide(times(calls / processes, query), servicesOf("alice", transform))
              ),
              { concurrency: "unbounded" }
            ),
            plan[2] > 1 ? 100 : 10
          ).pipe(Effect.provide(layerClient(server, jittered)))
          assert.isAtLeast(usedOf(server, plan), atLeast)
          // what the network does to the time between two calls is taken up by those that stay in the bucket
          if (plan[0] === plan[1] && plan[1] > 1 && plan[2] === 1) assert.isAtMost(refusedBy(server), calls / 100)
        }).pipe(Random.withSeed(name))
      )
    }
  }
  it.effect("a burst ends without an error if another client uses half of the account's limit", () =>
    Effect.gen(function* () {
      const server = makeServer()
      server.limit("alice", "query", [10, 10, 1])
      const url = new URL("https://alice.carto.com/api/v2/sql")
      yield* Effect.forkChild(Effect.forever(Effect.andThen(Effect.sleep(200), server.answer("POST", url))))
      yield* inTime(Effect.provide(times(200, query), servicesOf("alice", inMemory()))).pipe(
        Effect.provide(layerClient(server))
      )
    })
  )
})

/** When the calls of an effect came to a server, in seconds. */
const arrivalsOf = <E>(server: LimitedServer, effect: Effect.Effect<unknown, E, HttpClient.HttpClient>) =>
  Effect.map(Effect.provide(inTime(effect), layerClient(server)), () => server.arrivals.map(({ at }) => at / 1000))

const both = <A, E, R>(...effects: ReadonlyArray<Effect.Effect<A, E, R>>) =>
  Effect.all(effects, { concurrency: "unbounded", discard: true })

it.effect("1,000 queries at 10 a second take longer than the deadline of a query, and none fails", () =>
  Effect.gen(function* () {
    const server = makeServer()
    server.limit("alice", "query", [10, 10, 1])
    const governed = servicesOf("alice", inMemory(), { retry: false })
    yield* inTime(Effect.provide(times(1000, query), governed)).pipe(Effect.provide(layerClient(server)))
    assert.isAtLeast(server.arrivals.at(-1)?.at ?? 0, 98_000)
    assert.isAtLeast(usedOf(server, [10, 10, 1]), 0.95)
    assert.strictEqual(refusedBy(server), 0)
  })
)

describe("what is learned", () => {
  const report = (remaining: number, reset = 0, limit = 11): Report => ({
    status: 200,
    limit,
    remaining,
    reset,
    retryAfter: undefined
  })
  const observeAll = (policy: Policy, reports: ReadonlyArray<Report>, now: number, expected = 2) => {
    let observed: Observed | undefined
    for (const each of reports) {
      const found = observe(policy, 11, observed, expected, each, now)
      if (found.correction !== undefined) return found.correction
      observed = found.observed
    }
    return undefined
  }
  const known = learn(undefined, report(10), 0)

  it("a limit that nothing else is known of allows as many calls a second as in a burst", () =>
    assert.strictEqual(known.interval, 100))
  it("the seconds until the bucket is full lengthen the interval, if they say more than one second too much", () => {
    assert.strictEqual(learn(undefined, report(9, 20), 0).interval, 10_250)
    assert.strictEqual(learn(undefined, report(9, 1), 0).interval, 100)
    assert.strictEqual(observeAll(known, [report(1, 10)], 1000)?.policy.interval, 1050)
  })
  it("one call that was overtaken changes nothing", () => {
    assert.strictEqual(observeAll(known, [report(2), report(0), report(4), report(2)], 1000), undefined)
    assert.strictEqual(observeAll(known, [report(2), report(1), report(3), report(2), report(2)], 1000), undefined)
  })
  it("calls that are missing at the server are taken out of the governor's bucket", () => {
    const correction = observeAll(
      known,
      Array.from({ length: 5 }, () => report(0)),
      1000
    )
    assert.strictEqual(correction?.take, 2)
    // a first difference shows how the buckets began, not their pace
    assert.strictEqual(correction?.policy.interval, 100)
    const again = observeAll(
      correction?.policy ?? known,
      Array.from({ length: 5 }, () => report(0)),
      11_000
    )
    assert.strictEqual(again?.take, 2)
    assert.approximately(again?.policy.interval ?? 0, 101, 0.1)
  })
  it("calls that the server has left over are put into the governor's bucket", () => {
    const correction = observeAll(
      known,
      Array.from({ length: 5 }, () => report(6)),
      1000
    )
    assert.strictEqual(correction?.take, -4)
  })
  it("a bucket that is full although calls wait doubles the pace after three calls", () => {
    const correction = observeAll(
      known,
      Array.from({ length: 3 }, () => report(10)),
      1000
    )
    assert.strictEqual(correction?.policy.interval, 50)
  })
  it("calls that were sent under another policy are not counted", () => {
    const { observed } = observe(known, 11, { version: 0, count: 4, sum: -8, full: false }, 2, report(0), 1000)
    assert.strictEqual(observed?.count, 1)
  })
})

describe("what shares a limit", () => {
  const onePerSecond: Plan = [1, 1, 1]
  const seconds = ({ arrivals }: LimitedServer) => ((arrivals.at(-1)?.at ?? 0) - (arrivals[0]?.at ?? 0)) / 1000

  it.effect("the keys of an account share a limit", () =>
    Effect.gen(function* () {
      const server = makeServer()
      server.limit("alice", "query", onePerSecond)
      yield* both(...Array.from({ length: 10 }, (_, at) => Auth.withApiKey(query, Redacted.make(`key-${at}`)))).pipe(
        Effect.provide(servicesOf("alice", inMemory())),
        inTime,
        Effect.provide(layerClient(server))
      )
      assert.isAtLeast(seconds(server), 8)
      assert.strictEqual(refusedBy(server), 0)
    })
  )
  it.effect("the clients of one governor share a limit, and accounts do not", () =>
    Effect.gen(function* () {
      const server = makeServer()
      const { transformClient } = yield* RateGovernor
      server.limit("alice", "query", onePerSecond)
      server.limit("bob", "query", onePerSecond)
      const of = (username: string) => Effect.provide(times(5, query), servicesOf(username, transformClient))
      yield* inTime(both(of("alice"), of("alice"), of("bob"))).pipe(Effect.provide(layerClient(server)))
      const last = (username: string) => server.arrivals.findLast((arrival) => arrival.username === username)?.at ?? 0
      assert.isAtLeast(last("alice"), 8000)
      assert.isAtMost(last("bob"), 5000)
      assert.strictEqual(refusedBy(server), 0)
    }).pipe(Effect.provide(RateGovernor.layer))
  )
  it.effect("groups of endpoints do not share a limit", () =>
    Effect.gen(function* () {
      const server = makeServer()
      for (const group of ["query", "job_create", "job_get"] as const) server.limit("alice", group, onePerSecond)
      const create = BatchSql.use((jobs) => jobs.create(sql`SELECT 1`))
      const get = BatchSql.use((jobs) => jobs.get("job"))
      const list = ApiKeyManager.use((keys) => keys.list())
      yield* both<unknown, unknown, Carto.CartoServices>(
        times(6, query),
        times(3, create),
        times(3, get),
        times(50, list)
      ).pipe(Effect.provide(servicesOf("alice", inMemory())), inTime, Effect.provide(layerClient(server)))
      const last = (group: string) => server.arrivals.findLast((arrival) => arrival.group === group)?.at ?? 0
      assert.isAtLeast(last("query"), 4000)
      assert.isAtMost(last("job_create"), 3000)
      assert.isAtMost(last("job_get"), 3000)
      // no limit on these
      assert.isAtMost(last("keys"), 500)
      assert.strictEqual(refusedBy(server), 0)
    })
  )
  it("the URL and the method decide which group a request belongs to", () => {
    const cases: ReadonlyArray<readonly [method: string, url: string, endpoint: string | undefined]> = [
      ["POST", "https://alice.carto.com/api/v2/sql", "https://alice.carto.com:query"],
      ["GET", "https://alice.carto.com/api/v2/sql?q=SELECT%201", "https://alice.carto.com:query"],
      ["POST", "https://a.example:8080/user/bob/api/v2/sql/job", "https://a.example:8080/user/bob:job_create"],
      ["GET", "https://acme.carto.com/user/bob/api/v2/sql/job/1", "https://acme.carto.com/user/bob:job_get"],
      ["DELETE", "https://alice.carto.com/api/v2/sql/job/1", "https://alice.carto.com:job_delete"],
      ["POST", "https://alice.carto.com/api/v2/sql/copyfrom?q=COPY", "https://alice.carto.com:copy_from"],
      ["POST", "https://alice.carto.com/api/v2/sql/copyto", "https://alice.carto.com:copy_to"],
      ["GET", "https://acme.carto.com/u/bob/api/v3/api_keys?page=2", "https://acme.carto.com/u/bob:keys"],
      ["DELETE", "https://alice.carto.com/api/v3/api_keys/a%2Fapi%2Fv2%2Fsql", "https://alice.carto.com:keys"],
      ["GET", "https://alice.carto.com/api/v2/sqlite", undefined],
      ["GET", "https://alice.carto.com/?next=/api/v2/sql", undefined]
    ]
    for (const [method, url, endpoint] of cases) assert.strictEqual(endpointOf(method, url), endpoint, url)
  })
})

describe("what a refusal does", () => {
  for (const [name, took] of [
    ["every call waits as long as the refused one", 0],
    ["a call that waits already waits as long as the refused one", 100]
  ] as const) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const { layer, sent } = scripted((call) =>
          Effect.delay(
            Effect.sync(() =>
              call === 3
                ? Response.json({ error: ["over"] }, { status: 429, headers: { "retry-after": "7", ...left(5, 0) } })
                : rows(left(5, 4 - Math.min(call, 4)))
            ),
            took
          )
        )
        yield* inTime(times(8, query)).pipe(Effect.provide(servicesOf("alice", inMemory())), Effect.provide(layer))
        assert.strictEqual(sent.length, 9)
        assert.isAbove((sent[4] ?? 0) - (sent[3] ?? 0), 6.9)
      })
    )
  }
  it.effect("every call waits as long as the refused one if the server reports no limit", () =>
    Effect.gen(function* () {
      const { layer, sent } = scripted((call) =>
        Effect.succeed(
          call === 1
            ? new Response("slow down", { status: 429, headers: { "retry-after": "7" } })
            : Response.json({ total: 0, result: [] })
        )
      )
      const list = ApiKeyManager.use((keys) => keys.list())
      const some = Effect.forEach([1, 2, 3, 4], () => Effect.delay(list, 200), { discard: true })
      yield* inTime(both(some, some)).pipe(Effect.provide(servicesOf("alice", inMemory())), Effect.provide(layer))
      assert.isEmpty(sent.filter((at) => at > (sent[1] ?? 0) && at < (sent[1] ?? 0) + 7))
    })
  )
  it.effect("the 429 of a statement that took too long holds no call back", () =>
    Effect.gen(function* () {
      const slow = Response.json(
        { error: ["over"], context: "limit", detail: "datasource" },
        { status: 429, headers: left(100, 99) }
      )
      const { layer, sent } = scripted((call) => Effect.succeed(call === 1 ? slow : rows(left(100, 99 - call))))
      yield* inTime(times(20, Effect.ignore(query))).pipe(
        Effect.provide(servicesOf("alice", inMemory())),
        Effect.provide(layer)
      )
      assert.strictEqual(sent.length, 20)
      assert.isAtMost(sent.at(-1) ?? Infinity, 0.5)
    })
  )
  it.effect("no pause is longer than two minutes, whatever Retry-After is", () =>
    Effect.gen(function* () {
      const { layer, sent } = scripted((call) =>
        Effect.succeed(
          call < 2
            ? Response.json({}, { status: 429, headers: { "retry-after": "999999999", ...left(5, 0, 999_999_999) } })
            : rows(left(5, 4))
        )
      )
      const ends = yield* inTime(Effect.all([Effect.exit(query), Effect.delay(Effect.exit(query), 10)]), 1000).pipe(
        Effect.provide(servicesOf("alice", inMemory())),
        Effect.provide(layer)
      )
      // both fail, and neither waits for thirty years
      assert.deepStrictEqual(ends.map(Exit.isSuccess), [false, false])
      assert.isAtMost(sent[1] ?? Infinity, 122)
    })
  )
})

describe("what the headers say", () => {
  it.effect("the governor follows a plan that changes: no limit, then 1 a second, then 20", () =>
    Effect.gen(function* () {
      const server = makeServer()
      const phase = (plan: Plan | undefined, calls: number) =>
        Effect.gen(function* () {
          server.limit("alice", "query", plan)
          const before = yield* Clock.currentTimeMillis
          yield* times(calls, query)
          return ((yield* Clock.currentTimeMillis) - before) / 1000
        })
      const [none, slow, fast, noneAgain] = yield* Effect.all([
        phase(undefined, 100),
        Effect.delay(phase([1, 1, 1], 10), 1000),
        Effect.delay(phase([20, 20, 1], 200), 1000),
        Effect.andThen(
          Effect.andThen(
            Effect.sync(() => server.limit("alice", "query", undefined)),
            query
          ),
          phase(undefined, 100)
        )
      ]).pipe(Effect.provide(servicesOf("alice", inMemory())), inTime, Effect.provide(layerClient(server)))
      assert.isAtMost(none, 0.5)
      assert.isAtLeast(slow, 7)
      assert.isAtMost(fast, 30)
      assert.isAtMost(noneAgain, 0.5)
    })
  )
  it.effect("headers of a response from a cache are ignored", () =>
    Effect.gen(function* () {
      const { layer, sent } = scripted((call) =>
        Effect.succeed(rows(call === 0 ? left(11, 10) : { ...left(11, 0), age: "30" }))
      )
      const calls = Effect.forEach(Array.from({ length: 50 }), () => Effect.delay(query, 200), { discard: true })
      yield* inTime(calls).pipe(Effect.provide(servicesOf("alice", inMemory())), Effect.provide(layer))
      // five a second where ten are allowed
      assert.isAtMost(sent.at(-1) ?? Infinity, 10)
    })
  )
  it.effect("headers that make no sense do no harm", () =>
    Effect.gen(function* () {
      const nonsense: ReadonlyArray<Record<string, string>> = [
        left(-1, -1, -1),
        left(NaN, 3, 3),
        left(0, 0, 0),
        left(10, 1e6, 0),
        left(10, 9, 999_999_999),
        left(1e300, 5, 5),
        { "carto-rate-limit-limit": "" },
        { "carto-rate-limit-limit": "10" },
        { "carto-rate-limit-limit": "10, 10", "carto-rate-limit-remaining": "9" },
        { ...left(10, 9), "retry-after": "soon" },
        { ...left(10, 9), "retry-after": "-1" }
      ]
      const { layer, sent } = scripted((call) => Effect.succeed(rows(nonsense[call % nonsense.length])))
      yield* inTime(times(nonsense.length * 4, query), 1000).pipe(
        Effect.provide(servicesOf("alice", inMemory())),
        Effect.provide(layer)
      )
      assert.strictEqual(sent.length, nonsense.length * 4)
    })
  )
})

it.effect("a store that fails is not asked for five seconds, and one warning is logged until it is back", () =>
  Effect.gen(function* () {
    const seen: Array<string> = []
    const pacer = <E>(name: string, asked: Effect.Effect<void, E>): Pacer<E> => ({
      admit: (key) =>
        Effect.map(asked, () => {
          seen.push(`${name} admits`)
          return { key, version: 0, expected: undefined, epoch: 0 }
        }),
      onResponse: () => Effect.map(asked, () => void seen.push(`${name} learns`)),
      onNoResponse: () => Effect.sync(() => void seen.push(`${name} gets no response`))
    })
    let isDown = false
    const shared = Effect.suspend(() => (isDown ? Effect.fail("down") : Effect.void))
    const { admit, onNoResponse, onResponse } = withFallback(pacer("shared", shared), pacer("own", Effect.void))
    const report: Report = {
      status: 200,
      limit: undefined,
      remaining: undefined,
      reset: undefined,
      retryAfter: undefined
    }
    yield* Effect.gen(function* () {
      const first = yield* admit("a")
      isDown = true
      yield* onResponse(first, report)
      const second = yield* admit("a")
      yield* onNoResponse(second)
      isDown = false
      yield* onResponse(second, report)
      yield* TestClock.adjust(4999)
      yield* admit("a")
      isDown = true
      yield* TestClock.adjust(1)
      yield* admit("a")
      isDown = false
      yield* TestClock.adjust(5000)
      yield* onNoResponse(yield* admit("a"))
      isDown = true
      yield* admit("a")
    }).pipe(Effect.provide(Logger.layer([Logger.make(() => void seen.push("a warning"))])))
    assert.deepStrictEqual(seen, [
      "shared admits",
      "a warning",
      "own admits",
      "own gets no response",
      "own learns",
      "own admits",
      // still down, which has been logged
      "own admits",
      "shared admits",
      "shared gets no response",
      "a warning",
      "own admits"
    ])
  })
)

describe("waiting", () => {
  it.effect("before the first response one call a second is sent, and then as many as the limit allows", () =>
    Effect.gen(function* () {
      const { layer, sent } = scripted((call) =>
        Effect.delay(Effect.succeed(rows(left(50, 49 - call))), call < 3 ? 2500 - call * 100 : 10)
      )
      yield* inTime(times(20, query)).pipe(Effect.provide(servicesOf("alice", inMemory())), Effect.provide(layer))
      assert.deepStrictEqual(
        sent.slice(0, 3).map((at) => Math.round(at)),
        [0, 1, 2]
      )
      // the first response has come after two seconds and a half
      assert.isAtLeast(sent[3] ?? 0, 2.5)
      assert.isAtMost(sent.at(-1) ?? Infinity, 2.7)
    })
  )
  it.effect("calls that were sent before the limit was known count towards it", () =>
    Effect.gen(function* () {
      const server = makeServer()
      server.limit("alice", "query", [4, 1, 10])
      // three have gone out when the first is answered, as if it were alone
      yield* inTime(times(8, query), 100).pipe(
        Effect.provide(servicesOf("alice", inMemory(), { retry: false })),
        Effect.provide(layerClient(server, Effect.succeed(1300)))
      )
      assert.strictEqual(refusedBy(server), 0)
    })
  )
  for (const [what, answer] of [
    ["is down", Effect.sync(() => new Response("", { status: 503 }))],
    ["cannot be reached", Effect.fail("unreachable" as const)]
  ] as const) {
    it.effect(`a server that ${what} is not waited for, once a second, by all`, () =>
      Effect.gen(function* () {
        const { layer, sent } = scripted((call) => (call < 50 ? answer : Effect.succeed(rows(left(50, 99 - call)))))
        yield* inTime(times(60, Effect.ignore(query))).pipe(
          Effect.provide(servicesOf("alice", inMemory(), { retry: false })),
          Effect.provide(layer)
        )
        assert.strictEqual(sent.length, 60)
        assert.isAtMost(sent.at(-1) ?? Infinity, 10)
      })
    )
  }
  it.effect("the wait does not count towards the deadline, which begins when the call is sent", () =>
    Effect.gen(function* () {
      const { layer, sent } = scripted((call) => (call < 8 ? Effect.succeed(rows(left(2, 0, 10))) : Effect.never))
      const ends = yield* inTime(
        Effect.all(
          Array.from({ length: 9 }, () => Effect.timed(Effect.result(query))),
          { concurrency: "unbounded" }
        ),
        100
      ).pipe(Effect.provide(servicesOf("alice", inMemory(), { timeout: "20 seconds" })), Effect.provide(layer))
      const lost = ends.filter(([, end]) => end._tag === "Failure")
      assert.strictEqual(lost.length, 1)
      const [took, end] = lost[0] ?? assert.fail("nothing failed")
      assert.strictEqual(end._tag === "Failure" ? end.failure.reason._tag : "", "DeadlineExceeded")
      assert.isAbove(sent[8] ?? 0, 20)
      assert.approximately(Duration.toSeconds(took), (sent[8] ?? 0) + 20, 0.5)
    })
  )
  it.effect("the span of a call has the time that it waited", () =>
    Effect.gen(function* () {
      const server = makeServer()
      server.limit("alice", "query", [1, 1, 10])
      const spans = yield* inTime(recordSpans(times(3, query))).pipe(
        Effect.provide(servicesOf("alice", inMemory())),
        Effect.provide(layerClient(server))
      )
      const waits = spans
        .filter(({ name }) => name === "Sql.query")
        .map(({ attributes }) => attributes.get("carto.rate_limit.waited_ms"))
      assert.strictEqual(waits[0], undefined)
      assert.isAtLeast(Number(waits[2]), 10_000)
    })
  )
  it.effect("the wait does not count towards the stall timeout of COPY", () =>
    Effect.gen(function* () {
      const server = makeServer()
      server.limit("alice", "copy_from", [1, 1, 60])
      server.limit("alice", "copy_to", [1, 1, 60])
      const upload = CopySql.use(({ from }) => from(sql`COPY t FROM STDIN`, Stream.make(new Uint8Array(1))))
      // what comes is no end of a COPY: that it came is enough
      const download = Effect.ignore(CopySql.use(({ to }) => Stream.runDrain(to(sql`COPY t TO STDOUT`))))
      yield* inTime(both(times(4, upload), times(4, download)), 100).pipe(
        Effect.provide(servicesOf("alice", inMemory(), { stallTimeout: "5 seconds" })),
        Effect.provide(layerClient(server))
      )
      assert.strictEqual(server.arrivals.length, 8)
    })
  )
  it.effect("a call that is interrupted while it waits leaves its place to the next", () =>
    Effect.gen(function* () {
      const server = makeServer()
      server.limit("alice", "query", [2, 1, 10])
      const program = Effect.gen(function* () {
        yield* query
        const fibers = yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8], () => Effect.forkChild(query))
        yield* Effect.sleep(5)
        yield* Effect.forEach(fibers.slice(0, 7), Fiber.interrupt, { discard: true })
        yield* Effect.forEach(fibers.slice(7), Fiber.join, { discard: true })
      })
      const arrivals = yield* arrivalsOf(server, Effect.provide(program, servicesOf("alice", inMemory())))
      assert.isAtMost(arrivals.at(-1) ?? Infinity, 20)
      assert.strictEqual(refusedBy(server), 0)
    })
  )
  it("a governor is an option of the promise client", async () => {
    const server = makeServer()
    server.limit("alice", "query", [4, 20, 1])
    const carto = connect({
      username: "alice",
      apiKey: "a-key",
      transformClient: inMemory(),
      retry: false,
      fetch: (input, init) => Effect.runPromise(server.answer(init?.method ?? "GET", new URL(String(input))))
    })
    await Promise.all(Array.from({ length: 8 }, () => carto.sql.query(sql`SELECT 1`)))
    assert.strictEqual(server.arrivals.length, 8)
    await carto[Symbol.asyncDispose]()
  })
})
