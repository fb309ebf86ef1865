/** 1,000 queries of 8 processes that share Redis, where 10 a second are allowed. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { missing, RedisServer } from "../../support/redis.ts"
import { measure, type Workload } from "./measure.ts"

const workload: Workload = { plan: [10, 10, 1], calls: 1000, processes: 8 }

/** The part of the allowed rate to be used. */
const atLeast = 0.95

/** Prints what came of them; `1` where a query failed or too little of the allowed rate was used. */
export const runBench: Effect.Effect<number> = Effect.gen(function* () {
  if (missing !== undefined) {
    yield* Console.error(missing)
    return 1
  }
  const { calls, plan, processes } = workload
  yield* Console.log(`${calls} queries, ${plan[1]} a second allowed, ${processes} processes that share Redis\n`)
  const { errors, passed, refused, seconds, used } = yield* Effect.provide(measure(workload), RedisServer.layer)
  yield* Console.log(
    [
      `errors to callers        ${errors.length} ${errors.length > 0 ? [...new Set(errors)].join(", ") : ""}`,
      `passed                   ${passed} in ${seconds.toFixed(1)} s`,
      `refused, and sent again  ${refused}`,
      `allowed rate used        ${(used * 100).toFixed(1)} %`
    ].join("\n")
  )
  return errors.length === 0 && used >= atLeast ? 0 : 1
}).pipe(Effect.orDie, Effect.provide(NodeServices.layer))
