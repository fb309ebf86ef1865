import { assert, describe, it } from "@effect/vitest"
import process from "node:process"
import { toJson } from "../../../../src/keys/internal/text/jsonc.ts"

/** The milliseconds of processor time that a text takes. */
const timeOf = (text: string): number => {
  const begun = process.cpuUsage()
  toJson(text)
  return process.cpuUsage(begun).user / 1000
}

describe("toJson", () => {
  it("toJson blanks comments and trailing commas, and keeps the position of every other character", () => {
    for (const [text, json] of [
      ['{"a": 1,} // b', '{"a": 1 }     '],
      ['["//", "/*", ",]", "\\"//"]', '["//", "/*", ",]", "\\"//"]'],
      ["[1, /* , ] */ // x\n]", `[1${" ".repeat(16)}\n]`],
      ["\uFEFF[]", " []"],
      ["[1,,]", "[1, ]"],
      ['{"a": "open', '{"a": "open']
    ] as const) {
      assert.strictEqual(toJson(text), json)
      assert.strictEqual(toJson(text).length, text.length)
    }
  })

  it("toJson takes time linear in the length of the text", () => {
    for (const piece of ["/*", '"', '\\"', "/", ",", ", ", "//", "*/", "[", "\n", '"\\', "/* "]) {
      const text = (size: number) => piece.repeat(size / piece.length)
      timeOf(text(100_000))
      const [small, large] = [100_000, 400_000].map((size) => Math.min(...[1, 2, 3].map(() => timeOf(text(size)))))
      // four times the text takes sixteen times as long if it is read again for each piece
      assert.isBelow(large ?? 0, 12 * Math.max(small ?? 0, 10), JSON.stringify(piece))
    }
  })
})
