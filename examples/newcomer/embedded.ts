// npm install effect-carto effect @electric-sql/pglite@0.5.12
// node embedded.ts
import { Effect, Layer } from "effect"
import { ApiKeyManager, Auth, Grants, Sql, sql } from "effect-carto"
import { TestAccount, TestServer } from "effect-carto/testing"

const program = Effect.gen(function* () {
  const keys = yield* ApiKeyManager
  const db = yield* Sql
  const reader = yield* keys.create({ name: "reader", tables: [Grants.table("tornadoes", ["select"])] })
  const { rows } = yield* db.query(sql`SELECT count(*)::int AS n FROM tornadoes`).pipe(Auth.withApiKey(reader))
  const refused = yield* db.query(sql`DELETE FROM tornadoes`).pipe(Auth.withApiKey(reader), Effect.flip)
  return { rows, refused: refused.message }
})

const carto = TestAccount.layer({ samples: true }).pipe(Layer.provide(TestServer.layer()))
console.log(await Effect.runPromise(Effect.provide(program, carto)))
