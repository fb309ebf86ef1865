/** One of the processes that share Redis: `client.ts BASE_URL REDIS_URL CALLS`. Prints how its calls ended, as JSON. */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import process from "node:process"
import { Sql, sql } from "../../../src/index.ts"
import { RateGovernor } from "../../../src/rate-limit/RateGovernor.ts"
import * as Node from "../../../src/runtime/node.ts"

const [baseUrl = "", url = "", calls = "0"] = process.argv.slice(2)

const services = Layer.unwrap(
  Effect.map(RateGovernor, ({ transformClient }) =>
    Node.layer({ baseUrl, apiKey: Redacted.make("a-key"), transformClient })
  )
).pipe(Layer.provide(RateGovernor.layerRedis()), Layer.provide(NodeRedis.layer({ url, disableOfflineQueue: true })))

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
