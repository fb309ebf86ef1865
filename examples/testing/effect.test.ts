// npm install effect-carto effect; npm install --save-dev vitest @effect/vitest @electric-sql/pglite
// npx vitest run, with `globalSetup: ["effect-carto/testing/globalSetup"]` in vitest.config.ts
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Auth, Sql } from "effect-carto"
import { Grants, sql, TestAccount, TestServer } from "effect-carto/testing"

const account = TestAccount.layer({
  seed: sql`CREATE TABLE places (id int)`,
  keys: { reader: { tables: [Grants.table("places", ["select"])] } }
})

layer(TestServer.layer())("places", (it) => {
  it.effect("a reader cannot write", () =>
    Effect.gen(function* () {
      const db = yield* Sql
      const { key } = yield* TestAccount
      const refused = yield* db
        .query(sql`INSERT INTO places VALUES (1)`)
        .pipe(Auth.withApiKey(key("reader")), Effect.flip)
      assert.strictEqual(refused.reason._tag, "PermissionDenied")
    }).pipe(Effect.provide(account))
  )
})
