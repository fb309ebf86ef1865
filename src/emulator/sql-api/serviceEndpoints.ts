/** The endpoints that do not belong to an account. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Jobs } from "./batch/jobs.ts"
import type { Exchange } from "./exchange.ts"

const json = (value: unknown): Response => {
  const body = JSON.stringify(value)
  return new Response(body, {
    headers: { "Content-Type": "application/json; charset=utf-8", "Content-Length": String(body.length) }
  })
}

/** Handles `/version`: the version of the real server that the emulator follows. */
export const version = (): Effect.Effect<Response> => Effect.succeed(json({ cartodb_sql_api: "6.0.0" }))

/** Handles `/health` without a query to the database. */
export const health = (): Effect.Effect<Response> =>
  Effect.gen(function* () {
    const before = yield* Clock.currentTimeMillis
    const elapsed = (yield* Clock.currentTimeMillis) - before
    return json({ enabled: true, ok: true, elapsed })
  })

/** Handles `/jobs-wip`: the ids of the running jobs by account. */
export const jobsInProgress = (): Effect.Effect<Response, never, Jobs> =>
  Jobs.useSync((jobs) => json(jobs.inProgress()))

/** Responds to a browser's preflight request. */
export const preflight = ({ headers }: Exchange): Effect.Effect<Response> =>
  Effect.sync(() => {
    headers.set("Content-Length", "0")
    return new Response(null, { status: 200, headers })
  })
