/**
 * Queries of 8 processes that share Redis, with 10 a second allowed: 1,000 under the governor, and 200 under Effect's own
 * `HttpClient.withRateLimiter`.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { missing, RedisServer } from "../../support/redis.ts"
import { measure, type Workload } from "./measure.ts"

const workload = { plan: [10, 10, 1], processes: 8 } as const
const calls = { governor: 1000, effect: 200 }

/** The part of the allowed rate that the governor must use. */
const atLeast = 0.95

const report = Effect.fnUntraced(function* (pacer: Workload["pacer"]) {
  const { errors, passed, refused, seconds, used } = yield* Effect.provide(
    measure({ ...workload, pacer, calls: calls[pacer] }),
    RedisServer.layer
  )
  yield* Console.log(
    [
      pacer === "governor" ? "RateGovernor" : "HttpClient.withRateLimiter",
      `  errors to callers        ${errors.length} ${errors.length > 0 ? [...new Set(errors)].join(", ") : ""}`,
      `  passed                   ${passed} in ${seconds.toFixed(1)} s`,
      `  refused, and sent again  ${refused}`,
      `  allowed rate used        ${(used * 100).toFixed(1)} %`
    ].join("\n")
  )
  return errors.length === 0 && used >= atLeast
})

/** Prints what came of them. Returns `1` if a query under the governor failed or too little of the allowed rate was used. */
export const runBench: Effect.Effect<number> = Effect.gen(function* () {
  if (missing !== undefined) {
    yield* Console.error(missing)
    return 1
  }
  const { plan, processes } = workload
  yield* Console.log(`${plan[1]} queries a second allowed, ${processes} processes that share Redis\n`)
  const isGood = yield* report("governor")
  yield* report("effect")
  return isGood ? 0 : 1
}).pipe(Effect.orDie, Effect.provide(NodeServices.layer))
