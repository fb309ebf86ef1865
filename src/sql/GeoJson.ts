/** Query results as GeoJSON: features with typed properties. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import * as Stream from "effect/Stream"
import { Auth } from "../account/Auth.ts"
import type { CartoErrorOf, CartoErrorReason, RowMalformed, StatementReason } from "../errors/CartoError.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { decodeRows } from "./internal/schema/decodeRows.ts"
import { describeIssue } from "./internal/schema/describeIssue.ts"
import { Geometry, type GeoJsonGeometry } from "./internal/schema/geoJson.ts"
import { parse } from "../errors/internal/json.ts"
import { atMost, maxBodySize, sqlTimeout } from "../http/defaults.ts"
import { DeadlineExceeded, ResponseMalformed, ResponseTooLarge, type TransportFailed } from "../errors/Call.ts"
import type { PartialResult } from "../errors/SqlApi.ts"
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
  /** How long the call may take. Default: the layer's, or else 60 s. */
  readonly timeout?: Duration.Input | undefined
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

/** The layer's limits, where there is one: without it, `Sql` is somebody's own. */
const layerLimits = Effect.map(Effect.serviceOption(Auth), (auth): Auth["Service"]["transport"] =>
  Option.isSome(auth) ? auth.value.transport : {}
)

/**
 * The result of a query that has a column `the_geom`. With `schema` the properties are decoded by it. The answer is read as
 * a whole: at most the layer's `maxBodySize`. `POST /api/v2/sql` with `format=geojson`.
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
  const { schema, timeout, ...rest } = options
  return Effect.gen(function* () {
    const db = yield* Sql
    const limits = yield* layerLimits
    const waited = Duration.fromInputUnsafe(timeout ?? limits.timeout ?? sqlTimeout)
    const text = yield* attempt(
      db.export(statement, { ...rest, format: "geojson" }).pipe(
        Effect.flatMap(({ bytes }) =>
          bytes.pipe(atMost(limits.maxBodySize ?? maxBodySize), Stream.decodeText, Stream.mkString)
        ),
        Effect.mapError((failure) => (failure instanceof ResponseTooLarge ? failure : failure.reason)),
        Effect.timeoutOrElse({ duration: waited, orElse: () => Effect.fail(new DeadlineExceeded({ waited })) })
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
