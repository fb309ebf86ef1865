/** The databases that tests run on: PGlite's, or those of a PostgreSQL server that is started for them. */
import * as Layer from "effect/Layer"
import * as Effect from "effect/Effect"
import process from "node:process"
import type { Databases } from "../../src/emulator/database.ts"
import * as PgliteDatabases from "../../src/emulator/pglite/pgliteDatabases.ts"
import * as PostgresDatabases from "../../src/emulator/postgres/postgresDatabases.ts"
import { PostgresServer } from "./postgres.ts"

export const kinds = ["pglite", "postgres"] as const
export type Kind = (typeof kinds)[number]

/** The variable `EFFECT_CARTO_TEST_DATABASE` says which; PGlite by default. */
export const kind: Kind = process.env["EFFECT_CARTO_TEST_DATABASE"] === "postgres" ? "postgres" : "pglite"

/** Layer of `Databases` of a kind. */
export const layer = (options: { readonly kind: Kind; readonly postgis: boolean }): Layer.Layer<Databases> => {
  if (options.kind === "pglite") return PgliteDatabases.layer({ postgis: options.postgis })
  return Layer.unwrap(
    Effect.map(PostgresServer, ({ url }) => PostgresDatabases.layer({ url, postgis: options.postgis }))
  ).pipe(Layer.provide(PostgresServer.layer), Layer.orDie)
}
