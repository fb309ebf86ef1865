/**
 * Shows the number of rows of a table, and sends CARTO no requests for a while if it is down. After three calls in a row without a
 * response, no call is sent for a second. Then one is sent. While that fails, the pause doubles, up to a minute. Meanwhile the last
 * known number is shown. The circuit breaker is Effect's own. With `CircuitBreaker.layerStoreRedis`, processes share it.
 *
 *     CARTO_BASE_URL=https://YOUR-NAME.carto.com CARTO_API_KEY=… node circuit-breaker.ts TABLE [TIMES [MILLISECONDS]]
 */
import { NodeRuntime } from "@effect/platform-node"
import { Cause, Console, Duration, Effect, Exit, Option, Ref, Schedule, Schema } from "effect"
import { type CartoError, Sql, sql } from "effect-carto"
import * as Carto from "effect-carto/runtime/node"
import { CircuitBreaker } from "effect/persistence"
import process from "node:process"

const [table = "tornadoes", times = "Infinity", every = "1000"] = process.argv.slice(2)

const down = new Set(["ServerUnavailable", "TransportFailed", "DeadlineExceeded"])

/** An error of the account or the statement is a response: CARTO is there. */
const classify = (exit: Exit.Exit<unknown, CartoError>): CircuitBreaker.Outcome =>
  Exit.isSuccess(exit)
    ? CircuitBreaker.success
    : Option.match(Cause.findErrorOption(exit.cause), {
        onNone: () => CircuitBreaker.ignored,
        onSome: ({ reason, retryAfter }) =>
          down.has(reason._tag) ? CircuitBreaker.failure({ retryAfter }) : CircuitBreaker.success
      })

const Count = Schema.Struct({ rows: Schema.NumberFromString })

const watch = Effect.gen(function* () {
  const breaker = yield* CircuitBreaker.make({
    tripPolicy: CircuitBreaker.consecutive(3),
    openDuration: Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")])
  })
  const db = yield* Sql
  const known = yield* Ref.make<number | undefined>(undefined)

  const count = db.query(sql`SELECT count(*)::text AS rows FROM ${sql.identifier(table)}`, { schema: Count }).pipe(
    Effect.flatMap(({ rows }) => Ref.updateAndGet(known, (before) => rows[0]?.rows ?? before)),
    breaker.execute({ key: "carto", classify }),
    Effect.map((rows) => `${rows} rows`),
    Effect.catchReasons("CircuitBreakerError", {
      CircuitOpen: ({ retryAfter }) => Effect.succeed(`left alone for ${Duration.format(retryAfter)}`),
      CircuitHalfOpen: () => Effect.succeed("another call finds out whether it is back")
    }),
    Effect.catchTag("CartoError", ({ message }) => Effect.succeed(message))
  )
  yield* Effect.repeat(
    Effect.gen(function* () {
      const line = yield* count
      yield* Console.log(`${table}: ${line}; last known: ${(yield* Ref.get(known)) ?? "nothing"}`)
    }),
    { schedule: Schedule.spaced(Number(every)), times: Number(times) - 1 }
  )
}).pipe(
  Effect.scoped,
  Effect.provide(CircuitBreaker.layerStoreMemory()),
  // the next round is the repetition
  Effect.provide(Carto.layerConfig({ retry: false }))
)

NodeRuntime.runMain(watch)
