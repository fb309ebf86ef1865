/** What makes an empty PostgreSQL database one of CARTO's. */
import * as Effect from "effect/Effect"
import type { ConnectionError, Database, DatabaseError } from "../database.ts"
import { setUp } from "../schema/cartoSchema.ts"

/** SQL that gives a database PostGIS. */
export const installPostgis: string = "CREATE EXTENSION IF NOT EXISTS postgis SCHEMA public"

const isSetUp = (database: Database): Effect.Effect<boolean, ConnectionError | DatabaseError> =>
  Effect.map(
    database.superuser("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'cartodb'"),
    (rows) => rows.length > 0
  )

/** Installs PostGIS if the database is to have it, and CARTO's schemas; what is there stays as it is. */
export const initialize = (database: Database): Effect.Effect<void, ConnectionError | DatabaseError> =>
  Effect.gen(function* () {
    if (database.postgis) yield* database.superuserTransaction([installPostgis])
    if (!(yield* isSetUp(database))) yield* database.superuserTransaction([setUp])
  })
