import { assert, describe, it } from "@effect/vitest"
import { cgiEscape, inspect, isBlank, toColumnText, toInteger } from "../../../../src/emulator/accounts/ruby/values.ts"

describe("Ruby's ways with values", () => {
  it("inspect prints a value as Ruby does", () => {
    assert.strictEqual(inspect({ a: [1, null, "b"] }), '{"a"=>[1, nil, "b"]}')
    assert.strictEqual(inspect('say "hi"\n#{x} # é'), String.raw`"say \"hi\"\n\#{x} # é"`)
    assert.strictEqual(inspect("\u0000\u001b"), String.raw`"\x00\e"`)
  })

  it("toColumnText converts a value to text as Ruby does", () => {
    assert.deepStrictEqual(["a", 123, 1.5, true, false, null, ["x"]].map(toColumnText), [
      "a",
      "123",
      "1.5",
      "t",
      "f",
      undefined,
      '["x"]'
    ])
  })

  it("toInteger converts a text to an integer as Ruby does", () => {
    assert.deepStrictEqual(["2abc", "abc", "", "-1", " 7", "1_000", "1.9"].map(toInteger), [2, 0, 0, -1, 7, 1000, 1])
  })

  it("isBlank is true for empty text and Unicode spaces", () => {
    assert.deepStrictEqual(["", " \t\n", "\u00a0\u2003", "a"].map(isBlank), [true, true, true, false])
  })

  it("cgiEscape escapes text for a form as Ruby does", () => {
    assert.strictEqual(cgiEscape("a b/é~*'()!._-\ud800"), "a+b%2F%C3%A9%7E%2A%27%28%29%21._-%EF%BF%BD")
  })
})
