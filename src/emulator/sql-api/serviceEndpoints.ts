/** The service endpoints, which know no account. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

const json = (value: unknown): Response => {
  const body = JSON.stringify(value)
  return new Response(body, {
    headers: { "Content-Type": "application/json; charset=utf-8", "Content-Length": String(body.length) }
  })
}

/** `/version`: the version of the server whose wire this is. */
export const version = (): Response => json({ cartodb_sql_api: "6.0.0" })

/** `/health`; it does not look at the database. */
export const health: Effect.Effect<Response> = Effect.gen(function* () {
  const before = yield* Clock.currentTimeMillis
  const elapsed = (yield* Clock.currentTimeMillis) - before
  return json({ enabled: true, ok: true, elapsed })
})

/** `/jobs-wip`: the running jobs' ids by account. */
export const jobsInProgress = (jobs: Readonly<Record<string, ReadonlyArray<string>>>): Response => json(jobs)
