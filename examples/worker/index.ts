/**
 * A Worker that counts a year's tornadoes by state: `GET /?year=2025`. Its key may select from that table and nothing
 * else. It imports single modules, which keeps the bundle small: https://github.com/evanw/esbuild/issues/1420
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Workers from "effect-carto/runtime/workers"
import { Sql } from "effect-carto/Sql"
import { sql } from "effect-carto/Statement"

interface Env extends Workers.WorkersEnv {
  /** A service binding through which to reach CARTO, where there is one. */
  readonly CARTO?: Workers.Fetcher
}

const problem = (status: number, error: string, headers: Readonly<Record<string, string>> = {}) =>
  Response.json({ error }, { status, headers: { ...headers, "cache-control": "no-store" } })

const countByState = (year: number) =>
  Effect.gen(function* () {
    const db = yield* Sql
    const { rows } = yield* db.query(sql`
      SELECT state, count(*)::int AS tornadoes, max(magnitude) AS strongest
      FROM tornadoes WHERE year = ${year} GROUP BY state ORDER BY tornadoes DESC, state`)
    return Response.json(rows, { headers: { "cache-control": "public, max-age=300" } })
  })

/** What a visitor sees of a failure. The log has the rest. */
const handle = (request: Request, env: Env): Effect.Effect<Response> => {
  const year = new URL(request.url).searchParams.get("year") ?? ""
  if (!/^\d{4}$/.test(year)) return Effect.succeed(problem(400, "give a year: ?year=2025"))
  return countByState(Number(year)).pipe(
    Effect.provide(Sql.layer.pipe(Layer.provide(Workers.layerEnv(env, { service: env.CARTO })))),
    Effect.tapError((error) => Effect.sync(() => console.error(error.message))),
    Effect.catchReasons(
      "CartoError",
      {
        RateLimited: ({ retryAfter = Duration.seconds(1) }) =>
          Effect.succeed(
            problem(503, "too many visitors", { "retry-after": String(Math.ceil(Duration.toSeconds(retryAfter))) })
          ),
        StatementTimeout: () => Effect.succeed(problem(504, "the data is slow today")),
        TransportFailed: () => Effect.succeed(problem(502, "the data cannot be reached")),
        ServerUnavailable: () => Effect.succeed(problem(502, "the data cannot be reached"))
      },
      // the rest is ours to mend: a key that was revoked or lacks a grant, SQL that does not fit the table
      () => Effect.succeed(problem(500, "this service is set up wrongly"))
    )
  )
}

export default {
  fetch: (request: Request, env: Env): Promise<Response> => Effect.runPromise(handle(request, env))
}
