import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Emulator } from "../../src/emulator/index.ts"
import { layerEmulator } from "../support/embedded.ts"

const ask = Effect.fnUntraced(function* (sql: string) {
  const { fetch } = yield* Emulator
  const response = yield* Effect.promise(() => fetch(`https://demo.carto.com/api/v2/sql?q=${encodeURIComponent(sql)}`))
  return { status: response.status, body: yield* Effect.promise(() => response.json()) }
})

const session = ask(`SELECT current_user, current_setting('search_path') AS path, 'ü' AS letter,
  current_setting('client_encoding') AS encoding, current_setting('statement_timeout') AS timeout`)

/** What anybody can send, and how the request ends. */
const changes: ReadonlyArray<readonly [sql: string, status: number]> = [
  ["ALTER ROLE CURRENT_USER PASSWORD 'x'", 403],
  ["ALTER USER SESSION_USER PASSWORD NULL", 403],
  ["ALTER ROLE CURRENT_USER SET client_encoding = 'SQL_ASCII'", 403],
  ["ALTER ROLE CURRENT_USER SET search_path = nowhere", 403],
  ["ALTER ROLE CURRENT_USER SET statement_timeout = 1", 403],
  ["ALTER ROLE CURRENT_USER RESET ALL", 403],
  ["DO $$ BEGIN EXECUTE 'ALTER ROLE CURRENT_USER PASSWORD ''x'''; END $$", 403],
  ["SET search_path = nowhere", 200],
  ["SET statement_timeout = 1", 200],
  ["SET default_transaction_read_only = on", 200],
  ["SELECT pg_advisory_lock(1)", 200],
  ["LISTEN everything", 200],
  ["PREPARE p AS SELECT 1", 200]
]

layer(layerEmulator({ postgis: false }), { timeout: "60 seconds", excludeTestServices: true })(
  "the default key",
  (it) => {
    describe("changes of its session", () => {
      for (const [sql, status] of changes) {
        it.effect(`the session of the default key is unchanged after: ${sql}`, () =>
          Effect.gen(function* () {
            const before = yield* session
            assert.strictEqual(before.status, 200)
            const changed = yield* ask(sql)
            assert.strictEqual(changed.status, status, JSON.stringify(changed.body))
            const after = yield* session
            assert.strictEqual(after.status, 200, JSON.stringify(after.body))
            assert.deepStrictEqual(after.body.rows, before.body.rows)
          })
        )
      }
    })

    it.effect("the default key may change its own session", () =>
      Effect.gen(function* () {
        const asked = yield* ask("SET LOCAL work_mem = '1MB'; CREATE TEMP TABLE t AS SELECT 1 AS a; SELECT a FROM t")
        assert.deepStrictEqual([asked.status, asked.body.rows], [200, [{ a: 1 }]])
      })
    )
  }
)
