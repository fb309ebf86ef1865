import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { ApiKeyManager, type AuthOptions, type Carto, type CartoError, Sql, sql } from "../../src/index.ts"
import { json, provideScript, result, type ScriptedFetch, scriptedFetch } from "../support/scriptedFetch.ts"

const limited = (seconds: number) =>
  json({ error: ["slow down"], context: "limit", detail: "rate-limit" }, 429, { "retry-after": String(seconds) })
const unavailable = (status = 503) => new Response("busy", { status })
const reset = () => new TypeError("fetch failed")
const page = json({ total: 0, result: [] })

const query = Sql.use((db) => db.query(sql`INSERT INTO t VALUES (1)`))
const list = ApiKeyManager.use((keys) => keys.list())

/** Runs an effect while the clock goes on, and tells how it ended and how long that took. */
const outcome = <A>(
  effect: Effect.Effect<A, CartoError, Carto.CartoServices>,
  script: ScriptedFetch,
  options: Partial<AuthOptions> = {}
) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(
      Effect.timed(
        Effect.match(effect, { onSuccess: () => "success", onFailure: (error: CartoError) => error.reason._tag })
      )
    )
    // a request is a promise: each of its turns needs time of its own
    for (let turn = 0; turn < 200 && fiber.pollUnsafe() === undefined; turn += 1) {
      yield* TestClock.adjust("500 millis")
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    }
    const [time, end] = yield* Fiber.join(fiber)
    return { end, requests: script.asked.length, seconds: Duration.toSeconds(time) }
  }).pipe(provideScript(script, { retry: undefined, ...options }))

describe("retries", () => {
  const cases: ReadonlyArray<
    readonly [
      string,
      Effect.Effect<unknown, CartoError, Carto.CartoServices>,
      ReadonlyArray<Response | Error>,
      string,
      number
    ]
  > = [
    ["a read is retried if the connection fails", list, [reset(), page], "success", 2],
    [
      "a read is retried after 502, 503 and 504",
      list,
      [unavailable(502), unavailable(503), unavailable(504), page],
      "success",
      4
    ],
    ["a read is retried at most three times", list, [unavailable()], "ServerUnavailable", 4],
    ["a read is not retried after 500", list, [unavailable(500)], "ServerUnavailable", 1],
    [
      "a write is retried after a rate limit, because the server has not run it",
      query,
      [limited(2), json(result())],
      "success",
      2
    ],
    ["a write is not retried if the connection fails", query, [reset(), json(result())], "OutcomeUnknown", 1],
    [
      "a write is not retried after an error of the SQL API, also with status 503",
      query,
      [json({ error: ["cannot connect to the database"] }, 503), json(result())],
      "ServerUnavailable",
      1
    ],
    ["a write is not retried after 503", query, [unavailable(), json(result())], "OutcomeUnknown", 1],
    [
      "a write that is marked as idempotent is retried",
      Sql.use((db) => db.query(sql`DELETE FROM t`, { idempotent: true })),
      [reset(), json(result())],
      "success",
      2
    ],
    [
      "a statement timeout is not retried, although its status is 429",
      query,
      [json({ error: ["SQL query timeout error"], context: "limit", detail: "datasource" }, 429)],
      "StatementTimeout",
      1
    ],
    ["a request is not retried if Retry-After is more than a minute", query, [limited(61)], "RateLimited", 1],
    ["a request is not retried after a rate limit without Retry-After", query, [json({}, 429)], "RateLimited", 1],
    [
      "a delete that is retried succeeds if the key no longer exists",
      ApiKeyManager.use((keys) => keys.delete("a")),
      [reset(), json({ errors: "API key not found: a" }, 404)],
      "success",
      2
    ],
    [
      "a delete of a key that does not exist fails",
      ApiKeyManager.use((keys) => keys.delete("a")),
      [json({ errors: "API key not found: a" }, 404)],
      "ApiKeyNotFound",
      1
    ]
  ]
  for (const [name, effect, answers, end, requests] of cases) {
    it.effect(name, () =>
      Effect.map(outcome(effect, scriptedFetch(...answers)), (found) =>
        assert.deepStrictEqual([found.end, found.requests], [end, requests])
      )
    )
  }
  it.effect("a retry comes no earlier than Retry-After says", () =>
    Effect.map(outcome(query, scriptedFetch(limited(10), json(result()))), ({ seconds }) => {
      assert.isAtLeast(seconds, 10)
      assert.isAtMost(seconds, 13)
    })
  )
  it.effect("nothing is retried if retry is false", () =>
    Effect.map(outcome(list, scriptedFetch(unavailable(), page), { retry: false }), ({ requests }) =>
      assert.strictEqual(requests, 1)
    )
  )
  it.effect("a retry function decides which requests are retried", () =>
    Effect.map(
      outcome(query, scriptedFetch(unavailable(), json(result())), {
        retry: ({ attempt, isSafe, reason }) =>
          !isSafe && attempt === 1 && reason._tag === "ServerUnavailable" ? 1000 : undefined
      }),
      ({ end, requests }) => assert.deepStrictEqual([end, requests], ["success", 2])
    )
  )
})

describe("deadlines", () => {
  const silent: typeof globalThis.fetch = (_, init) =>
    new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)))
  const slow = (): ScriptedFetch & { readonly aborted: () => number } => {
    let aborted = 0
    const asked: ScriptedFetch["asked"] = []
    return {
      asked,
      aborted: () => aborted,
      fetch: (input, init) => {
        init?.signal?.addEventListener("abort", () => (aborted += 1))
        return silent(input, init)
      }
    }
  }
  for (const [name, effect, options, seconds] of [
    ["a request of ApiKeyManager has a deadline of 30 s by default", list, {}, 30],
    ["a request of Sql has a deadline of 60 s by default", Sql.use((db) => db.query(sql`SELECT 1`)), {}, 60],
    ["the timeout of the layer replaces the default deadline", list, { timeout: "5 seconds" }, 5],
    [
      "the timeout of a call replaces that of the layer",
      Sql.use((db) => db.query(sql`SELECT 1`, { timeout: "2 seconds" })),
      { timeout: "5 seconds" },
      2
    ]
  ] as const) {
    it.effect(name, () => {
      const script = slow()
      return Effect.map(outcome<unknown>(effect, script, options), (found) => {
        assert.strictEqual(found.end, "DeadlineExceeded")
        assert.isAtLeast(found.seconds, seconds)
        assert.isAtMost(found.seconds, seconds + 1)
        assert.strictEqual(script.aborted(), 1)
      })
    })
  }
  it.effect("a deadline includes retries", () =>
    Effect.map(outcome(query, scriptedFetch(limited(40))), ({ end, requests }) =>
      assert.deepStrictEqual([end, requests], ["DeadlineExceeded", 2])
    )
  )
})
