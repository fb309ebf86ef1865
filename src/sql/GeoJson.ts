/**
 * Query results as GeoJSON: features with typed properties.
 *
 * @module
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import * as Stream from "effect/Stream"
import { Auth } from "../account/Auth.ts"
import { DeadlineExceeded, ResponseMalformed, ResponseTooLarge, type TransportFailed } from "../errors/Call.ts"
import type { CartoErrorOf, StatementReason } from "../errors/CartoError.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { readDuration } from "../errors/internal/duration.ts"
import { isObject } from "../errors/internal/json.ts"
import { PartialResult } from "../errors/SqlApi.ts"
import { atMost, maxBodySize, sqlTimeout } from "../http/defaults.ts"
import { parseGeoJson } from "./internal/parseGeoJson.ts"
import type { Decoded, DecodeReason, DecodingServices, RowSchema } from "./internal/rowSchema.ts"
import { decodeRows } from "./internal/schema/decodeRows.ts"
import { describeIssue } from "./internal/schema/describeIssue.ts"
import { AnyGeometry, type GeoJsonGeometry } from "./internal/schema/geoJson.ts"
import { type Exported, type ExportReason, type QueryOptions, Sql } from "./Sql.ts"
import type { Statement } from "./Statement.ts"

/** A row with the column `the_geom` as its geometry, and all other columns as its properties. */
export interface Feature<Properties> {
  /** The type of the object. */
  readonly type: "Feature"
  /** Null if the column is NULL. Coordinates that PostGIS has as NaN or infinity are so here. */
  readonly geometry: GeoJsonGeometry | null
  /** The other columns by name. */
  readonly properties: Properties
}

/** The rows of a result. */
export interface FeatureCollection<Properties> {
  /** The type of the object. */
  readonly type: "FeatureCollection"
  /** The rows in their order. */
  readonly features: ReadonlyArray<Feature<Properties>>
}

/** Options of {@link query}. */
export interface GeoJsonOptions extends QueryOptions {
  /** How long the call may take. @default the timeout of the account's layer, or else 60 seconds */
  readonly timeout?: Duration.Input | undefined
  /** Decimals of coordinates, from 0 to 15. @default 6 */
  readonly dp?: number | undefined
}

/** The reasons {@link query} fails with. */
export type GeoJsonReason = ExportReason | PartialResult | ResponseMalformed | StatementReason | TransportFailed

const Collection = Schema.Struct({
  type: Schema.Literal("FeatureCollection"),
  features: Schema.Array(
    Schema.Struct({
      type: Schema.Literal("Feature"),
      geometry: Schema.NullOr(AnyGeometry),
      properties: Schema.Record(Schema.String, Schema.Unknown)
    })
  )
})

const decodeCollection = SchemaParser.decodeUnknownEffect(Collection)

/** The account, unless `Sql` is the caller's own service. */
const account = Effect.map(Effect.serviceOption(Auth), Option.getOrUndefined)

const readFeatures = (text: string): ReadonlyArray<unknown> => {
  const collection = parseGeoJson(text)
  const features = isObject(collection) ? collection["features"] : undefined
  return Array.isArray(features) ? features : []
}

/** The whole text. A result that ends with an error fails with the features before it. */
const download = ({ bytes }: Exported, limit: number) =>
  Effect.suspend(() => {
    let text = ""
    const parts = Stream.decodeText(atMost(limit)(bytes))
    return Stream.runForEach(parts, (part) =>
      Effect.sync(() => {
        text += part
      })
    ).pipe(
      Effect.map(() => text),
      Effect.mapError((error) => (error instanceof ResponseTooLarge ? error : error.reason)),
      Effect.mapError((reason) =>
        reason instanceof PartialResult
          ? new PartialResult({ rows: readFeatures(text), failure: reason.failure })
          : reason
      )
    )
  })

/**
 * Returns the result of a query that has a column `the_geom`. `POST /api/v2/sql` with `format=geojson`.
 *
 * With `schema`, the properties are decoded by it. The response is read as a whole, up to the `maxBodySize` of the account's
 * layer. A statement that fails after the first feature fails with `PartialResult`, which has the features before it.
 */
export const query = <S extends RowSchema = undefined>(
  statement: Statement,
  options?: GeoJsonOptions & { readonly schema?: S }
): Effect.Effect<
  FeatureCollection<Decoded<S>>,
  CartoErrorOf<DecodeReason<S> | GeoJsonReason>,
  DecodingServices<S> | Sql
> =>
  Effect.gen(function* () {
    const { schema, timeout, ...rest }: NonNullable<typeof options> = options ?? {}
    const db = yield* Sql
    const { transport } = (yield* account) ?? {}
    const waited = yield* Effect.fromResult(
      readDuration("timeout", timeout ?? transport?.timeout ?? sqlTimeout, { positive: true, infinite: true })
    )
    const text = yield* db.export(statement, { ...rest, timeout: waited, format: "geojson" }).pipe(
      Effect.mapError(({ reason }) => reason),
      Effect.flatMap((file) => download(file, transport?.maxBodySize ?? maxBodySize)),
      Effect.timeoutOrElse({ duration: waited, orElse: () => Effect.fail(new DeadlineExceeded({ waited })) })
    )
    const { features, type } = yield* Effect.mapError(
      decodeCollection(parseGeoJson(text)),
      (issue) => new ResponseMalformed({ status: 200, description: describeIssue(issue), body: text.slice(0, 1024) })
    )
    const decoded = yield* decodeRows(
      features.map(({ properties }) => properties),
      schema
    )
    return {
      type,
      features: decoded.map((properties, index) => ({
        type: "Feature" as const,
        geometry: features[index]?.geometry ?? null,
        properties
      }))
    }
  }).pipe(Effect.mapError((reason) => cartoError("GeoJson.query", reason)))
