/** SQL of the functions in the schema `cartodb` that users and clients call by name. */
import { geometryFunctions, withoutGeometry } from "./geometry.ts"
import { numberFunctions } from "./numbers.ts"
import { tableFunctions } from "./tables.ts"

/** SQL that creates the functions. Run it as superuser in a CARTO database. It may run repeatedly. */
export const createFunctions = (options: { readonly postgis: boolean }): string =>
  tableFunctions + numberFunctions + (options.postgis ? geometryFunctions : withoutGeometry)

/** A query that returns a row if the functions exist. */
export const hasFunctions: string =
  "SELECT 1 FROM pg_catalog.pg_proc WHERE proname = 'cdb_cartodbfytable' AND pronamespace = 'cartodb'::pg_catalog.regnamespace"
