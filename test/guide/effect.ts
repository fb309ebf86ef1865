/** CARTO's guide to API keys in Effect: README.md has each of these lines beside Python's. */
import { Effect, Redacted } from "effect"
import { ApiKeyManager, Auth, Carto, Grants, Sql, sql } from "../../src/index.ts"

export const account = (baseUrl: string, apiKey: string) => {
  const carto = Carto.layer({ baseUrl, apiKey: Redacted.make(apiKey) })
  return carto
}

const query = sql`SELECT * FROM tornadoes WHERE year = DATE_PART('year', NOW() - INTERVAL '1 year')`

/** What each step of the guide comes to. */
export const guide = Effect.gen(function* () {
  const keys = yield* ApiKeyManager
  const db = yield* Sql
  const { rows } = yield* db.query(query)
  const key = yield* keys.create({ name: "tornadoes api key", tables: [Grants.table("tornadoes", ["select"])] })
  const data = yield* db.query(query).pipe(Auth.withApiKey(key))
  const denied = yield* db.query(sql`DELETE FROM tornadoes`).pipe(
    Auth.withApiKey(key),
    Effect.as("deleted"),
    Effect.catchReason("CartoError", "PermissionDenied", ({ object }) => Effect.succeed(`may not: ${object}`))
  )
  const next = yield* keys.regenerate("tornadoes api key")
  const regular = yield* keys.list({ type: "regular" })
  yield* keys.delete("tornadoes api key")
  const geo = yield* keys.create({ name: "geo", services: ["geocoding", "routing", "isolines", "observatory"] })
  const usa = yield* db.query(sql`SELECT cdb_geocode_admin0_polygon('USA')`).pipe(Auth.withApiKey(geo))
  return {
    rows: rows.length > 0,
    data: data.totalRows === rows.length,
    denied,
    changed: Redacted.value(next.token) !== Redacted.value(key.token),
    regular: regular.map(({ name }) => name),
    usa: usa.rows.length
  }
})
