/**
 * The guide's story, step by step, each with its result. It runs on the embedded CARTO, or on a real account when
 * CARTO_BASE_URL and CARTO_API_KEY (its master key) are set; there it makes tables and keys of its own and removes them
 * again, also when it is interrupted.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Config, Console, Effect, Layer, Option, Result } from "effect"
import { ApiKeyManager, Auth, Carto, type CartoError, Grants, Sql, sql } from "../src/index.ts"
import * as Node from "../src/runtime/node.ts"

const step = (title: string) => Console.log(`\n${title}`)
const show = (text: string) => Console.log(`   ${text}`)

const outcome = <A, R>(effect: Effect.Effect<A, CartoError, R>, success: (value: A) => string) =>
  Effect.flatMap(Effect.result(effect), (result) =>
    show(
      Result.isSuccess(result) ? success(result.success) : `${result.failure.reason._tag}: ${result.failure.message}`
    )
  )

/** Names of our own: nothing that was in the account before is touched. */
const suffix = Math.random().toString(36).slice(2, 8)

const dropTable = (name: string) =>
  Sql.use((db) => db.query(sql`DROP TABLE IF EXISTS ${sql.identifier(name)}`)).pipe(Effect.ignore({ log: "Warn" }))

/** Two small tables in a real account; the embedded one has its sample data. */
const ownTables = Effect.gen(function* () {
  const db = yield* Sql
  const tornadoes = `quickstart_tornadoes_${suffix}`
  const reports = `quickstart_reports_${suffix}`
  yield* Effect.addFinalizer(() => Effect.andThen(dropTable(tornadoes), dropTable(reports)))
  yield* db.query(sql`
    CREATE TABLE ${sql.identifier(tornadoes)} AS
      SELECT date_part('year', now())::int - i % 4 AS year, 'sample ' || i AS state FROM generate_series(1, 40) AS i;
    CREATE TABLE ${sql.identifier(reports)} AS SELECT 'sample' AS remarks`)
  return { tornadoes, reports }
})

/** A key that is deleted in the end, if the story has not deleted it. */
const createKey = (options: Parameters<ApiKeyManager["Service"]["create"]>[0]) =>
  Effect.acquireRelease(
    ApiKeyManager.use((keys) => keys.create(options)),
    (key) =>
      ApiKeyManager.use((keys) => keys.delete(key)).pipe(
        Effect.catchReason("CartoError", "ApiKeyNotFound", () => Effect.void),
        Effect.ignore({ log: "Warn" })
      )
  )

const story = Effect.fnUntraced(function* (tables: { readonly tornadoes: string; readonly reports: string }) {
  const keys = yield* ApiKeyManager
  const db = yield* Sql
  const tornadoes = sql.identifier(tables.tornadoes)
  const lastYear = sql`SELECT * FROM ${tornadoes} WHERE year = DATE_PART('year', NOW() - INTERVAL '1 year')`
  const rows = (result: { readonly rows: ReadonlyArray<unknown> }) => `${result.rows.length} rows`

  yield* step("1. Who are we?")
  yield* outcome(keys.whoami, (key) => `${key.username}, with the ${key.type} key`)

  yield* step("2. Last year's tornadoes, under the account's key")
  yield* outcome(db.query(lastYear), rows)

  yield* step("3. The same as anyone may ask, under the default public key: the table is private")
  yield* outcome(
    db.query(sql`SELECT current_user AS role`).pipe(Auth.withApiKey(Auth.defaultPublic)),
    () => "a public query works"
  )
  yield* outcome(db.query(lastYear).pipe(Auth.withApiKey(Auth.defaultPublic)), rows)

  yield* step(`4. A regular key that may select from ${tables.tornadoes}, and nothing else`)
  const key = yield* createKey({
    name: `tornadoes api key ${suffix}`,
    apis: ["sql"],
    tables: [Grants.table(tables.tornadoes, ["select"])]
  })
  yield* show(`${key.name}: its token prints as ${key.token}`)
  yield* show(
    `granted: ${key.grants.tables.map((table) => `${table.permissions.join(", ")} on ${table.schema}.${table.name}`).join("; ")}`
  )

  yield* step("5. Last year's tornadoes under that key; then another table, then a write")
  yield* outcome(db.query(lastYear).pipe(Auth.withApiKey(key)), rows)
  yield* outcome(db.query(sql`SELECT * FROM ${sql.identifier(tables.reports)}`).pipe(Auth.withApiKey(key)), rows)
  yield* outcome(db.query(sql`DELETE FROM ${tornadoes}`).pipe(Auth.withApiKey(key)), rows)

  yield* step("6. All regular keys")
  yield* outcome(keys.list({ type: "regular" }), (all) => all.map(({ name }) => name).join(", "))

  yield* step("7. The token leaked: regenerate it. The old one is refused, the new one works")
  const next = yield* keys.regenerate(key.name)
  yield* outcome(db.query(lastYear).pipe(Auth.withApiKey(key.token)), rows)
  yield* outcome(db.query(lastYear).pipe(Auth.withApiKey(next)), rows)

  yield* step("8. A key for data services, and the polygon of a country under it")
  const services = yield* createKey({
    name: `data services api key ${suffix}`,
    services: ["geocoding", "routing", "isolines", "observatory"]
  })
  const polygon = db.query(sql`SELECT cdb_geocode_admin0_polygon('USA') AS polygon`)
  yield* outcome(
    polygon.pipe(Auth.withApiKey(services)),
    ({ rows: [row] }) => `${String(row?.["polygon"]).slice(0, 40)}… (EWKB)`
  )
  yield* outcome(polygon.pipe(Auth.withApiKey(next)), rows)

  yield* step("9. Keys cannot be edited: revoking is deleting")
  yield* keys.delete(next)
  yield* outcome(db.query(lastYear).pipe(Auth.withApiKey(next)), rows)
})

const realAccount = Effect.gen(function* () {
  yield* Console.log("On the account of CARTO_BASE_URL:")
  yield* Effect.flatMap(ownTables, story)
}).pipe(Effect.scoped, Effect.provide(Node.layerConfig()))

const embeddedAccount = Effect.gen(function* () {
  // loaded only here: a real account needs no PostgreSQL
  const { Emulator } = yield* Effect.promise(() => import("../src/emulator/index.ts"))
  const { FetchHttpClient } = yield* Effect.promise(() => import("effect/http"))
  yield* Console.log("On the embedded CARTO (set CARTO_BASE_URL and CARTO_API_KEY for a real account):")
  yield* Effect.gen(function* () {
    const { account, fetch } = yield* Emulator
    const demo = yield* Effect.fromNullishOr(account("demo"))
    yield* story({ tornadoes: "tornadoes", reports: "storm_reports" }).pipe(
      Effect.scoped,
      Effect.provide(Carto.layer({ baseUrl: demo.baseUrl, apiKey: demo.masterKey })),
      Effect.provide(FetchHttpClient.layer.pipe(Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetch))))
    )
  }).pipe(Effect.provide(Emulator.layer()))
})

const quickstart = Effect.gen(function* () {
  const baseUrl = yield* Config.option(Config.String("CARTO_BASE_URL"))
  yield* Option.isSome(baseUrl) ? realAccount : embeddedAccount
  yield* Console.log("\nDone: nothing of it is left.")
})

NodeRuntime.runMain(quickstart)
