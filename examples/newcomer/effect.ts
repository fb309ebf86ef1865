// npm install effect-carto effect
// CARTO_BASE_URL=… CARTO_API_KEY=… node effect.ts
import { Console, Effect } from "effect"
import { FetchHttpClient } from "effect/http"
import { ApiKeyManager, Auth, Carto, Grants, Sql, sql } from "effect-carto"

const program = Effect.gen(function* () {
  const keys = yield* ApiKeyManager
  const db = yield* Sql
  const key = yield* keys.create({ name: "reader", tables: [Grants.table("tornadoes", ["select"])] })
  const { totalRows } = yield* db.query(sql`SELECT * FROM tornadoes`).pipe(Auth.withApiKey(key))
  yield* Console.log(`${totalRows > 0 ? "some" : "no"} tornadoes`)
  yield* keys.delete(key)
})

program.pipe(Effect.provide(Carto.layerConfig()), Effect.provide(FetchHttpClient.layer), Effect.runPromise)
