/** A program that has the package and `effect`, and no more: it needs nothing else to compile and to run. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ApiKey } from "effect-carto/ApiKey"
import { ApiKeyManager } from "effect-carto/ApiKeyManager"
import { Auth } from "effect-carto/Auth"
import * as Carto from "effect-carto/Carto"
import { CartoError, type CartoErrorOf, type RateLimited } from "effect-carto/CartoError"
import * as Grants from "effect-carto/Grants"
import * as index from "effect-carto"
import * as Deno from "effect-carto/runtime/deno"
import * as Workers from "effect-carto/runtime/workers"
import { Sql } from "effect-carto/Sql"
import { sql } from "effect-carto/Statement"

const same: ReadonlyArray<readonly [unknown, unknown]> = [
  [index.ApiKey, ApiKey],
  [index.ApiKeyManager, ApiKeyManager],
  [index.Auth, Auth],
  [index.Carto.layer, Carto.layer],
  [index.CartoError, CartoError],
  [index.Grants.table, Grants.table],
  [index.Sql, Sql],
  [index.sql, sql]
]
if (same.some(([one, other]) => one !== other)) throw new Error("the index and a subpath are different modules")

const service: Workers.Fetcher = {
  fetch: async () => Response.json({ rows: [{ n: 1 }], time: 0, fields: {}, total_rows: 1 })
}

const answer: Effect.Effect<unknown, CartoError> = Effect.gen(function* () {
  const db = yield* Sql
  const { rows } = yield* db.query(sql`SELECT ${1} AS n`)
  return rows
}).pipe(
  Effect.catchReason("CartoError", "RateLimited", ({ retryAfter }) => Effect.succeed(retryAfter)),
  Effect.provide(
    Sql.layer.pipe(Layer.provide(Workers.layerEnv({ CARTO_USERNAME: "demo", CARTO_API_KEY: "key" }, { service })))
  )
)

export const limited = (error: CartoErrorOf<RateLimited>): number | undefined => error.reason.limit
export const transport: typeof Deno.layerHttpClient = Deno.layerHttpClient

console.log(JSON.stringify(await Effect.runPromise(answer)))
