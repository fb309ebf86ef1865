/** Sends a request twice: without and with the certificate authority of the second argument. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Sql, sql } from "../../src/index.ts"
import * as DenoCarto from "../../src/runtime/deno.ts"

declare const Deno: { readonly args: ReadonlyArray<string> }

const [host = "", authority = ""] = Deno.args
const ask = (caCerts?: ReadonlyArray<string>) =>
  Sql.use((db) => db.query(sql`SELECT 1`)).pipe(
    Effect.match({ onSuccess: ({ rows }) => rows.length, onFailure: ({ reason }) => reason._tag }),
    Effect.provide(DenoCarto.layer({ baseUrl: `${host}/user/demo`, apiKey: Redacted.make("k"), caCerts }))
  )

console.log(JSON.stringify(await Effect.runPromise(Effect.all([ask(), ask([authority])]))))
