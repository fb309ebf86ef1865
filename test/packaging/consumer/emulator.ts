/** A program that has all of the optional peers too, and runs against the embedded CARTO. */
import * as Effect from "effect/Effect"
import { Carto, Sql, sql } from "effect-carto"
import { listen, make } from "effect-carto/emulator"
import * as Node from "effect-carto/runtime/node"

const program = Effect.gen(function* () {
  const emulator = yield* make({ accounts: [{ username: "demo", samples: true }], postgis: false })
  const { url } = yield* listen(emulator)
  const account = yield* Effect.fromNullishOr(emulator.account("demo"))
  const count = Sql.use((db) => db.query(sql`SELECT count(*) > 0 AS found FROM tornadoes`))
  const { rows } = yield* count.pipe(
    Effect.provide(Carto.layer({ baseUrl: `${url}/user/demo`, apiKey: account.masterKey })),
    Effect.provide(Node.layerHttpClient())
  )
  return rows
}).pipe(Effect.scoped)

console.log(JSON.stringify(await Effect.runPromise(program)))
