import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { syntaxError } from "../../../src/emulator/sql-api/jsonSyntax.ts"

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe("syntaxError", () => {
  const cases: ReadonlyArray<readonly [string, string]> = [
    ["{", "Unexpected end of JSON input"],
    ['{"q": "select 1"', "Unexpected end of JSON input"],
    ['{"q": "select', "Unexpected end of JSON input"],
    ["[1,", "Unexpected end of JSON input"],
    ["tru", "Unexpected end of JSON input"],
    ["-", "Unexpected end of JSON input"],
    ["select 1", "Unexpected token s in JSON at position 0"],
    ["{'q': 1}", "Unexpected token ' in JSON at position 1"],
    ['{"q": 1,}', "Unexpected token } in JSON at position 8"],
    ['{"q" "a"}', "Unexpected string in JSON at position 5"],
    ["[1 2]", "Unexpected number in JSON at position 3"],
    ["nulx", "Unexpected token x in JSON at position 3"],
    ['"a\nb"', "Unexpected token \n in JSON at position 2"],
    ["{} x", "Unexpected token x in JSON at position 3"]
  ]
  for (const [text, message] of cases) {
    it(`syntaxError reports the error of ${JSON.stringify(text)}`, () => {
      assert.isFalse(isJson(text))
      assert.strictEqual(syntaxError(text), message)
    })
  }
  it.prop("syntaxError reports the end of truncated JSON", [Schema.Json, Schema.Natural], ([value, at]) => {
    const text = JSON.stringify(value)
    const cut = text.slice(0, at % text.length)
    if (!isJson(cut)) assert.strictEqual(syntaxError(cut), "Unexpected end of JSON input")
  })
})
