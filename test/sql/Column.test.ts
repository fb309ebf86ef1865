import { assert, describe, it, layer } from "@effect/vitest"
import { BigDecimal, DateTime, Effect, Result, Schema } from "effect"
import * as Column from "../../src/sql/Column.ts"
import { Sql, sql } from "../../src/index.ts"
import { layerEmbedded } from "../support/embedded.ts"

const decode = <A, E>(schema: Schema.Codec<A, E>, wire: unknown): A => Schema.decodeUnknownSync(schema)(wire)
const refusal = <A, E>(schema: Schema.Codec<A, E>, wire: unknown): string =>
  Result.match(Schema.decodeUnknownResult(schema)(wire), {
    onFailure: (error) => error.message,
    onSuccess: (value) => assert.fail(`${JSON.stringify(wire)} became ${String(value)}`)
  })
const iso = (value: DateTime.Utc): string => DateTime.toDateUtc(value).toISOString()

describe("Int8", () => {
  for (const [wire, value] of [
    [0, 0n],
    [-5, -5n],
    [9007199254740991, 9007199254740991n],
    ["9223372036854775807", 9223372036854775807n],
    ["-9223372036854775808", -9223372036854775808n]
  ] as const) {
    it(`Int8 reads ${JSON.stringify(wire)}`, () => assert.strictEqual(decode(Column.Int8, wire), value))
  }
  for (const [wire, said] of [
    [2 ** 63, "cast the column to text"],
    [9007199254740992, "cast the column to text"],
    [1.5, "cast the column to text"],
    ["1.5", "whole number"],
    ["", "whole number"],
    [" 1", "whole number"],
    ["9223372036854775808", "between"],
    [null, "Expected"],
    ["NaN", "whole number"]
  ] as const) {
    it(`Int8 refuses ${JSON.stringify(wire)}`, () => assert.include(refusal(Column.Int8, wire), said))
  }
  it("Int8 writes what the server would send, as text where that is rounded", () => {
    const encode = Schema.encodeSync(Column.Int8)
    assert.deepStrictEqual([encode(-5n), encode(9007199254740993n)], [-5, "9007199254740993"])
  })
})

describe("Numeric", () => {
  for (const text of ["0", "1.10", "-1.10", "0.001", "-0.50", "123456789012345678901234567890.000001", "5"]) {
    it(`Numeric keeps ${text}, its scale included`, () =>
      assert.strictEqual(Schema.encodeSync(Column.Numeric)(decode(Column.Numeric, text)), text))
  }
  for (const [wire, said] of [
    [1.5, "cast the column to text"],
    [5, "cast the column to text"],
    ["NaN", "Float8"],
    ["-Infinity", "Float8"],
    ["", "text of a numeric"],
    ["1e5", "text of a numeric"],
    [".5", "text of a numeric"]
  ] as const) {
    it(`Numeric refuses ${JSON.stringify(wire)}`, () => assert.include(refusal(Column.Numeric, wire), said))
  }
  it("Numeric writes whole numbers without an exponent, and refuses what numeric cannot hold", () => {
    const encode = Schema.encodeResult(Column.Numeric)
    assert.deepStrictEqual(encode(BigDecimal.make(12n, -3)), Result.succeed("12000"))
    assert.isTrue(Result.isFailure(encode(BigDecimal.make(1n, -2_000_000_000))))
    assert.isTrue(Result.isFailure(encode(BigDecimal.make(1n, 16_384))))
  })
})

describe("Float8", () => {
  for (const [wire, value] of [
    [1.5, 1.5],
    ["NaN", Number.NaN],
    ["Infinity", Infinity],
    ["-Infinity", -Infinity]
  ] as const) {
    it(`Float8 reads and writes ${JSON.stringify(wire)}`, () => {
      assert.deepStrictEqual(decode(Column.Float8, wire), value)
      assert.deepStrictEqual(Schema.encodeSync(Column.Float8)(value), wire)
    })
  }
  it("Float8 refuses other text", () => assert.include(refusal(Column.Float8, "1.5"), "Expected"))
})

