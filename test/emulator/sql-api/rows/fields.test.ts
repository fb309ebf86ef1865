import { assert, describe, it } from "@effect/vitest"
import type { Column } from "../../../../src/emulator/database.ts"
import { field, fields } from "../../../../src/emulator/sql-api/rows/fields.ts"

const column = (typeId: number, typeModifier = -1, name = "c"): Column => ({
  name,
  typeId,
  typeModifier,
  tableId: 0,
  columnNumber: 0
})

const spatial = new Map([
  [20000, "geometry"],
  [20001, "geography"]
])

const cases: ReadonlyArray<readonly [oid: number, expected: object]> = [
  [16, { type: "boolean", pgtype: "bool" }],
  [23, { type: "number", pgtype: "int4" }],
  [25, { type: "string", pgtype: "text" }],
  [1042, { type: "string", pgtype: "bpchar" }],
  [18, { type: "string", pgtype: "char" }],
  [705, { type: "string", pgtype: "unknown" }],
  [1082, { type: "date", pgtype: "date" }],
  [1266, { type: "date", pgtype: "timetz" }],
  [3912, { type: "date", pgtype: "daterange" }],
  [702, { type: "date", pgtype: "abstime" }],
  [1186, { type: "number", pgtype: "interval" }],
  [600, { type: "number", pgtype: "point" }],
  [3904, { type: "number", pgtype: "int4range" }],
  [3906, { type: "numrange", pgtype: "numrange" }],
  [3908, { type: "tsrange", pgtype: "tsrange" }],
  [19, { type: "name", pgtype: "name" }],
  [2950, { type: "uuid", pgtype: "uuid" }],
  [114, { type: "JSON", pgtype: "JSON" }],
  [3802, { type: "jsonb", pgtype: "jsonb" }],
  [199, { type: "_json[]", pgtype: "_json" }],
  [1007, { type: "number[]", pgtype: "_int4" }],
  [2951, { type: "_uuid[]", pgtype: "_uuid" }],
  [2278, { type: "void", pgtype: "void" }],
  [2249, { type: "record", pgtype: "record" }],
  [4451, { type: "unknown(4451)" }],
  [4072, { type: "unknown(4072)" }],
  [774, { type: "unknown(774)" }]
]

describe("field", () => {
  for (const [oid, expected] of cases) {
    it(`field describes a column of type ${oid}`, () => assert.deepStrictEqual(field(column(oid), spatial), expected))
  }
  it("field reads the geometry type from the type modifier", () => {
    const point4326 = (4326 << 8) | (1 << 2)
    const pointZ3857 = (3857 << 8) | (1 << 2) | 2
    const pointZM = (1 << 2) | 3
    const any4326 = 4326 << 8
    assert.deepStrictEqual(field(column(20000, point4326), spatial), {
      type: "geometry",
      wkbtype: "Point",
      dims: 2,
      srid: 4326
    })
    assert.deepStrictEqual(field(column(20000, pointZ3857), spatial), {
      type: "geometry",
      wkbtype: "Point",
      dims: 3,
      srid: 3857
    })
    assert.deepStrictEqual(field(column(20001, pointZM), spatial), {
      type: "geography",
      wkbtype: "Point",
      dims: 4,
      srid: 0
    })
    assert.deepStrictEqual(field(column(20000, any4326), spatial), {
      type: "geometry",
      wkbtype: "Unknown",
      dims: 2,
      srid: 4326
    })
    assert.deepStrictEqual(field(column(20000), spatial), { type: "geometry", dims: 4, srid: -1 })
  })
})

describe("fields", () => {
  it("fields keeps the last of equal names and leaves out skipped columns", () => {
    const all = fields(
      [column(23, -1, "a"), column(25, -1, "b"), column(16, -1, "a"), column(23, -1, "__proto__"), column(23, -1, "c")],
      spatial,
      new Set(["c"])
    )
    assert.strictEqual(
      JSON.stringify(all),
      '{"a":{"type":"boolean","pgtype":"bool"},"b":{"type":"string","pgtype":"text"}}'
    )
  })
})
