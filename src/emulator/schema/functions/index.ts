/** SQL of the functions of the schema `cartodb` that users and clients call by name. */
import { geometryFunctions, withoutGeometry } from "./geometry.ts"
import { numberFunctions } from "./numbers.ts"
import { tableFunctions } from "./tables.ts"

/** SQL that makes the functions, for superuser to run in a CARTO database. It may run again. */
export const createFunctions = (options: { readonly postgis: boolean }): string =>
  tableFunctions + numberFunctions + (options.postgis ? geometryFunctions : withoutGeometry)

/** SQL that has a row if the functions are there. */
export const hasFunctions: string =
  "SELECT 1 FROM pg_catalog.pg_proc WHERE proname = 'cdb_cartodbfytable' AND pronamespace = 'cartodb'::pg_catalog.regnamespace"
