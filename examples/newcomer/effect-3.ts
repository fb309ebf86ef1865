// in a program on Effect 3, with effect-carto in a workspace `carto`: see ../effect-3
// CARTO_BASE_URL=… CARTO_API_KEY=… node effect-3.ts
import { connect, isCartoError, sql } from "carto"
import { Config, Console, Effect, Redacted } from "effect"

const program = Effect.gen(function* () {
  const baseUrl = yield* Config.string("CARTO_BASE_URL")
  const apiKey = yield* Config.redacted("CARTO_API_KEY")
  const carto = connect({ baseUrl, apiKey: Redacted.value(apiKey) })
  const { rows } = yield* Effect.tryPromise({
    try: (signal) => carto.sql.query(sql`SELECT count(*) > 0 AS found FROM tornadoes`, {}, { signal }),
    catch: (error) => (isCartoError(error) ? error.reason : { _tag: "Unexpected" as const, error })
  })
  yield* Console.log(rows)
}).pipe(Effect.catchTag("PermissionDenied", () => Console.log("not for this key")))

Effect.runPromise(program)