describe("Timestamp", () => {
  for (const [wire, value] of [
    ["2020-02-03T10:11:12Z", "2020-02-03T10:11:12.000Z"],
    ["2020-02-03T10:11:12+0200", "2020-02-03T08:11:12.000Z"],
    ["2020-02-03T10:11:12-0330", "2020-02-03T13:41:12.000Z"],
    ["99-01-02T03:04:05Z", "0099-01-02T03:04:05.000Z"],
    ["0-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"],
    ["-43-03-15T00:00:00Z", "-000043-03-15T00:00:00.000Z"],
    ["12020-02-29T00:00:00Z", "+012020-02-29T00:00:00.000Z"],
    ["2020-02-03 10:11:12.345678+00", "2020-02-03T10:11:12.345Z"],
    ["2020-02-03 10:11:12.3+05:30", "2020-02-03T04:41:12.300Z"],
    ["1890-01-01 00:19:32+00:19:32", "1890-01-01T00:00:00.000Z"],
    ["2020-02-03 10:11:12", "2020-02-03T10:11:12.000Z"],
    ["0044-03-15 00:00:00+00 BC", "-000043-03-15T00:00:00.000Z"]
  ] as const) {
    it(`Timestamp reads ${wire}`, () => assert.strictEqual(iso(decode(Column.Timestamp, wire)), value))
  }
  for (const [wire, said] of [
    ["Infinity", "TimestampOrInfinity"],
    ["-infinity", "TimestampOrInfinity"],
    ["2020-02-30T00:00:00Z", "not a timestamp"],
    ["2020-13-01T00:00:00Z", "not a timestamp"],
    ["2020-01-01T24:00:00Z", "not a timestamp"],
    ["290000-01-01T00:00:00Z", "further away"],
    ["yesterday", "not a timestamp"],
    [0, "Expected string"]
  ] as const) {
    it(`Timestamp refuses ${JSON.stringify(wire)}`, () => assert.include(refusal(Column.Timestamp, wire), said))
  }
  it("Timestamp writes what the server would send, and a fraction only where there is one", () => {
    const encode = Schema.encodeSync(Column.Timestamp)
    for (const wire of ["2020-02-03T10:11:12Z", "99-01-02T03:04:05Z", "0-01-01T00:00:00Z", "-43-03-15T00:00:00Z"]) {
      assert.strictEqual(encode(decode(Column.Timestamp, wire)), wire)
    }
    assert.strictEqual(encode(DateTime.makeUnsafe("2020-02-03T10:11:12.040Z")), "2020-02-03T10:11:12.040Z")
  })
  it("Timestamp has a variant with the infinities", () => {
    assert.strictEqual(decode(Column.TimestampOrInfinity, "-Infinity"), "-Infinity")
    assert.strictEqual(Schema.encodeSync(Column.TimestampOrInfinity)("Infinity"), "Infinity")
    const finite = decode(Column.TimestampOrInfinity, "2020-02-03T10:11:12Z")
    assert.isTrue(typeof finite !== "string" && iso(finite) === "2020-02-03T10:11:12.000Z")
  })
})

describe("Date", () => {
  for (const [wire, value] of [
    ["2020-02-03T00:00:00Z", "2020-02-03"],
    ["2020-02-03T00:00:00+0200", "2020-02-03"],
    ["2020-02-03", "2020-02-03"],
    ["0044-03-15 BC", "-000043-03-15"]
  ] as const) {
    it(`Date reads ${wire}`, () => assert.strictEqual(iso(decode(Column.Date, wire)), `${value}T00:00:00.000Z`))
  }
  it("Date refuses what has a time of day or is infinite", () => {
    assert.include(refusal(Column.Date, "2020-02-03T10:00:00Z"), "Timestamp")
    assert.include(refusal(Column.Date, "Infinity"), "DateOrInfinity")
    assert.strictEqual(decode(Column.DateOrInfinity, "Infinity"), "Infinity")
    assert.isTrue(Result.isFailure(Schema.encodeResult(Column.Date)(DateTime.makeUnsafe("2020-02-03T10:00:00Z"))))
  })
})

describe("Interval", () => {
  const zero = { years: 0, months: 0, days: 0, hours: 0, minutes: 0, seconds: 0, milliseconds: 0 }
  it("Interval has all parts", () => {
    assert.deepStrictEqual(decode(Column.Interval, {}), zero)
    assert.deepStrictEqual(decode(Column.Interval, { months: -1, milliseconds: 0.5 }), {
      ...zero,
      months: -1,
      milliseconds: 0.5
    })
  })
  it("Interval writes the parts that are not 0", () =>
    assert.deepStrictEqual(Schema.encodeSync(Column.Interval)({ ...zero, days: 3 }), { days: 3 }))
  it("Interval refuses the text of an interval", () => assert.include(refusal(Column.Interval, "1 day"), "Expected"))
})

