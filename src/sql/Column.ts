/**
 * Schemas of what the SQL API makes of PostgreSQL's values, for the `schema` of `Sql.query`:
 * `Schema.Struct({ id: Column.Int8, at: Column.Timestamp, photo: Column.Bytea })`. A column that may be NULL is
 * `Schema.NullOr(…)`. An array is `Schema.Array(…)`. Types without a schema here are what JSON has: booleans, strings, numbers.
 * The schemas are for reading. To write a value, give it to `sql` as it is.
 *
 * @module
 */
import * as BigDecimal from "effect/BigDecimal"
import type * as Brand from "effect/Brand"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { ParseOptions } from "effect/SchemaAST"
import { InvalidValue } from "effect/SchemaIssue"
import { transform, transformEffect } from "effect/SchemaTransformation"
import { type EwkbHeader, readHeader } from "./internal/schema/ewkb.ts"
import { Geometry, type GeoJsonGeometry } from "./internal/schema/geoJson.ts"
import { readDate, readTimestamp, writeTimestamp } from "./internal/schema/timeText.ts"

export type { EwkbHeader } from "./internal/schema/ewkb.ts"
export type * from "./internal/schema/geoJson.ts"

/** A conversion, or why there is none. */
type Conversion<A, B> = (value: A) => Result.Result<B, string>

const attempt =
  <A, B>(convert: Conversion<A, B>) =>
  (value: A, options: ParseOptions): Effect.Effect<B, InvalidValue> =>
    Effect.fromResult(Result.mapError(convert(value), (message) => new InvalidValue({ message }, value, options)))

const column = <A, E>(
  wire: Schema.Codec<E>,
  type: Schema.Codec<A>,
  decode: Conversion<E, A>,
  encode: Conversion<A, E>
): Schema.Codec<A, E> =>
  wire.pipe(Schema.decodeTo(type, transformEffect({ decode: attempt(decode), encode: attempt(encode) })))

const stringOrNumber = Schema.Union([Schema.String, Schema.Finite])

/** Reads `int8` as a `bigint`, from a number that is not rounded or from text (`id::text`). A rounded number is refused. */
export const Int8: Schema.Codec<bigint, string | number> = column(
  stringOrNumber,
  Schema.BigInt.check(Schema.isBetweenBigInt({ minimum: -(2n ** 63n), maximum: 2n ** 63n - 1n })),
  (value) => {
    if (typeof value === "string") {
      return /^-?\d+$/.test(value) ? Result.succeed(BigInt(value)) : Result.fail("it is not the text of a whole number")
    }
    return Number.isSafeInteger(value)
      ? Result.succeed(BigInt(value))
      : Result.fail("the server rounded it, or it is not whole; cast the column to text in SQL")
  },
  (value) => {
    const number = Number(value)
    return Result.succeed(Number.isSafeInteger(number) ? number : String(value))
  }
)

const integerDigits = 131_072
const fractionDigits = 16_383

/**
 * Reads `numeric` as a `BigDecimal`, from text only (`price::text`), since the server may have rounded any number. NaN and
 * the infinities are refused: cast to `float8` and read with {@link Float8}.
 */
export const Numeric: Schema.Codec<BigDecimal.BigDecimal, string | number> = column(
  stringOrNumber,
  Schema.BigDecimal,
  (value) => {
    if (typeof value === "number") return Result.fail("the server may have rounded it; cast the column to text in SQL")
    if (/^(?:NaN|-?Infinity)$/.test(value)) {
      return Result.fail(`a BigDecimal cannot hold ${value}; cast the column to float8 and read it with Float8`)
    }
    return /^-?\d+(?:\.\d+)?$/.test(value)
      ? Result.fromOption(BigDecimal.fromString(value), () => "it is not the text of a numeric")
      : Result.fail("it is not the text of a numeric")
  },
  ({ scale, value }) => {
    const digits = String(value < 0n ? -value : value)
    if (scale > fractionDigits || digits.length - scale > integerDigits) {
      return Result.fail(`PostgreSQL holds ${integerDigits} digits before the point and ${fractionDigits} after it`)
    }
    const whole = scale > 0 ? digits.padStart(scale + 1, "0") : digits === "0" ? "0" : digits + "0".repeat(-scale)
    const text = scale > 0 ? `${whole.slice(0, -scale)}.${whole.slice(-scale)}` : whole
    return Result.succeed(value < 0n ? `-${text}` : text)
  }
)

