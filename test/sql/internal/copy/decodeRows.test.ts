import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { makeRowReader } from "../../../../src/sql/internal/copy/decodeRows.ts"
import { writeLine } from "../../../../src/sql/internal/copy/encodeRow.ts"
import { readerOf } from "../../../../src/sql/internal/copy/textDecoders.ts"
import { hostile, randomFrom } from "../../../support/hostile.ts"

const encoder = new TextEncoder()

const columnsOf = (types: Readonly<Record<string, string>>) =>
  Object.entries(types).map(([name, pgtype]) => ({ name, read: readerOf({ type: "", pgtype }) }))

/** What is read of text that comes in chunks of a size. */
const read = (types: Readonly<Record<string, string>>, text: string, size = Number.POSITIVE_INFINITY) => {
  const readChunk = makeRowReader(columnsOf(types))
  const bytes = encoder.encode(text)
  const rows: Array<unknown> = []
  for (let at = 0; at < bytes.length; at += size) {
    const found = readChunk(bytes.subarray(at, at + size))
    if (Result.isFailure(found)) return found.failure
    rows.push(...found.success)
  }
  return rows
}

/** What a value's text is read as. */
const value = (pgtype: string, text: string): unknown =>
  readerOf({ type: "", pgtype })(`\t${text}\t`, 1, text.length + 1)

describe("rows of COPY's text", () => {
  it("rows are the same wherever the bytes are cut", () => {
    const text = "1\té☃😀\t{1,NULL}\n-2\t\\N\t{}\n3\ta\\tb\\\\N\\n\\.\r\ufeff\t\\N\n4\t\t{4}\n"
    const expected = [
      { n: 1, t: "é☃😀", a: [1, null] },
      { n: -2, t: null, a: [] },
      { n: 3, t: "a\tb\\N\n.\r\ufeff", a: null },
      { n: 4, t: "", a: [4] }
    ]
    for (let size = 1; size <= encoder.encode(text).length; size += 1) {
      assert.deepStrictEqual(read({ n: "int4", t: "text", a: "_int4" }, text, size), expected)
    }
  })
  it("rows hold every value that text can hold", () => {
    const random = randomFrom(20_260_101)
    const rows = Array.from({ length: 3000 }, () => ({
      a: hostile(random),
      b: random(4) === 0 ? null : hostile(random)
    }))
    const text = rows
      .map((row) => {
        const written = writeLine(["a", "b"], row)
        return "line" in written ? written.line : assert.fail(written.column)
      })
      .join("")
    for (const size of [1000, 4099]) assert.deepStrictEqual(read({ a: "text", b: "text" }, text, size), rows)
  })
  it("rows may have no columns, or columns named like properties of objects", () => {
    assert.deepStrictEqual(read({}, "\n\n\n", 2), [{}, {}, {}])
    const [row] = [read({ ["__proto__"]: "jsonb", toString: "int4" }, '{"a":1}\t2\n')].flat()
    assert.deepStrictEqual(Object.entries(row ?? {}), [
      ["__proto__", { a: 1 }],
      ["toString", 2]
    ])
    assert.strictEqual(Object.getPrototypeOf(row), Object.prototype)
  })
  for (const [name, text, expected] of [
    ["ends too early", "1\t2\n3\n4\t5\n", { row: 2, description: 'it ends with column "a"' }],
    ["is empty", "1\t2\n\n", { row: 2, description: 'it ends with column "a"' }],
    [
      "has JSON that is none",
      "1\t2\n3\t{\n",
      { row: 2, description: 'column "b" has a value that its type cannot have' }
    ]
  ] as const) {
    it(`a row that ${name} is a failure`, () => {
      for (const size of [1, 100]) {
        const found = read({ a: "int4", b: "jsonb" }, text, size)
        assert.deepStrictEqual(found, expected)
      }
    })
  }
  it("an array that does not end is a failure", () => {
    for (const text of ["{1,2", '{"a', '{"a\\\\', "{{1}", "{", "1", '{"a"b']) {
      assert.deepStrictEqual(read({ a: "_text" }, `${text}\n`), {
        row: 1,
        description: 'column "a" has a value that its type cannot have'
      })
    }
  })
})

describe("values of COPY's text", () => {
  for (const [type, text, expected] of [
    ["int4", "0", 0],
    ["int4", "-2147483648", -2147483648],
    ["int8", "9007199254740993", 9007199254740992],
    ["int8", "-9223372036854775808", -9223372036854775808],
    ["int8", "999999999999999", 999999999999999],
    ["float8", "-0", -0],
    ["float8", "1e-300", 1e-300],
    ["float8", "NaN", "NaN"],
    ["numeric", "-Infinity", "-Infinity"],
    ["date", "2020-02-03", "2020-02-03T00:00:00Z"],
    ["date", "12020-02-03", "12020-02-03T00:00:00Z"],
    ["date", "0044-03-15 BC", "-000043-03-15T00:00:00Z"],
    ["date", "infinity", "Infinity"],
    ["date", "-infinity", "-Infinity"],
    ["timestamp", "2020-02-03 10:11:12", "2020-02-03T10:11:12Z"],
    ["timestamp", "2020-02-03 10:11:12.345678", "2020-02-03T10:11:12.345678Z"],
    ["timestamp", "0044-03-15 10:11:12 BC", "-000043-03-15T10:11:12Z"],
    ["timestamp", "-infinity", "-Infinity"],
    ["timestamptz", "2020-02-03 10:11:12.3+00", "2020-02-03T10:11:12.3Z"],
    ["timestamptz", "2020-02-03 10:11:12+02", "2020-02-03T10:11:12+02:00"],
    ["timestamptz", "2020-02-03 10:11:12-03:30", "2020-02-03T10:11:12-03:30"],
    ["timestamptz", "12020-02-03 10:11:12+00", "12020-02-03T10:11:12Z"],
    ["timestamptz", "0044-03-15 10:11:12+00 BC", "-000043-03-15T10:11:12Z"],
    ["timestamptz", "infinity", "Infinity"],
    ["bool", "t", true],
    ["bool", "f", false],
    ["_timestamptz", '{"2020-02-03 10:11:12+00",NULL}', ["2020-02-03T10:11:12Z", null]],
    ["_int4", "[2:3]={4,5}", [4, 5]],
    ["_text", '{a,"b,\\"c\\\\",NULL,"NULL",""}', ["a", 'b,"c\\', null, "NULL", ""]],
    ["interval[]", "{}", "{}"]
  ] as const) {
    it(`a ${type} is read from ${text}`, () => assert.deepStrictEqual(value(type, text), expected))
  }

  it("a number is the double that its text means, whatever its digits", () => {
    const random = randomFrom(3)
    for (let round = 0; round < 2000; round += 1) {
      const digits = Array.from({ length: 1 + random(18) }, () => random(10)).join("")
      const at = random(digits.length + 1)
      const fraction = digits.slice(at)
      const text = `${random(2) === 0 ? "" : "-"}${digits.slice(0, at) || "0"}${fraction === "" ? "" : `.${fraction}`}`
      assert.strictEqual(value("float8", text), Number(text), text)
    }
  })
})
