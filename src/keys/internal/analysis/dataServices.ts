/** Which data service a function of the schema `cdb_dataservices_client` belongs to. */
import type { Service } from "../../../account/Grants.ts"

export const dataServicesSchema = "cdb_dataservices_client"

const patterns: ReadonlyArray<readonly [RegExp, Service]> = [
  [/geocode/, "geocoding"],
  [/route/, "routing"],
  [/isodistance|isochrone|isoline/, "isolines"],
  [/^_?obs_/, "observatory"]
]

export const serviceOf = (functionName: string): Service | undefined =>
  patterns.find(([pattern]) => pattern.test(functionName))?.[1]
