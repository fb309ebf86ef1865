/** The geometries of GeoJSON (RFC 7946), with the `crs` of its predecessor that PostGIS still writes. */
import * as Schema from "effect/Schema"

/** Longitude or x, latitude or y, then altitude, if the geometry has one. NaN and infinities are possible. */
export type GeoJsonPosition = readonly [x: number, y: number, ...rest: ReadonlyArray<number>]

/** What every geometry may have. */
export interface GeoJsonCommon {
  /** The smallest box around the geometry. */
  readonly bbox?: ReadonlyArray<number>
  /** The reference system of coordinates that are not WGS 84 longitude and latitude. */
  readonly crs?: { readonly type: string; readonly properties: { readonly name: string } }
}

/** A point. */
export interface GeoJsonPoint extends GeoJsonCommon {
  /** The name of the type. */
  readonly type: "Point"
  /** The position, or nothing for an empty point. */
  readonly coordinates: GeoJsonPosition | readonly []
}
/** A line. */
export interface GeoJsonLineString extends GeoJsonCommon {
  /** The name of the type. */
  readonly type: "LineString"
  /** The positions along the line. */
  readonly coordinates: ReadonlyArray<GeoJsonPosition>
}
/** A polygon. */
export interface GeoJsonPolygon extends GeoJsonCommon {
  /** The name of the type. */
  readonly type: "Polygon"
  /** The outer ring, then the rings of its holes. */
  readonly coordinates: ReadonlyArray<ReadonlyArray<GeoJsonPosition>>
}
/** Points. */
export interface GeoJsonMultiPoint extends GeoJsonCommon {
  /** The name of the type. */
  readonly type: "MultiPoint"
  /** An empty array for an empty point. */
  readonly coordinates: ReadonlyArray<GeoJsonPosition | readonly []>
}
/** Lines. */
export interface GeoJsonMultiLineString extends GeoJsonCommon {
  /** The name of the type. */
  readonly type: "MultiLineString"
  /** The lines. */
  readonly coordinates: ReadonlyArray<ReadonlyArray<GeoJsonPosition>>
}
/** Polygons. */
export interface GeoJsonMultiPolygon extends GeoJsonCommon {
  /** The name of the type. */
  readonly type: "MultiPolygon"
  /** The polygons. */
  readonly coordinates: ReadonlyArray<ReadonlyArray<ReadonlyArray<GeoJsonPosition>>>
}
/** Geometries of any type. */
export interface GeoJsonGeometryCollection extends GeoJsonCommon {
  /** The name of the type. */
  readonly type: "GeometryCollection"
  /** The geometries. */
  readonly geometries: ReadonlyArray<GeoJsonGeometry>
}
/** A geometry of GeoJSON. */
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
/** Reads a geometry of GeoJSON. */
export const Geometry: Schema.Codec<GeoJsonGeometry> = makeGeometry(Schema.Finite)

/** Any geometry of PostGIS, with NaN and infinities. */
export const AnyGeometry: Schema.Codec<GeoJsonGeometry> = makeGeometry(Schema.Number)
