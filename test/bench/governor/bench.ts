/**
 * Queries with 10 a second allowed: 1,000 under the governor, of 8 processes that share Redis, and of 8 isolates of a Worker that share
 * a Durable Object; and 200 under Effect's own `HttpClient.withRateLimiter`, of 8 processes that share Redis.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { missing, RedisServer } from "../../support/redis.ts"
import { less, more, type Report } from "../frame/Report.ts"
import { measure, type Workload } from "./measure.ts"
import { measureWorkers } from "./workers.ts"

const workload = { plan: [10, 10, 1], processes: 8 } as const

/** The share of the allowed rate that the governor must use. */
const atLeast = 0.95

const redis = (pacer: Workload["pacer"], calls: number) =>
  Effect.provide(measure({ ...workload, pacer, calls }), RedisServer.layer)

const runs = [
  { name: "RateGovernor, 8 processes over Redis", calls: 1000, run: redis("governor", 1000) },
  {
    name: "RateGovernor, 8 isolates over a Durable Object",
    calls: 1000,
    run: measureWorkers({ ...workload, calls: 1000 })
  },
  { name: "HttpClient.withRateLimiter, 8 processes over Redis", calls: 200, run: redis("effect", 200) }
] as const

export const bench: Effect.Effect<Report> = Effect.gen(function* () {
  if (missing !== undefined) return { tables: [], failures: [missing] }
  const measured = yield* Effect.forEach(runs, ({ calls, name, run }) =>
    Effect.map(run, ({ errors, passed, refused, seconds, used }) => ({
      name,
      errors,
      used,
      row: {
        name,
        cells: {
          calls: more("", calls),
          failed: less("", errors.length),
          passed: more("", passed),
          "in all": less("s", seconds),
          "refused and sent again": less("", refused),
          "allowed rate used": more("%", used * 100)
        }
      }
    }))
  )
  const ours = measured.filter(({ name }) => name.startsWith("RateGovernor"))
  return {
    tables: [{ title: `${workload.plan[1]} queries a second allowed`, rows: measured.map(({ row }) => row) }],
    failures: ours.flatMap(({ errors, name, used }) => [
      ...[...new Set(errors)].map((error) => `a call under ${name} failed: ${error}`),
      ...(used >= atLeast ? [] : [`${name} used less than ${atLeast * 100} % of the allowed rate`])
    ])
  }
}).pipe(Effect.orDie, Effect.provide(NodeServices.layer))
