/** The geometries of GeoJSON (RFC 7946), with the `crs` of its predecessor that PostGIS still writes. */
import * as Schema from "effect/Schema"

/** Longitude or x, latitude or y, then altitude, if the geometry has one. NaN and infinities are possible. */
export type GeoJsonPosition = readonly [x: number, y: number, ...rest: ReadonlyArray<number>]

interface Common {
  readonly bbox?: ReadonlyArray<number>
  /** The reference system of coordinates that are not WGS 84 longitude and latitude. */
  readonly crs?: { readonly type: string; readonly properties: { readonly name: string } }
}

export interface GeoJsonPoint extends Common {
  readonly type: "Point"
  /** Empty for an empty point. */
  readonly coordinates: GeoJsonPosition | readonly []
}
export interface GeoJsonLineString extends Common {
  readonly type: "LineString"
  readonly coordinates: ReadonlyArray<GeoJsonPosition>
}
export interface GeoJsonPolygon extends Common {
  readonly type: "Polygon"
  readonly coordinates: ReadonlyArray<ReadonlyArray<GeoJsonPosition>>
}
export interface GeoJsonMultiPoint extends Common {
  readonly type: "MultiPoint"
  /** An empty array for an empty point. */
  readonly coordinates: ReadonlyArray<GeoJsonPosition | readonly []>
}
export interface GeoJsonMultiLineString extends Common {
  readonly type: "MultiLineString"
  readonly coordinates: ReadonlyArray<ReadonlyArray<GeoJsonPosition>>
}
export interface GeoJsonMultiPolygon extends Common {
  readonly type: "MultiPolygon"
  readonly coordinates: ReadonlyArray<ReadonlyArray<ReadonlyArray<GeoJsonPosition>>>
}
export interface GeoJsonGeometryCollection extends Common {
  readonly type: "GeometryCollection"
  readonly geometries: ReadonlyArray<GeoJsonGeometry>
}
export type GeoJsonGeometry =
  | GeoJsonPoint
  | GeoJsonLineString
  | GeoJsonPolygon
  | GeoJsonMultiPoint
  | GeoJsonMultiLineString
  | GeoJsonMultiPolygon
  | GeoJsonGeometryCollection

const common = {
  bbox: Schema.optionalKey(Schema.Array(Schema.Finite)),
  crs: Schema.optionalKey(Schema.Struct({ type: Schema.String, properties: Schema.Struct({ name: Schema.String }) }))
}
const makeGeometry = (number: Schema.Codec<number>): Schema.Codec<GeoJsonGeometry> => {
  const position = Schema.TupleWithRest(Schema.Tuple([number, number]), [number])
  const point = Schema.Union([position, Schema.Tuple([])])
  const line = Schema.Array(position)
  const rings = Schema.Array(line)
  const geometry: Schema.Codec<GeoJsonGeometry> = Schema.Union([
    Schema.Struct({ type: Schema.Literal("Point"), coordinates: point, ...common }),
    Schema.Struct({ type: Schema.Literal("LineString"), coordinates: line, ...common }),
    Schema.Struct({ type: Schema.Literal("Polygon"), coordinates: rings, ...common }),
    Schema.Struct({ type: Schema.Literal("MultiPoint"), coordinates: Schema.Array(point), ...common }),
    Schema.Struct({ type: Schema.Literal("MultiLineString"), coordinates: rings, ...common }),
    Schema.Struct({ type: Schema.Literal("MultiPolygon"), coordinates: Schema.Array(rings), ...common }),
    Schema.Struct({
      type: Schema.Literal("GeometryCollection"),
      geometries: Schema.Array(Schema.suspend((): Schema.Codec<GeoJsonGeometry> => geometry)),
      ...common
    })
  ])
  return geometry
}

/** A geometry that JSON can hold. */
export const Geometry: Schema.Codec<GeoJsonGeometry> = makeGeometry(Schema.Finite)

/** Any geometry of PostGIS, with NaN and infinities. */
export const AnyGeometry: Schema.Codec<GeoJsonGeometry> = makeGeometry(Schema.Number)
