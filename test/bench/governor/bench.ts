/**
 * Queries of 8 processes that share Redis, with 10 a second allowed: 1,000 under the governor, and 200 under Effect's own
 * `HttpClient.withRateLimiter`.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { missing, RedisServer } from "../../support/redis.ts"
import { less, more, type Report } from "../frame/Report.ts"
import { measure, type Workload } from "./measure.ts"

const workload = { plan: [10, 10, 1], processes: 8 } as const
const calls = { governor: 1000, effect: 200 }
const names = { governor: "RateGovernor", effect: "HttpClient.withRateLimiter" }

/** The share of the allowed rate that the governor must use. */
const atLeast = 0.95

const measured = Effect.fnUntraced(function* (pacer: Workload["pacer"]) {
  const { errors, passed, refused, seconds, used } = yield* Effect.provide(
    measure({ ...workload, pacer, calls: calls[pacer] }),
    RedisServer.layer
  )
  const row = {
    name: names[pacer],
    cells: {
      calls: more("", calls[pacer]),
      failed: less("", errors.length),
      passed: more("", passed),
      "in all": less("s", seconds),
      "refused and sent again": less("", refused),
      "allowed rate used": more("%", used * 100)
    }
  }
  return { row, errors, used }
})

export const bench: Effect.Effect<Report> = Effect.gen(function* () {
  if (missing !== undefined) return { tables: [], failures: [missing] }
  const governor = yield* measured("governor")
  const effect = yield* measured("effect")
  const title = `${workload.processes} processes that share Redis, ${workload.plan[1]} queries a second allowed`
  return {
    tables: [{ title, rows: [governor.row, effect.row] }],
    failures: [
      ...[...new Set(governor.errors)].map((error) => `a call under RateGovernor failed: ${error}`),
      ...(governor.used >= atLeast ? [] : [`RateGovernor used less than ${atLeast * 100} % of the allowed rate`])
    ]
  }
}).pipe(Effect.orDie, Effect.provide(NodeServices.layer))
