/**
 * A pipeline that gives every table a key of its own, which may read that table and nothing else, and reads each table
 * under its key, four at a time. Whatever happens, the keys are deleted in the end.
 *
 *     CARTO_BASE_URL=https://YOUR-NAME.carto.com CARTO_API_KEY=… node pipeline.ts TABLE…
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schedule, Schema } from "effect"
import { ApiKeyManager, Auth, Grants, Sql, sql } from "effect-carto"
import * as Carto from "effect-carto/runtime/node"
import process from "node:process"

const Count = Schema.Struct({ rows: Schema.NumberFromString })

/** A key for one table, for as long as the scope is open. */
const keyFor = Effect.fn("keyFor")(function* (table: string) {
  const keys = yield* ApiKeyManager
  return yield* Effect.acquireRelease(
    keys.create({ name: `pipeline ${table}`, apis: ["sql"], tables: [Grants.table(table, ["select"])] }),
    (key) => Effect.ignore(keys.delete(key), { log: "Warn" })
  )
})

const countRows = Effect.fn("countRows")(function* (table: string) {
  const db = yield* Sql
  const key = yield* keyFor(table)
  const counting = db.query(sql`SELECT count(*)::text AS rows FROM ${sql.identifier(table)}`, { schema: Count })
  const { rows } = yield* counting.pipe(
    Effect.retry({ while: ({ isRetryable }) => isRetryable, schedule: Schedule.exponential("200 millis"), times: 4 }),
    Auth.withApiKey(key)
  )
  return `${table}: ${rows[0]?.rows ?? 0} rows`
}, Effect.scoped)

/** One table that cannot be read is a line of the report; a key that is refused ends it all. */
const report = (table: string) =>
  countRows(table).pipe(
    Effect.catchReasons("CartoError", {
      GrantNotHeld: ({ lacking }) =>
        Effect.succeed(`${table}: left out, the account cannot grant ${lacking.join(", ")}`),
      ApiKeyNameTaken: ({ name }) => Effect.succeed(`${table}: left out, another run has the key ${name}`),
      PermissionDenied: ({ description }) => Effect.succeed(`${table}: left out, ${description}`)
    }),
    Effect.flatMap(Console.log)
  )

const pipeline = Effect.forEach(process.argv.slice(2), report, { concurrency: 4, discard: true }).pipe(
  Effect.provide(Carto.layerConfig())
)

NodeRuntime.runMain(pipeline)