/** The texts of the values of `float8` that JSON has no number for. */
export type NotFinite = "NaN" | "Infinity" | "-Infinity"

/** Reads `float4` and `float8` as a number, NaN and the infinities included. The server sends -0 as 0. */
export const Float8: Schema.Codec<number, number | NotFinite> = Schema.Union([
  Schema.Finite,
  Schema.Literals(["NaN", "Infinity", "-Infinity"])
]).pipe(
  Schema.decodeTo(
    // @effect-diagnostics-next-line schemaNumber:off
    Schema.Number,
    transform({
      decode: (value: number | NotFinite) => Number(value),
      encode: (value): number | NotFinite => {
        if (Number.isFinite(value)) return value
        if (Number.isNaN(value)) return "NaN"
        return value > 0 ? "Infinity" : "-Infinity"
      }
    })
  )
)

const isInfinity = (text: string): boolean => /^-?infinity$/i.test(text)

/**
 * Reads `timestamptz` and `timestamp` as a `DateTime.Utc`. The server cuts fractions of a second off, and reads a `timestamp` in
 * its own time zone, which is UTC when hosted. The text of a cast (`at::text`) keeps milliseconds. Infinities are refused: see
 * {@link TimestampOrInfinity}.
 */
export const Timestamp: Schema.Codec<DateTime.Utc, string> = column(
  Schema.String,
  Schema.DateTimeUtc,
  (text) =>
    isInfinity(text)
      ? Result.fail("it is infinite; read it with TimestampOrInfinity")
      : Result.map(readTimestamp(text), DateTime.fromDateUnsafe),
  (value) => Result.succeed(writeTimestamp(DateTime.toDateUtc(value)))
)

const dayMillis = 86_400_000

/** Reads `date` as a `DateTime.Utc` at midnight. Infinities are refused: see {@link DateOrInfinity}. */
export const Date: Schema.Codec<DateTime.Utc, string> = column(
  Schema.String,
  Schema.DateTimeUtc.check(
    Schema.makeFilter((value) => DateTime.toEpochMillis(value) % dayMillis === 0, { expected: "midnight UTC" })
  ),
  (text) =>
    isInfinity(text)
      ? Result.fail("it is infinite; read it with DateOrInfinity")
      : Result.map(readDate(text), DateTime.fromDateUnsafe),
  (value) => Result.succeed(writeTimestamp(DateTime.toDateUtc(value)))
)

/** The infinities of `timestamptz`, `timestamp` and `date`. */
export type Infinite = "Infinity" | "-Infinity"
const infinite = Schema.Literals(["Infinity", "-Infinity"])

/** Reads as {@link Timestamp} does. The infinities are `"Infinity"` and `"-Infinity"`. */
export const TimestampOrInfinity: Schema.Codec<DateTime.Utc | Infinite, string> = Schema.Union([Timestamp, infinite])

/** Reads as {@link Date} does. The infinities are `"Infinity"` and `"-Infinity"`. */
export const DateOrInfinity: Schema.Codec<DateTime.Utc | Infinite, string> = Schema.Union([Date, infinite])

/** The parts of an interval. PostgreSQL does not convert months, days and smaller parts into each other. */
export interface Interval {
  /** Whole years. */
  readonly years: number
  /** Whole months. */
  readonly months: number
  /** Whole days. */
  readonly days: number
  /** Whole hours. */
  readonly hours: number
  /** Whole minutes. */
  readonly minutes: number
  /** Whole seconds. */
  readonly seconds: number
  /** Milliseconds, which may have a fraction. */
  readonly milliseconds: number
}

