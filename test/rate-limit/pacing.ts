/** Calls under a governor, by a clock that the test moves. */
import { Clock, Effect, Fiber, Layer, Redacted } from "effect"
import { HttpClient, HttpClientError, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { type AuthOptions, Carto, Sql, sql } from "../../src/index.ts"

export type Transform = NonNullable<AuthOptions["transformClient"]>

export const servicesOf = (username: string, transformClient: Transform, options: Partial<AuthOptions> = {}) =>
  Carto.layer({ username, apiKey: Redacted.make("a-key"), transformClient, ...options }).pipe(Layer.orDie)

export const query = Sql.use((db) => db.query(sql`SELECT 1`))

/** Runs an effect to its end while the clock moves. */
export const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>, step = 10) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust(step)
    return yield* Fiber.join(fiber)
  })

export const times = <A, E, R>(count: number, effect: Effect.Effect<A, E, R>) =>
  Effect.all(
    Array.from({ length: count }, () => effect),
    { concurrency: "unbounded", discard: true }
  )

/** A client that responds by the number of the call, from 0. */
export const scripted = (respond: (call: number) => Effect.Effect<Response, "unreachable">) => {
  const sent: Array<number> = []
  const layer = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.gen(function* () {
        sent.push((yield* Clock.currentTimeMillis) / 1000)
        return HttpClientResponse.fromWeb(request, yield* respond(sent.length - 1))
      }).pipe(
        Effect.mapError(
          () => new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request }) })
        )
      )
    )
  )
  return { layer, sent }
}

export const rows = (headers: Record<string, string> = {}) =>
  Response.json({ rows: [], time: 0.001, fields: {}, total_rows: 0 }, { headers })
export const left = (limit: number, remaining: number, reset = 0) => ({
  "carto-rate-limit-limit": String(limit),
  "carto-rate-limit-remaining": String(remaining),
  "carto-rate-limit-reset": String(reset)
})
