/** Query results as GeoJSON: features with typed properties. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import * as Stream from "effect/Stream"
import type { CartoErrorOf, CartoErrorReason, RowMalformed, StatementReason } from "./CartoError.ts"
import { cartoError } from "./internal/cartoError.ts"
import { decodeRows } from "./internal/decodeRows.ts"
import { describeIssue } from "./internal/describeIssue.ts"
import { Geometry, type GeoJsonGeometry } from "./internal/geoJson.ts"
import { parse } from "./internal/json.ts"
import { ResponseMalformed, type TransportFailed } from "./reasons/Call.ts"
import type { PartialResult } from "./reasons/SqlApi.ts"
import { type ExportReason, type QueryOptions, type Row, Sql } from "./Sql.ts"
import type { Statement } from "./Statement.ts"

export interface Feature<Properties> {
  readonly type: "Feature"
  readonly geometry: GeoJsonGeometry | null
  readonly properties: Properties
}

export interface FeatureCollection<Properties> {
  readonly type: "FeatureCollection"
  readonly features: ReadonlyArray<Feature<Properties>>
}

export interface GeoJsonOptions extends QueryOptions {
  /** Decimals of coordinates: 0 to 15. Default: the server's, 6. */
  readonly dp?: number | undefined
}

export type GeoJsonReason = ExportReason | PartialResult | ResponseMalformed | StatementReason | TransportFailed

const Collection = Schema.Struct({
  type: Schema.Literal("FeatureCollection"),
  features: Schema.Array(
    Schema.Struct({
      type: Schema.Literal("Feature"),
      geometry: Schema.NullOr(Geometry),
      properties: Schema.Record(Schema.String, Schema.Unknown)
    })
  )
})

const attempt = <A, Reason extends CartoErrorReason, R>(
  effect: Effect.Effect<A, Reason, R>
): Effect.Effect<A, CartoErrorOf<Reason>, R> => Effect.mapError(effect, (reason) => cartoError("GeoJson.query", reason))

/**
 * The result of a query that has a column `the_geom`. With `schema` the properties are decoded by it. The answer is read as
 * a whole. `POST /api/v2/sql` with `format=geojson`.
 */
export function query<A, R = never>(
  statement: Statement,
  options: GeoJsonOptions & { readonly schema: Schema.Decoder<A, R> }
): Effect.Effect<FeatureCollection<A>, CartoErrorOf<GeoJsonReason | RowMalformed>, R | Sql>
export function query(
  statement: Statement,
  options?: GeoJsonOptions
): Effect.Effect<FeatureCollection<Row>, CartoErrorOf<GeoJsonReason>, Sql>
export function query(
  statement: Statement,
  options: GeoJsonOptions & { readonly schema?: Schema.Decoder<unknown, unknown> } = {}
): Effect.Effect<FeatureCollection<unknown>, CartoErrorOf<GeoJsonReason | RowMalformed>, unknown> {
  const { schema, ...rest } = options
  return Effect.gen(function* () {
    const db = yield* Sql
    const text = yield* attempt(
      Effect.mapError(
        Effect.flatMap(db.export(statement, { ...rest, format: "geojson" }), ({ bytes }) =>
          Stream.mkString(Stream.decodeText(bytes))
        ),
        ({ reason }) => reason
      )
    )
    const collection = yield* attempt(
      Effect.mapError(
        SchemaParser.decodeUnknownEffect(Collection)(parse(text)),
        (issue) => new ResponseMalformed({ status: 200, description: describeIssue(issue), body: text.slice(0, 1024) })
      )
    )
    if (schema === undefined) return collection
    const properties = yield* attempt(
      decodeRows(
        collection.features.map((feature) => feature.properties),
        schema
      )
    )
    return {
      type: collection.type,
      features: collection.features.map((feature, index) => ({ ...feature, properties: properties[index] }))
    }
  })
}