const part = Schema.optionalKey(Schema.Finite)

/** Reads `interval` with all its parts. The server sends only those that are not 0. */
export const Interval: Schema.Codec<Interval, Partial<Interval>> = Schema.Struct({
  years: part,
  months: part,
  days: part,
  hours: part,
  minutes: part,
  seconds: part,
  milliseconds: part
}).pipe(
  Schema.decodeTo(
    Schema.Struct({
      years: Schema.Finite,
      months: Schema.Finite,
      days: Schema.Finite,
      hours: Schema.Finite,
      minutes: Schema.Finite,
      seconds: Schema.Finite,
      milliseconds: Schema.Finite
    }),
    transform({
      decode: (parts: Partial<Interval>): Interval => ({
        years: 0,
        months: 0,
        days: 0,
        hours: 0,
        minutes: 0,
        seconds: 0,
        milliseconds: 0,
        ...parts
      }),
      encode: (parts): Partial<Interval> => Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== 0))
    })
  )
)

/** Bytes as the server sends them. */
export interface BufferJson {
  /** The name of the type. */
  readonly type: "Buffer"
  /** The bytes. */
  readonly data: ReadonlyArray<number>
}

/** Reads `bytea` as a `Uint8Array`. */
export const Bytea: Schema.Codec<Uint8Array, BufferJson> = Schema.Struct({
  type: Schema.Literal("Buffer"),
  data: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })))
}).pipe(
  Schema.decodeTo(
    Schema.Uint8Array,
    transform({
      decode: ({ data }): Uint8Array => Uint8Array.from(data),
      encode: (bytes): BufferJson => ({ type: "Buffer", data: Array.from(bytes) })
    })
  )
)

/** A point of a plane. */
export interface Point<N = number> {
  /** The first coordinate. */
  readonly x: N
  /** The second coordinate. */
  readonly y: N
}

/** Reads PostgreSQL's own `point`, which is not a PostGIS geometry. */
export const Point: Schema.Codec<Point, Point<number | NotFinite>> = Schema.Struct({ x: Float8, y: Float8 })

/** A circle and its center. */
export interface Circle<N = number> extends Point<N> {
  /** The distance from the center. */
  readonly radius: N
}

/** Reads PostgreSQL's own `circle`. */
export const Circle: Schema.Codec<Circle, Circle<number | NotFinite>> = Schema.Struct({
  x: Float8,
  y: Float8,
  radius: Float8
})

/** The hex text of a geometry in PostGIS's extended binary form. */
export type Ewkb = Brand.Branded<string, "effect-carto/Ewkb">

/**
 * Reads `geometry` and `geography` as the hex text that the server sends. For their coordinates, select
 * `ST_AsGeoJSON(the_geom)` and read it with {@link GeoJson}.
 */
export const Ewkb: Schema.Codec<Ewkb, string> = Schema.String.check(
  Schema.makeFilter((text) => readHeader(text) !== undefined, { expected: "a geometry as EWKB in hex" })
).pipe(Schema.brand("effect-carto/Ewkb"))

/** Reads the type and the reference system of a geometry. */
export const ewkbHeader = (ewkb: Ewkb): EwkbHeader => readHeader(ewkb) ?? { type: "Unknown", hasZ: false, hasM: false }

/** Reads a geometry from `ST_AsGeoJSON(the_geom)`, cast to `json` or not. */
export const GeoJson: Schema.Codec<GeoJsonGeometry, string | GeoJsonGeometry> = Schema.Union([
  Schema.fromJsonString(Geometry),
  Geometry
])

/** Reads `json` and `jsonb`. The null of JSON and NULL are the same. */
export const Json: Schema.Codec<Schema.Json> = Schema.Json
