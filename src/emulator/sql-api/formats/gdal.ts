/** The formats that the real server makes with GDAL. The emulator does not have GDAL. */
import * as Effect from "effect/Effect"
import { badRequest } from "../apiError.ts"
import type { Format } from "./format.ts"

const missing = (name: string, extension: string, contentType: string): readonly [string, Format] => [
  name,
  {
    extension,
    contentType,
    jsonp: false,
    run: () => Effect.fail(badRequest(`the embedded CARTO does not have the format ${name}, which needs GDAL`))
  }
]

/** The formats of GDAL by name. */
export const gdalFormats: ReadonlyArray<readonly [string, Format]> = [
  missing("kml", "kml", "application/kml; charset=utf-8"),
  missing("shp", "zip", "application/zip; charset=utf-8"),
  missing("gpkg", "gpkg", "application/x-sqlite3; charset=utf-8"),
  missing("spatialite", "sqlite", "application/x-sqlite3; charset=utf-8")
]
