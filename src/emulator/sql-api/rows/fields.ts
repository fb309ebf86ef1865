/** The `fields` member of a JSON response, which describes the columns of a result set. */
import type { Column } from "../../database.ts"
import { typeName } from "./pgTypes.ts"

/** The description of one column. */
export type Field =
  | { readonly type: string; readonly pgtype?: string }
  | { readonly type: string; readonly wkbtype?: string; readonly dims: number; readonly srid: number }

/** Names of the types that PostGIS created in a database (`geometry`, `geography`, `raster`), by OID. */
export type SpatialTypes = ReadonlyMap<number, string>

const simplified = (pgtype: string): string => {
  if (pgtype.includes("bool")) return "boolean"
  if (/int|float|numeric/.test(pgtype)) return "number"
  if (/text|char|unknown/.test(pgtype)) return "string"
  if (/date|time/.test(pgtype)) return "date"
  return pgtype
}

const wkbTypes: ReadonlyArray<string> = [
  "Unknown",
  "Point",
  "LineString",
  "Polygon",
  "MultiPoint",
  "MultiLineString",
  "MultiPolygon",
  "GeometryCollection",
  "CircularString",
  "CompoundCurve",
  "CurvePolygon",
  "MultiCurvePolygon",
  "PolyhedralSurface",
  "Triangle",
  "TIN"
]

// PostGIS packs the type modifier as follows: bit 0 M, bit 1 Z, bits 2-7 the geometry type, bits 8-27 the SRID, bit 28
// its sign.
const spatialField = (type: string, modifier: number): Field => {
  const wkbtype = wkbTypes[(modifier & 0xfc) >> 2]
  return {
    type,
    ...(wkbtype === undefined ? {} : { wkbtype }),
    dims: 2 + ((modifier & 2) >> 1) + (modifier & 1),
    srid: ((modifier & 0x0fffff00) - (modifier & 0x10000000)) >> 8
  }
}

/** Describes one column for the `fields` member. */
export const field = (column: Column, spatial: SpatialTypes): Field => {
  const spatialType = spatial.get(column.typeId)
  if (spatialType !== undefined) return spatialField(spatialType, column.typeModifier)
  const pgtype = typeName(column.typeId)
  if (pgtype === undefined) return { type: `unknown(${column.typeId})` }
  return { type: simplified(pgtype) + (pgtype.startsWith("_") ? "[]" : ""), pgtype }
}

/** Creates the complete `fields` member. If names repeat, the last column wins. `skip` names columns to leave out. */
export const fields = (
  columns: ReadonlyArray<Column>,
  spatial: SpatialTypes,
  skip: ReadonlySet<string>
): Record<string, Field> => {
  const all: Record<string, Field> = Object.create(null)
  for (const column of columns) {
    if (column.name !== "__proto__" && !skip.has(column.name)) all[column.name] = field(column, spatial)
  }
  return all
}
