/** The embedded CARTO with its databases on a PostgreSQL server. */
import { assert, it, layer } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ApiKeyManager, Auth, Grants, Sql, sql } from "../../../src/index.ts"
import { Emulator, type EmulatorOptions } from "../../../src/emulator/index.ts"
import { services } from "../../support/embedded.ts"
import { missing, PostgresServer } from "../../support/postgres.ts"

const withEmulator = <A, E>(
  options: EmulatorOptions,
  effect: Effect.Effect<A, E, Layer.Success<ReturnType<typeof services>> | Emulator>
) =>
  PostgresServer.use(({ url }) =>
    Effect.provide(effect, services().pipe(Layer.provideMerge(Emulator.layer({ ...options, database: url }))), {
      local: true
    })
  )

const createKey = ApiKeyManager.use((keys) =>
  keys.create({ name: "reader", tables: [Grants.table("tornadoes", ["select"])] })
)

const count = Effect.map(
  Sql.use(({ query }) => query(sql`SELECT count(*) FROM tornadoes`)),
  ({ rows }) => rows
)

const makeSecret = Emulator.use(({ execute }) => execute("demo", "CREATE TABLE secret AS SELECT 1 AS a"))

const readSecret = Effect.flip(Sql.use(({ query }) => query(sql`SELECT * FROM secret`)))

if (missing !== undefined) it.skip(`the emulator on a server: ${missing}`, () => {})
else {
  layer(PostgresServer.layer, { timeout: "60 seconds", excludeTestServices: true })("on a PostgreSQL server", (it) => {
    it.effect("on a server, a key can do what it is granted and nothing else", () =>
      withEmulator(
        {},
        Effect.gen(function* () {
          yield* makeSecret
          const key = yield* createKey
          assert.isAbove(Number((yield* Auth.withApiKey(count, key))[0]?.["count"]), 0)
          const error = yield* Auth.withApiKey(readSecret, key)
          assert.strictEqual(error.reason._tag, "PermissionDenied")
          const [version] = (yield* Sql.use(({ query }) => query(sql`SELECT PostGIS_Version() AS version`))).rows
          assert.isString(version?.["version"])
        })
      )
    )

    it.effect("on a server, responses that no client reads hold no session", () =>
      withEmulator(
        { postgis: false },
        Effect.gen(function* () {
          const { account, fetch } = yield* Emulator
          const { baseUrl, masterKey } = yield* Effect.fromNullishOr(account("demo"))
          const url = `${baseUrl}/api/v2/sql?q=SELECT+1&api_key=${Redacted.value(masterKey)}`
          yield* Effect.forEach(Array.from({ length: 40 }), () => Effect.promise(() => fetch(url)))
          assert.isNotEmpty(yield* count)
        })
      )
    )

    it.effect("on a server, accounts, keys and tables of a folder are kept", () =>
      Effect.gen(function* () {
        const folder = yield* Effect.acquireRelease(
          Effect.promise(() => mkdtemp(join(tmpdir(), "effect-carto-"))),
          (path) => Effect.promise(() => rm(path, { recursive: true }))
        )
        const key = yield* withEmulator({ folder }, Effect.tap(createKey, makeSecret))
        yield* withEmulator(
          { folder },
          Effect.gen(function* () {
            assert.isAbove(Number((yield* Auth.withApiKey(count, key))[0]?.["count"]), 0)
            const error = yield* Auth.withApiKey(readSecret, key)
            assert.strictEqual(error.reason._tag, "PermissionDenied")
          })
        )
      })
    )

    it.effect("two organizations and a single account share a server", () => {
      const accounts = [
        { username: "demo", samples: true },
        { username: "ann", organization: { name: "one", role: "owner" } },
        { username: "ben", organization: { name: "one", role: "member" } },
        { username: "cat", organization: { name: "two", role: "owner" } }
      ] as const
      return withEmulator(
        { accounts },
        Effect.gen(function* () {
          const { execute } = yield* Emulator
          const databases = yield* Effect.forEach(
            accounts,
            ({ username }) => execute(username, "CREATE TABLE mine (a int); SELECT current_database() AS name"),
            { concurrency: "unbounded" }
          )
          const names = databases.map((rows) => rows[0]?.["name"])
          assert.strictEqual(names[1], names[2])
          assert.strictEqual(new Set(names).size, 3)
          const error = yield* Effect.flip(execute("ben", "SELECT * FROM ann.mine"))
          assert.match(error.message, /permission denied for/)
        })
      )
    })
  })
}
