/** The `fields` member of a JSON answer: what a result set's columns are. */
import type { Column } from "../../database.ts"
import { typeName } from "./pgTypes.ts"

export type Field =
  | { readonly type: string; readonly pgtype?: string }
  | { readonly type: string; readonly wkbtype?: string; readonly dims: number; readonly srid: number }

/** OIDs of the types that PostGIS made in a database (`geometry`, `geography`, `raster`), with their names. */
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

// PostGIS packs the type modifier as: bit 0 M, bit 1 Z, bits 2-7 the geometry type, bits 8-27 the SRID, bit 28 its sign.
const spatialField = (type: string, modifier: number): Field => {
  const wkbtype = wkbTypes[(modifier & 0xfc) >> 2]
  return {
    type,
    ...(wkbtype === undefined ? {} : { wkbtype }),
    dims: 2 + ((modifier & 2) >> 1) + (modifier & 1),
    srid: ((modifier & 0x0fffff00) - (modifier & 0x10000000)) >> 8
  }
}

/** What the `fields` member says of one column. */
export const field = (column: Column, spatial: SpatialTypes): Field => {
  const spatialType = spatial.get(column.typeId)
  if (spatialType !== undefined) return spatialField(spatialType, column.typeModifier)
  const pgtype = typeName(column.typeId)
  if (pgtype === undefined) return { type: `unknown(${column.typeId})` }
  return { type: simplified(pgtype) + (pgtype.startsWith("_") ? "[]" : ""), pgtype }
}

/** The whole `fields` member. Of equal names the last wins; `skip` names columns to leave out. */
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
