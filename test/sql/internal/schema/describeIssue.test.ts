import { assert, describe, it } from "@effect/vitest"
import { Result, Schema, SchemaParser } from "effect"
import { describeIssue } from "../../../../src/sql/internal/schema/describeIssue.ts"

const said = (schema: Schema.Decoder<unknown>, input: unknown): string => {
  const decoded = SchemaParser.decodeUnknownResult(schema, { onExcessProperty: "error" })(input)
  return Result.isFailure(decoded) ? describeIssue(decoded.failure) : "accepted"
}

describe("what does not fit a schema", () => {
  const Row = Schema.Struct({
    id: Schema.Number,
    tags: Schema.Array(Schema.Struct({ name: Schema.NonEmptyString })),
    at: Schema.optionalKey(Schema.DateTimeUtcFromString),
    kind: Schema.optionalKey(Schema.Literals(["a", "b"])),
    even: Schema.optionalKey(Schema.Number.check(Schema.makeFilter((n) => n % 2 === 0, { message: "must be even" })))
  })
  const good = { id: 1, tags: [] }
  for (const [name, input, expected] of [
    ["a wrong type", { ...good, id: "1" }, "id: expected Number"],
    ["a missing column", { tags: [] }, "id: it is missing"],
    ["a wrong type deep inside", { ...good, tags: [{ name: 1 }] }, "tags.0.name: expected String"],
    ["not an object", 1, "expected an object"],
    ["no array", { ...good, tags: 1 }, "tags: expected an array"],
    ["none of two literals", { ...good, kind: "c" }, 'kind: expected "a" or "b"'],
    ["an unknown property", { ...good, tag: 1 }, "tag: it is not a known property; known are id, tags, at, kind, even"],
    ["a message of the schema's own", { ...good, even: 3 }, "even: must be even"]
  ] as const) {
    it(`the description of ${name} is ${JSON.stringify(expected)}`, () =>
      assert.strictEqual(said(Row, input), expected))
  }
  it("a description does not show the value", () => {
    for (const input of [
      { ...good, id: "hunter2" },
      { ...good, at: "hunter2" },
      { ...good, kind: "hunter2" },
      { ...good, tags: "hunter2" }
    ]) {
      const text = said(Row, input)
      assert.notStrictEqual(text, "accepted")
      assert.notInclude(text, "hunter2")
    }
  })
})
