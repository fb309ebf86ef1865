#!/usr/bin/env -S deno run --allow-net --allow-env=CARTO_BASE_URL,CARTO_USERNAME,CARTO_API_KEY
/**
 * Mints, lists, rotates and revokes API keys, under the master key of CARTO_API_KEY:
 *
 *     keys.ts mint NAME TABLE…     a key that may select from these tables; prints its token
 *     keys.ts list                 every key, with what it may do
 *     keys.ts rotate NAME          prints the new token; the old one is refused from then on
 *     keys.ts revoke NAME
 */
import { Console, Effect, Redacted, Stream } from "effect"
import { ApiKeyManager, Grants } from "effect-carto"
import * as Carto from "effect-carto/runtime/deno"

const usage = "usage: keys.ts mint NAME TABLE… | list | rotate NAME | revoke NAME"

const run = Effect.fn("keys")(function* (command: string, name: string, tables: ReadonlyArray<string>) {
  const keys = yield* ApiKeyManager
  switch (command) {
    case "mint": {
      const key = yield* keys.create({
        name,
        apis: ["sql"],
        tables: tables.map((table) => Grants.table(table, ["select"]))
      })
      // a token is Redacted: it prints only where one asks for it
      return yield* Console.log(Redacted.value(key.token))
    }
    case "list":
      return yield* Stream.runForEach(keys.stream(), ({ grants, name, type }) => {
        const tables = grants.tables.map(
          ({ name, permissions, schema }) => `${permissions.join("+")} ${schema}.${name}`
        )
        return Console.log([type, name, grants.apis.join("+"), ...tables].join("\t"))
      })
    case "rotate":
      return yield* Console.log(Redacted.value((yield* keys.regenerate(name)).token))
    case "revoke":
      return yield* keys.delete(name)
    default:
      return yield* Effect.fail(usage)
  }
})

const [command = "", name = "", ...tables] = Deno.args

Deno.exitCode = await run(command, name, tables).pipe(
  Effect.provide(Carto.layerConfig()),
  Effect.as(0),
  Effect.catchReason("CartoError", "MasterKeyRequired", () =>
    Effect.as(Console.error("CARTO_API_KEY is not the master key: its token is on the dashboard's page of API keys"), 1)
  ),
  Effect.catch((error) => Effect.as(Console.error(typeof error === "string" ? error : error.message), 1)),
  Effect.runPromise
)