describe("Bytea", () => {
  it("Bytea reads and writes bytes", () => {
    const wire = { type: "Buffer", data: [222, 0, 173] } as const
    assert.deepStrictEqual(decode(Column.Bytea, wire), Uint8Array.of(222, 0, 173))
    assert.deepStrictEqual(Schema.encodeSync(Column.Bytea)(Uint8Array.of(222, 0, 173)), wire)
  })
  for (const data of [[256], [-1], [0.5], ["1"]]) {
    it(`Bytea refuses ${JSON.stringify(data)}`, () =>
      assert.include(refusal(Column.Bytea, { type: "Buffer", data }), "data"))
  }
})

describe("Ewkb", () => {
  for (const [hex, header] of [
    ["0101000020E6100000000000000000F03F0000000000000040", { type: "Point", srid: 4326, hasZ: false, hasM: false }],
    ["00000000010000000000000000", { type: "Point", hasZ: false, hasM: false }],
    ["01060000A0110F000000000000", { type: "MultiPolygon", srid: 3857, hasZ: true, hasM: false }],
    ["010700004000000000", { type: "GeometryCollection", hasZ: false, hasM: true }]
  ] as const) {
    it(`Ewkb knows ${header.type}`, () => assert.deepStrictEqual(Column.ewkbHeader(decode(Column.Ewkb, hex)), header))
  }
  for (const hex of ["", "0101", "010100002", "0201000000", "01FF000000", "0101000020E610", "POINT(1 2)"]) {
    it(`Ewkb refuses ${JSON.stringify(hex)}`, () => assert.include(refusal(Column.Ewkb, hex), "EWKB"))
  }
})

describe("GeoJson", () => {
  const geometries: ReadonlyArray<Column.GeoJsonGeometry> = [
    { type: "Point", coordinates: [1, 2, 3] },
    { type: "Point", coordinates: [] },
    { type: "MultiPoint", coordinates: [[1, 2]] },
    {
      type: "Polygon",
      coordinates: [
        [
          [0, 0],
          [1, 0],
          [1, 1],
          [0, 0]
        ]
      ],
      crs: { type: "name", properties: { name: "EPSG:3857" } }
    },
    { type: "GeometryCollection", geometries: [{ type: "LineString", coordinates: [] }] }
  ]
  for (const geometry of geometries) {
    it(`GeoJson reads ${geometry.type} as object and as text`, () => {
      assert.deepStrictEqual(decode(Column.GeoJson, geometry), geometry)
      assert.deepStrictEqual(decode(Column.GeoJson, JSON.stringify(geometry)), geometry)
      assert.strictEqual(Schema.encodeSync(Column.GeoJson)(geometry), JSON.stringify(geometry))
    })
  }
  for (const wire of [
    { type: "Point", coordinates: [1] },
    { type: "Sphere", coordinates: [1, 2] },
    { type: "Feature", geometry: null },
    "POINT(1 2)",
    null
  ]) {
    it(`GeoJson refuses ${JSON.stringify(wire)}`, () => assert.isNotEmpty(refusal(Column.GeoJson, wire)))
  }
})

describe("what is written is read back", () => {
  const columns: Record<string, Schema.Codec<unknown, unknown>> = {
    Int8: Column.Int8,
    Float8: Column.Float8,
    Timestamp: Column.Timestamp,
    TimestampOrInfinity: Column.TimestampOrInfinity,
    Interval: Column.Interval,
    Bytea: Column.Bytea,
    Point: Column.Point,
    Circle: Column.Circle,
    GeoJson: Column.GeoJson,
    Json: Column.Json
  }
  for (const [name, schema] of Object.entries(columns)) {
    it.prop(name, [Schema.toType(schema)], ([value]) => {
      // through JSON, as on the wire
      const wire: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(schema)(value)))
      assert.isTrue(Schema.toEquivalence(schema)(decode(schema, wire), value))
    })
  }
  it.prop(
    "Numeric",
    [Schema.BigInt, Schema.Int.check(Schema.isBetween({ minimum: -50, maximum: 50 }))],
    ([n, scale]) => {
      const value = BigDecimal.make(n, scale)
      const text = Schema.encodeSync(Column.Numeric)(value)
      assert.isTrue(BigDecimal.equals(decode(Column.Numeric, text), value))
      assert.strictEqual(Schema.encodeSync(Column.Numeric)(decode(Column.Numeric, text)), text)
    }
  )
  it.prop("Date", [Schema.Int.check(Schema.isBetween({ minimum: -2_000_000, maximum: 2_000_000 }))], ([day]) => {
    const value = DateTime.makeUnsafe(day * 86_400_000)
    assert.strictEqual(
      DateTime.toEpochMillis(decode(Column.Date, Schema.encodeSync(Column.Date)(value))),
      DateTime.toEpochMillis(value)
    )
  })
})

