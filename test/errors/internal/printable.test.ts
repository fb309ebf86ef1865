import { assert, describe, it } from "@effect/vitest"
import { printable, quote } from "../../../src/errors/internal/printable.ts"

describe("printable", () => {
  it.each([
    ["ESC", "a\u001B[2Jb", "a\\u{1b}[2Jb"],
    ["NUL", "a\0b", "a\\u{0}b"],
    ["newline", "a\nb", "a\\u{a}b"],
    ["carriage return and tab", "a\r\tb", "a\\u{d}\\u{9}b"],
    ["DEL", "a\u007Fb", "a\\u{7f}b"],
    ["C1", "a\u009B2Jb", "a\\u{9b}2Jb"],
    ["bidi", "a\u202Eb\u2066c", "a\\u{202e}b\\u{2066}c"],
    ["zero width", "a\u200Bb\uFEFFc", "a\\u{200b}b\\u{feff}c"],
    ["tag characters", "a\u{E0041}b", "a\\u{e0041}b"],
    ["line and paragraph separators", "a\u2028b\u2029c", "a\\u{2028}b\\u{2029}c"],
    ["lone surrogates", "a\uD800b\uDC00c", "a\\u{d800}b\\u{dc00}c"]
  ])("%s are shown as escapes", (_, text, shown) => {
    assert.strictEqual(printable(text), shown)
  })

  it("letters of every script, emoji, spaces and backslashes are left as they are", () => {
    const text = 'Zürich "東京" 🏔 \\d+  عربي'
    assert.strictEqual(printable(text), text)
  })

  it("quoted text has the escapes of JSON too", () => {
    assert.strictEqual(quote('a "b"\n\u202E\u009B'), String.raw`"a \"b\"\n\u{202e}\u{9b}"`)
  })
})
