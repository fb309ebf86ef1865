import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import type { Json } from "../../../../src/emulator/sql-api/rows/json.ts"
import { decoder } from "../../../../src/emulator/sql-api/rows/values.ts"

const oids: Readonly<Record<string, number>> = {
  bool: 16,
  bytea: 17,
  name: 19,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  oid: 26,
  json: 114,
  point: 600,
  float4: 700,
  float8: 701,
  circle: 718,
  bpchar: 1042,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  numeric: 1700,
  void: 2278,
  uuid: 2950,
  jsonb: 3802,
  int4range: 3904,
  _bool: 1000,
  _bytea: 1001,
  _name: 1003,
  _int4: 1007,
  _text: 1009,
  _int8: 1016,
  _point: 1017,
  _float8: 1022,
  _timestamp: 1115,
  _date: 1182,
  _interval: 1187,
  _jsonb: 3807,
  _uuid: 2951
}

const cases: ReadonlyArray<readonly [type: string, text: string, json: Json]> = [
  ["bool", "t", true],
  ["bool", "f", false],
  ["int2", "-32768", -32768],
  ["int4", "2147483647", 2147483647],
  ["int8", "9223372036854775807", 9223372036854776000],
  ["int8", "9007199254740993", 9007199254740992],
  ["oid", "4294967295", 4294967295],
  ["numeric", "1.10", 1.1],
  ["numeric", "NaN", "NaN"],
  ["numeric", "-Infinity", "-Infinity"],
  ["float4", "0.1", 0.1],
  ["float8", "1e+300", 1e300],
  ["float8", "-0", -0],
  ["float8", "Infinity", "Infinity"],
  ["text", "NaN", "NaN"],
  ["name", "a", "a"],
  ["bpchar", "a  ", "a  "],
  ["uuid", "5d0c2f0e-0000-4000-8000-000000000000", "5d0c2f0e-0000-4000-8000-000000000000"],
  ["void", "", ""],
  ["time", "10:11:12.345678", "10:11:12.345678"],
  ["int4range", "[1,5)", "[1,5)"],
  ["date", "2020-02-03", "2020-02-03T00:00:00Z"],
  ["date", "0099-01-02", "99-01-02T00:00:00Z"],
  ["date", "0001-12-31 BC", "0-12-31T00:00:00Z"],
  ["date", "0044-03-15 BC", "-43-03-15T00:00:00Z"],
  ["date", "5874897-12-31", "5874897-12-31T00:00:00Z"],
  ["date", "infinity", "Infinity"],
  ["timestamp", "-infinity", "-Infinity"],
  ["timestamp", "2020-02-03 10:11:12.999999", "2020-02-03T10:11:12Z"],
  ["timestamptz", "2020-02-03 08:11:12.345678+00", "2020-02-03T08:11:12Z"],
  ["timestamptz", "2020-01-01 00:30:00+05:30", "2019-12-31T19:00:00Z"],
  ["timestamptz", "2020-12-31 23:00:00-02", "2021-01-01T01:00:00Z"],
  ["timestamptz", "1800-01-01 00:00:00-04:56:02", "1800-01-01T04:56:02Z"],
  ["timestamptz", "0044-03-15 00:00:00+00 BC", "-43-03-15T00:00:00Z"],
  ["interval", "00:00:00", {}],
  ["interval", "-1 days", { days: -1 }],
  [
    "interval",
    "1 year 2 mons 3 days 04:05:06.789",
    {
      years: 1,
      months: 2,
      days: 3,
      hours: 4,
      minutes: 5,
      seconds: 6,
      milliseconds: 789
    }
  ],
  [
    "interval",
    "-1 years -2 mons +3 days -100:05:06.5",
    {
      years: -1,
      months: -2,
      days: 3,
      hours: -100,
      minutes: -5,
      seconds: -6,
      milliseconds: -500
    }
  ],
  ["interval", "00:00:00.000001", { milliseconds: 0.001 }],
  ["bytea", String.raw`\xdeadbeef00`, { type: "Buffer", data: [222, 173, 190, 239, 0] }],
  ["bytea", String.raw`\x`, { type: "Buffer", data: [] }],
  ["bytea", String.raw`a\\\001`, { type: "Buffer", data: [97, 92, 1] }],
  ["json", '{"a": [1, null]}', { a: [1, null] }],
  ["json", "null", null],
  ["jsonb", '{"a": 1e999, "b": [-1e999]}', { a: "Infinity", b: ["-Infinity"] }],
  ["point", "(1,-2.5)", { x: 1, y: -2.5 }],
  ["point", "(NaN,Infinity)", { x: "NaN", y: "Infinity" }],
  ["circle", "<(1,2),3>", { x: 1, y: 2, radius: 3 }],
  ["_int4", "{}", []],
  ["_int4", "{1,2,NULL}", [1, 2, null]],
  [
    "_int4",
    "{{1,2},{3,4}}",
    [
      [1, 2],
      [3, 4]
    ]
  ],
  [
    "_int4",
    "[2:3][0:1]={{1,2},{3,4}}",
    [
      [1, 2],
      [3, 4]
    ]
  ],
  ["_int8", "{9223372036854775807}", [9223372036854776000]],
  ["_float8", "{1.5,NaN}", [1.5, "NaN"]],
  ["_bool", "{t,f}", [true, false]],
  [
    "_text",
    String.raw`{a,"b c",NULL,"NULL","",null,"q\"u\\o","{,}"}`,
    ["a", "b c", null, "NULL", "", null, 'q"u\\o', "{,}"]
  ],
  ["_date", "{2020-01-01,infinity}", ["2020-01-01T00:00:00Z", "Infinity"]],
  ["_timestamp", '{"2020-01-01 10:11:12.5"}', ["2020-01-01T10:11:12Z"]],
  ["_bytea", String.raw`{"\\xdead"}`, [{ type: "Buffer", data: [222, 173] }]],
  ["_point", '{"(1,2)"}', [{ x: 1, y: 2 }]],
  ["_jsonb", String.raw`{"{\"a\": 1}"}`, [{ a: 1 }]],
  ["_uuid", "{a}", ["a"]],
  ["_interval", '{"1 day"}', '{"1 day"}'],
  ["_name", "{a,b}", "{a,b}"]
]

describe("decoder", () => {
  for (const [type, text, json] of cases) {
    it(`decoder reads ${type} ${text}`, () => assert.deepStrictEqual(decoder(oids[type] ?? 0)(text), json))
  }
  it("a type without a decoder stays text", () => assert.strictEqual(decoder(16390)("0101"), "0101"))
  it("decoder can leave out NaN and infinities", () => {
    assert.deepStrictEqual(decoder(701, "null")("NaN"), null)
    assert.deepStrictEqual(decoder(1022, "null")("{1,Infinity}"), [1, null])
    assert.deepStrictEqual(decoder(1114, "null")("infinity"), null)
    assert.deepStrictEqual(decoder(25, "null")("NaN"), "NaN")
  })

  it.prop("decoder reads any array of texts", [Schema.Array(Schema.NullOr(Schema.String))], ([items]) => {
    const literal = items.map((item) => (item === null ? "NULL" : `"${item.replace(/["\\]/g, String.raw`\$&`)}"`))
    assert.deepStrictEqual(decoder(1009)(`{${literal.join(",")}}`), items)
  })
  it.prop("decoder reads any finite number", [Schema.Finite], ([value]) => {
    assert.strictEqual(decoder(701)(String(value)), value)
  })
})
