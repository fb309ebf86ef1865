/**
 * One of the processes that share Redis: `client.ts BASE_URL REDIS_URL CALLS PACER`. The pacer is `governor` or `effect`, which
 * is Effect's own `HttpClient.withRateLimiter`. Prints how its calls ended, as JSON.
 */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Redacted from "effect/Redacted"
import process from "node:process"
import { Sql, sql } from "../../../src/index.ts"
import { RateGovernor } from "../../../src/rate-limit/RateGovernor.ts"
import * as Node from "../../../src/runtime/node.ts"

const [baseUrl = "", url = "", calls = "0", pacer = "governor"] = process.argv.slice(2)

const account = { baseUrl, apiKey: Redacted.make("a-key") }
const redis = NodeRedis.layer({ url, disableOfflineQueue: true })

const governed = Layer.unwrap(
  Effect.map(RateGovernor, ({ transformClient }) => Node.layer({ ...account, transformClient }))
).pipe(Layer.provide(RateGovernor.layerRedis()), Layer.provide(redis))

/** As nothing is known of the limit before the first response, it begins with one call a second. */
const limited = Layer.unwrap(
  Effect.map(RateLimiter.RateLimiter, (limiter) =>
    Node.layer({
      ...account,
      // the wait counts towards the deadline
      timeout: "10 minutes",
      transformClient: (client) => {
        const paced = HttpClient.withRateLimiter(client, {
          limiter,
          key: "alice:query",
          limit: 1,
          window: "1 second",
          algorithm: "token-bucket",
          responseHeaders: {
            limit: "carto-rate-limit-limit",
            remaining: "carto-rate-limit-remaining",
            resetAfter: "carto-rate-limit-reset"
          }
        })
        return HttpClient.make((request) => Effect.catchTag(paced.execute(request), "RateLimiterError", Effect.die))
      }
    })
  )
).pipe(
  Layer.provide(RateLimiter.layer),
  Layer.provide(RateLimiter.layerStoreRedis({ prefix: "bench:" })),
  Layer.provide(redis)
)

const services = pacer === "effect" ? limited : governed

const program = Effect.gen(function* () {
  const db = yield* Sql
  const ends = yield* Effect.forEach(
    Array.from({ length: Number(calls) }),
    () =>
      Effect.match(db.query(sql`SELECT 1`), {
        onSuccess: () => "success",
        onFailure: ({ reason }) => reason._tag
      }),
    { concurrency: "unbounded" }
  )
  return ends.filter((end) => end !== "success")
})

process.stdout.write(`${JSON.stringify({ errors: await Effect.runPromise(Effect.provide(program, services)) })}\n`)
