/**
 * Prepares a database for the SQL API before its first query: installs the data services and reads the spatial types.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ConnectionError, Database, DatabaseError } from "../../database.ts"
import * as DataServices from "../../dataservices/dataServices.ts"
import type { SpatialTypes } from "../rows/fields.ts"

/** The service that prepares databases. */
export interface PreparationService {
  /** Prepares a database once. `sql` is the text to run, which may need further preparation. */
  readonly prepare: (database: Database, sql: string) => Effect.Effect<SpatialTypes, ConnectionError | DatabaseError>
}

const readSpatialTypes = Effect.fnUntraced(function* (
  database: Database
): Effect.fn.Return<SpatialTypes, ConnectionError | DatabaseError> {
  const rows = yield* database.superuser(
    "SELECT oid, typname AS name FROM pg_catalog.pg_type WHERE typname IN ('geometry', 'geography', 'raster')"
  )
  return new Map(rows.map((row) => [Number(row["oid"]), row["name"] ?? ""]))
})

const make = (): PreparationService => {
  const prepared = new WeakMap<Database, SpatialTypes>()
  const withPolygons = new WeakSet<Database>()
  const functions = Effect.fnUntraced(function* (database: Database) {
    const known = prepared.get(database)
    if (known !== undefined) return known
    yield* database.superuserTransaction([DataServices.setUp({ postgis: database.postgis })])
    const spatial = database.postgis ? yield* readSpatialTypes(database) : new Map<number, string>()
    prepared.set(database, spatial)
    return spatial
  })
  return {
    prepare: Effect.fnUntraced(function* (database, sql) {
      const spatial = yield* functions(database)
      if (DataServices.needsCountries(sql) && !withPolygons.has(database)) {
        yield* DataServices.loadCountries(database)
        withPolygons.add(database)
      }
      return spatial
    })
  }
}

const PreparationBase: Context.ServiceClass<
  Preparation,
  "effect-carto/emulator/sql-api/Preparation",
  PreparationService
> = Context.Service<Preparation, PreparationService>()("effect-carto/emulator/sql-api/Preparation")
/** Service tag of the preparation. */
export class Preparation extends PreparationBase {
  /** Layer of the preparation. */
  static readonly layer: Layer.Layer<Preparation> = Layer.sync(Preparation, make)
}
