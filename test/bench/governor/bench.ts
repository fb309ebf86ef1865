/**
 * Queries with 10 a second allowed: 1,000 under the governor, of 8 processes that share Redis, and of 8 isolates of a Worker that share
 * a Durable Object; and 200 under Effect's own `HttpClient.withRateLimiter`, of 8 processes that share Redis.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { missing, RedisServer } from "../../support/redis.ts"
import { measure, type Workload } from "./measure.ts"
import { measureWorkers } from "./workers.ts"

const workload = { plan: [10, 10, 1], processes: 8 } as const

/** The part of the allowed rate that the governor must use. */
const atLeast = 0.95

const redis = (pacer: Workload["pacer"], calls: number) =>
  Effect.provide(measure({ ...workload, pacer, calls }), RedisServer.layer)

const runs = [
  ["RateGovernor, 8 processes over Redis", redis("governor", 1000)],
  ["RateGovernor, 8 isolates over a Durable Object", measureWorkers({ ...workload, calls: 1000 })],
  ["HttpClient.withRateLimiter, 8 processes over Redis", redis("effect", 200)]
] as const

/** Prints what came of them. Returns `1` if a query under the governor failed or too little of the allowed rate was used. */
export const runBench: Effect.Effect<number> = Effect.gen(function* () {
  if (missing !== undefined) {
    yield* Console.error(missing)
    return 1
  }
  let isGood = true
  for (const [name, run] of runs) {
    const { errors, passed, refused, seconds, used } = yield* run
    if (name.startsWith("RateGovernor")) isGood = isGood && errors.length === 0 && used >= atLeast
    yield* Console.log(
      [
        name,
        `  errors to callers        ${errors.length} ${errors.length > 0 ? [...new Set(errors)].join(", ") : ""}`,
        `  passed                   ${passed} in ${seconds.toFixed(1)} s`,
        `  refused, and sent again  ${refused}`,
        `  allowed rate used        ${(used * 100).toFixed(1)} %`
      ].join("\n")
    )
  }
  return isGood ? 0 : 1
}).pipe(Effect.orDie, Effect.provide(NodeServices.layer))