layer(layerEmbedded(), { timeout: "60 seconds" })("of a real PostgreSQL", (it) => {
  it.effect("each column schema reads what PostgreSQL's values become", () =>
    Effect.gen(function* () {
      const db = yield* Sql
      const schema = Schema.Struct({
        small: Column.Int8,
        large: Column.Int8,
        price: Column.Numeric,
        half: Column.Float8,
        nan: Column.Float8,
        at: Column.Timestamp,
        exact: Column.Timestamp,
        local: Column.Timestamp,
        early: Column.Timestamp,
        ides: Column.Timestamp,
        day: Column.Date,
        never: Column.TimestampOrInfinity,
        absent: Schema.NullOr(Column.Timestamp),
        days: Schema.Array(Column.Date),
        span: Column.Interval,
        none: Column.Interval,
        bytes: Column.Bytea,
        point: Column.Point,
        circle: Column.Circle,
        json: Column.Json
      })
      const { rows } = yield* db.query(
        sql`SELECT 5::int8 AS small, 9223372036854775807::int8::text AS large, 1.10::text AS price,
          0.5::float8 AS half, 'NaN'::float8 AS nan,
          '2020-02-03 10:11:12.345678+02'::timestamptz AS at, '2020-02-03 10:11:12.345678+02'::timestamptz::text AS exact,
          '2020-02-03 10:11:12'::timestamp AS local, '0099-01-02 03:04:05+00'::timestamptz AS early,
          '0044-03-15 00:00:00+00 BC'::timestamptz AS ides, '2020-02-03'::date AS day,
          '-infinity'::timestamptz AS never, NULL::timestamptz AS absent,
          ARRAY['2020-02-03', '2020-02-04']::date[] AS days,
          '1 year -2 mons 3 days 04:05:06.0075'::interval AS span, '0'::interval AS none,
          decode('dead00', 'hex') AS bytes, point(1, 'NaN') AS point, circle(point(1, 2), 3) AS circle,
          '{"a": [1, null]}'::jsonb AS json`,
        { schema }
      )
      const [row] = rows
      assert.isDefined(row)
      assert.strictEqual(row.large, 9223372036854775807n)
      assert.strictEqual(row.small, 5n)
      assert.strictEqual(yield* Schema.encodeEffect(Column.Numeric)(row.price), "1.10")
      assert.deepStrictEqual([row.half, row.nan], [0.5, Number.NaN])
      assert.deepStrictEqual([row.at, row.exact, row.local, row.early, row.ides, row.day, ...row.days].map(iso), [
        "2020-02-03T08:11:12.000Z",
        "2020-02-03T08:11:12.345Z",
        "2020-02-03T10:11:12.000Z",
        "0099-01-02T03:04:05.000Z",
        "-000043-03-15T00:00:00.000Z",
        "2020-02-03T00:00:00.000Z",
        "2020-02-03T00:00:00.000Z",
        "2020-02-04T00:00:00.000Z"
      ])
      assert.deepStrictEqual([row.never, row.absent], ["-Infinity", null])
      const zero = { years: 0, months: 0, days: 0, hours: 0, minutes: 0, seconds: 0, milliseconds: 0 }
      assert.deepStrictEqual(row.none, zero)
      // PostgreSQL carries a year over to months
      assert.deepStrictEqual(row.span, {
        ...zero,
        months: 10,
        days: 3,
        hours: 4,
        minutes: 5,
        seconds: 6,
        milliseconds: 7.5
      })
      assert.deepStrictEqual(row.bytes, Uint8Array.of(0xde, 0xad, 0))
      assert.deepStrictEqual(row.point, { x: 1, y: Number.NaN })
      assert.deepStrictEqual(row.circle, { x: 1, y: 2, radius: 3 })
      assert.deepStrictEqual(row.json, { a: [1, null] })
    })
  )

  it.effect("a rounded number fails as a row that does not fit, with what to do", () =>
    Effect.gen(function* () {
      const db = yield* Sql
      const error = yield* Effect.flip(
        db.query(sql`SELECT 9007199254740993::int8 AS id`, { schema: Schema.Struct({ id: Column.Int8 }) })
      )
      assert.strictEqual(error.reason._tag, "RowMalformed")
      assert.include(error.message, "cast the column to text")
      assert.match(error.message, /\bid\b/)
    })
  )
})
